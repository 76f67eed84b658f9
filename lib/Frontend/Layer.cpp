//===- Layer.cpp - Attention and feed-forward of one layer ----------------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

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

Value attune::importLayer(ModelBuilder &builder, Value hidden,
                          AttentionContext &context) {
  int64_t layer = context.layer;
  hidden =
      importSubLayer(builder, hidden, layer, WeightRole::AttentionNormWeight,
                     WeightRole::AttentionNormBias, [&](Value input) {
                       return importAttention(builder, input, context);
                     });
  return importSubLayer(builder, hidden, layer, WeightRole::FfnNormWeight,
                        WeightRole::FfnNormBias, [&](Value input) {
                          return importFeedForward(builder, input, layer);
                        });
}
