//===- VectorEmission.h - Elementwise ops as vector code --------*- C++ -*-===//
#ifndef ATTUNE_BACKEND_LLVM_VECTOREMISSION_H
#define ATTUNE_BACKEND_LLVM_VECTOREMISSION_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

#include "attune/Backend/LLVM/VectorEmission.h.inc"

namespace attune {

/// Attaches VectorEmissionOpInterface to the elementwise ops of the dialect.
void registerVectorEmissionModels(mlir::DialectRegistry &registry);

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_VECTOREMISSION_H
