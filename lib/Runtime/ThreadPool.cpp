//===- ThreadPool.cpp - The threads that run a model's kernels ------------===//
#include "attune/Runtime/ThreadPool.h"

#include "Support/Memory.h"

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <linux/futex.h>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace attune::rt;

namespace {

/// How long a thread spins before it sleeps.
constexpr int64_t spinNanoseconds = 60'000;
/// Largest count of one round: with the overshoot of every thread it stays
/// below 2^31.
constexpr int64_t maxRound = int64_t(1) << 30;
constexpr size_t workerStack = size_t(1) << 20;
/// Two lines: the adjacent-line prefetcher pulls them in pairs.
constexpr size_t apart = 128;
/// Parts that a round is cut into, at most: every launch writes all of them.
constexpr int32_t maxParts = 16;

inline void pauseCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

int64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

void futexWait(std::atomic<uint32_t> &word, uint32_t seen) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE,
          seen, nullptr, nullptr, 0);
}

void futexWake(std::atomic<uint32_t> &word, int threads) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE,
          threads, nullptr, nullptr, 0);
}

/// CPUs that this process may use.
int affinityCpus() {
  // Machines may have more CPUs than the fixed cpu_set_t holds.
  for (int bits = 1024; bits <= 1 << 20; bits *= 2) {
    cpu_set_t *set = CPU_ALLOC(bits);
    if (!set)
      break;
    size_t bytes = CPU_ALLOC_SIZE(bits);
    int failed = sched_getaffinity(0, bytes, set);
    int reason = errno;
    int count = failed ? 0 : CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (count > 0)
      return count;
    if (!failed || reason != EINVAL)
      break;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? int(online) : 1;
}

/// How many pauses make up spinNanoseconds: a pause takes from 40 cycles to
/// well over 100, depending on the CPU.
int measureSpins() {
  constexpr int probe = 256;
  int64_t best = INT64_MAX;
  for (int attempt = 0; attempt < 3; ++attempt) {
    int64_t start = now();
    for (int i = 0; i < probe; ++i)
      pauseCpu();
    int64_t took = now() - start;
    best = took < best ? took : best;
  }
  int64_t spins = spinNanoseconds * probe / (best > 0 ? best : 1);
  return int(spins < 64 ? 64 : spins > 100'000 ? 100'000 : spins);
}

/// A worker and what it is told at its start.
struct Worker {
  AttunePool *pool;
  int32_t index; ///< The calling thread is 0.
  pthread_t thread;
};

/// Set while a thread runs tasks: launches from there stay on the thread.
thread_local bool insideTask = false;

} // namespace

/// A run of a round's indices, as end << 32 | next. A claim is one fetch_add,
/// and what it returns says by itself whether an index was left: a worker that
/// comes late either claims an index of whatever round is current (whose task
/// and args cannot change until that index is done) or nothing.
struct alignas(apart) Part {
  std::atomic<uint64_t> word{0};

  static bool hasIndex(uint64_t word) {
    return uint32_t(word) < uint32_t(word >> 32);
  }
  void publish(uint32_t begin, uint32_t end) {
    word.store(uint64_t(end) << 32 | begin, std::memory_order_seq_cst);
  }
  bool claim(uint32_t &index) {
    if (!hasIndex(word.load(std::memory_order_relaxed)))
      return false;
    uint64_t claimed = word.fetch_add(1, std::memory_order_acq_rel);
    index = uint32_t(claimed);
    return hasIndex(claimed);
  }
};

/// A round is cut into parts of equal length. A thread takes the indices of its
/// own part in order, then helps with those of the others: neighbouring indices
/// read neighbouring weights, which so arrive once, in the cache of the core
/// that uses them, and in the order that prefetchers expect.
struct AttunePool {
  int32_t threads = 1;
  int spins = 0;
  int64_t scratchBytes = 0;
  char *scratch = nullptr;
  size_t scratchStride = 0;
  size_t scratchMapped = 0;
  Worker *workers = nullptr;
  int32_t started = 0;

  Part parts[maxParts];
  alignas(apart) AttuneTask task = nullptr;
  void *args = nullptr;
  /// First index of the round.
  int64_t base = 0;

  alignas(apart) std::atomic<uint32_t> done{0};
  std::atomic<uint32_t> callerSleeps{0};

  alignas(apart) std::atomic<uint32_t> alarm{0};
  std::atomic<int32_t> sleepers{0};
  std::atomic<bool> stop{false};
  std::atomic<bool> busy{false};

  void *scratchOf(int32_t thread) const {
    return scratch ? scratch + size_t(thread) * scratchStride : nullptr;
  }

  int32_t numParts() const { return threads < maxParts ? threads : maxParts; }

  bool hasWork() const {
    for (int32_t i = 0; i < numParts(); ++i)
      if (Part::hasIndex(parts[i].word.load(std::memory_order_seq_cst)))
        return true;
    return false;
  }

  /// Runs indices of the current round until none is left.
  uint32_t drain(int32_t thread) {
    void *threadScratch = scratchOf(thread);
    uint32_t mine = 0, index;
    int32_t count = numParts(), own = thread % count;
    for (int32_t i = 0; i < count; ++i) {
      Part &part = parts[(own + i) % count];
      while (part.claim(index)) {
        task(args, base + int64_t(index), threadScratch);
        ++mine;
      }
    }
    return mine;
  }

  void runRound(uint32_t count);
  void workerLoop(int32_t thread);
  void wakeSleepers(int wanted);
};

namespace {

void *workerMain(void *argument) {
  auto *worker = static_cast<Worker *>(argument);
  insideTask = true;
  worker->pool->workerLoop(worker->index);
  return nullptr;
}

} // namespace

void AttunePool::wakeSleepers(int wanted) {
  if (sleepers.load(std::memory_order_seq_cst) == 0)
    return;
  alarm.fetch_add(1, std::memory_order_seq_cst);
  futexWake(alarm, wanted);
}

void AttunePool::workerLoop(int32_t thread) {
  int idle = 0;
  while (true) {
    if (uint32_t mine = drain(thread)) {
      done.fetch_add(mine, std::memory_order_seq_cst);
      if (callerSleeps.load(std::memory_order_seq_cst))
        futexWake(done, 1);
      idle = 0;
      continue;
    }
    if (stop.load(std::memory_order_acquire))
      return;
    if (idle++ < spins) {
      pauseCpu();
      continue;
    }
    // Announce the nap, then look again: a launch either sees the sleeper and
    // rings the alarm, or its work is seen here.
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    uint32_t seen = alarm.load(std::memory_order_seq_cst);
    if (!hasWork() && !stop.load(std::memory_order_seq_cst))
      futexWait(alarm, seen);
    sleepers.fetch_sub(1, std::memory_order_seq_cst);
    idle = 0;
  }
}

void AttunePool::runRound(uint32_t count) {
  done.store(0, std::memory_order_relaxed);
  for (int32_t i = 0, n = numParts(); i < n; ++i)
    parts[i].publish(uint32_t(uint64_t(count) * uint32_t(i) / uint32_t(n)),
                     uint32_t(uint64_t(count) * uint32_t(i + 1) / uint32_t(n)));
  wakeSleepers(count - 1 < uint32_t(threads - 1) ? int(count - 1)
                                                 : threads - 1);
  uint32_t mine = drain(0);
  uint32_t finished = done.fetch_add(mine, std::memory_order_seq_cst) + mine;
  for (int idle = 0; finished != count; ++idle) {
    if (idle < spins) {
      pauseCpu();
    } else {
      callerSleeps.store(1, std::memory_order_seq_cst);
      finished = done.load(std::memory_order_seq_cst);
      if (finished != count)
        futexWait(done, finished);
      callerSleeps.store(0, std::memory_order_relaxed);
      idle = 0;
    }
    finished = done.load(std::memory_order_acquire);
  }
}

extern "C" {

int32_t attune_default_threads(void) {
  if (const char *text = getenv("ATTUNE_NUM_THREADS")) {
    char *end = nullptr;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end != text && !*end && !errno && value >= 1 &&
        value <= ATTUNE_MAX_THREADS)
      return int32_t(value);
  }
  int cpus = affinityCpus();
  return cpus < ATTUNE_MAX_THREADS ? cpus : ATTUNE_MAX_THREADS;
}

int32_t attune_pool_threads(const AttunePool *pool) {
  return pool ? pool->threads : 1;
}

void attune_pool_destroy(AttunePool *pool) {
  if (!pool)
    return;
  pool->stop.store(true, std::memory_order_seq_cst);
  pool->alarm.fetch_add(1, std::memory_order_seq_cst);
  futexWake(pool->alarm, INT_MAX);
  for (int32_t i = 0; i < pool->started; ++i)
    pthread_join(pool->workers[i].thread, nullptr);
  free(pool->workers);
  releasePages(pool->scratch, pool->scratchMapped);
  pool->~AttunePool();
  free(pool);
}

AttunePool *attune_pool_create(int32_t threads, int64_t scratch_bytes) {
  if (threads == 0)
    threads = attune_default_threads();
  if (threads < 1 || threads > ATTUNE_MAX_THREADS || scratch_bytes < 0 ||
      scratch_bytes > int64_t(1) << 40) {
    errno = EINVAL;
    return nullptr;
  }
  void *memory =
      aligned_alloc(apart, (sizeof(AttunePool) + apart - 1) / apart * apart);
  if (!memory)
    return nullptr;
  auto *pool = new (memory) AttunePool;
  pool->threads = threads;
  pool->scratchBytes = scratch_bytes;
  // Spinning only helps while every thread has a CPU of its own.
  pool->spins = threads > affinityCpus() ? 0 : measureSpins();
  if (scratch_bytes > 0) {
    // Whole pages each: no two threads share a line.
    pool->scratchStride = (size_t(scratch_bytes) + 4095) / 4096 * 4096;
    pool->scratchMapped = pool->scratchStride * size_t(threads);
    pool->scratch = static_cast<char *>(reservePages(pool->scratchMapped));
    if (!pool->scratch) {
      attune_pool_destroy(pool);
      errno = ENOMEM;
      return nullptr;
    }
  }
  if (threads == 1)
    return pool;
  pool->workers =
      static_cast<Worker *>(calloc(size_t(threads - 1), sizeof(Worker)));
  int reason = pool->workers ? 0 : ENOMEM;
  // The application's signals are for the application's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, workerStack);
  for (int32_t i = 1; i < threads && !reason; ++i) {
    Worker &worker = pool->workers[i - 1];
    worker.pool = pool;
    worker.index = i;
    reason = pthread_create(&worker.thread, &attributes, workerMain, &worker);
    if (reason)
      break;
    ++pool->started;
    char name[16];
    snprintf(name, sizeof name, "attune/%d", int(i));
    pthread_setname_np(worker.thread, name);
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (reason) {
    attune_pool_destroy(pool);
    errno = reason;
    return nullptr;
  }
  return pool;
}

void attune_pool_run(AttunePool *pool, AttuneTask task, void *args,
                     int64_t count) {
  if (count <= 0)
    return;
  // A launch from inside a task must not touch the scratch that the task is
  // using, nor may a second caller touch the pool's.
  if (insideTask || !pool ||
      pool->busy.exchange(true, std::memory_order_acquire)) {
    size_t bytes = pool ? size_t(pool->scratchBytes) : 0;
    void *scratch = bytes ? reservePages(bytes) : nullptr;
    if (bytes && !scratch)
      fatal("attune: out of memory for the scratch of a nested launch");
    for (int64_t i = 0; i < count; ++i)
      task(args, i, scratch);
    releasePages(scratch, bytes);
    return;
  }
  insideTask = true;
  if (count == 1 || pool->threads == 1) {
    for (int64_t i = 0; i < count; ++i)
      task(args, i, pool->scratchOf(0));
  } else {
    pool->task = task;
    pool->args = args;
    for (int64_t base = 0; base < count; base += maxRound) {
      pool->base = base;
      int64_t left = count - base;
      pool->runRound(uint32_t(left < maxRound ? left : maxRound));
    }
  }
  insideTask = false;
  pool->busy.store(false, std::memory_order_release);
}

void attune_parallel_for(const AttuneCall *call, AttuneTask task, void *args,
                         int64_t count) {
  attune_pool_run(call->pool, task, args, count);
}

} // extern "C"
