//===- BindInputs.h - Inputs of a function by name --------------*- C++ -*-===//
#ifndef ATTUNE_REFERENCE_BINDINPUTS_H
#define ATTUNE_REFERENCE_BINDINPUTS_H

#include "attune/Reference/Tensor.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

namespace attune {

/// The inputs of `function` in the order of its parameters, taken by their
/// names in attune.name. Where none is given and attune.when_absent says
/// "zeros" or "ones", a tensor of them is made, with the extents that
/// the symbols in attune.dims have in the inputs that are given.
///
/// UserErrors: a name that no parameter has, an input that is missing and
/// needed, a symbol that no given input has. Interpreter::run checks the rest.
llvm::Expected<llvm::SmallVector<Tensor>>
bindInputs(mlir::FunctionOpInterface function,
           const llvm::StringMap<Tensor> &named);

} // namespace attune

#endif // ATTUNE_REFERENCE_BINDINPUTS_H
