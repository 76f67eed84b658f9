//===- Importers.h - The parts of a model, one function each ----*- C++ -*-===//
#ifndef ATTUNE_LIB_FRONTEND_IMPORTERS_H
#define ATTUNE_LIB_FRONTEND_IMPORTERS_H

#include "ModelBuilder.h"
#include "attune/Support/Error.h"

namespace attune {

/// The inputs of ids, all [batch, length].
struct IdInputs {
  mlir::Value inputIds;
  /// Of encoders.
  mlir::Value attentionMask;
  /// Null when the model takes no such input.
  mlir::Value tokenTypeIds;
  /// Of decoders; null when the model has no positions.
  mlir::Value positionIds;
};

/// Embeddings.cpp: tokens, segments and positions, summed, normalised and
/// brought to the hidden size: [batch, length, H].
mlir::Value importEmbeddings(ModelBuilder &builder, const IdInputs &inputs);

/// What a layer of a decoder carries from call to call, by its name: "state",
/// "sum", "max" of linear attention, "key", "value" of softmax attention. All
/// f32.
struct CarriedTensor {
  llvm::StringRef name;
  llvm::SmallVector<int64_t> shape;
  /// The symbols of its extents before and after a call.
  llvm::SmallVector<llvm::StringRef> pastDims, presentDims;
};

/// Attention.cpp: what applied layer `layer` carries.
llvm::SmallVector<CarriedTensor> getCarried(const ModelDescription &model,
                                            int64_t layer);

/// What the attention of one layer takes and gives besides hidden states.
struct AttentionContext {
  int64_t layer = 0;
  /// [batch, length], or null.
  mlir::Value mask;
  /// Of decoders, as getCarried says; `present` is empty before.
  llvm::SmallVector<mlir::Value> past, present;
};

/// Attention.cpp: the attention of a layer, with its projections.
mlir::Value importAttention(ModelBuilder &builder, mlir::Value input,
                            AttentionContext &context);

/// Query, key and value of one layer, heads packed in the last dimension.
struct Projections {
  mlir::Value query, key, value;
};

/// LinearLayer.cpp: linear or hybrid attention over projections of `input`.
mlir::Value importLinearAttention(ModelBuilder &builder, mlir::Value input,
                                  const Projections &projections,
                                  AttentionContext &context);

/// Layer.cpp: the layer of `context`, [batch, length, H] to the same.
mlir::Value importLayer(ModelBuilder &builder, mlir::Value hidden,
                        AttentionContext &context);

/// Pooling.cpp: what stands behind the last layer and gives one vector a
/// sequence; appends to `outputs`.
void importPooler(ModelBuilder &builder, mlir::Value hidden,
                  llvm::SmallVectorImpl<ModelOutput> &outputs);
void importSentenceEmbedding(ModelBuilder &builder, mlir::Value hidden,
                             mlir::Value attentionMask,
                             llvm::SmallVectorImpl<ModelOutput> &outputs);
/// Reports poolings that there are no ops for.
void checkSentencePooling(const ModelDescription &model, ProblemList &problems);

/// Encoder.cpp: the entry function of an encoder.
mlir::OwningOpRef<mlir::ModuleOp> importEncoder(mlir::MLIRContext &context,
                                                const LoadedModel &model);

/// Decoder.cpp: the entry function of a decoder.
mlir::OwningOpRef<mlir::ModuleOp> importDecoder(mlir::MLIRContext &context,
                                                const LoadedModel &model);

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_IMPORTERS_H
