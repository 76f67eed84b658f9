//===- MeasureFaultsTest.cpp - Codes that are wrong, crash or hang --------===//
#include "MeasureTestSupport.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <set>

using namespace attune;

namespace {

/// Measures codes that tests make by hand.
class MeasureFaultsTest : public ::testing::Test {
protected:
  llvm::Expected<std::vector<Measurement>>
  measure(llvm::ArrayRef<MeasuredCode> codes, const MeasureOptions &options) {
    std::vector<std::unique_ptr<Runner>> runners;
    runners.push_back(createLocalRunner());
    MeasurePool pool(getTestTarget(), std::move(runners), warnings.listen(),
                     getTestTools());
    return pool.measure(getDoublingOperands(), codes, options);
  }

  /// A right reference, the code with `body`, and another right one, of which
  /// the code in the middle must be the only one that suffers.
  Measurement measureBetween(llvm::StringRef body,
                             MeasureOptions options = getTestOptions()) {
    std::vector<MeasuredCode> codes;
    codes.push_back(makeDoubling("first"));
    codes.push_back(makeDoubling("middle", body));
    codes.push_back(makeDoubling("last"));
    auto results = measure(codes, options);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return {};
    }
    EXPECT_EQ(results->size(), 3u);
    for (size_t right : {0, 2}) {
      EXPECT_EQ((*results)[right].status, TrialStatus::Ok)
          << (*results)[right].detail;
      EXPECT_EQ((*results)[right].error, 0);
      EXPECT_EQ((*results)[right].time.samples, options.rounds);
    }
    return (*results)[1];
  }

  Warnings warnings;
};

TEST_F(MeasureFaultsTest, Right) {
  Measurement result = measureBetween(
      "for (long i = n; i-- > 0;) out[i] = in[i] + in[i] + 1e-6f;");
  EXPECT_EQ(result.status, TrialStatus::Ok);
  EXPECT_GT(result.error, 1e-7);
  EXPECT_LT(result.error, 1e-5);
}

TEST_F(MeasureFaultsTest, Wrong) {
  Measurement result =
      measureBetween("for (long i = 0; i < n; ++i) out[i] = 2 * in[i];"
                     "out[n - 1] += 0.5f;");
  EXPECT_EQ(result.status, TrialStatus::Wrong);
  EXPECT_NEAR(result.error, 0.5, 0.26);
  EXPECT_NE(result.detail.find("differ from the reference's by"),
            std::string::npos)
      << result.detail;
  EXPECT_EQ(result.time.samples, 0);
}

TEST_F(MeasureFaultsTest, LeavesSomethingOut) {
  Measurement result =
      measureBetween("for (long i = 1; i < n; ++i) out[i] = 2 * in[i];");
  EXPECT_EQ(result.status, TrialStatus::Wrong);
}

TEST_F(MeasureFaultsTest, WritesTooMuch) {
  Measurement result =
      measureBetween("for (long i = 0; i <= n; ++i) out[i] = 2 * in[i % n];");
  EXPECT_EQ(result.status, TrialStatus::Wrong);
  EXPECT_EQ(result.detail, "it wrote outside its results");
}

TEST_F(MeasureFaultsTest, WrongOnlyLater) {
  Measurement result =
      measureBetween("for (long i = 0; i < n; ++i) out[i] = 2 * in[i];"
                     "if (runs > 3) out[0] = 7;");
  EXPECT_EQ(result.status, TrialStatus::Wrong);
}

TEST_F(MeasureFaultsTest, WritesItsOperands) {
  Measurement result =
      measureBetween("for (long i = 0; i < n; ++i) out[i] = 2 * in[i];"
                     "((float *)in)[0] = 1;");
  EXPECT_EQ(result.status, TrialStatus::Crashed);
}

TEST_F(MeasureFaultsTest, Crashes) {
  Measurement result = measureBetween("raise(11);");
  EXPECT_EQ(result.status, TrialStatus::Crashed);
  EXPECT_NE(result.detail.find("signal 11"), std::string::npos)
      << result.detail;
}

TEST_F(MeasureFaultsTest, CrashesLater) {
  Measurement result =
      measureBetween("for (long i = 0; i < n; ++i) out[i] = 2 * in[i];"
                     "if (runs > 3) *(volatile int *)8 = 0;");
  EXPECT_EQ(result.status, TrialStatus::Crashed);
}

TEST_F(MeasureFaultsTest, CrashesOnAnotherThread) {
  // Workers block signals: the process ends without a word.
  MeasureOptions options = getTestOptions();
  options.threads = 2;
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(compileC(R"(
    #include <pthread.h>
    #include <signal.h>
    static void *crash(void *unused) {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, 0);
      *(volatile int *)8 = 0;
      return 0;
    }
    long other_count(void *args) { return 1; }
    void other_task(void *args, long index, void *scratch) {
      pthread_t thread;
      pthread_create(&thread, 0, crash, 0);
      pthread_join(thread, 0);
    }
  )",
                           "other"));
  auto results = measure(codes, options);
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_EQ((*results)[0].status, TrialStatus::Ok);
  EXPECT_EQ((*results)[1].status, TrialStatus::Crashed);
}

TEST_F(MeasureFaultsTest, UsesUpItsStack) {
  Measurement result = measureBetween(
      "volatile char big[1 << 16]; big[0] = 0;"
      "if (n >= 0) middle_task(args, index + big[0], scratch); big[1] = 1;");
  EXPECT_EQ(result.status, TrialStatus::Crashed);
}

TEST_F(MeasureFaultsTest, EndsTheProgram) {
  Measurement result = measureBetween("exit(0);");
  EXPECT_EQ(result.status, TrialStatus::Crashed);
  EXPECT_EQ(result.detail, "it ended the program");
  // The first time it could have been the machine.
  EXPECT_EQ(warnings.count("it ended in the middle of measuring"), 1u);
}

TEST_F(MeasureFaultsTest, Hangs) {
  MeasureOptions options = getTestOptions();
  options.timeout = 0.5;
  Measurement result =
      measureBetween("for (volatile long i = 0;; ++i);", options);
  EXPECT_EQ(result.status, TrialStatus::Timeout);
  EXPECT_EQ(warnings.count(""), 0u);
}

TEST_F(MeasureFaultsTest, FailsByItself) {
  MeasuredCode failing = compileC(R"(
    extern void attune_fail(const void *call, const char *message);
    void failing_launch(const void *call, void *args) {
      attune_fail(call, "no device");
    }
  )",
                                  "failing");
  failing.task.clear();
  failing.count.clear();
  failing.launch = "failing_launch";
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(std::move(failing));
  auto results = measure(codes, getTestOptions());
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_EQ((*results)[1].status, TrialStatus::Wrong);
  EXPECT_EQ((*results)[1].detail, "the kernel failed: no device");
}

TEST_F(MeasureFaultsTest, LaunchesItself) {
  MeasuredCode launching = compileC(R"(
    typedef void (*Task)(void *, long, void *);
    extern void attune_parallel_for(const void *, Task, void *, long);
    static void task(void *args, long index, void *scratch) {
      const float *in = ((const float **)args)[1];
      float *out = ((float **)args)[6];
      for (long i = 0; i < 10; ++i)
        out[10 * index + i] = 2 * in[10 * index + i];
    }
    void launching_launch(const void *call, void *args) {
      attune_parallel_for(call, task, args, 100);
    }
  )",
                                    "launching");
  launching.task.clear();
  launching.count.clear();
  launching.launch = "launching_launch";
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(std::move(launching));
  MeasureOptions options = getTestOptions();
  options.threads = 2;
  auto results = measure(codes, options);
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_EQ((*results)[1].status, TrialStatus::Ok) << (*results)[1].detail;
}

TEST_F(MeasureFaultsTest, Reference) {
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first", "raise(11);"));
  codes.push_back(makeDoubling("second"));
  auto results = measure(codes, getTestOptions());
  ASSERT_FALSE(bool(results));
  EXPECT_NE(llvm::toString(results.takeError())
                .find("the reference schedule does not run: it crashed"),
            std::string::npos);
}

TEST_F(MeasureFaultsTest, Slow) {
  // Dropped after its first run, with the time of that.
  MeasureOptions options = getTestOptions();
  options.killRatio = 1.5;
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(
      makeDoubling("slow", "for (volatile long i = 0; i < 100000000; ++i);"
                           "for (long i = 0; i < n; ++i) out[i] = 2 * in[i];"));
  auto results = measure(codes, options);
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_EQ((*results)[1].status, TrialStatus::Ok) << (*results)[1].detail;
  EXPECT_EQ((*results)[1].time.samples, 1);
  EXPECT_LT((*results)[1].speedup, 1);
}

/// Measures and keeps what is told, in order.
class MeasureEarlyTest : public MeasureFaultsTest {
protected:
  std::vector<Measurement> measureAll(llvm::ArrayRef<MeasuredCode> codes,
                                      MeasureOptions options) {
    options.ended = [&](size_t code, const Measurement &result) {
      told.push_back({code, result});
      onEnded();
    };
    auto results = measure(codes, options);
    if (results) {
      // Exactly once, and the same.
      std::set<size_t> once;
      for (const auto &[code, result] : told) {
        EXPECT_TRUE(once.insert(code).second) << code;
        EXPECT_EQ(result.status, (*results)[code].status);
        EXPECT_EQ(result.detail, (*results)[code].detail);
        EXPECT_EQ(result.time.median, (*results)[code].time.median);
        EXPECT_EQ(result.speedup, (*results)[code].speedup);
      }
      return std::move(*results);
    }
    ADD_FAILURE() << llvm::toString(results.takeError());
    return {};
  }
  std::vector<std::pair<size_t, Measurement>> told;
  std::function<void()> onEnded = [] {};
};

TEST_F(MeasureEarlyTest, WhatIsWrongOrSlowIsToldFirst) {
  MeasureOptions options = getTestOptions();
  options.killRatio = 1.5;
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(
      makeDoubling("slow", "for (volatile long i = 0; i < 100000000; ++i);"
                           "for (long i = 0; i < n; ++i) out[i] = 2 * in[i];"));
  codes.push_back(makeDoubling("wrong", "out[0] = 7;"));
  std::vector<Measurement> results = measureAll(codes, options);
  ASSERT_EQ(results.size(), 3u);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].first, 1u);
  EXPECT_GT(told[0].second.speedup, 0);
  EXPECT_EQ(told[1].first, 2u);
  EXPECT_EQ(told[1].second.status, TrialStatus::Wrong);
  EXPECT_EQ(told[2].first, 0u);
}

TEST_F(MeasureEarlyTest, WhileTheProgramStillRuns) {
  // The last one does not come back before the wrong one was told of.
  llvm::SmallString<128> file;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("told", "", file));
  ASSERT_FALSE(llvm::sys::fs::remove(file));
  onEnded = [&] {
    std::error_code error;
    llvm::raw_fd_ostream(file, error) << "told";
  };
  std::string wait = "extern int access(const char *, int);"
                     "while (access(\"" +
                     file.str().str() +
                     "\", 0));"
                     "for (long i = 0; i < n; ++i) out[i] = 2 * in[i];";
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(makeDoubling("wrong", "out[0] = 7;"));
  codes.push_back(makeDoubling("waiting", wait));
  std::vector<Measurement> results = measureAll(codes, getTestOptions());
  llvm::sys::fs::remove(file);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[1].status, TrialStatus::Wrong);
  EXPECT_EQ(results[2].status, TrialStatus::Ok) << results[2].detail;
  EXPECT_EQ(told.size(), 3u);
}

TEST_F(MeasureEarlyTest, CrashesAreToldOnce) {
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(makeDoubling("crashing", "raise(11);"));
  codes.push_back(makeDoubling("ending", "exit(0);"));
  codes.push_back(makeDoubling("last"));
  std::vector<Measurement> results = measureAll(codes, getTestOptions());
  ASSERT_EQ(results.size(), 4u);
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(told[0].first, 1u);
  EXPECT_EQ(told[1].first, 2u);
}

} // namespace
