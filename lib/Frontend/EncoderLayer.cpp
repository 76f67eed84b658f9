//===- EncoderLayer.cpp - Attention and feed-forward of one layer ---------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

/// [batch, length, heads * D] to [batch, heads, length, D].
static Value splitHeads(ModelBuilder &builder, Value packed) {
  const AttentionDescription &attention = builder.description().attention;
  Value split =
      builder.reshape(packed, {0, 0, attention.heads, attention.headDim});
  return builder.transpose(split, {0, 2, 1, 3});
}

static Value importAttention(ModelBuilder &builder, Value input, Value mask,
                             int64_t layer) {
  const ModelDescription &model = builder.description();
  Value query =
      splitHeads(builder, builder.linear(input, WeightRole::QueryWeight,
                                         WeightRole::QueryBias, layer));
  Value key = splitHeads(builder, builder.linear(input, WeightRole::KeyWeight,
                                                 WeightRole::KeyBias, layer));
  Value value =
      splitHeads(builder, builder.linear(input, WeightRole::ValueWeight,
                                         WeightRole::ValueBias, layer));

  // The part that holds the projections.
  builder.enter(WeightRole::QueryWeight, layer, /*levels=*/2);
  OpBuilder &ops = builder.ops();
  Value scores = builder.matmul(query, key, /*transposeRhs=*/true);
  scores = builder.scale(scores, model.attention.scale);
  switch (model.attention.mask) {
  case AttentionMask::Padding:
    scores = MaskOp::create(ops, builder.loc(), scores.getType(), scores, mask);
    break;
  }
  Value probabilities =
      SoftmaxOp::create(ops, builder.loc(), scores.getType(), scores);
  Value context = builder.matmul(probabilities, value, /*transposeRhs=*/false);
  context = builder.transpose(context, {0, 2, 1, 3});
  context = builder.reshape(context, {0, 0, model.attentionWidth()});
  return builder.linear(context, WeightRole::AttentionOutWeight,
                        WeightRole::AttentionOutBias, layer);
}

static Value importFeedForward(ModelBuilder &builder, Value input,
                               int64_t layer) {
  const FfnDescription &ffn = builder.description().ffn;
  Value inner;
  if (ffn.gated) {
    Value gate = builder.linear(input, WeightRole::FfnGateWeight,
                                WeightRole::FfnGateBias, layer);
    gate = builder.activation(ffn.activation, gate);
    Value up = builder.linear(input, WeightRole::FfnInWeight,
                              WeightRole::FfnInBias, layer);
    inner = builder.mul(gate, up);
  } else {
    inner = builder.linear(input, WeightRole::FfnInWeight,
                           WeightRole::FfnInBias, layer);
    inner = builder.activation(ffn.activation, inner);
  }
  return builder.linear(inner, WeightRole::FfnOutWeight, WeightRole::FfnOutBias,
                        layer);
}

/// A sub-layer with its residual and its norm before or behind.
static Value importSubLayer(ModelBuilder &builder, Value hidden, int64_t layer,
                            WeightRole gamma, WeightRole beta,
                            llvm::function_ref<Value(Value)> body) {
  switch (builder.description().norm.placement) {
  case NormPlacement::Post: {
    Value sum = builder.add(body(hidden), hidden);
    return builder.norm(sum, gamma, beta, layer);
  }
  case NormPlacement::Pre: {
    Value normed = builder.norm(hidden, gamma, beta, layer);
    return builder.add(body(normed), hidden);
  }
  }
  return {};
}

Value attune::importEncoderLayer(ModelBuilder &builder, Value hidden,
                                 Value attentionMask, int64_t layer) {
  hidden = importSubLayer(
      builder, hidden, layer, WeightRole::AttentionNormWeight,
      WeightRole::AttentionNormBias, [&](Value input) {
        return importAttention(builder, input, attentionMask, layer);
      });
  return importSubLayer(builder, hidden, layer, WeightRole::FfnNormWeight,
                        WeightRole::FfnNormBias, [&](Value input) {
                          return importFeedForward(builder, input, layer);
                        });
}
