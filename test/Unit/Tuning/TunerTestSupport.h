//===- TunerTestSupport.h - Tuning without a clock --------------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_TUNING_TUNERTESTSUPPORT_H
#define ATTUNE_TEST_UNIT_TUNING_TUNERTESTSUPPORT_H

#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Tuning/Tuner.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"
#include <cmath>
#include <map>
#include <set>

namespace attune {

/// The task of a kernel named as on command lines.
inline KernelTask makeTask(llvm::StringRef spec, int64_t calls = 1) {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  KernelProblem problem = llvm::cantFail(parseKernelSpec(context, spec));
  KernelTask task;
  task.workload = getWorkload(problem.kernel);
  for (const auto &shape : problem.shapes)
    task.shapes.emplace_back(shape.begin(), shape.end());
  task.flops = problem.flops;
  task.bytes = problem.bytes;
  task.calls = calls;
  task.where = spec.str();
  return task;
}

inline std::string describe(const Candidate &candidate) {
  return candidate.backend + " " + candidate.schedule.str();
}

/// Times from a formula: a kernel takes its FLOPs at one GFLOP/s, and its
/// schedule makes it faster or slower. Keeps what it was asked.
class FormulaMeasurer : public Measurer {
public:
  /// Time relative to the default schedule's.
  std::function<double(const Candidate &)> factor = [](const Candidate &c) {
    double result = 1;
    for (const auto &[knob, value] : c.schedule.getValues())
      result += 0.02 * static_cast<double>(
                           llvm::hash_value(knob + std::to_string(value)) % 7);
    return result;
  };
  std::function<TrialStatus(const Candidate &)> status = [](const Candidate &) {
    return TrialStatus::Ok;
  };
  /// Called before each answer.
  std::function<void()> meanwhile = [] {};
  /// Places whose results are told early, in this order, given how many there
  /// are; place 0 is the reference.
  std::function<std::vector<size_t>(size_t)> early = [](size_t) {
    return std::vector<size_t>();
  };
  /// Called after what ends early was told.
  std::function<void()> afterEarly = [] {};

  /// All candidates measured, by workload, in order, references left out.
  std::map<std::string, std::vector<std::string>> asked;
  int calls = 0;
  std::vector<MeasureOptions> options;

  llvm::Expected<std::vector<Measurement>>
  measure(const KernelTask &task, const Candidate &reference,
          llvm::ArrayRef<Candidate> candidates,
          const MeasureOptions &how) override {
    ++calls;
    options.push_back(how);
    meanwhile();
    double unit = task.flops / 1e6, base = factor(reference);
    std::vector<Measurement> results;
    auto add = [&](const Candidate &candidate) {
      Measurement &result = results.emplace_back();
      result.status = status(candidate);
      if (result.status != TrialStatus::Ok) {
        result.detail = "by the test";
        return;
      }
      double relative = results.size() == 1 ? base : factor(candidate);
      double median = unit * relative;
      result.time = {9, median * 0.99, median, median * 0.995, median * 1.005};
      result.speedup = base / relative;
    };
    add(reference);
    for (const Candidate &candidate : candidates) {
      add(candidate);
      asked[task.workload.id].push_back(describe(candidate));
    }
    if (how.ended)
      for (size_t place : early(results.size()))
        how.ended(place, results[place]);
    afterEarly();
    return results;
  }
};

/// Keeps the records.
class Recorder : public TunerListener {
public:
  std::vector<TrialRecord> records;
  std::vector<std::string> warnings;
  std::function<void(size_t)> onTrial = [](size_t) {};
  void trialEnded(const TrialRecord &record, const KernelProgress &) override {
    records.push_back(record);
    onTrial(records.size());
  }
  void warn(llvm::StringRef message) override {
    warnings.push_back(message.str());
  }
  /// Records that are no confirmations, as text.
  std::vector<std::string> getTrials() const {
    std::vector<std::string> trials;
    for (const TrialRecord &record : records)
      if (!record.confirmed)
        trials.push_back(record.workload + " " + describe(record.candidate));
    return trials;
  }
};

/// Tunes with the LLVM backend for a CPU that need not be this one.
class TunerTest : public ::testing::Test {
protected:
  TunerResult tune(std::vector<KernelTask> tasks, const TunerOptions &options) {
    tuner = std::make_unique<Tuner>(
        std::move(tasks), llvm::cantFail(getTarget("x86-64-v3")),
        llvm::ArrayRef<const Backend *>(findBackend("llvm")), options);
    return llvm::cantFail(
        tuner->run(measurer, database, writer.get(), recorder, stop));
  }
  static TunerOptions trials(int64_t count, uint64_t seed = 1) {
    TunerOptions options;
    options.trials = count;
    options.search.seed = seed;
    return options;
  }

  std::unique_ptr<Tuner> tuner; // results point to its tasks
  FormulaMeasurer measurer;
  TuningDatabase database;
  std::unique_ptr<DatabaseWriter> writer;
  Recorder recorder;
  std::atomic<bool> stop = false;
};

} // namespace attune

#endif // ATTUNE_TEST_UNIT_TUNING_TUNERTESTSUPPORT_H
