//===- MeasurePool.cpp - Programs shared out among runners ----------------===//
#include "MeasureJob.h"
#include "TemporaryDirectory.h"
#include "attune/Support/Error.h"
#include "attune/Tuning/MeasureProgram.h"
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

using namespace attune;

/// Failures in a row after which a runner is used no more.
static constexpr int kMostFailures = 3;

namespace {

struct RunnerState {
  std::unique_ptr<Runner> runner;
  int failures = 0;    ///< in a row
  std::string failure; ///< the last one
  bool isDropped() const { return failures >= kMostFailures; }
};

/// The programs of one measure() and who works on them.
class Distribution {
public:
  Distribution(std::vector<MeasureJob> &jobs, const MeasureOptions &options,
               llvm::function_ref<void(llvm::StringRef)> warn)
      : options(options), warn(warn), left(jobs.size()) {
    for (MeasureJob &job : jobs)
      waiting.push_back(&job);
  }

  /// Runs programs until none is left to run or to come back from another
  /// runner.
  void work(RunnerState &state);

private:
  bool isStopped() const { return options.stop && *options.stop; }

  const MeasureOptions &options;
  llvm::function_ref<void(llvm::StringRef)> warn;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<MeasureJob *> waiting;
  size_t left; ///< jobs that are not done
};

} // namespace

void Distribution::work(RunnerState &state) {
  state.runner->setStop(options.stop);
  std::unique_lock<std::mutex> lock(mutex);
  while (!state.isDropped()) {
    changed.wait(lock, [&] { return !waiting.empty() || !left; });
    if (!left || isStopped())
      break;
    MeasureJob *job = waiting.front();
    waiting.pop_front();
    lock.unlock();
    std::string failure = job->run(*state.runner, options);
    lock.lock();
    if (failure.empty()) {
      state.failures = 0;
      --left;
    } else if (isStopped()) {
      left = 0;
    } else {
      ++state.failures;
      state.failure = failure;
      waiting.push_back(job);
      warn(state.runner->describe() + ": " + failure +
           (state.isDropped() ? "; it is used no more" : ""));
    }
    changed.notify_all();
  }
  changed.notify_all();
  state.runner->setStop(nullptr);
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
    impl->runners.push_back({std::move(runner)});
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
  std::vector<MeasureJob> jobs;
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
    jobs.emplace_back(std::move(path), part.size());
  }

  auto warn = [&](llvm::StringRef message) {
    if (impl->warn)
      impl->warn(message);
  };
  Distribution distribution(jobs, options, warn);
  std::vector<std::thread> threads;
  for (RunnerState *state : runners)
    threads.emplace_back([&, state] { distribution.work(*state); });
  for (std::thread &thread : threads)
    thread.join();

  bool isStopped = options.stop && *options.stop;
  std::vector<Measurement> results(codes.size());
  for (auto [part, job] : llvm::zip(parts, jobs)) {
    if (job.isFailed() && !isStopped)
      return userErrorf("the reference schedule does not run: {0}",
                        job.getResult(0)->detail);
    for (auto [i, code] : llvm::enumerate(part)) {
      // Every program measures the reference; the first one speaks for all.
      if (code == 0 && &job != &jobs.front())
        continue;
      if (const std::optional<Measurement> &result = job.getResult(i))
        results[code] = *result;
      else if (isStopped)
        results[code] = getInterrupted();
      else
        return impl->reportNoRunner();
    }
  }
  return results;
}
