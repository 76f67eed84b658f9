//===- LinearizeAttention.h - From softmax to features ----------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_LINEARIZEATTENTION_H
#define ATTUNE_LINEARIZE_LINEARIZEATTENTION_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Dialect/Attune/Transforms/Remarks.h"
#include "attune/Dialect/Attune/Transforms/SymbolicShapes.h"
#include "attune/Linearize/FeatureParameters.h"
#include <optional>

namespace attune {

/// The attention ops of the model's functions, in program order: a layer is its
/// place in this list. Expects a module in which attention is found
/// (buildRaisePipeline) and no op is in a region yet.
llvm::SmallVector<AttentionOp> getAttentionLayers(mlir::ModuleOp module);

/// Why a layer cannot be linear, and what can be done about it; nothing when
/// the weight of a key is a function of query and key alone, or can be cut into
/// one for near keys and one for the others: a mask of keys and a causal one
/// are fine, all else is not an inner product of features.
std::optional<MissedReason> refuseLayer(AttentionOp attention,
                                        SymbolicShapes &shapes, bool isHybrid);

/// Replaces a layer that refuseLayer lets through. Weights of the maps are
/// declared with their values, named after `name`.
void linearizeLayer(AttentionOp attention, const LayerParameters &parameters,
                    llvm::StringRef name);

} // namespace attune

#endif // ATTUNE_LINEARIZE_LINEARIZEATTENTION_H
