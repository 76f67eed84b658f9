//===- TuneModel.cpp - A model before and after tuning --------------------===//
#include "TuneModel.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Kernel/Packing.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include <chrono>
#include <map>

using namespace attune;
using namespace attune::tool;

llvm::Error TuneModel::load(bool onlyKernels) {
  auto begin = std::chrono::steady_clock::now();
  // What others tuned earlier belongs to the times after.
  options.schedules.databases.clear();
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Compilation compilation(context, options);
  if (llvm::Error error = compilation.load())
    return error;
  if (compilation.getPhase() > Phase::Kernels)
    return userErrorf("'{0}' stands after the phase {1}; expected a model or "
                      "IR up to the phase kernels",
                      options.input, attune::getName(compilation.getPhase()));
  if (llvm::Error error = compilation.runTo(Phase::Kernels))
    return error;
  name = compilation.getName();
  Compilation::Variant &variant = compilation.getVariants().front();
  target = variant.target;
  llvm::Expected<llvm::StringMap<int64_t>> found =
      getOptimizedSizes(*variant.module, options.schedules.optimizeFor);
  if (!found)
    return found.takeError();
  sizes = std::move(*found);
  llvm::Expected<std::vector<KernelTask>> kernels =
      extractKernelTasks(*variant.module, sizes);
  if (!kernels)
    return kernels.takeError();
  tasks = std::move(*kernels);
  if (tasks.empty())
    return userErrorf("'{0}' has no kernels to tune", options.input);
  for (WeightOp weight : variant.module->getOps<WeightOp>())
    if (auto type = dyn_cast<mlir::RankedTensorType>(weight.getType()))
      weightBytes +=
          4 * std::max<int64_t>(getPackedSize(type, weight.getLayoutAttr()), 0);
  if (!onlyKernels) {
    llvm::Expected<std::unique_ptr<TimedModel>> model =
        TimedModel::create(compilation, sizes, threads);
    if (!model)
      return model.takeError();
    before = std::move(*model);
  }
  compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<TimedModel>>
TuneModel::compile(std::vector<std::string> databases) {
  CompilerOptions tuned = options;
  tuned.schedules.databases = std::move(databases);
  tuned.dumpPhasesTo.clear();
  tuned.warn = [](llvm::StringRef) {}; // said once, by the command
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Compilation compilation(context, tuned);
  if (llvm::Error error = compilation.load())
    return std::move(error);
  return TimedModel::create(compilation, sizes, threads);
}

namespace {

/// A speedup that nobody takes for noise when the whole interval is below one.
constexpr double kWithoutDoubt = 0.95;

/// Kernels by number.
using Numbers = std::vector<size_t>;

/// Seconds since it was made.
class Stopwatch {
public:
  double get() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         begin)
        .count();
  }

private:
  std::chrono::steady_clock::time_point begin =
      std::chrono::steady_clock::now();
};

} // namespace

/// Looks for the winners that hold up in the model.
struct TuneModel::Search {
  TuneModel &model;
  TuningDatabase &database;
  llvm::ArrayRef<KernelProgress> kernels;
  double seconds; ///< of one look at both models
  double secondsLeft;
  const std::atomic<bool> &stop;

  Stopwatch watch = {};
  double compileSeconds = 0; ///< the most it has taken to compile a model
  double leastSeconds = 0;   ///< of a look that says something
  std::map<Numbers, PairedTimes> measured = {};

  double getLeft() const { return secondsLeft - watch.get(); }
  /// Whether there is time to measure one more choice of winners.
  bool hasTime() const { return getLeft() >= compileSeconds + leastSeconds; }
  /// Of what is run without tuning, over the reference.
  double getBaseSpeedup(const KernelProgress &kernel) const;
  /// Confirmed records that make the default of these kernels count again.
  std::vector<TrialRecord> retract(const Numbers &dropped) const;
  /// The model with all winners but those dropped, against the one without.
  llvm::Expected<PairedTimes> measure(const Numbers &dropped);
  /// The winners to take back, all of `changed` when in doubt, and the times
  /// without them.
  llvm::Expected<Numbers> convict(const Numbers &changed, PairedTimes &times);
  /// Those of `suspects` that slow the model down, all others left out; in the
  /// end also those that there was no time to measure.
  llvm::Expected<Numbers> findOffenders(const Numbers &suspects,
                                        const Numbers &all);
  static bool isSlower(const PairedTimes &times) {
    // Half a percent is no noise that a few seconds of pairs leave.
    return times.isSlower() || times.speedup < 0.995;
  }
};

double TuneModel::Search::getBaseSpeedup(const KernelProgress &kernel) const {
  const Backend *backend = findBackend(kernel.base.backend);
  const TrialRecord *record =
      backend
          ? database.findTrial(kernel.task->workload.id, kernel.task->shapes,
                               getTargetKey(model.target), model.threads,
                               kernel.base, backend->getScheduleVersion())
          : nullptr;
  return record && record->result.status == TrialStatus::Ok
             ? record->result.speedup
             : 1;
}

std::vector<TrialRecord>
TuneModel::Search::retract(const Numbers &dropped) const {
  std::vector<TrialRecord> result;
  TargetKey key = getTargetKey(model.target);
  for (size_t number : dropped) {
    const KernelTask &task = *kernels[number].task;
    double base = getBaseSpeedup(kernels[number]);
    for (const TrialRecord &record : database.getRecords()) {
      bool isWinner = record.workload == task.workload.id &&
                      record.shapes == task.shapes && record.target == key &&
                      record.threads == model.threads && record.confirmed &&
                      record.result.status == TrialStatus::Ok &&
                      record.result.speedup > base;
      // Only what still counts.
      if (!isWinner || &record != database.findTrial(
                                      record.workload, record.shapes,
                                      record.target, record.threads,
                                      record.candidate, record.scheduleVersion))
        continue;
      TrialRecord retracted = record;
      retracted.result.detail =
          llvm::formatv("faster by itself ({0:f3}), but not within {1}",
                        record.result.speedup, model.name);
      retracted.result.speedup = std::min(base, 1.0);
      retracted.time = getRecordTime();
      result.push_back(std::move(retracted));
    }
  }
  return result;
}

llvm::Expected<PairedTimes> TuneModel::Search::measure(const Numbers &dropped) {
  bool isChanged = false;
  for (auto [i, kernel] : llvm::enumerate(kernels))
    isChanged |= kernel.bestSpeedup > 1 && !llvm::is_contained(dropped, i);
  ModelComparison comparison;
  if (!isChanged) {
    // The same program: where its copy lies in memory is no matter of tuning.
    if (llvm::Error error = comparison.run(*model.before, *model.before,
                                           std::min(seconds, getLeft()), stop))
      return std::move(error);
    return comparison.get();
  }
  llvm::SmallString<128> path;
  if (std::error_code code =
          llvm::sys::fs::createTemporaryFile("attune-tuning", "jsonl", path))
    return fileUserError("a temporary file", "write", code);
  llvm::FileRemover remover(path);
  std::vector<TrialRecord> records(database.getRecords().begin(),
                                   database.getRecords().end());
  for (TrialRecord &record : retract(dropped))
    records.push_back(std::move(record));
  if (llvm::Error error = writeDatabase(path, records))
    return std::move(error);
  Stopwatch compiling;
  llvm::Expected<std::unique_ptr<TimedModel>> after =
      model.compile({path.str().str()});
  if (!after)
    return after.takeError();
  compileSeconds = std::max(compileSeconds, compiling.get());
  // The search has to do with short looks rather than with few.
  double look = std::clamp(dropped.empty() ? getLeft() : getLeft() / 4,
                           seconds / 3, seconds);
  Stopwatch looking;
  if (llvm::Error error = comparison.run(*model.before, **after, look, stop))
    return std::move(error);
  // Of a large model a few pairs take longer than what was asked for.
  leastSeconds = std::max(leastSeconds, seconds / 3);
  if (looking.get() > 1.2 * look)
    leastSeconds = std::max(leastSeconds, looking.get());
  // What looks slower is looked at twice as long, unless there is no doubt, if
  // that leaves the time to find out why.
  PairedTimes first = comparison.get();
  bool isInDoubt =
      first.speedup < 1 && (!first.isSlower() || first.speedup > kWithoutDoubt);
  double more =
      std::min(2 * seconds, getLeft() - compileSeconds - leastSeconds);
  if (!stop && isInDoubt && more >= leastSeconds)
    if (llvm::Error error = comparison.run(*model.before, **after, more, stop))
      return std::move(error);
  measured[dropped] = comparison.get();
  return comparison.get();
}

llvm::Expected<Numbers>
TuneModel::Search::findOffenders(const Numbers &suspects, const Numbers &all) {
  if (suspects.size() <= 1 || stop || !hasTime())
    return suspects;
  Numbers offenders;
  size_t half = suspects.size() / 2;
  Numbers halves[] = {{suspects.begin(), suspects.begin() + half},
                      {suspects.begin() + half, suspects.end()}};
  for (const Numbers &some : halves) {
    Numbers others;
    for (size_t number : all)
      if (!llvm::is_contained(some, number))
        others.push_back(number);
    if (!hasTime()) {
      llvm::append_range(offenders, some);
      continue;
    }
    llvm::Expected<PairedTimes> times = measure(others);
    if (!times)
      return times.takeError();
    if (!isSlower(*times))
      continue;
    llvm::Expected<Numbers> found = findOffenders(some, all);
    if (!found)
      return found.takeError();
    offenders.insert(offenders.end(), found->begin(), found->end());
  }
  return offenders;
}

llvm::Expected<Numbers> TuneModel::Search::convict(const Numbers &changed,
                                                   PairedTimes &times) {
  llvm::Expected<Numbers> offenders = findOffenders(changed, changed);
  if (!offenders)
    return offenders.takeError();
  // Each half by itself may be innocent: then nobody is above suspicion.
  Numbers dropped = offenders->empty() ? changed : std::move(*offenders);
  llvm::sort(dropped);
  if (dropped.size() < changed.size()) {
    // What is left has to hold up together.
    auto known = measured.find(dropped);
    std::optional<PairedTimes> left;
    if (hasTime()) {
      llvm::Expected<PairedTimes> again = measure(dropped);
      if (!again)
        return again.takeError();
      left = *again;
    } else if (known != measured.end()) {
      left = known->second;
    }
    if (left && !isSlower(*left)) {
      times = *left;
      return dropped;
    }
  }
  llvm::Expected<PairedTimes> same = measure(changed);
  if (!same)
    return same.takeError();
  times = *same;
  return changed;
}

llvm::Expected<TuneModel::Verdict>
TuneModel::compare(TuningDatabase &database, DatabaseWriter &writer,
                   llvm::ArrayRef<KernelProgress> kernels, double seconds,
                   double secondsLeft, const Say &say,
                   const std::atomic<bool> &stop) {
  Verdict verdict;
  Numbers changed;
  for (auto [i, kernel] : llvm::enumerate(kernels))
    if (kernel.bestSpeedup > 1)
      changed.push_back(i);
  Search search{*this, database, kernels, seconds, secondsLeft, stop};
  if (changed.empty())
    verdict.note = "No kernel changed: both are the same program.";
  say("timing the model without and with the winners, in turns");
  llvm::Expected<PairedTimes> times = search.measure({});
  if (!times)
    return times.takeError();
  if (stop)
    return verdict;
  verdict.times = *times;
  if (changed.empty())
    return verdict;
  if (Search::isSlower(*times)) {
    say(llvm::formatv("the tuned model is slower ({0:f1} %): looking for the "
                      "kernels that do not hold up in it",
                      100 * (times->speedup - 1)));
    llvm::Expected<Numbers> offenders = search.convict(changed, *times);
    if (!offenders)
      return offenders.takeError();
    verdict.dropped = std::move(*offenders);
    if (stop) {
      // In doubt the model stays as it was.
      verdict.dropped = changed;
      verdict.times.reset();
    } else {
      verdict.times = *times;
    }
    for (TrialRecord &record : search.retract(verdict.dropped)) {
      if (llvm::Error error = writer.append(record))
        return std::move(error);
      database.add(std::move(record));
    }
    verdict.note = llvm::formatv(
        "Changes of {0} of {1} kernels did not hold up in the model and were "
        "taken back.",
        verdict.dropped.size(), changed.size());
    if (verdict.dropped.size() == changed.size()) {
      verdict.note += " Nothing is left: both are the same program.";
      return verdict;
    }
    verdict.note += ' ';
  }
  verdict.note += verdict.times->isFaster()
                      ? "The tuned model is faster beyond noise."
                      : "The tuned model is not faster beyond noise.";
  return verdict;
}
