//===- VectorEmission.h - Elementwise ops as vector code --------*- C++ -*-===//
#ifndef ATTUNE_BACKEND_LLVM_VECTOREMISSION_H
#define ATTUNE_BACKEND_LLVM_VECTOREMISSION_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace attune {
/// Whether all operands and results are tensors of f32.
bool isAllF32(mlir::Operation *op);
} // namespace attune

#include "attune/Backend/LLVM/VectorEmission.h.inc"

namespace attune {

/// Whether an op is part of what is emitted on vectors: it has code for that,
/// or is a constant that is the same everywhere.
bool isVectorized(mlir::Operation *op);

/// Attaches VectorEmissionOpInterface to the elementwise ops of the dialect.
void registerVectorEmissionModels(mlir::DialectRegistry &registry);

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_VECTOREMISSION_H
