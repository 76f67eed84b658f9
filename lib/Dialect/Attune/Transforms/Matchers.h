//===- Matchers.h - Small parts of patterns ---------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_MATCHERS_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_MATCHERS_H

#include "Common.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"
#include <optional>

namespace attune {

/// The number that all elements of a constant have, also behind views,
/// repetitions and casts.
std::optional<double> getSplat(mlir::Value value);

/// Equal up to how constants are rounded in files.
bool isNear(double value, double expected);
bool isSplat(mlir::Value value, double expected);

/// `factor * value` in the type of `value`.
struct Product {
  mlir::Value value;
  double factor;
};
/// Reads `value` as a product with a constant: attune.scale, multiplication or
/// division by a constant, negation.
std::optional<Product> getProduct(mlir::Value value);

/// The operand of a commutative op of two operands that is not `operand`.
mlir::Value getOther(mlir::Operation *op, mlir::Value operand);

/// `value` without casts that change no number: f32 to f64.
mlir::Value skipCasts(mlir::Value value);

/// The binary or unary op of that kind which defines `value`, or null.
BinaryOp getBinary(mlir::Value value, BinaryKind kind);
UnaryOp getUnary(mlir::Value value, UnaryKind kind);

/// What `value` is the square of: x * x or pow(x, 2); null else.
mlir::Value getSquared(mlir::Value value);

/// The mean of some dimensions, which stay as extents of one.
struct Mean {
  mlir::Value input;
  llvm::SmallVector<int64_t> axes;
};
/// Reads `value` as a mean: attune.reduce mean, or sum divided by the number of
/// its elements; dimensions may be dropped and put back by a reshape.
std::optional<Mean> getMean(mlir::Value value);

/// The coefficients of 1, x, x^2, x^3 of a polynomial in `x`; nullopt for what
/// is none.
using Cubic = std::array<double, 4>;
std::optional<Cubic> getPolynomial(mlir::Value value, mlir::Value x);

/// The ops inside of a pattern, which disappear with it when nobody else uses
/// their results.
class MatchedOps {
public:
  /// Adds the ops between `value` and those of `ends`, constants left out.
  void addBetween(mlir::Value value, mlir::ValueRange ends);
  void add(mlir::Operation *op) { ops.insert(op); }
  bool contains(mlir::Operation *op) const { return ops.contains(op); }

  /// Why the ops cannot disappear: one other than `root` has a user that is not
  /// among them.
  std::optional<MissedReason> findOtherUse(mlir::Operation *root) const;

private:
  llvm::SmallSetVector<mlir::Operation *, 16> ops;
};

/// A loaded weight `[count]` of f32 whose elements are all `number`, declared
/// once in the module around `builder`.
mlir::Value loadSplat(mlir::OpBuilder &builder, mlir::Location loc,
                      double number, int64_t count);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_MATCHERS_H
