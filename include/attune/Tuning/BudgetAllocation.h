//===- BudgetAllocation.h - Which kernel to spend on next -------*- C++ -*-===//
#ifndef ATTUNE_TUNING_BUDGETALLOCATION_H
#define ATTUNE_TUNING_BUDGETALLOCATION_H

#include "llvm/ADT/ArrayRef.h"
#include <cstddef>
#include <optional>
#include <vector>

namespace attune {

/// What decides how much of the budget one kernel gets.
struct KernelAccount {
  /// Milliseconds of one run of the model, with the best schedule so far.
  double modelMs = 0;
  /// Rounds so far, those known from earlier runs included.
  double rounds = 0;
  /// Time of the best schedule after each round of this run, in any unit; the
  /// first entry is that at the start.
  std::vector<double> best;
  /// Whether there is anything left to try.
  bool active = true;
};

/// The part of a kernel's time that one more round is expected to save: what
/// the last rounds saved each, or a hope that shrinks with every round.
double getExpectedImprovement(const KernelAccount &account);

/// The kernel that gets the round of this number: the one with the largest
/// product of time in the model and expected improvement, and in every sixth
/// round the one with the fewest rounds among those that matter (a thousandth
/// of the model's time or more). Nothing when none is active. A function of
/// its arguments alone.
std::optional<size_t> chooseKernel(llvm::ArrayRef<KernelAccount> accounts,
                                   size_t round);

} // namespace attune

#endif // ATTUNE_TUNING_BUDGETALLOCATION_H
