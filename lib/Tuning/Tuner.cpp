//===- Tuner.cpp - From a model to faster kernels -------------------------===//
#include "attune/Tuning/Tuner.h"
#include "KernelTuning.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include <chrono>
#include <limits>

using namespace attune;

/// Winners of a kernel that are measured again.
static constexpr size_t kChallengers = 3;
/// Part of the model's time that a winner has to save to be measured again when
/// the time is over.
static constexpr double kLeastSaving = 0.002;
/// Part of the time that is not worth to go on for once winners are confirmed.
static constexpr double kNotWorthwhile = 0.1;

namespace {

/// A candidate in a round of the search.
struct Trial {
  Candidate candidate;
  double predictedMs;
  std::optional<TrialRecord> record; ///< once its result is final
};

} // namespace

struct Tuner::Impl {
  Impl(std::vector<KernelTask> tasks, const TargetDesc &target,
       llvm::ArrayRef<const Backend *> backends, TunerOptions options)
      : tasks(std::move(tasks)), target(target), key(getTargetKey(target)),
        backends(backends), options(std::move(options)) {}

  llvm::Error setUp();
  llvm::Error measureDefaults();
  llvm::Error search();
  llvm::Error confirm();
  llvm::Error confirmKernel(size_t index);
  llvm::Expected<TunerResult> run();

  llvm::Error measure(size_t index, std::vector<Candidate> candidates);
  llvm::Expected<bool> measureAll(size_t index, const Candidate &reference,
                                  llvm::ArrayRef<Candidate> candidates,
                                  const MeasureOptions &how,
                                  std::vector<Measurement> &results);
  TrialRecord makeRecord(size_t index, const Candidate &candidate,
                         const Measurement &measurement, double predictedMs,
                         bool confirmed) const;
  llvm::Error write(const TrialRecord &record) const;
  void count(size_t index, TrialRecord record);
  llvm::Error confirmed(size_t index, const Candidate &candidate,
                        const Measurement &measurement, double predictedMs);
  double predict(size_t index, const Candidate &candidate) const;
  void refit();
  void fail(size_t index, std::string why);

  double getSeconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         begin)
        .count();
  }
  int64_t getTrialsLeft() const {
    return options.trials > 0 ? options.trials - result.trials
                              : std::numeric_limits<int64_t>::max();
  }
  double getReserve() const;
  bool isSpent() const {
    return *stop || getTrialsLeft() <= 0 ||
           (options.seconds > 0 &&
            getSeconds() + getReserve() >= options.seconds);
  }
  bool isTargetReached() const {
    return options.targetGain > 0 &&
           getExpectedGain(result.kernels) >= options.targetGain;
  }

  std::vector<KernelTask> tasks;
  TargetDesc target;
  TargetKey key;
  std::vector<const Backend *> backends;
  TunerOptions options;

  // Of a run.
  std::unique_ptr<mlir::MLIRContext> context;
  std::vector<std::unique_ptr<KernelTuning>> kernels; // null: cannot be tuned
  CostModel model;
  size_t recordsFitted = 0;
  TunerResult result;
  Measurer *measurer = nullptr;
  TuningDatabase *database = nullptr;
  DatabaseWriter *writer = nullptr;
  TunerListener *listener = nullptr;
  const std::atomic<bool> *stop = nullptr;
  std::chrono::steady_clock::time_point begin;
  std::vector<double> measuringSeconds; // of each measurement
};

Tuner::Tuner(std::vector<KernelTask> tasks, const TargetDesc &target,
             llvm::ArrayRef<const Backend *> backends, TunerOptions options)
    : impl(std::make_unique<Impl>(std::move(tasks), target, backends,
                                  std::move(options))) {}
Tuner::~Tuner() = default;

llvm::Error Tuner::Impl::setUp() {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  context = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  result = {};
  result.kernels.resize(tasks.size());
  kernels.clear();
  for (auto [i, task] : llvm::enumerate(tasks)) {
    result.kernels[i].task = &task;
    llvm::Expected<std::unique_ptr<KernelTuning>> kernel = KernelTuning::create(
        *context, task, target, backends, options, *database);
    if (!kernel) {
      kernels.push_back(nullptr);
      fail(i, llvm::toString(kernel.takeError()));
      continue;
    }
    kernels.push_back(std::move(*kernel));
    if (!options.resume)
      continue;
    KernelTuning &tuning = *kernels.back();
    int64_t known = tuning.resume(*database, key, options.measure.threads);
    result.kernels[i].known = known;
    tuning.account.rounds =
        static_cast<double>(known) / std::max(options.batch, 1);
    tuning.fill(result.kernels[i]);
  }
  recordsFitted = 0;
  refit();
  return llvm::Error::success();
}

void Tuner::Impl::fail(size_t index, std::string why) {
  listener->warn(tasks[index].workload.label + " is not tuned: " + why);
  result.kernels[index].failure = std::move(why);
  if (kernels[index])
    kernels[index]->account.active = false;
}

void Tuner::Impl::refit() {
  size_t records = database->getRecords().size();
  if (recordsFitted &&
      records < recordsFitted + std::max<size_t>(16, recordsFitted / 4))
    return;
  recordsFitted = std::max<size_t>(records, 1);
  model.fit(database->getRecords(), key);
}

double Tuner::Impl::predict(size_t index, const Candidate &candidate) const {
  if (!model.isFitted())
    return 0;
  const KernelTask &task = tasks[index];
  return model.predict(task.workload.family, task.shapes, candidate, key,
                       options.measure.threads);
}

/// Seconds to keep for measuring winners again. They are fewer than in a round
/// of the search, but all of them run to the end, and in more rounds.
double Tuner::Impl::getReserve() const {
  if (!options.confirm || measuringSeconds.empty())
    return 0;
  size_t open = llvm::count_if(kernels, [](const auto &kernel) {
    return kernel && kernel->isReferenceKnown() &&
           !kernel->getChallengers(1).empty();
  });
  // The median: what took long to compile was no winner.
  std::vector<double> sorted = measuringSeconds;
  auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  double each = *middle;
  return std::min(1.5 * each * static_cast<double>(open),
                  0.3 * options.seconds);
}

TrialRecord Tuner::Impl::makeRecord(size_t index, const Candidate &candidate,
                                    const Measurement &measurement,
                                    double predictedMs, bool confirmed) const {
  const KernelTask &task = tasks[index];
  TrialRecord record;
  record.workload = task.workload.id;
  record.family = task.workload.family;
  record.label = task.workload.label;
  record.shapes = task.shapes;
  record.target = key;
  record.threads = options.measure.threads;
  record.candidate = candidate;
  record.scheduleVersion =
      kernels[index]->getScheduleVersion(candidate.backend).str();
  record.compiler = getCompilerVersion();
  record.result = measurement;
  record.predictedMs = predictedMs;
  record.confirmed = confirmed;
  record.time = getRecordTime();
  return record;
}

llvm::Error Tuner::Impl::write(const TrialRecord &record) const {
  return writer ? writer->append(record) : llvm::Error::success();
}

/// Takes what has been written to account, and into the database.
void Tuner::Impl::count(size_t index, TrialRecord record) {
  KernelProgress &progress = result.kernels[index];
  if (record.confirmed) {
    ++result.confirmations;
  } else {
    ++result.trials;
    ++progress.trials;
    progress.failed += record.result.status != TrialStatus::Ok;
  }
  kernels[index]->fill(progress);
  listener->trialEnded(record, progress);
  database->add(std::move(record));
}

/// Measures and checks that there is an answer for all; false when the kernel
/// cannot be measured, which its progress then says.
llvm::Expected<bool>
Tuner::Impl::measureAll(size_t index, const Candidate &reference,
                        llvm::ArrayRef<Candidate> candidates,
                        const MeasureOptions &how,
                        std::vector<Measurement> &results) {
  double start = getSeconds();
  llvm::Expected<std::vector<Measurement>> measured =
      measurer->measure(tasks[index], reference, candidates, how);
  measuringSeconds.push_back(getSeconds() - start);
  if (!measured) {
    fail(index, llvm::toString(measured.takeError()));
    return false;
  }
  if (measured->size() != candidates.size() + 1)
    return internalError("a measurer gave " + llvm::Twine(measured->size()) +
                         " results for " + llvm::Twine(candidates.size() + 1) +
                         " candidates");
  results = std::move(*measured);
  const Measurement &first = results.front();
  if (first.status != TrialStatus::Ok || !(first.time.median > 0)) {
    // Ctrl-C may have ended the measuring program.
    if (!*stop)
      fail(index, llvm::formatv("its default schedule does not run: {0} {1}",
                                getName(first.status), first.detail));
    return false;
  }
  results.front().speedup = 1;
  return true;
}

/// Measures new candidates of a kernel, and its reference where it is not
/// known.
llvm::Error Tuner::Impl::measure(size_t index,
                                 std::vector<Candidate> candidates) {
  KernelTuning &kernel = *kernels[index];
  std::vector<Trial> trials;
  const Candidate reference = kernel.getReference();
  trials.push_back({reference, predict(index, reference), {}});
  for (const Candidate &candidate : candidates)
    trials.push_back({candidate, predict(index, candidate), {}});
  // The best so far runs beside its challengers, so that both see the same
  // clocks and neighbours.
  const Contender *best = kernel.getBest();
  bool hasIncumbent =
      !candidates.empty() && best && !best->candidate.isSame(reference);
  bool isSettled = hasIncumbent && best->confirmed;
  if (hasIncumbent)
    candidates.push_back(best->candidate);
  bool isReferenceNew = !kernel.isReferenceKnown();

  // What ends early is in the file early: whoever kills the tuner loses what
  // was not known yet, and no more.
  llvm::Error unwritten = llvm::Error::success();
  MeasureOptions how = options.measure;
  how.ended = [&](size_t i, const Measurement &measurement) {
    bool isOk = measurement.status == TrialStatus::Ok;
    bool isTrial = i ? i < trials.size() && (isOk || !*stop)
                     : isReferenceNew && isOk && measurement.time.median > 0;
    if (!isTrial || trials[i].record)
      return;
    Trial &trial = trials[i];
    trial.record = makeRecord(index, trial.candidate, measurement,
                              trial.predictedMs, /*confirmed=*/false);
    if (i == 0)
      trial.record->result.speedup = 1;
    unwritten = llvm::joinErrors(std::move(unwritten), write(*trial.record));
  };
  std::vector<Measurement> results;
  llvm::Expected<bool> ok =
      measureAll(index, reference, candidates, how, results);
  if (unwritten) {
    llvm::consumeError(ok.takeError());
    return unwritten;
  }
  if (!ok)
    return ok.takeError();
  if (*ok)
    kernel.learnReference(results.front());
  // In the order of the candidates. Without an answer for the reference there
  // are those that had failed before it ran.
  for (auto [i, trial] : llvm::enumerate(trials)) {
    bool isNew = i || isReferenceNew;
    // What Ctrl-C cut short says nothing about the candidate.
    bool isKnown =
        *ok && isNew && (!*stop || results[i].status == TrialStatus::Ok);
    if (!trial.record && isKnown) {
      trial.record = makeRecord(index, trial.candidate, results[i],
                                trial.predictedMs, /*confirmed=*/false);
      if (llvm::Error error = write(*trial.record))
        return error;
    }
    if (!trial.record)
      continue;
    if (i)
      kernel.learn(trial.candidate, trial.record->result);
    count(index, std::move(*trial.record));
  }
  // One bad run does not undo what the incumbent has shown, nor does a short
  // one what was confirmed.
  if (*ok && hasIncumbent && !isSettled &&
      results.back().status == TrialStatus::Ok)
    kernel.learn(candidates.back(), results.back());
  kernel.fill(result.kernels[index]);
  return llvm::Error::success();
}

/// Every kernel's defaults, the largest kernels' first: what is known of the
/// shares of time starts here.
llvm::Error Tuner::Impl::measureDefaults() {
  std::vector<size_t> order(tasks.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  auto getFlops = [&](size_t i) {
    return tasks[i].flops * static_cast<double>(tasks[i].calls);
  };
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(-getFlops(a), a) < std::pair(-getFlops(b), b);
  });
  for (size_t index : order) {
    if (!kernels[index])
      continue;
    KernelTuning &kernel = *kernels[index];
    std::vector<Candidate> open = kernel.getOpenDefaults();
    if (!kernel.isReferenceKnown() || !open.empty()) {
      if (isSpent())
        return llvm::Error::success();
      int64_t left = getTrialsLeft() - !kernel.isReferenceKnown();
      if (static_cast<int64_t>(open.size()) > left)
        open.resize(left);
      listener->roundBegins(result.kernels, index);
      if (llvm::Error error = measure(index, std::move(open)))
        return error;
    }
    kernel.updateAccount(false);
    listener->roundEnded(result.kernels, getSeconds(),
                         getExpectedGain(result.kernels));
  }
  return llvm::Error::success();
}

llvm::Error Tuner::Impl::search() {
  for (size_t round = 0; !isSpent() && !isTargetReached(); ++round) {
    std::vector<KernelAccount> accounts;
    for (const auto &kernel : kernels) {
      accounts.push_back(kernel ? kernel->account : KernelAccount());
      accounts.back().active &= kernel && kernel->isReferenceKnown();
    }
    std::optional<size_t> index = chooseKernel(accounts, round);
    if (!index)
      break;
    KernelTuning &kernel = *kernels[*index];
    listener->roundBegins(result.kernels, *index);
    size_t count = static_cast<size_t>(
        std::min<int64_t>(std::max(options.batch, 1), getTrialsLeft()));
    std::vector<Candidate> candidates = kernel.propose(count, &model);
    if (candidates.empty()) {
      kernel.account.active = false;
      continue;
    }
    if (llvm::Error error = measure(*index, std::move(candidates)))
      return error;
    ++kernel.account.rounds;
    kernel.updateAccount(true);
    refit();
    listener->roundEnded(result.kernels, getSeconds(),
                         getExpectedGain(result.kernels));
  }
  return llvm::Error::success();
}

llvm::Error Tuner::Impl::confirmed(size_t index, const Candidate &candidate,
                                   const Measurement &measurement,
                                   double predictedMs) {
  TrialRecord record = makeRecord(index, candidate, measurement, predictedMs,
                                  /*confirmed=*/true);
  if (llvm::Error error = write(record))
    return error;
  count(index, std::move(record));
  return llvm::Error::success();
}

llvm::Error Tuner::Impl::confirmKernel(size_t index) {
  KernelTuning &kernel = *kernels[index];
  std::vector<Candidate> candidates = kernel.getChallengers(kChallengers);
  if (candidates.empty()) {
    kernel.settle();
    return llvm::Error::success();
  }
  // The winner of an earlier run has to stand against them, and the base is
  // what all of them have to beat.
  kernel.settle();
  if (const Contender *crowned = kernel.getBest())
    if (!crowned->candidate.isSame(kernel.getBase()))
      candidates.push_back(crowned->candidate);
  const Candidate &reference = kernel.getReference(), &base = kernel.getBase();
  if (!base.isSame(reference))
    candidates.push_back(base);
  listener->roundBegins(result.kernels, index);
  MeasureOptions how = options.measure;
  how.rounds = std::max(2 * how.rounds, 15);
  how.killRatio = 1e9;
  std::vector<double> predictions;
  for (const Candidate &candidate : candidates)
    predictions.push_back(predict(index, candidate));
  std::vector<Measurement> results;
  llvm::Expected<bool> ok =
      measureAll(index, reference, candidates, how, results);
  if (!ok || !*ok)
    return ok.takeError();
  kernel.learnReference(results.front());
  const Measurement &baseline =
      base.isSame(reference) ? results.front() : results.back();
  for (auto [i, candidate] : llvm::enumerate(candidates)) {
    Measurement &measurement = results[i + 1];
    if (*stop && measurement.status != TrialStatus::Ok)
      continue;
    if (!candidate.isSame(base) && measurement.status == TrialStatus::Ok &&
        !isFasterBeyondNoise(measurement, baseline)) {
      measurement.detail = llvm::formatv("not faster beyond noise ({0:f3})",
                                         measurement.speedup);
      measurement.speedup =
          std::min({measurement.speedup, baseline.speedup, 1.0});
    }
  }
  for (auto [i, candidate] : llvm::enumerate(candidates))
    if (!*stop || results[i + 1].status == TrialStatus::Ok)
      kernel.learn(candidate, results[i + 1], /*confirming=*/true);
  // The reference's first: where no candidate stood it is what counts.
  if (llvm::Error error = confirmed(index, reference, results.front(),
                                    predict(index, reference)))
    return error;
  for (auto [i, candidate] : llvm::enumerate(candidates))
    if (!*stop || results[i + 1].status == TrialStatus::Ok)
      if (llvm::Error error =
              confirmed(index, candidate, results[i + 1], predictions[i]))
        return error;
  return llvm::Error::success();
}

/// The winners that save most first, so that what the time does not suffice for
/// matters least.
llvm::Error Tuner::Impl::confirm() {
  listener->confirmationBegins();
  std::vector<std::pair<double, size_t>> order;
  double total = 0;
  for (auto [index, progress] : llvm::enumerate(result.kernels)) {
    total += progress.getModelMsBefore();
    if (kernels[index] && kernels[index]->isReferenceKnown() &&
        progress.failure.empty())
      order.push_back(
          {progress.getModelMsAfter() - progress.getModelMsBefore(), index});
  }
  llvm::sort(order);
  for (auto [saved, index] : order) {
    bool isLate = options.seconds > 0 && getSeconds() >= options.seconds;
    if (*stop || (isLate && -saved < kLeastSaving * total))
      break;
    if (llvm::Error error = confirmKernel(index))
      return error;
    kernels[index]->updateAccount(false);
    kernels[index]->fill(result.kernels[index]);
    listener->roundEnded(result.kernels, getSeconds(),
                         getExpectedGain(result.kernels));
  }
  return llvm::Error::success();
}

llvm::Expected<TunerResult> Tuner::Impl::run() {
  begin = std::chrono::steady_clock::now();
  if (llvm::Error error = setUp())
    return std::move(error);
  if (llvm::Error error = measureDefaults())
    return std::move(error);
  for (;;) {
    int64_t before = result.trials;
    if (llvm::Error error = search())
      return std::move(error);
    if (!options.confirm || *stop)
      break;
    if (llvm::Error error = confirm())
      return std::move(error);
    // What was expected may not have stood, or confirming took less time than
    // was kept for it: then there is more to do.
    bool isEarly = options.targetGain > 0 ||
                   getSeconds() < (1 - kNotWorthwhile) * options.seconds;
    if (!isEarly || isTargetReached() || isSpent() || result.trials == before)
      break;
  }
  result.seconds = getSeconds();
  result.interrupted = *stop;
  model.fit(database->getRecords(), key);
  result.rankCorrelation = model.getRankCorrelation();
  bool anyMeasured = llvm::any_of(result.kernels, [](const KernelProgress &k) {
    return k.failure.empty();
  });
  if (!result.kernels.empty() && !anyMeasured && !*stop)
    return userErrorf("no kernel could be measured: {0}",
                      result.kernels.front().failure);
  return std::move(result);
}

llvm::Expected<TunerResult>
Tuner::run(Measurer &measurer, TuningDatabase &database, DatabaseWriter *writer,
           TunerListener &listener, const std::atomic<bool> &stop) {
  impl->measurer = &measurer;
  impl->database = &database;
  impl->writer = writer;
  impl->listener = &listener;
  impl->stop = &stop;
  impl->options.measure.stop = &stop;
  return impl->run();
}
