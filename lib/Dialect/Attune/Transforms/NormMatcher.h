//===- NormMatcher.h - Finds norms around a square root ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_NORMMATCHER_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_NORMMATCHER_H

#include "Matchers.h"

namespace attune {

enum class NormKind { Layer, Rms };

/// A norm as it was found.
struct NormMatch {
  mlir::Value input;
  /// Null where there is none: ones and zeros.
  mlir::Value gamma, beta;
  double epsilon = 0;
  /// How many of the last dimensions are normalised together.
  int64_t dims = 1;
  /// The op whose result is that of the norm.
  mlir::Operation *root = nullptr;
};

/// A division by the square root of a mean of squares.
struct NormCandidate {
  NormKind kind;
  /// sqrt(v), pow(v, 0.5) or pow(v, -0.5).
  mlir::Operation *power;
  /// What is divided: x - mean(x), or x.
  mlir::Value dividend;
  /// The quotient.
  mlir::Operation *normalised;
  mlir::Value variance;
  std::optional<double> epsilon;
};

/// Matches, with mean over the last dimensions,
///
///   d = x - mean(x)                             (rms: d = x)
///   v = mean(d^2)          or mean(x^2) - mean(x)^2
///   n = d / sqrt(v + eps)  or d * (1 / sqrt(v + eps)), d * (v + eps)^-0.5
///   r = n * gamma + beta
///
/// with squares as products or powers, means as sums divided by the number of
/// elements, and gamma and beta on either side or absent.
class NormMatcher {
public:
  /// The candidates whose root is `op`.
  static std::optional<NormCandidate> findCandidate(mlir::Operation *op);

  mlir::FailureOr<NormMatch> match(const NormCandidate &candidate);
  const MissedReason &getMissed() const { return missed; }

private:
  llvm::LogicalResult fail(const llvm::Twine &reason, const llvm::Twine &hint);
  llvm::LogicalResult matchInput(const NormCandidate &candidate);
  llvm::LogicalResult checkAxes(llvm::ArrayRef<int64_t> axes);
  void matchAffine(const NormCandidate &candidate);
  mlir::Value getVector(mlir::Operation *op, mlir::Value product);

  NormMatch found;
  MatchedOps ops;
  MissedReason missed;
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_NORMMATCHER_H
