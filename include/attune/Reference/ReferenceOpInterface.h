//===- ReferenceOpInterface.h - What an op computes -------------*- C++ -*-===//
#ifndef ATTUNE_REFERENCE_REFERENCEOPINTERFACE_H
#define ATTUNE_REFERENCE_REFERENCEOPINTERFACE_H

#include "attune/Reference/Tensor.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

namespace attune {
class Interpreter;

/// Attaches ReferenceOpInterface to every op of the attune dialect. Call it on
/// the registry of the context whose modules are interpreted.
void registerReferenceModels(mlir::DialectRegistry &registry);

/// A UserError about one execution of `op`: "model.mlir:12:8: 'attune.add':
/// message".
llvm::Error errorAt(mlir::Operation *op, const llvm::Twine &message);
} // namespace attune

#include "attune/Reference/ReferenceOpInterface.h.inc"

#endif // ATTUNE_REFERENCE_REFERENCEOPINTERFACE_H
