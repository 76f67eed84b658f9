//===- MeasurePool.cpp - Programs shared out among runners ----------------===//
#include "MeasureJob.h"
#include "TemporaryDirectory.h"
#include "attune/Support/Error.h"
#include "attune/Tuning/MeasureProgram.h"
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace attune;

using Clock = std::chrono::steady_clock;

/// Failures in a row after which a runner is used no more.
static constexpr int kMostFailures = 3;
/// A runner takes over what takes another one so many times as long as it has
/// taken itself, or would be expected to, and this much more.
static constexpr int kOverdue = 3;
static constexpr std::chrono::seconds kExpected(3);
static constexpr std::chrono::milliseconds kPatience(1000);
/// A runner whose last run failed lets the others choose first.
static constexpr std::chrono::milliseconds kCourtesy(200);

namespace {

struct RunnerState {
  std::unique_ptr<Runner> runner;
  int failures = 0;    ///< in a row
  std::string failure; ///< the last one
  bool isDropped() const { return failures >= kMostFailures; }
};

/// The results of one measure(), each told once, when it is first known. Where
/// two runners were at the same program what counts is what was told.
class Results {
public:
  Results(size_t codes, const MeasureOptions &options)
      : known(codes), options(options) {}

  void end(size_t code, const Measurement &result) {
    std::lock_guard<std::mutex> guard(mutex);
    if (known[code])
      return;
    known[code] = result;
    if (options.ended)
      options.ended(code, result);
  }
  /// Once nobody adds to them.
  const std::optional<Measurement> &get(size_t code) const {
    return known[code];
  }

private:
  std::vector<std::optional<Measurement>> known;
  const MeasureOptions &options;
  std::mutex mutex;
};

/// A program, and the runners that are at it: normally one.
struct Task {
  Task(MeasureJob job, std::vector<size_t> codes, bool tellsReference)
      : job(std::move(job)), codes(std::move(codes)),
        tellsReference(tellsReference) {}
  MeasureJob job;
  std::vector<size_t> codes; ///< numbers of its codes in the pool
  /// Every program measures the reference; the first one speaks for all.
  bool tellsReference;
  bool isDone = false;
  int attempts = 0;          ///< that are under way
  Clock::time_point begun{}; ///< the first of them
};

/// The programs of one measure() and who works on them.
class Distribution {
public:
  Distribution(std::vector<Task> &tasks, Results &results,
               const MeasureOptions &options,
               llvm::function_ref<void(llvm::StringRef)> warn)
      : tasks(tasks), results(results), options(options), warn(warn) {}

  /// Runs programs until all are done.
  void work(RunnerState &state);

private:
  bool isStopped() const { return options.stop && *options.stop; }
  bool isDone() const {
    return llvm::all_of(tasks, [](const Task &task) { return task.isDone; });
  }
  /// What a runner that took `own` for a program may do next; null: wait.
  Task *choose(Clock::duration own);
  void fail(RunnerState &state, std::string failure);

  std::vector<Task> &tasks;
  Results &results;
  const MeasureOptions &options;
  llvm::function_ref<void(llvm::StringRef)> warn;
  std::mutex mutex;
  std::condition_variable changed;
};

} // namespace

Task *Distribution::choose(Clock::duration own) {
  for (Task &task : tasks)
    if (!task.isDone && !task.attempts)
      return &task;
  for (Task &task : tasks)
    if (!task.isDone && task.attempts == 1 &&
        Clock::now() - task.begun > kOverdue * own + kPatience)
      return &task;
  return nullptr;
}

void Distribution::fail(RunnerState &state, std::string failure) {
  ++state.failures;
  warn(state.runner->describe() + ": " + failure +
       (state.isDropped() ? "; it is used no more" : ""));
  state.failure = std::move(failure);
}

void Distribution::work(RunnerState &state) {
  Clock::duration own = kExpected;
  std::unique_lock<std::mutex> lock(mutex);
  if (state.failures)
    changed.wait_for(lock, kCourtesy, [&] { return isDone() || isStopped(); });
  while (!state.isDropped() && !isStopped() && !isDone()) {
    Task *task = choose(own);
    if (!task) {
      changed.wait_for(lock, kPatience / 10);
      continue;
    }
    Clock::time_point begun = Clock::now();
    if (!task->attempts++)
      task->begun = begun;
    MeasureJob job = task->job;
    lock.unlock();
    auto isOver = [&] {
      if (isStopped())
        return true;
      std::lock_guard<std::mutex> guard(mutex);
      return task->isDone;
    };
    auto ended = [&](size_t code, const Measurement &result) {
      if (code || task->tellsReference)
        results.end(task->codes[code], result);
    };
    std::string failure = job.run(*state.runner, options, isOver, ended);
    lock.lock();
    --task->attempts;
    if (task->isDone) {
      // Another runner was quicker. No reproach, unless this one did nothing.
      if (!job.hasStarted())
        fail(state, "the program had not begun to run when another runner was "
                    "done with it");
    } else if (failure.empty()) {
      own = Clock::now() - begun;
      state.failures = 0;
      task->job = std::move(job);
      task->isDone = true;
    } else if (!isStopped()) {
      if (!task->attempts)
        task->job = std::move(job);
      fail(state, std::move(failure));
    }
    changed.notify_all();
  }
  state.runner->stopWhen(nullptr);
}

struct MeasurePool::Impl {
  TargetDesc target;
  std::vector<RunnerState> runners;
  std::function<void(llvm::StringRef)> warn;
  MeasureTools tools;

  std::vector<RunnerState *> getLeft() {
    std::vector<RunnerState *> left;
    for (RunnerState &state : runners)
      if (!state.isDropped())
        left.push_back(&state);
    return left;
  }
  llvm::Error reportNoRunner() const;
};

llvm::Error MeasurePool::Impl::reportNoRunner() const {
  std::string said;
  for (const RunnerState &state : runners)
    said += "\n  " + state.runner->describe() + ": " + state.failure;
  return userErrorf("nothing can be measured: none of the runners works{0}",
                    said);
}

MeasurePool::MeasurePool(const TargetDesc &target,
                         std::vector<std::unique_ptr<Runner>> runners,
                         std::function<void(llvm::StringRef)> warn,
                         MeasureTools tools)
    : impl(std::make_unique<Impl>()) {
  impl->target = target;
  for (std::unique_ptr<Runner> &runner : runners)
    impl->runners.emplace_back().runner = std::move(runner);
  impl->warn = std::move(warn);
  impl->tools = std::move(tools);
}

MeasurePool::~MeasurePool() = default;

/// Codes other than the reference in `parts` parts of equal size, as numbers.
static std::vector<std::vector<size_t>> split(size_t codes, size_t parts) {
  parts = std::clamp<size_t>(parts, 1, std::max<size_t>(codes - 1, 1));
  std::vector<std::vector<size_t>> split(parts, {0});
  for (size_t code = 1; code < codes; ++code)
    split[(code - 1) % parts].push_back(code);
  return split;
}

static Measurement getInterrupted() {
  return {TrialStatus::Crashed, "interrupted", {}, 0, 0};
}

llvm::Expected<std::vector<Measurement>>
MeasurePool::measure(llvm::ArrayRef<AttuneMeasuredOperand> operands,
                     llvm::ArrayRef<MeasuredCode> codes,
                     const MeasureOptions &options) {
  std::vector<RunnerState *> runners = impl->getLeft();
  if (runners.empty())
    return impl->reportNoRunner();
  llvm::Expected<TemporaryDirectory> directory = TemporaryDirectory::create();
  if (!directory)
    return directory.takeError();
  std::vector<std::vector<size_t>> parts = split(codes.size(), runners.size());
  std::vector<Task> tasks;
  for (auto [i, part] : llvm::enumerate(parts)) {
    std::vector<const MeasuredCode *> chosen;
    for (size_t code : part)
      chosen.push_back(&codes[code]);
    std::string path = directory->at("measure" + std::to_string(i));
    if (llvm::Error error = linkMeasureProgram(operands, chosen, impl->target,
                                               impl->tools, path)) {
      // The keyboard's signals end linkers too.
      if (!options.stop || !*options.stop)
        return std::move(error);
      llvm::consumeError(std::move(error));
      return std::vector<Measurement>(codes.size(), getInterrupted());
    }
    tasks.emplace_back(MeasureJob(std::move(path), part.size()), part,
                       /*tellsReference=*/i == 0);
  }

  auto warn = [&](llvm::StringRef message) {
    if (impl->warn)
      impl->warn(message);
  };
  Results known(codes.size(), options);
  Distribution distribution(tasks, known, options, warn);
  std::vector<std::thread> threads;
  for (RunnerState *state : runners)
    threads.emplace_back([&, state] { distribution.work(*state); });
  for (std::thread &thread : threads)
    thread.join();

  bool isStopped = options.stop && *options.stop;
  for (const Task &task : tasks)
    if (task.job.isFailed() && !isStopped)
      return userErrorf("the reference schedule does not run: {0}",
                        task.job.getResult(0)->detail);
  std::vector<Measurement> results(codes.size());
  for (auto [code, result] : llvm::enumerate(results)) {
    if (const std::optional<Measurement> &found = known.get(code))
      result = *found;
    else if (isStopped)
      result = getInterrupted();
    else
      return impl->reportNoRunner();
  }
  return results;
}
