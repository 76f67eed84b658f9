//===- BaseTimes.h - How long default schedules take ------------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_BASETIMES_H
#define ATTUNE_LIB_TUNING_BASETIMES_H

#include "Features.h"
#include <map>

namespace attune {

/// Times of default schedules, as records tell them: a candidate's time times
/// its speedup. Natural logarithms of milliseconds.
class BaseTimes {
public:
  BaseTimes() = default;
  /// Records with a positive finite median.
  explicit BaseTimes(llvm::ArrayRef<const TrialRecord *> records);

  /// The time of the default on this kernel; of kernels that no record is of,
  /// a rough guess from the nearest one of the family.
  double getLog(const CostQuery &query) const;
  /// The record's own time in times of the default's.
  double getRelativeLog(const TrialRecord &record) const;

  /// Equal for the same problem: family, shapes and threads.
  static std::string getKey(const CostQuery &query);

private:
  struct Problem {
    std::string family;
    KernelShapes shapes;
    int threads = 1;
    double log = 0;
    int64_t records = 0;
    bool hasSpeedups = false;
  };
  const Problem *findNearest(const CostQuery &query) const;

  std::map<std::string, Problem> problems;
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_BASETIMES_H
