//===- Importers.h - The parts of a model, one function each ----*- C++ -*-===//
#ifndef ATTUNE_LIB_FRONTEND_IMPORTERS_H
#define ATTUNE_LIB_FRONTEND_IMPORTERS_H

#include "ModelBuilder.h"
#include "attune/Support/Error.h"

namespace attune {

/// The inputs of an encoder, all [batch, length].
struct EncoderInputs {
  mlir::Value inputIds;
  mlir::Value attentionMask;
  /// Null when the model takes no such input.
  mlir::Value tokenTypeIds;
};

/// Embeddings.cpp: tokens, segments and positions, summed, normalised and
/// brought to the hidden size: [batch, length, H].
mlir::Value importEmbeddings(ModelBuilder &builder,
                             const EncoderInputs &inputs);

/// EncoderLayer.cpp: applied layer `layer`, [batch, length, H] to the same.
mlir::Value importEncoderLayer(ModelBuilder &builder, mlir::Value hidden,
                               mlir::Value attentionMask, int64_t layer);

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

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_IMPORTERS_H
