//===- ImportOnnx.h - An ONNX graph becomes IR ------------------*- C++ -*-===//
#ifndef ATTUNE_FRONTEND_ONNX_IMPORTONNX_H
#define ATTUNE_FRONTEND_ONNX_IMPORTONNX_H

#include "attune/Frontend/Onnx/OnnxModel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace attune {

/// Emits the graph as it is, node by node: the module of the phase `import`,
/// called `name`. `path` is the model's file for messages.
///
/// @forward has the graph's inputs and outputs under their names and with their
/// types; extents that a name of the model says are symbols of that name, fit
/// for identifiers. Each op has the name of its node as its location.
/// Initializers are weights: their pieces name files relative to
/// OnnxModel::directory. Nodes of constants are computed, arithmetic of shapes
/// becomes polynomials of the symbols, and control flow that constants decide
/// is unrolled.
///
/// Errors: a UserError for a node that ONNX's rules forbid; an UnsupportedError
/// with all that there is no code for; an InternalError when the result does
/// not verify.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(mlir::MLIRContext &context, const OnnxModel &model,
           llvm::StringRef name, llvm::StringRef path);

} // namespace attune

#endif // ATTUNE_FRONTEND_ONNX_IMPORTONNX_H
