//===- ThreadPoolTest.cpp - The threads that run kernels ------------------===//
#include "attune/Runtime/ThreadPool.h"

#include <atomic>
#include <cerrno>
#include <gtest/gtest.h>
#include <memory>
#include <pthread.h>
#include <stdlib.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

struct PoolDeleter {
  void operator()(AttunePool *pool) const { attune_pool_destroy(pool); }
};
using Pool = std::unique_ptr<AttunePool, PoolDeleter>;

Pool makePool(int threads, int64_t scratch = 0) {
  return Pool(attune_pool_create(threads, scratch));
}

struct Visits {
  explicit Visits(int64_t count) : counts(size_t(count)) {}
  static void visit(void *self, int64_t index, void *) {
    auto *visits = static_cast<Visits *>(self);
    ASSERT_GE(index, 0);
    ASSERT_LT(size_t(index), visits->counts.size());
    visits->counts[size_t(index)].fetch_add(1, std::memory_order_relaxed);
  }
  void expect(int each) const {
    for (size_t i = 0; i < counts.size(); ++i)
      ASSERT_EQ(counts[i].load(), each) << "index " << i;
  }
  std::vector<std::atomic<int>> counts;
};

class ThreadPoolSizes : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolSizes, VisitsEachIndexOnce) {
  Pool pool = makePool(GetParam());
  ASSERT_TRUE(pool);
  EXPECT_EQ(attune_pool_threads(pool.get()), GetParam());
  for (int64_t count : {0, 1, 2, 3, 7, 8, 63, 64, 65, 1000, 100000}) {
    Visits visits(count);
    attune_pool_run(pool.get(), Visits::visit, &visits, count);
    visits.expect(1);
  }
}

TEST_P(ThreadPoolSizes, ManyLaunchesWithChangingCounts) {
  Pool pool = makePool(GetParam());
  ASSERT_TRUE(pool);
  uint32_t random = 12345;
  for (int launch = 0; launch < 20000; ++launch) {
    random = random * 1664525 + 1013904223;
    int64_t count = random >> 24;
    Visits visits(count);
    attune_pool_run(pool.get(), Visits::visit, &visits, count);
    visits.expect(1);
    // Now and then long enough for workers to fall asleep.
    if (launch % 5000 == 0)
      usleep(2000);
  }
}

TEST_P(ThreadPoolSizes, SleepingWorkersWakeUp) {
  Pool pool = makePool(GetParam());
  ASSERT_TRUE(pool);
  for (int launch = 0; launch < 50; ++launch) {
    usleep(1000);
    Visits visits(17);
    attune_pool_run(pool.get(), Visits::visit, &visits, 17);
    visits.expect(1);
  }
}

TEST_P(ThreadPoolSizes, ScratchIsAlignedAndOneThreads) {
  constexpr int64_t bytes = 1000;
  Pool pool = makePool(GetParam(), bytes);
  ASSERT_TRUE(pool);
  std::atomic<int> wrong{0};
  auto task = [](void *wrong, int64_t index, void *scratch) {
    auto *memory = static_cast<volatile unsigned char *>(scratch);
    bool ok = scratch && reinterpret_cast<uintptr_t>(scratch) % 64 == 0;
    for (int64_t i = 0; ok && i < bytes; ++i)
      memory[i] = static_cast<unsigned char>(index);
    for (int64_t i = 0; ok && i < bytes; ++i)
      ok = memory[i] == static_cast<unsigned char>(index);
    if (!ok)
      ++*static_cast<std::atomic<int> *>(wrong);
  };
  attune_pool_run(pool.get(), task, &wrong, 500);
  EXPECT_EQ(wrong, 0);
}

TEST_P(ThreadPoolSizes, WorkIsSeenByTheCaller) {
  Pool pool = makePool(GetParam());
  ASSERT_TRUE(pool);
  std::vector<int64_t> values(4096);
  for (int round = 1; round <= 200; ++round) {
    attune_pool_run(
        pool.get(),
        [](void *values, int64_t index, void *) {
          static_cast<int64_t *>(values)[index] += index;
        },
        values.data(), int64_t(values.size()));
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(values[i], int64_t(i) * round);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolSizes,
                         testing::Values(1, 2, 3, 4, 5, 6, 7, 8));

struct Nested {
  AttunePool *pool, *other;
  std::atomic<int64_t> inner{0};
  std::atomic<int> sharedScratch{0};
};

void nestedTask(void *arguments, int64_t, void *scratch) {
  auto *nested = static_cast<Nested *>(arguments);
  struct Inner {
    Nested *nested;
    void *outerScratch;
    pthread_t thread;
  } inner = {nested, scratch, pthread_self()};
  auto task = [](void *arguments, int64_t, void *scratch) {
    auto *inner = static_cast<Inner *>(arguments);
    inner->nested->inner.fetch_add(1);
    if (scratch == inner->outerScratch ||
        !pthread_equal(inner->thread, pthread_self()))
      inner->nested->sharedScratch.fetch_add(1);
  };
  attune_pool_run(nested->pool, task, &inner, 10);
  attune_pool_run(nested->other, task, &inner, 5);
}

TEST(ThreadPool, NestedLaunchesRunOnTheirThreadWithTheirOwnScratch) {
  Pool pool = makePool(3, 256), other = makePool(2, 256);
  ASSERT_TRUE(pool && other);
  Nested nested{pool.get(), other.get()};
  attune_pool_run(pool.get(), nestedTask, &nested, 40);
  EXPECT_EQ(nested.inner, 40 * 15);
  EXPECT_EQ(nested.sharedScratch, 0);
}

TEST(ThreadPool, TwoPoolsSideBySide) {
  auto work = [] {
    Pool pool = makePool(3, 128);
    ASSERT_TRUE(pool);
    for (int launch = 0; launch < 5000; ++launch) {
      Visits visits(launch % 50);
      attune_pool_run(pool.get(), Visits::visit, &visits, launch % 50);
      visits.expect(1);
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
}

TEST(ThreadPool, TwoCallersOfOnePool) {
  Pool pool = makePool(2, 128);
  ASSERT_TRUE(pool);
  auto work = [&] {
    for (int launch = 0; launch < 5000; ++launch) {
      Visits visits(launch % 20);
      attune_pool_run(pool.get(), Visits::visit, &visits, launch % 20);
      visits.expect(1);
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
}

TEST(ThreadPool, CompiledCodeLaunchesThroughItsCall) {
  Pool pool = makePool(2);
  ASSERT_TRUE(pool);
  AttuneCall call = {};
  call.pool = pool.get();
  Visits visits(100);
  attune_parallel_for(&call, Visits::visit, &visits, 100);
  visits.expect(1);
  call.pool = nullptr;
  attune_parallel_for(&call, Visits::visit, &visits, 100);
  visits.expect(2);
}

TEST(ThreadPool, CreateAndDestroy) {
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(makePool(1 + i % 8, i % 3 * 100));
  attune_pool_destroy(nullptr);
}

TEST(ThreadPool, RefusesAbsurdSizes) {
  for (int threads : {-1, ATTUNE_MAX_THREADS + 1}) {
    errno = 0;
    EXPECT_FALSE(makePool(threads));
    EXPECT_EQ(errno, EINVAL);
  }
  EXPECT_FALSE(makePool(2, -1));
  EXPECT_FALSE(makePool(2, INT64_MAX));
}

TEST(ThreadPool, DefaultThreads) {
  unsetenv("ATTUNE_NUM_THREADS");
  int32_t cpus = attune_default_threads();
  EXPECT_GE(cpus, 1);
  EXPECT_LE(cpus, sysconf(_SC_NPROCESSORS_CONF));
  setenv("ATTUNE_NUM_THREADS", "3", 1);
  EXPECT_EQ(attune_default_threads(), 3);
  EXPECT_EQ(attune_pool_threads(makePool(0).get()), 3);
  for (const char *bad : {"", "0", "-2", "two", "3x", "99999999999999999999"}) {
    setenv("ATTUNE_NUM_THREADS", bad, 1);
    EXPECT_EQ(attune_default_threads(), cpus) << bad;
  }
  unsetenv("ATTUNE_NUM_THREADS");
}

} // namespace
