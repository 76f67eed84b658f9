//===- LinearLayer.cpp - Linear attention of one layer --------------------===//
#include "Importers.h"
#include "attune/Dialect/Attune/Transforms/LinearAttentionBuilder.h"

using namespace mlir;
using namespace attune;

namespace {
/// The roles of the weights that features have.
struct FeatureRoles {
  WeightRole projection, bias, mix, tilt, offset;
};
} // namespace

static constexpr FeatureRoles kQueryRoles = {
    WeightRole::QueryFeatureProjection, WeightRole::QueryFeatureBias,
    WeightRole::QueryFeatureMix, WeightRole::QueryFeatureTilt,
    WeightRole::QueryFeatureOffset};
static constexpr FeatureRoles kKeyRoles = {
    WeightRole::KeyFeatureProjection, WeightRole::KeyFeatureBias,
    WeightRole::KeyFeatureMix, WeightRole::KeyFeatureTilt,
    WeightRole::KeyFeatureOffset};

static FeatureParameters importFeatures(ModelBuilder &builder, int64_t layer,
                                        const FeatureDescription &features,
                                        const FeatureRoles &roles) {
  auto load = [&](bool isThere, WeightRole role) {
    return isThere ? builder.weight(role, layer) : Value();
  };
  FeatureParameters result;
  // Descriptions have the names of the ops.
  result.map = *symbolizeFeatureMap(toString(features.kind));
  result.projection = load(features.projection > 0, roles.projection);
  result.bias = load(features.bias, roles.bias);
  result.mix = load(features.mix > 0, roles.mix);
  result.tilt = load(features.tilt, roles.tilt);
  result.offset = load(features.offset, roles.offset);
  result.scale = features.scale;
  result.order = features.order;
  result.epsilon = features.epsilon;
  result.norm = *symbolizeFeatureNorm(toString(features.norm));
  result.normEpsilon = features.normEpsilon;
  return result;
}

/// log(1 + e^-|x|), which softplus and log_sigmoid are a line away from.
static Value softCorner(ModelBuilder &builder, Value input) {
  OpBuilder &ops = builder.ops();
  Value decreasing = builder.unary(
      UnaryKind::k_exp,
      builder.scale(builder.unary(UnaryKind::k_abs, input), -1.0));
  auto scalar = RankedTensorType::get({}, ops.getF32Type());
  Value one = ConstantOp::create(ops, builder.loc(), scalar,
                                 DenseElementsAttr::get(scalar, 1.0f));
  return builder.unary(UnaryKind::k_log, builder.add(decreasing, one));
}

/// g of the gated rules, of each token or [kv_heads].
static Value importDecay(ModelBuilder &builder, Value input, int64_t layer) {
  const DecayDescription &decay = builder.description().attention.linear.decay;
  switch (decay.kind) {
  case DecayKind::None:
    return {};
  case DecayKind::Slopes:
    return builder.weight(WeightRole::DecaySlopes, layer);
  case DecayKind::LogSigmoid: {
    Value gate = builder.linear(input, WeightRole::DecayWeight,
                                WeightRole::DecayBias, layer);
    // -(max(-x, 0) + log(1 + e^-|x|)).
    Value positive =
        builder.activation(Activation::Relu, builder.scale(gate, -1.0));
    return builder.scale(builder.add(positive, softCorner(builder, gate)),
                         -1.0 / decay.temperature);
  }
  case DecayKind::Softplus: {
    Value gate = builder.linear(input, WeightRole::DecayWeight,
                                WeightRole::DecayBias, layer);
    Value positive = builder.activation(Activation::Relu, gate);
    return builder.mul(builder.add(positive, softCorner(builder, gate)),
                       builder.weight(WeightRole::DecaySlopes, layer));
  }
  }
  return {};
}

static Value importBeta(ModelBuilder &builder, Value input, int64_t layer) {
  if (!builder.description().attention.linear.isDelta())
    return {};
  return builder.unary(UnaryKind::k_sigmoid,
                       builder.linear(input, WeightRole::BetaWeight,
                                      WeightRole::BetaBias, layer));
}

static LinearAttentionParameters importParameters(ModelBuilder &builder,
                                                  Value input, int64_t layer) {
  const AttentionDescription &attention = builder.description().attention;
  const LinearDescription &linear = attention.linear;
  LinearAttentionParameters result;
  result.heads = attention.heads;
  result.kvHeads = attention.kvHeads;
  result.rule = *symbolizeUpdateRule(toString(linear.rule));
  result.scale = linear.scale;
  result.denominator = linear.denominator;
  if (linear.squash != SquashKind::None)
    result.squash = symbolizeGateActivation(toString(linear.squash));
  result.full = attention.mask == AttentionMask::Padding;
  if (linear.isHybrid())
    result.near = NearKeys{linear.window, linear.sinks, attention.scale};
  result.decay = importDecay(builder, input, layer);
  result.beta = importBeta(builder, input, layer);
  builder.enter(WeightRole::QueryWeight, layer, /*levels=*/2);
  result.queryFeatures =
      importFeatures(builder, layer, linear.features, kQueryRoles);
  result.keyFeatures =
      linear.keyFeatures
          ? importFeatures(builder, layer, *linear.keyFeatures, kKeyRoles)
          : result.queryFeatures;
  return result;
}

Value attune::importLinearAttention(ModelBuilder &builder, Value input,
                                    const Projections &projections,
                                    AttentionContext &context) {
  LinearAttentionParameters parameters =
      importParameters(builder, input, context.layer);
  // In the order of getCarried.
  LinearAttentionState past;
  if (!context.past.empty()) {
    past.state = context.past[0];
    if (parameters.carriesSum())
      past.sum = context.past[1];
    if (parameters.carriesMax())
      past.max = context.past.back();
  }
  LinearAttentionResult built = buildLinearAttention(
      builder.ops(), builder.loc(), projections.query, projections.key,
      projections.value, context.mask, parameters, past);
  const LinearAttentionState &present = built.present;
  if (!context.past.empty())
    for (Value part : {present.state, present.sum, present.max})
      if (part)
        context.present.push_back(part);
  return built.result;
}
