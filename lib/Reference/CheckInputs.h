//===- CheckInputs.h - Whether tensors fit a function -----------*- C++ -*-===//
#ifndef ATTUNE_LIB_REFERENCE_CHECKINPUTS_H
#define ATTUNE_LIB_REFERENCE_CHECKINPUTS_H

#include "attune/Reference/Tensor.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/Error.h"

namespace attune {

/// Whether the tensor can be a value of the type: a ranked tensor of f32 (kept
/// as f32 or f64) or i64, with the same rank and static extents.
bool fits(const Tensor &tensor, mlir::Type type);

/// Checks inputs against the parameters of `function`: number, types, extents
/// of the same symbol in attune.dims, and values against attune.limit.
llvm::Error checkInputs(mlir::FunctionOpInterface function,
                        llvm::ArrayRef<Tensor> inputs);

} // namespace attune

#endif // ATTUNE_LIB_REFERENCE_CHECKINPUTS_H
