//===- ActivationMatcher.h - Finds gated activations ------------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ACTIVATIONMATCHER_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ACTIVATIONMATCHER_H

#include "Matchers.h"

namespace attune {

/// `factor * x * (shift + f(p(x)))`, where f is erf, tanh or sigmoid.
struct GatedForm {
  /// The result of f.
  mlir::Value function;
  /// What f is added to: 1, or 0 for none.
  double shift = 0;
  double factor = 1;
  /// The polynomial p.
  llvm::ArrayRef<Cubic> arguments;
};

struct GatedMatch {
  mlir::Value input;
  mlir::Operation *root = nullptr;
  /// Which of the polynomials it was.
  size_t argument = 0;
};

/// Follows `form.function` through its users: the factors may come in any order
/// and anywhere.
mlir::FailureOr<GatedMatch> matchGated(const GatedForm &form,
                                       MissedReason &missed);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ACTIVATIONMATCHER_H
