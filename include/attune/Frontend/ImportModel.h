//===- ImportModel.h - A model description becomes IR -----------*- C++ -*-===//
#ifndef ATTUNE_FRONTEND_IMPORTMODEL_H
#define ATTUNE_FRONTEND_IMPORTMODEL_H

#include "attune/Model/LoadModel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace attune {

/// Emits the model as its source has it, unfused: the module of the phase
/// `import`.
///
/// The module holds one attune.weight for each tensor in use, under the
/// tensor's name, and `func.func @forward`. With B = batch, T = length and H
/// the hidden size, the function takes integers of shape [B, T]:
///   input_ids, attention_mask, and token_type_ids where the model has such an
///   input (under the names that ModelDescription::inputs gives);
/// and returns, where the model has them,
///   last_hidden_state [B, T, H], pooler_output [B, H],
///   sentence_embedding [B, H].
/// Names, symbols of extents, limits and defaults of inputs are the attributes
/// of Attune.h. Every op has the module path of the model's source as its
/// location ("encoder.layer.0.attention"); where layers share their weights
/// the path carries the number of the applied layer ("...#3").
///
/// Pieces of weights name files relative to LoadedModel::directory, and with
/// their absolute path when they lie elsewhere.
///
/// Errors: a UserError when the model has no weights, an UnsupportedError for
/// what no code is there for, an InternalError when the result does not verify.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(mlir::MLIRContext &context, const LoadedModel &model);

} // namespace attune

#endif // ATTUNE_FRONTEND_IMPORTMODEL_H
