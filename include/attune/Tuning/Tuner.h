//===- Tuner.h - From a model to faster kernels -----------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_TUNER_H
#define ATTUNE_TUNING_TUNER_H

#include "attune/Tuning/Database.h"
#include "attune/Tuning/Measure.h"
#include "attune/Tuning/Search.h"
#include <atomic>

namespace attune {

struct TunerOptions {
  double seconds = 0; ///< wall clock for all kernels together; 0: no limit
  int64_t trials = 0; ///< new measurements at most; 0: no limit
  /// Ends when the model is expected to be this much faster, e.g. 0.05;
  /// 0: goes on.
  double targetGain = 0;
  SearchOptions search;
  MeasureOptions measure;
  int batch = 8; ///< candidates of one kernel measured together
};

/// What is known of one kernel while tuning and at the end.
struct KernelProgress {
  const KernelTask *task = nullptr;
  double defaultMs = 0;   ///< one run of the default schedule
  double bestSpeedup = 1; ///< of `best` over the default
  Candidate best;
  int64_t trials = 0; ///< measured now
  int64_t known = 0;  ///< known from the database
  int64_t failed = 0; ///< wrong, crashed, did not compile, took too long
};

/// What happens while tuning; called on the tuner's thread.
class TunerListener {
public:
  virtual ~TunerListener() = default;
  virtual void trialEnded(const TrialRecord &record,
                          const KernelProgress &kernel) {}
  virtual void roundEnded(llvm::ArrayRef<KernelProgress> kernels,
                          double secondsElapsed, double expectedGain) {}
};

struct TunerResult {
  std::vector<KernelProgress> kernels;
  int64_t trials = 0;
  double seconds = 0;
  bool interrupted = false;
  /// Of the cost model at the end; nothing when it was never fitted.
  std::optional<double> rankCorrelation;
};

/// Spends the budget where it pays: each round goes to the kernel whose share
/// of the model's time times its expected improvement is largest. Every trial
/// is in `writer`'s file before the next begins; trials in `database` are not
/// repeated. Ends soon after `stop` becomes true.
class Tuner {
public:
  Tuner(std::vector<KernelTask> tasks, const TargetDesc &target,
        llvm::ArrayRef<const Backend *> backends, TunerOptions options);
  ~Tuner();

  llvm::Expected<TunerResult> run(Measurer &measurer, TuningDatabase &database,
                                  DatabaseWriter *writer,
                                  TunerListener &listener,
                                  const std::atomic<bool> &stop);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace attune

#endif // ATTUNE_TUNING_TUNER_H
