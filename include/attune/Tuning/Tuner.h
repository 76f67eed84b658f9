//===- Tuner.h - From a model to faster kernels -----------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_TUNER_H
#define ATTUNE_TUNING_TUNER_H

#include "attune/Compiler/BackendChoice.h"
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
  /// Backends whose schedules are tried. Speedups in records refer to the same
  /// reference whatever is asked for.
  BackendChoice backend;
  /// Takes the trials of the database as done.
  bool resume = true;
  /// Measures the winners again before they count, see Tuner.
  bool confirm = true;
};

/// What is known of one kernel while tuning and at the end.
struct KernelProgress {
  const KernelTask *task = nullptr;
  /// What is run without tuning: the default of the first backend that is
  /// tried, and its time.
  Candidate base;
  double defaultMs = 0; ///< 0: not measured yet
  Candidate best;
  double bestSpeedup = 1; ///< of `best` over `base`
  bool confirmed = false; ///< `best` was measured again and stood
  int64_t trials = 0;     ///< measured now
  int64_t known = 0;      ///< known from the database
  int64_t failed = 0;     ///< wrong, crashed, did not compile, took too long
  std::string failure;    ///< why it cannot be tuned; empty: it can

  /// Milliseconds of one run of the model spent here, before and after.
  double getModelMsBefore() const {
    return defaultMs * static_cast<double>(task ? task->calls : 0);
  }
  double getModelMsAfter() const { return getModelMsBefore() / bestSpeedup; }
};

/// Time of all kernels before over their time after, less one: 0.05 when the
/// model is expected to become 5 % faster. What is not a kernel's time, and
/// kernels not measured yet, are left out.
double getExpectedGain(llvm::ArrayRef<KernelProgress> kernels);

/// Whether a candidate is faster than the reference by more than noise: by
/// more than one percent, and by more than twice the standard error of the
/// ratio of their medians, each estimated from its quartiles as
/// 1.253 * (IQR / 1.349) / sqrt(samples).
bool isFasterBeyondNoise(const Measurement &candidate,
                         const Measurement &reference);

/// The present as records have it, e.g. "2026-01-31T12:00:00Z".
std::string getRecordTime();

/// What happens while tuning; called on the tuner's thread.
class TunerListener {
public:
  virtual ~TunerListener() = default;
  virtual void trialEnded(const TrialRecord &record,
                          const KernelProgress &kernel) {}
  virtual void roundEnded(llvm::ArrayRef<KernelProgress> kernels,
                          double secondsElapsed, double expectedGain) {}
  /// A kernel's turn begins: number `index` of `kernels`.
  virtual void roundBegins(llvm::ArrayRef<KernelProgress> kernels,
                           size_t index) {}
  /// The search is over, winners are measured again.
  virtual void confirmationBegins() {}
  virtual void warn(llvm::StringRef message) {}
};

struct TunerResult {
  std::vector<KernelProgress> kernels; ///< tasks are the tuner's
  int64_t trials = 0;
  int64_t confirmations = 0; ///< records of winners measured again
  double seconds = 0;
  bool interrupted = false;
  /// Of the cost model at the end; nothing when it was never fitted.
  std::optional<double> rankCorrelation;
};

/// Spends the budget where it pays: each round goes to the kernel whose share
/// of the model's time times its expected improvement is largest. Trials in
/// `database` are not repeated, and new ones are added to it. Ends soon after
/// `stop` becomes true.
///
/// Each trial is in `writer`'s file as soon as its result is final
/// (MeasureOptions::ended), in the middle of a round: those of other candidates
/// that fail or are dropped from the contest, at its end the rest. All else,
/// learning included, happens after the round and in the order in which
/// candidates were proposed, so that it does not depend on who was ready first.
///
/// A winner must not be noise: at the end the best few of each kernel are
/// measured again, in turns with the default and in more rounds. The fastest
/// of those that are faster beyond noise becomes the kernel's schedule; when
/// none is, the default stays. These measurements are confirmed records
/// (TrialRecord::confirmed), which count before others; the speedup of one
/// that did not stand is recorded as 1 at most.
///
/// What is proposed depends on the tasks, the options, the database and what
/// is measured; the clock decides only when to stop.
class Tuner {
public:
  /// `backends`: all of this build, the preferred one first. They, and the
  /// tasks' kernels, are parsed in a context of the tuner's own.
  Tuner(std::vector<KernelTask> tasks, const TargetDesc &target,
        llvm::ArrayRef<const Backend *> backends, TunerOptions options);
  ~Tuner();

  /// Errors: a record cannot be written, a task does not parse, or not one
  /// kernel could be measured.
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
