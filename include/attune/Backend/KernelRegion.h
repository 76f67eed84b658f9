//===- KernelRegion.h - What a backend asks of a kernel's region *- C++ -*-===//
#ifndef ATTUNE_BACKEND_KERNELREGION_H
#define ATTUNE_BACKEND_KERNELREGION_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace attune {

/// The first op on the way from `value` to block arguments and values of
/// `known` that `accepts` does not take; null when it takes all of them.
mlir::Operation *
findUnsupported(mlir::Value value, mlir::ValueRange known,
                llvm::function_ref<bool(mlir::Operation *)> accepts);

} // namespace attune

#endif // ATTUNE_BACKEND_KERNELREGION_H
