//===- TuneProgress.cpp - What attune tune says meanwhile -----------------===//
#include "TuneProgress.h"
#include "attune/Support/File.h"
#include "llvm/Support/Process.h"

using namespace attune;
using namespace attune::tool;

/// Seconds between two lines where there is no live one.
static constexpr double kLineEvery = 10;
/// How much better than what was last said is worth a line.
static constexpr double kNotableGain = 1.01;

std::string attune::tool::printDuration(double seconds) {
  auto whole = static_cast<int64_t>(std::max(seconds, 0.0));
  if (whole >= 3600)
    return llvm::formatv("{0}:{1,2:D2}:{2,2:D2}", whole / 3600, whole / 60 % 60,
                         whole % 60);
  return llvm::formatv("{0}:{1,2:D2}", whole / 60, whole % 60);
}

TuneProgress::TuneProgress(std::string tool, Limits limits,
                           double secondsBefore)
    : tool(std::move(tool)), limits(limits), secondsBefore(secondsBefore),
      begin(std::chrono::steady_clock::now()),
      isTerminal(llvm::errs().is_displayed()) {
  if (isTerminal)
    ticker = std::thread([this] { tick(); });
}

TuneProgress::~TuneProgress() { finish(); }

void TuneProgress::finish() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (isDrawn)
      llvm::errs() << "\r\x1b[K";
    isDrawn = false;
    isFinished = true;
  }
  wake.notify_all();
  if (ticker.joinable())
    ticker.join();
}

void TuneProgress::tick() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!isFinished) {
    redraw();
    wake.wait_for(lock, std::chrono::milliseconds(500));
  }
}

double TuneProgress::getSeconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

std::string TuneProgress::getLine() const {
  double elapsed = secondsBefore + getSeconds();
  std::string line = printDuration(elapsed);
  if (limits.seconds > 0)
    line += "/" + printDuration(limits.seconds);
  line += " | " + std::to_string(done);
  if (limits.trials > 0)
    line += "/" + std::to_string(limits.trials);
  line += " trials";
  if (failed)
    line += llvm::formatv(", {0} failed", failed).str();
  if (numKernels)
    line += llvm::formatv(" | kernel {0}/{1} {2}", kernel + 1, numKernels,
                          printable(label, 40))
                .str();
  line += llvm::formatv(" | best {0}{1:f1} %", gain >= 0 ? "+" : "", 100 * gain)
              .str();
  // The rate of trials says when they end; time ends when it ends.
  double left = limits.seconds > 0 ? limits.seconds - elapsed : HUGE_VAL;
  if (limits.trials > 0 && done > 0)
    left = std::min(left, getSeconds() / static_cast<double>(done) *
                              static_cast<double>(limits.trials - done));
  if (std::isfinite(left))
    line += " | ETA " + printDuration(left);
  return line;
}

void TuneProgress::redraw() {
  if (!isTerminal || isFinished)
    return;
  std::string line = getLine();
  unsigned columns = llvm::sys::Process::StandardErrColumns();
  if (columns > 1 && line.size() >= columns)
    line.resize(columns - 1);
  llvm::errs() << '\r' << line << "\x1b[K";
  isDrawn = true;
}

void TuneProgress::print(const llvm::Twine &line) {
  if (isDrawn)
    llvm::errs() << "\r\x1b[K";
  isDrawn = false;
  llvm::errs() << line << '\n';
  lastLine = getSeconds();
  redraw();
}

void TuneProgress::say(const llvm::Twine &message) {
  std::lock_guard<std::mutex> lock(mutex);
  print(tool + ": " + message);
}

void TuneProgress::roundBegins(llvm::ArrayRef<KernelProgress> kernels,
                               size_t index) {
  std::lock_guard<std::mutex> lock(mutex);
  kernel = index;
  numKernels = kernels.size();
  label = kernels[index].task->workload.label;
  // What an earlier run has found is no news.
  for (const KernelProgress &progress : kernels)
    shown.try_emplace(progress.task, progress.bestSpeedup);
  redraw();
}

void TuneProgress::trialEnded(const TrialRecord &record,
                              const KernelProgress &progress) {
  std::lock_guard<std::mutex> lock(mutex);
  trials.push_back({progress.task, {record, getSeconds()}});
  if (record.confirmed)
    return;
  ++done;
  failed += record.result.status != TrialStatus::Ok;
  double &last = shown.try_emplace(progress.task, 1.0).first->second;
  if (progress.bestSpeedup > last * kNotableGain) {
    last = progress.bestSpeedup;
    print(llvm::formatv(
        "{0}  {1}: {2:f4} -> {3:f4} ms (+{4:f1} %) by {5} {6} ({7})",
        printDuration(secondsBefore + getSeconds()),
        printable(progress.task->workload.label), progress.defaultMs,
        progress.defaultMs / last, 100 * (last - 1), progress.best.backend,
        progress.best.schedule.str(), progress.best.source));
    return;
  }
  redraw();
}

void TuneProgress::roundEnded(llvm::ArrayRef<KernelProgress> kernels,
                              double seconds, double expectedGain) {
  std::lock_guard<std::mutex> lock(mutex);
  gain = expectedGain;
  gains.push_back({seconds, expectedGain});
  if (!isTerminal && getSeconds() - lastLine >= kLineEvery)
    print(getLine());
  redraw();
}
