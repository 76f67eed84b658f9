//===- SymbolicShapes.h - Extents of values as polynomials ------*- C++ -*-===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_SYMBOLICSHAPES_H
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_SYMBOLICSHAPES_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/IR/Builders.h"

namespace attune {

/// The shapes of the values of one entry block. Extents that the function does
/// not name have symbols of their own, so that equal shapes are equal at run
/// time, whatever the names. Values are known by their address: nothing may be
/// erased while this lives.
class SymbolicShapes {
public:
  explicit SymbolicShapes(mlir::Block &block);

  /// The shape of a value of the block, also of one made since.
  const SymbolicShape &get(mlir::Value value);

  /// `value` with the extents `shape` (equally many elements): itself, what it
  /// was reshaped from, or a reshape of that. Null where the extents have
  /// symbols that only this object knows and that attune.reshape would need.
  mlir::Value reshape(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value value, const SymbolicShape &shape);

  /// `value` with permuted dimensions, transpositions before it taken
  /// together; no op for the identity.
  mlir::Value transpose(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, llvm::ArrayRef<int64_t> permutation);

  /// Replaces the uses of `old`. What is transposed and reshaped from it is
  /// made from `by` instead: together with what made `by` that mostly is
  /// nothing.
  void replace(mlir::Value old, mlir::Value by);

private:
  /// Extents that are not known from operands.
  SymbolicShape makeUp(mlir::Value value);

  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
  unsigned madeUp = 0;
};

/// The type of a tensor of that shape.
mlir::RankedTensorType getTensorType(mlir::Type element,
                                     llvm::ArrayRef<DimExpr> shape);

} // namespace attune

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_SYMBOLICSHAPES_H
