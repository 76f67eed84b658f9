//===- SaveLinear.h - The rewritten model as files --------------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_SAVELINEAR_H
#define ATTUNE_LINEARIZE_SAVELINEAR_H

#include "attune/Linearize/Linearize.h"

namespace attune {

/// Success when what linearizeModel makes of these options can be written:
/// before anything is computed. UserErrors say why not: the directory is there
/// and has files; a model without a description (ONNX, IR); layers that share
/// weights; a model with linear layers of its own; a window in a decoder, whose
/// keys would have to be carried from call to call.
llvm::Error checkSaved(const LinearizeOptions &options,
                       llvm::StringRef directory);

/// Writes the model with the chosen layers linear into a new directory: a
/// description in YAML, all weights as safetensors and the tokenizer's files.
/// They are written beside it first, so that the directory is complete when it
/// appears.
llvm::Error saveLinearModel(const LinearizeOptions &options,
                            const LinearizeReport &report,
                            llvm::StringRef directory);

} // namespace attune

#endif // ATTUNE_LINEARIZE_SAVELINEAR_H
