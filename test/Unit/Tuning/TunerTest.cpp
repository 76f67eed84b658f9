//===- TunerTest.cpp - Budget, resuming, crowning -------------------------===//
#include "TunerTestSupport.h"

using namespace attune;

namespace {

const char *kSmall = "gemm:m=64,n=64,k=64";
const char *kLarge = "gemm:m=256,n=768,k=768";

TEST_F(TunerTest, SpendsTrialsExactly) {
  for (int64_t count : {1, 2, 9, 30}) {
    database = TuningDatabase();
    recorder = Recorder();
    TunerResult result = tune({makeTask(kSmall)}, trials(count));
    EXPECT_EQ(result.trials, count);
    EXPECT_EQ(recorder.getTrials().size(), static_cast<size_t>(count));
    EXPECT_EQ(result.kernels[0].trials, count);
    EXPECT_FALSE(result.interrupted);
  }
}

TEST_F(TunerTest, TriesTheDefaultFirstAndNothingTwice) {
  tune({makeTask(kSmall)}, trials(40));
  std::vector<std::string> all = recorder.getTrials();
  EXPECT_EQ(recorder.records.front().candidate.source, "default");
  EXPECT_EQ(recorder.records.front().result.speedup, 1);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

TEST_F(TunerTest, FindsAFasterScheduleAndConfirmsIt) {
  TunerResult result = tune({makeTask(kSmall)}, trials(60));
  const KernelProgress &kernel = result.kernels[0];
  EXPECT_GT(kernel.bestSpeedup, 1.05);
  EXPECT_TRUE(kernel.confirmed);
  EXPECT_NE(kernel.best.source, "default");
  EXPECT_GT(getExpectedGain(result.kernels), 0.05);
  // The winners ran once more, in more rounds, and none was dropped early.
  const MeasureOptions &last = measurer.options.back();
  EXPECT_GE(last.rounds, 2 * measurer.options.front().rounds);
  EXPECT_GT(last.killRatio, 1e6);
  DatabaseQuery query;
  query.workload = result.kernels[0].task->workload.id;
  query.shapes = result.kernels[0].task->shapes;
  query.target = getTargetKey(llvm::cantFail(getTarget("x86-64-v3")));
  std::optional<DatabaseMatch> match = database.find(query);
  ASSERT_TRUE(match);
  EXPECT_TRUE(match->record->candidate.isSame(kernel.best));
  EXPECT_TRUE(match->record->confirmed);
}

TEST_F(TunerTest, DefaultStaysWhenNothingIsBetter) {
  std::string defaults;
  measurer.factor = [&](const Candidate &candidate) {
    if (defaults.empty())
      defaults = describe(candidate);
    return describe(candidate) == defaults ? 1.0 : 1.3;
  };
  TunerResult result = tune({makeTask(kSmall)}, trials(25));
  const KernelProgress &kernel = result.kernels[0];
  EXPECT_EQ(kernel.bestSpeedup, 1);
  EXPECT_TRUE(kernel.best.isSame(kernel.base));
  EXPECT_EQ(result.confirmations, 0);
  EXPECT_EQ(getExpectedGain(result.kernels), 0);
}

TEST_F(TunerTest, LuckyMeasurementsAreNotCrowned) {
  // Everything is as fast as the default, but looks up to 20 % faster in the
  // first measurement.
  std::map<std::string, int> seen;
  measurer.factor = [&](const Candidate &candidate) {
    std::string name = describe(candidate);
    if (seen[name]++ || candidate.source == "default")
      return 1.0;
    return 1.0 - 0.02 * static_cast<double>(name.size() % 10 + 1);
  };
  TunerResult result = tune({makeTask(kSmall)}, trials(25));
  const KernelProgress &kernel = result.kernels[0];
  EXPECT_GT(result.confirmations, 0);
  EXPECT_EQ(kernel.bestSpeedup, 1);
  EXPECT_TRUE(kernel.best.isSame(kernel.base));
  DatabaseQuery query;
  query.workload = kernel.task->workload.id;
  query.shapes = kernel.task->shapes;
  query.target = getTargetKey(llvm::cantFail(getTarget("x86-64-v3")));
  std::optional<DatabaseMatch> match = database.find(query);
  if (match) {
    EXPECT_TRUE(match->record->candidate.isSame(kernel.base));
  }
}

TEST_F(TunerTest, NoiseDecidesWhatIsFaster) {
  Measurement reference;
  reference.speedup = 1;
  reference.time = {25, 0.99, 1, 0.99, 1.01};
  auto isFaster = [&](double speedup, double spread) {
    Measurement candidate;
    candidate.speedup = speedup;
    double median = 1 / speedup;
    candidate.time = {25, median, median, median * (1 - spread / 2),
                      median * (1 + spread / 2)};
    return isFasterBeyondNoise(candidate, reference);
  };
  EXPECT_FALSE(isFaster(1.0, 0));
  EXPECT_FALSE(isFaster(1.009, 0)); // less than one percent
  EXPECT_TRUE(isFaster(1.02, 0.01));
  EXPECT_FALSE(isFaster(1.02, 0.2)); // error 3.7 %
  EXPECT_TRUE(isFaster(1.1, 0.2));
  Measurement wrong;
  wrong.status = TrialStatus::Wrong;
  wrong.speedup = 2;
  EXPECT_FALSE(isFasterBeyondNoise(wrong, reference));
}

TEST_F(TunerTest, ResumingRepeatsNothing) {
  tune({makeTask(kSmall), makeTask(kLarge)}, trials(30));
  std::vector<std::string> first = recorder.getTrials();
  recorder = Recorder();
  TunerResult result =
      tune({makeTask(kSmall), makeTask(kLarge)}, trials(20, 99));
  EXPECT_EQ(result.trials, 20);
  EXPECT_EQ(result.kernels[0].known + result.kernels[1].known, 30);
  std::set<std::string> known(first.begin(), first.end());
  for (const std::string &trial : recorder.getTrials())
    EXPECT_TRUE(known.insert(trial).second) << trial;
}

TEST_F(TunerTest, ResumingKeepsTheWinner) {
  TunerResult first = tune({makeTask(kSmall)}, trials(40));
  double speedup = first.kernels[0].bestSpeedup;
  std::string best = describe(first.kernels[0].best);
  ASSERT_GT(speedup, 1);
  recorder = Recorder();
  TunerResult second = tune({makeTask(kSmall)}, trials(1));
  EXPECT_GE(second.kernels[0].bestSpeedup, speedup * 0.999);
  EXPECT_TRUE(second.kernels[0].confirmed);
}

TEST_F(TunerTest, MeasuresAgainWhenAsked) {
  tune({makeTask(kSmall)}, trials(10));
  recorder = Recorder();
  TunerOptions options = trials(10);
  options.resume = false;
  TunerResult result = tune({makeTask(kSmall)}, options);
  EXPECT_EQ(result.kernels[0].known, 0);
  EXPECT_EQ(recorder.records.front().candidate.source, "default");
}

TEST_F(TunerTest, PrefersTheHeavyKernel) {
  TunerResult result =
      tune({makeTask(kSmall, 100), makeTask(kLarge)}, trials(160));
  EXPECT_GT(result.kernels[1].trials, 2 * result.kernels[0].trials);
  EXPECT_GT(result.kernels[0].trials, 1);
}

TEST_F(TunerTest, StopFlagEndsSoon) {
  recorder.onTrial = [&](size_t count) { stop = count >= 10; };
  TunerResult result = tune({makeTask(kSmall)}, trials(1000));
  EXPECT_TRUE(result.interrupted);
  EXPECT_LT(result.trials, 20);
  EXPECT_EQ(result.confirmations, 0);
}

TEST_F(TunerTest, WhatWasCutShortIsNotRecorded) {
  measurer.meanwhile = [&] { stop = measurer.calls == 3; };
  measurer.status = [&](const Candidate &candidate) {
    return stop ? TrialStatus::Crashed : TrialStatus::Ok;
  };
  TunerResult result = tune({makeTask(kSmall)}, trials(1000));
  EXPECT_TRUE(result.interrupted);
  EXPECT_TRUE(result.kernels[0].failure.empty());
  for (const TrialRecord &record : recorder.records)
    EXPECT_EQ(record.result.status, TrialStatus::Ok);
}

TEST_F(TunerTest, EndsAtTheTargetGain) {
  TunerOptions options = trials(500);
  options.targetGain = 0.03;
  TunerResult result = tune({makeTask(kSmall)}, options);
  EXPECT_GE(getExpectedGain(result.kernels), 0.03);
  EXPECT_LT(result.trials, 500);
}

TEST_F(TunerTest, TimeEndsIt) {
  TunerOptions options;
  options.seconds = 1e-6;
  TunerResult result = tune({makeTask(kSmall)}, options);
  EXPECT_EQ(result.trials, 0);
}

TEST_F(TunerTest, FailuresAreRecordedAndNotCrowned) {
  measurer.status = [](const Candidate &candidate) {
    return candidate.source == "default" || describe(candidate).size() % 3 == 0
               ? TrialStatus::Ok
               : TrialStatus::Wrong;
  };
  measurer.factor = [](const Candidate &candidate) {
    return candidate.source == "default" ? 1.0 : 0.8;
  };
  TunerResult result = tune({makeTask(kSmall)}, trials(60));
  const KernelProgress &kernel = result.kernels[0];
  int64_t wrong = llvm::count_if(recorder.records, [](const TrialRecord &r) {
    return r.result.status == TrialStatus::Wrong;
  });
  EXPECT_EQ(kernel.failed, wrong);
  EXPECT_GT(wrong, 0);
  EXPECT_NEAR(kernel.bestSpeedup, 1.25, 1e-9);
}

TEST_F(TunerTest, AKernelWithoutAReferenceIsLeftOut) {
  KernelTask broken = makeTask("gemm:m=32,n=64,k=64");
  measurer.status = [](const Candidate &) { return TrialStatus::Crashed; };
  tuner = std::make_unique<Tuner>(
      std::vector<KernelTask>{broken}, llvm::cantFail(getTarget("x86-64-v3")),
      llvm::ArrayRef<const Backend *>(findBackend("llvm")), trials(5));
  llvm::Expected<TunerResult> result =
      tuner->run(measurer, database, nullptr, recorder, stop);
  ASSERT_FALSE(bool(result));
  std::string message = llvm::toString(result.takeError());
  EXPECT_NE(message.find("no kernel could be measured"), std::string::npos)
      << message;
  EXPECT_EQ(recorder.warnings.size(), 1u);
}

TEST_F(TunerTest, RecordsAreComplete) {
  KernelTask task = makeTask(kLarge);
  TunerOptions options = trials(40);
  options.measure.threads = 3;
  tune({task}, options);
  TargetKey key = getTargetKey(llvm::cantFail(getTarget("x86-64-v3")));
  bool anyPrediction = false;
  for (const TrialRecord &record : recorder.records) {
    EXPECT_EQ(record.workload, task.workload.id);
    EXPECT_EQ(record.family, "linear");
    EXPECT_EQ(record.label, task.workload.label);
    EXPECT_EQ(record.shapes, task.shapes);
    EXPECT_TRUE(record.target == key);
    EXPECT_EQ(record.threads, 3);
    EXPECT_EQ(record.candidate.backend, "llvm");
    EXPECT_FALSE(record.candidate.schedule.getValues().empty());
    EXPECT_FALSE(record.candidate.source.empty());
    EXPECT_EQ(record.scheduleVersion,
              findBackend("llvm")->getScheduleVersion());
    EXPECT_EQ(record.compiler, getCompilerVersion());
    EXPECT_EQ(record.time.size(), 20u);
    anyPrediction |= record.predictedMs > 0;
    RecordProblem problem;
    EXPECT_TRUE(parseRecord(toLine(record), problem));
  }
  EXPECT_TRUE(anyPrediction); // enough records for the cost model
}

TEST_F(TunerTest, EveryTrialIsInTheFileBeforeTheNext) {
  llvm::SmallString<128> path;
  ASSERT_FALSE(
      llvm::sys::fs::createTemporaryFile("attune-tuner", "jsonl", path));
  writer = llvm::cantFail(DatabaseWriter::open(path));
  recorder.onTrial = [&](size_t count) {
    TuningDatabase inFile = llvm::cantFail(TuningDatabase::load(path));
    EXPECT_EQ(inFile.getRecords().size(), count);
    EXPECT_TRUE(inFile.getProblems().describe().empty());
  };
  tune({makeTask(kSmall)}, trials(20));
  EXPECT_GE(recorder.records.size(), 20u);
  writer.reset();
  llvm::sys::fs::remove(path);
}

/// Tuning with a file.
class TunerFileTest : public TunerTest {
protected:
  TunerFileTest() {
    EXPECT_FALSE(
        llvm::sys::fs::createTemporaryFile("attune-tuner", "jsonl", path));
    writer = llvm::cantFail(DatabaseWriter::open(path));
  }
  ~TunerFileTest() override {
    writer.reset();
    llvm::sys::fs::remove(path);
  }
  /// The file's candidates that are no confirmations, in its order.
  std::vector<std::string> getTrialsInFile() {
    TuningDatabase inFile = llvm::cantFail(TuningDatabase::load(path));
    EXPECT_TRUE(inFile.getProblems().describe().empty());
    std::vector<std::string> trials;
    for (const TrialRecord &record : inFile.getRecords())
      if (!record.confirmed)
        trials.push_back(record.workload + " " + describe(record.candidate));
    return trials;
  }
  llvm::SmallString<128> path;
};

TEST_F(TunerFileTest, WhatEndsEarlyIsInTheFileEarly) {
  // Every other one, the last first.
  measurer.early = [](size_t count) {
    std::vector<size_t> places;
    for (size_t i = count; i-- > 1;)
      if (i % 2)
        places.push_back(i);
    return places;
  };
  size_t before = 0, earlier = 0;
  measurer.meanwhile = [&] { before = getTrialsInFile().size(); };
  measurer.afterEarly = [&] {
    earlier += getTrialsInFile().size() - before;
    // Nobody has heard of them yet.
    EXPECT_EQ(recorder.getTrials().size(), before);
  };
  TunerResult result = tune({makeTask(kSmall)}, trials(40));
  EXPECT_EQ(result.trials, 40);
  EXPECT_GE(earlier, 10u);
  // Each once, whenever it was written, and with what it said.
  std::vector<std::string> inFile = getTrialsInFile();
  EXPECT_NE(inFile, recorder.getTrials());
  EXPECT_EQ(inFile.size(), 40u);
  std::vector<std::string> told = recorder.getTrials();
  llvm::sort(inFile);
  llvm::sort(told);
  EXPECT_EQ(inFile, told);
  TuningDatabase loaded = llvm::cantFail(TuningDatabase::load(path));
  std::multiset<std::string> linesInFile, lines;
  for (const TrialRecord &record : loaded.getRecords())
    linesInFile.insert(toLine(record));
  for (const TrialRecord &record : database.getRecords())
    lines.insert(toLine(record));
  EXPECT_EQ(linesInFile, lines);
}

TEST_F(TunerFileTest, WhatIsProposedDoesNotDependOnWhatEndsEarly) {
  std::vector<KernelTask> tasks{makeTask(kSmall), makeTask(kLarge)};
  tune(tasks, trials(60));
  std::vector<std::string> wanted = recorder.getTrials();
  database = TuningDatabase();
  recorder = Recorder();
  measurer.early = [](size_t count) {
    std::vector<size_t> places;
    for (size_t i = 0; i < count; ++i)
      places.push_back((3 * i + 1) % count);
    return places;
  };
  tune(tasks, trials(60));
  EXPECT_EQ(recorder.getTrials(), wanted);
}

TEST_F(TunerFileTest, WhatWasKnownBeforeTheRoundFailedStays) {
  // In one round a candidate does not compile; then the reference does not run.
  measurer.status = [&](const Candidate &) {
    return measurer.calls == 3 ? TrialStatus::Crashed : TrialStatus::Ok;
  };
  measurer.early = [&](size_t) {
    // A measurer that tells twice is not believed twice.
    return std::vector<size_t>(measurer.calls == 3 ? 2 : 0, 1);
  };
  TunerResult result = tune({makeTask(kSmall), makeTask(kLarge)}, trials(40));
  EXPECT_NE(result.kernels[0].failure, result.kernels[1].failure);
  EXPECT_EQ(result.kernels[0].failed + result.kernels[1].failed, 1);
  EXPECT_EQ(getTrialsInFile(), recorder.getTrials());
  EXPECT_EQ(recorder.getTrials().size(), 40u);
}

TEST_F(TunerFileTest, WhatWasKnownBeforeCtrlCStays) {
  // One crashes, then the round is cut short, which looks like more crashes.
  measurer.status = [&, seen = 0](const Candidate &) mutable {
    return measurer.calls == 3 && seen++ ? TrialStatus::Crashed
                                         : TrialStatus::Ok;
  };
  measurer.early = [&](size_t) {
    return std::vector<size_t>(measurer.calls == 3, 2);
  };
  measurer.afterEarly = [&] { stop = measurer.calls == 3; };
  TunerResult result = tune({makeTask(kSmall)}, trials(100));
  EXPECT_EQ(measurer.calls, 3);
  EXPECT_EQ(result.kernels[0].failed, 1);
  EXPECT_EQ(recorder.records.back().result.status, TrialStatus::Crashed);
  EXPECT_EQ(getTrialsInFile(), recorder.getTrials());
}

TEST_F(TunerTest, OtherBackendsAreNamed) {
  TunerOptions options = trials(5);
  options.backend.otherwise = "cuda";
  tuner = std::make_unique<Tuner>(
      std::vector<KernelTask>{makeTask(kSmall)},
      llvm::cantFail(getTarget("x86-64-v3")),
      llvm::ArrayRef<const Backend *>(findBackend("llvm")), options);
  llvm::Expected<TunerResult> result =
      tuner->run(measurer, database, nullptr, recorder, stop);
  ASSERT_FALSE(bool(result));
  EXPECT_NE(llvm::toString(result.takeError()).find("no backend takes it"),
            std::string::npos);
}

} // namespace
