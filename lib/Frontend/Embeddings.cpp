//===- Embeddings.cpp - From token ids to hidden states -------------------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

static Value importPositions(ModelBuilder &builder, Value inputIds) {
  const PositionDescription &position = builder.description().position;
  builder.enter(WeightRole::PositionEmbedding);
  // From padding, tokens count from 1, so that the offset is one less.
  int64_t offset = position.offset - (position.fromPadding ? 1 : 0);
  OpBuilder &ops = builder.ops();
  Value ids = PositionsOp::create(
      ops, builder.loc(), inputIds.getType(), inputIds,
      ops.getI64IntegerAttr(offset),
      position.fromPadding ? ops.getI64IntegerAttr(position.paddingId)
                           : IntegerAttr());
  return builder.embedding(ids, builder.weight(WeightRole::PositionEmbedding));
}

Value attune::importEmbeddings(ModelBuilder &builder,
                               const EncoderInputs &inputs) {
  const ModelDescription &model = builder.description();
  builder.enter(WeightRole::TokenEmbedding);
  Value sum = builder.embedding(inputs.inputIds,
                                builder.weight(WeightRole::TokenEmbedding));
  sum = builder.scale(sum, model.embedding.scale);

  if (model.embedding.segmentTypes > 0) {
    builder.enter(WeightRole::SegmentEmbedding);
    // Without an input of segments every token is of the first.
    Value segment =
        inputs.tokenTypeIds
            ? builder.embedding(inputs.tokenTypeIds,
                                builder.weight(WeightRole::SegmentEmbedding))
            : builder.weightRow(WeightRole::SegmentEmbedding, 0);
    builder.enter(WeightRole::SegmentEmbedding, 0, /*levels=*/2);
    sum = builder.add(sum, segment);
  }
  if (model.position.kind == PositionKind::Learned) {
    Value position = importPositions(builder, inputs.inputIds);
    builder.enter(WeightRole::PositionEmbedding, 0, /*levels=*/2);
    sum = builder.add(sum, position);
  }
  if (model.norm.embeddingNorm)
    sum = builder.norm(sum, WeightRole::EmbeddingNormWeight,
                       WeightRole::EmbeddingNormBias);
  if (model.embedding.projection)
    sum = builder.linear(sum, WeightRole::EmbeddingProjectionWeight,
                         WeightRole::EmbeddingProjectionBias);
  return sum;
}
