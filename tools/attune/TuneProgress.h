//===- TuneProgress.h - What attune tune says meanwhile ---------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_TUNEPROGRESS_H
#define ATTUNE_TOOLS_ATTUNE_TUNEPROGRESS_H

#include "attune/Tuning/Report.h"
#include <condition_variable>
#include <mutex>
#include <thread>

namespace attune::tool {

/// "1:05", or "1:02:05" from an hour on.
std::string printDuration(double seconds);

/// One line on stderr that is kept up to date on a terminal; elsewhere a line
/// for each improvement and one every ten seconds.
class TuneProgress : public TunerListener {
public:
  struct Limits {
    double seconds = 0; ///< of the whole command; 0: none
    int64_t trials = 0; ///< 0: none
  };
  /// `secondsBefore`: what the command took before the tuner began.
  TuneProgress(std::string tool, Limits limits, double secondsBefore);
  ~TuneProgress() override;

  void roundBegins(llvm::ArrayRef<KernelProgress> kernels,
                   size_t index) override;
  void trialEnded(const TrialRecord &record,
                  const KernelProgress &kernel) override;
  void roundEnded(llvm::ArrayRef<KernelProgress> kernels, double seconds,
                  double expectedGain) override;
  void confirmationBegins() override { say("measuring the winners again"); }
  void warn(llvm::StringRef message) override { say("warning: " + message); }
  /// Says what goes on when no kernel is tuned.
  void say(const llvm::Twine &message);
  /// No more changes of the live line from here on.
  void finish();

  /// What happened, for the report; `seconds` are those of the tuner.
  std::vector<std::pair<const KernelTask *, ReportTrial>> takeTrials() {
    return std::move(trials);
  }
  std::vector<std::pair<double, double>> takeGains() {
    return std::move(gains);
  }

private:
  double getSeconds() const;
  std::string getLine() const;
  void redraw();
  void print(const llvm::Twine &line);
  void tick();

  std::string tool;
  Limits limits;
  double secondsBefore;
  std::chrono::steady_clock::time_point begin;
  bool isTerminal;

  // What the line shows; shared with the thread that keeps it moving.
  mutable std::mutex mutex;
  std::condition_variable wake;
  bool isFinished = false, isDrawn = false;
  int64_t done = 0, failed = 0;
  size_t kernel = 0, numKernels = 0;
  std::string label;
  double gain = 0;
  double lastLine = 0;
  llvm::DenseMap<const KernelTask *, double> shown; // speedup last printed
  std::vector<std::pair<const KernelTask *, ReportTrial>> trials;
  std::vector<std::pair<double, double>> gains;
  std::thread ticker;
};

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_TUNEPROGRESS_H
