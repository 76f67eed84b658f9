//===- CausalMask.h - Finds causal masks in comparisons ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_CAUSALMASK_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_CAUSALMASK_H

#include "SymbolicShapes.h"

namespace attune {

/// Proves that `condition`, which broadcasts to [..., queries, keys], is true
/// for the keys that a query may see under a causal mask (`isVisible`), or for
/// those that it may not. Causal::none where that is not so, or not seen:
/// comparisons of attune.iota with constant or symbolic offsets are.
Causal getCausal(mlir::Value condition, bool isVisible, const DimExpr &queries,
                 const DimExpr &keys);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_CAUSALMASK_H
