//===- PairedTimes.h - Whether one of two is faster -------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_PAIREDTIMES_H
#define ATTUNE_TUNING_PAIREDTIMES_H

#include "llvm/ADT/ArrayRef.h"

namespace attune {

/// Two things timed in turns: `before[i]` and `after[i]` ran one after the
/// other, so that what disturbs the machine for longer than a run disturbs
/// both.
struct PairedTimes {
  int64_t pairs = 0;
  double minBefore = 0, medianBefore = 0; ///< milliseconds
  double minAfter = 0, medianAfter = 0;
  /// Median of before / after of the pairs; above 1: `after` is faster.
  double speedup = 1;
  /// The median's interval of 95 % confidence, by order statistics (the sign
  /// test's): makes no assumption on how times are distributed. With fewer
  /// than six pairs there is none, and it is [0, infinity].
  double low = 0, high = 0;

  bool isFaster() const { return low > 1; }
  bool isSlower() const { return pairs > 0 && high < 1; }
};

/// Equal numbers of positive times; others are left out.
PairedTimes comparePairs(llvm::ArrayRef<double> before,
                         llvm::ArrayRef<double> after);

} // namespace attune

#endif // ATTUNE_TUNING_PAIREDTIMES_H
