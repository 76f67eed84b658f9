//===- CausalMask.h - Finds causal masks ------------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_CAUSALMASK_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_CAUSALMASK_H

#include "WeightContents.h"
#include "attune/Dialect/Attune/Transforms/SymbolicShapes.h"

namespace attune {

/// A tensor that broadcasts to [..., queries, keys] and has one of two numbers
/// everywhere, on one side of a diagonal the one, on the other the other.
struct Triangle {
  /// `below` where key <= query + offset.
  DimExpr offset;
  /// Booleans are 0 and 1.
  double below = 1, above = 0;
};

/// Reads `value` as a triangle. What is seen: comparisons of attune.iota with
/// constant or symbolic offsets, constants and weights that are exactly
/// triangular matrices, boxes cut out of them, and what elementwise ops with
/// one number make of a triangle. Nullopt for anything else.
std::optional<Triangle> getTriangle(mlir::Value value,
                                    WeightContents &contents);

/// Which causal mask leaves a query the keys up to query + `offset`: `none` if
/// it is neither.
Causal getCausal(const DimExpr &offset, const DimExpr &queries,
                 const DimExpr &keys);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_CAUSALMASK_H
