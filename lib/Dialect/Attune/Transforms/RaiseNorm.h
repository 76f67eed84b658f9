//===- RaiseNorm.h - What both passes for norms do --------------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_RAISENORM_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_RAISENORM_H

#include "NormMatcher.h"

namespace attune {

/// Turns the norms of one kind into attune.layer_norm or attune.rms_norm, with
/// remarks named `pattern`.
void raiseNorms(mlir::ModuleOp module, NormKind kind, llvm::StringRef pattern);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_RAISENORM_H
