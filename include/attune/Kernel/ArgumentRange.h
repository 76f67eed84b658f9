//===- ArgumentRange.h - Numbers that kernels are tried on ------*- C++ -*-===//
#ifndef ATTUNE_KERNEL_ARGUMENTRANGE_H
#define ATTUNE_KERNEL_ARGUMENTRANGE_H

#include "attune/Dialect/Attune/IR/Attune.h"

namespace attune {

/// Bounds of an argument's random numbers, the upper one exclusive.
struct ArgumentRange {
  double low = -1, high = 1;
};

/// The range of float argument `index` of a kernel that is measured or checked
/// on random numbers: [-1, 1), but where a model has others and the results
/// would be of no use with these. Decays are logarithms of numbers below 1,
/// rates are positive, keys of the delta rules no longer than 1, and features
/// whose products others are divided by are not negative.
ArgumentRange getArgumentRange(KernelOp kernel, unsigned index);

} // namespace attune

#endif // ATTUNE_KERNEL_ARGUMENTRANGE_H
