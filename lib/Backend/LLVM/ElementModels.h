//===- ElementModels.h - Where elements' models are attached ----*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_ELEMENTMODELS_H
#define ATTUNE_LIB_BACKEND_LLVM_ELEMENTMODELS_H

#include "mlir/IR/MLIRContext.h"

namespace attune {

/// ElementEmissionOpInterface of the ops of IndexOps.td and of rotary.
void attachIndexElements(mlir::MLIRContext &context);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_ELEMENTMODELS_H
