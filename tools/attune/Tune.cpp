//===- Tune.cpp - attune tune ---------------------------------------------===//
#include "Commands.h"
#include "TuneOptions.h"
#include "TuneProgress.h"
#include "TuneResult.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Runtime/Cpu.h"
#include "attune/Support/Error.h"
#include "attune/Tuning/ReplayMeasurer.h"
#include "mlir/IR/MLIRContext.h"
#include <chrono>
#include <csignal>
#include <limits>
#include <unistd.h>

using namespace attune;
using namespace attune::tool;

/// Part of the time that may be used up in the worst case.
static constexpr double kGrace = 1.04;

/// What a signal handler can reach.
static std::atomic<bool> interrupted;

extern "C" {
static void interrupt(int) {
  interrupted = true;
  constexpr char text[] = "\nattune tune: finishing; once more ends at once\n";
  // Nothing can be done about a message that does not get out.
  (void)!::write(STDERR_FILENO, text, sizeof(text) - 1);
}
}

/// The first SIGINT or SIGTERM asks for an end, the second is one.
static void handleSignals() {
  struct sigaction action = {};
  action.sa_handler = interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

namespace {

/// One run of the command.
class Tuning {
public:
  Tuning(const TuneFlags &flags, TuneOptions options, std::string tool)
      : flags(flags), options(std::move(options)), tool(std::move(tool)),
        begin(std::chrono::steady_clock::now()) {}

  llvm::Error run(int &status);

private:
  llvm::Error loadTasks(const CompilerOptions &compiler);
  llvm::Error loadDatabase();
  llvm::Error checkTarget() const;
  llvm::Expected<std::unique_ptr<Measurer>> createMeasurer(TuneProgress &said);
  llvm::Error compareModels(TuneProgress &progress);
  llvm::Error report(TuneProgress &progress) const;
  void addKnownTrials(std::vector<ReportKernel> &kernels) const;

  bool isReplay() const { return !flags.replay.empty(); }
  /// Whether the model itself can be run here, as it is to be run later.
  bool runsModel() const {
    return model && !isReplay() && flags.runners.empty();
  }
  double getSeconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         begin)
        .count();
  }
  /// How long models are compared: a twentieth of the time, within reason.
  double getCompareSeconds() const {
    return options.seconds > 0 ? std::clamp(options.seconds / 20, 1.0, 10.0)
                               : 5;
  }
  /// For comparing them, and for finding out why the tuned one is slower if it
  /// is: for that the time may be exceeded by a little.
  double getCompareSecondsLeft() const {
    return options.seconds > 0 ? kGrace * options.seconds - getSeconds()
                               : std::numeric_limits<double>::infinity();
  }

  const TuneFlags &flags;
  TuneOptions options;
  std::string tool;
  std::chrono::steady_clock::time_point begin;

  std::optional<TuneModel> model;
  std::vector<KernelTask> tasks;
  TargetDesc target;
  std::string databasePath; // empty: nothing is written
  TuningDatabase database, replayed;
  size_t recordsBefore = 0;
  std::unique_ptr<DatabaseWriter> writer;
  TuneOutcome outcome;
};

} // namespace

llvm::Error Tuning::loadTasks(const CompilerOptions &compiler) {
  if (compiler.cpus.size() != 1)
    return userError("--cpu: expected one CPU; tune for each by itself, all "
                     "into one database");
  if (!flags.kernel.empty()) {
    mlir::DialectRegistry registry;
    registerCompilerDialects(registry);
    mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
    context.loadAllAvailableDialects();
    llvm::Expected<TargetDesc> found = getTarget(compiler.cpus.front());
    if (!found)
      return found.takeError();
    target = std::move(*found);
    llvm::Expected<KernelTask> task = getKernelTask(context, flags.kernel);
    if (!task)
      return task.takeError();
    tasks.push_back(std::move(*task));
    outcome.input = flags.kernel;
    return llvm::Error::success();
  }
  model.emplace(compiler, options.tuner.measure.threads);
  if (llvm::Error error = model->load(/*onlyKernels=*/!runsModel()))
    return error;
  tasks = model->getTasks();
  target = model->getTarget();
  // Where the weights do not fit the last cache, each layer finds its own in
  // memory, and kernels are measured so.
  if (model->getWeightBytes() > target.l3Bytes)
    options.tuner.measure.weightBytes = 2 * target.l3Bytes;
  outcome.input = flags.model;
  outcome.isModel = true;
  outcome.sizes = model->getSizes();
  return llvm::Error::success();
}

/// Without runners candidates are run here.
llvm::Error Tuning::checkTarget() const {
  uint64_t missing = target.runtimeFeatures & ~rt::cpuFeatures();
  if (!missing || isReplay() || !flags.runners.empty())
    return llvm::Error::success();
  return userErrorf("--cpu={0}: this CPU cannot run code for it, so there is "
                    "nothing to measure on; give the command that runs "
                    "programs on such a machine with --runner",
                    target.name);
}

llvm::Error Tuning::loadDatabase() {
  auto load = [&](llvm::StringRef path, bool mayBeMissing,
                  TuningDatabase &result) -> llvm::Error {
    llvm::Expected<TuningDatabase> loaded =
        TuningDatabase::load(path, mayBeMissing);
    if (!loaded)
      return loaded.takeError();
    if (std::string problems = loaded->getProblems().describe();
        !problems.empty())
      llvm::errs() << tool << ": warning: '" << path << "': " << problems
                   << " not used\n";
    result.merge(*loaded);
    return llvm::Error::success();
  };
  if (isReplay())
    if (llvm::Error error = load(flags.replay, false, replayed))
      return error;
  // What was only replayed is no news, unless somebody asks for it.
  if (!isReplay() || flags.database.getNumOccurrences())
    databasePath = flags.database;
  if (!databasePath.empty()) {
    if (llvm::Error error = load(databasePath, true, database))
      return error;
    llvm::Expected<std::unique_ptr<DatabaseWriter>> opened =
        DatabaseWriter::open(databasePath);
    if (!opened)
      return opened.takeError();
    writer = std::move(*opened);
  }
  if (std::string seed = getSeedDatabasePath(); !seed.empty() && !isReplay())
    if (llvm::Error error = load(seed, true, database))
      return error;
  recordsBefore = database.getRecords().size();
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<Measurer>>
Tuning::createMeasurer(TuneProgress &progress) {
  if (isReplay())
    return createReplayMeasurer(replayed);
  std::vector<std::unique_ptr<Runner>> runners;
  for (const std::string &command : flags.runners)
    runners.push_back(createCommandRunner(command));
  if (runners.empty())
    runners.push_back(createLocalRunner());
  return attune::createMeasurer(
      target, std::move(runners),
      [&](llvm::StringRef message) { progress.warn(message); });
}

llvm::Error Tuning::compareModels(TuneProgress &progress) {
  TuneModel::Verdict &verdict = outcome.verdict;
  if (!model)
    return llvm::Error::success();
  if (!runsModel()) {
    verdict.note = "The model itself was not run: it is tuned for where the "
                   "kernels were measured.";
    return llvm::Error::success();
  }
  if (interrupted) {
    verdict.note = "Interrupted before the model was run with the winners.";
    return llvm::Error::success();
  }
  llvm::Expected<TuneModel::Verdict> compared = model->compare(
      database, *writer, outcome.result.kernels, getCompareSeconds(),
      getCompareSecondsLeft(),
      [&](const llvm::Twine &message) { progress.say(message); }, interrupted);
  if (!compared)
    return compared.takeError();
  verdict = std::move(*compared);
  for (size_t number : verdict.dropped) {
    KernelProgress &kernel = outcome.result.kernels[number];
    kernel.best = kernel.base;
    kernel.bestSpeedup = 1;
    kernel.confirmed = false;
  }
  outcome.result.interrupted |= interrupted;
  return llvm::Error::success();
}

/// What earlier runs have tried belongs to the picture.
void Tuning::addKnownTrials(std::vector<ReportKernel> &kernels) const {
  for (const TrialRecord &record :
       database.getRecords().take_front(recordsBefore))
    for (ReportKernel &kernel : kernels) {
      const KernelTask &task = *kernel.progress.task;
      if (record.workload == task.workload.id && record.shapes == task.shapes &&
          record.target == outcome.target && record.threads == outcome.threads)
        kernel.trials.push_back({record, -1});
    }
}

llvm::Error Tuning::report(TuneProgress &progress) const {
  TuningReport report;
  report.title = outcome.input;
  report.target = outcome.target;
  report.seconds = outcome.seconds;
  report.interrupted = outcome.result.interrupted;
  report.model = outcome.verdict.times;
  report.modelNote = outcome.verdict.note;
  report.rankCorrelation = outcome.result.rankCorrelation;
  report.gains = progress.takeGains();
  auto say = [&](llvm::StringRef name, const llvm::Twine &value) {
    report.options.push_back({name.str(), value.str()});
  };
  say(outcome.isModel ? "model" : "kernel", outcome.input);
  for (const auto &size : outcome.sizes)
    say(size.first(), llvm::Twine(size.second));
  say("threads", llvm::Twine(outcome.threads));
  say("time",
      options.seconds > 0 ? printDuration(options.seconds) : "no limit");
  say("trials", options.tuner.trials ? std::to_string(options.tuner.trials)
                                     : std::string("no limit"));
  say("target gain",
      options.tuner.targetGain > 0 ? flags.targetGain.getValue() : "none");
  say("strategy", options.tuner.search.strategy);
  say("seed", llvm::Twine(options.tuner.search.seed));
  say("backend", options.tuner.backend.str());
  say("jobs", llvm::Twine(options.tuner.measure.jobs));
  say("caches", flags.cold ? "emptied before each run"
                : options.tuner.measure.weightBytes
                    ? "without the weights, as in the model"
                    : "as runs leave them");
  for (const std::string &runner : flags.runners)
    say("runner", runner);
  say("database", databasePath);
  for (const KernelProgress &kernel : outcome.result.kernels)
    report.kernels.push_back({kernel, {}});
  addKnownTrials(report.kernels);
  for (auto &[task, trial] : progress.takeTrials())
    for (ReportKernel &kernel : report.kernels)
      if (kernel.progress.task == task)
        kernel.trials.push_back(std::move(trial));
  return writeReport(flags.report, report);
}

llvm::Error Tuning::run(int &status) {
  llvm::Expected<CompilerOptions> compiler =
      flags.compiler.get(flags.kernel.empty() ? flags.model : flags.kernel);
  if (!compiler)
    return compiler.takeError();
  if (!compiler->gpu.empty())
    return userErrorf("--gpu={0}: kernels are measured on CPUs only; without "
                      "records, 'attune compile --gpu' takes the backend's own "
                      "schedules",
                      compiler->gpu);
  options.tuner.backend = compiler->schedules.backend;
  if (llvm::Error error = options.tuner.backend.check())
    return error;
  if (llvm::Error error = loadDatabase())
    return error;
  if (llvm::Error error = loadTasks(*compiler))
    return error;
  if (llvm::Error error = checkTarget())
    return error;
  outcome.database = databasePath;
  outcome.target = getTargetKey(target);
  outcome.threads = options.tuner.measure.threads;

  // Compiling the model once more and running both has to fit in, too, and a
  // second look if it seems to be slower.
  if (options.seconds > 0) {
    // A candidate that takes longer to compile is no good use of the time.
    options.tuner.measure.compileTimeout =
        std::clamp(options.seconds / 12, 5.0, 30.0);
    double reserve =
        runsModel() ? model->getCompileSeconds() + 2 * getCompareSeconds() : 0;
    options.tuner.seconds = std::max(options.seconds - getSeconds() - reserve,
                                     0.5 * options.seconds);
  }
  handleSignals();
  TuneProgress progress(tool, {options.seconds, options.tuner.trials},
                        getSeconds());
  Tuner tuner(tasks, target, getBackends(), options.tuner);
  llvm::Expected<std::unique_ptr<Measurer>> measurer = createMeasurer(progress);
  if (!measurer)
    return measurer.takeError();
  llvm::Expected<TunerResult> result =
      tuner.run(**measurer, database, writer.get(), progress, interrupted);
  if (!result)
    return result.takeError();
  outcome.result = std::move(*result);
  if (llvm::Error error = compareModels(progress))
    return error;
  progress.finish();
  outcome.seconds = getSeconds();
  if (!flags.report.empty())
    if (llvm::Error error = report(progress))
      return error;
  if (options.isJSON)
    printTuneJSON(llvm::outs(), outcome);
  else
    printTuneText(llvm::outs(), outcome);
  if (outcome.result.interrupted)
    status = ExitBudgetSpent;
  return llvm::Error::success();
}

int attune::tool::runTune(int argc, const char **argv) {
  TuneFlags flags;
  parseOptions(
      argc, argv, flags.category, flags.command,
      "Tries schedules of a model's kernels on this machine, or of one kernel, "
      "and keeps\nwhat was measured in a database; 'attune compile --db=FILE' "
      "uses the fastest. Goes\non where an earlier run has ended. Ctrl-C ends "
      "it early, with exit status 5 and a\ndatabase as good as any.\n");
  int status = 0;
  llvm::Expected<TuneOptions> options = getTuneOptions(flags);
  if (!options)
    return reportError(llvm::errs(), argv[0], options.takeError());
  if (llvm::Error error =
          Tuning(flags, std::move(*options), argv[0]).run(status))
    return reportError(llvm::errs(), argv[0], std::move(error));
  return status;
}
