//===- Embeddings.cpp - From token ids to hidden states -------------------===//
#include "Importers.h"

#include <cmath>

using namespace mlir;
using namespace attune;

/// The sinusoidal table without its first `offset` rows, row-major, as
/// PositionDescription has it. Angles are computed in double: they are as large
/// as positions, of which only the part below 2 pi matters.
static std::vector<float> makeSinusoids(const ModelDescription &model,
                                        int64_t offset) {
  const PositionDescription &position = model.position;
  int64_t width = model.embedding.width, half = width / 2;
  int64_t steps = position.interleaved ? half : std::max<int64_t>(half - 1, 1);
  std::vector<float> table(width * (position.rows - offset));
  for (int64_t row = offset; row < position.rows; ++row) {
    float *values = &table[(row - offset) * width];
    for (int64_t i = 0; i < half; ++i) {
      double exponent = -static_cast<double>(i) / static_cast<double>(steps);
      double angle =
          static_cast<double>(row) * std::pow(position.base, exponent);
      bool pairs = position.interleaved;
      values[pairs ? 2 * i : i] = static_cast<float>(std::sin(angle));
      values[pairs ? 2 * i + 1 : half + i] =
          static_cast<float>(std::cos(angle));
    }
  }
  return table;
}

/// Rows of the table of positions from `first` on.
static Value importTable(ModelBuilder &builder, int64_t first) {
  const ModelDescription &model = builder.description();
  if (model.position.kind == PositionKind::Learned)
    return builder.weightRows(WeightRole::PositionEmbedding, first);
  return builder.computedTable("position.sinusoids",
                               model.position.rows - first,
                               makeSinusoids(model, first));
}

static Value importPositions(ModelBuilder &builder, const IdInputs &inputs) {
  const PositionDescription &position = builder.description().position;
  if (position.kind == PositionKind::Sinusoidal)
    builder.enter("position");
  else
    builder.enter(WeightRole::PositionEmbedding);
  if (inputs.positionIds)
    return builder.embedding(inputs.positionIds,
                             importTable(builder, position.offset));
  // From padding, tokens count from 1, so that the offset is one less.
  int64_t offset = position.offset - (position.fromPadding ? 1 : 0);
  OpBuilder &ops = builder.ops();
  Value ids = PositionsOp::create(
      ops, builder.loc(), inputs.inputIds.getType(), inputs.inputIds,
      ops.getI64IntegerAttr(offset),
      position.fromPadding ? ops.getI64IntegerAttr(position.paddingId)
                           : IntegerAttr());
  return builder.embedding(ids, importTable(builder, 0));
}

Value attune::importEmbeddings(ModelBuilder &builder, const IdInputs &inputs) {
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
  if (model.position.kind != PositionKind::None) {
    Value position = importPositions(builder, inputs);
    builder.enter(WeightRole::TokenEmbedding, 0, /*levels=*/2);
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
