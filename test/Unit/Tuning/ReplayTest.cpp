//===- ReplayTest.cpp - The same seed proposes the same -------------------===//
#include "TunerTestSupport.h"
#include "attune/Tuning/ReplayMeasurer.h"

using namespace attune;

namespace {

const char *kKernel = "gemm:m=96,n=192,k=128";

class ReplayTest : public TunerTest {
protected:
  /// What a tuner tries on recorded measurements.
  std::vector<std::string> replay(uint64_t seed) {
    TuningDatabase mine;
    Recorder listener;
    std::unique_ptr<Measurer> replayed = createReplayMeasurer(database);
    Tuner again({makeTask(kKernel)}, llvm::cantFail(getTarget("x86-64-v3")),
                llvm::ArrayRef<const Backend *>(findBackend("llvm")),
                trials(60, seed));
    TunerResult result =
        llvm::cantFail(again.run(*replayed, mine, nullptr, listener, stop));
    winner = describe(result.kernels[0].best);
    return listener.getTrials();
  }
  std::string winner;
};

TEST_F(ReplayTest, SameSeedSameProposals) {
  tune({makeTask(kKernel)}, trials(120, 7));
  std::vector<std::string> first = replay(7), second = replay(7);
  EXPECT_EQ(first.size(), 60u);
  EXPECT_EQ(first, second);
  // The recorded run began the same, up to the last round, which has fewer
  // candidates where the trials end earlier.
  std::vector<std::string> recorded = recorder.getTrials();
  recorded.resize(49);
  EXPECT_EQ(recorded, std::vector(first.begin(), first.begin() + 49));
  EXPECT_NE(replay(8), first);
}

TEST_F(ReplayTest, UnknownCandidatesFail) {
  tune({makeTask(kKernel)}, trials(10));
  std::unique_ptr<Measurer> measurer = createReplayMeasurer(database);
  const TrialRecord &known = recorder.records[1];
  Candidate unknown = known.candidate;
  unknown.schedule.set("mr", 77);
  std::vector<Measurement> results = llvm::cantFail(
      measurer->measure(makeTask(kKernel), recorder.records[0].candidate,
                        {known.candidate, unknown}, {}));
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].status, TrialStatus::Ok);
  EXPECT_EQ(results[1].status, TrialStatus::Ok);
  EXPECT_EQ(results[2].status, TrialStatus::CompileFailed);
  EXPECT_EQ(results[2].detail, "no record");
}

} // namespace
