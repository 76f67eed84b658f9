//===- MeasureJob.h - One measuring program and its results -----*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_MEASUREJOB_H
#define ATTUNE_LIB_TUNING_MEASUREJOB_H

#include "attune/Tuning/Measure.h"
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// A program and what is known of its codes; the first is the reference. It may
/// take several runs, by different runners, until all is known.
class MeasureJob {
public:
  MeasureJob(std::string path, size_t codes)
      : path(std::move(path)), results(codes), suspicions(codes) {}

  /// Runs the program until the result of every code is known, each time
  /// without those that are. Returns what kept the runner from it; empty: it
  /// is done, or the reference does not run (isFailed). Ends soon after
  /// `stopCondition` is true. `ended` is told what has become known of a code
  /// at once, also when the runner fails later; it may be told the same by
  /// another copy of this job.
  std::string run(Runner &runner, const MeasureOptions &options,
                  const std::function<bool()> &stopCondition,
                  llvm::function_ref<void(size_t, const Measurement &)> ended);

  /// Whether the program has ever begun to run.
  bool hasStarted() const { return started; }

  /// Whether the reference has been found not to run; why is in its result.
  bool isFailed() const {
    return results[0] && results[0]->status != TrialStatus::Ok;
  }
  const std::optional<Measurement> &getResult(size_t code) const {
    return results[code];
  }

private:
  std::vector<std::string> getArguments(const MeasureOptions &options) const;
  /// What a run that ended without saying why says of the code that ran;
  /// nothing when it is the runner's fault.
  std::optional<Measurement> blame(size_t code, const Runner::Outcome &outcome);

  std::string path;
  bool started = false;
  std::vector<std::optional<Measurement>> results;
  /// How often a code was running when a run ended without a reason.
  std::vector<int> suspicions;
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_MEASUREJOB_H
