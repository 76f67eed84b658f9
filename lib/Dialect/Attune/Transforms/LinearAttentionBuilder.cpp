//===- LinearAttentionBuilder.cpp - Linear attention of one layer ---------===//
#include "attune/Dialect/Attune/Transforms/LinearAttentionBuilder.h"

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static bool isExponential(FeatureMap map) {
  return map == FeatureMap::exp || map == FeatureMap::favor ||
         map == FeatureMap::favor_hyperbolic;
}

/// Whether features come with a scale of their own: `log_scale`.
static bool hasScale(const FeatureParameters &features) {
  return features.tilt || features.offset ||
         (isExponential(features.map) && features.norm == FeatureNorm::none);
}

/// Whether the features are the columns themselves.
static bool isTrivial(const FeatureParameters &features) {
  return features.map == FeatureMap::identity && !features.projection &&
         !features.bias && !features.mix && !features.tilt &&
         features.scale == 1.0 && features.epsilon == 0.0 &&
         features.norm == FeatureNorm::none;
}

std::optional<int64_t>
LinearAttentionParameters::countFeatures(const FeatureParameters &features,
                                         int64_t headDim) {
  if (features.mix)
    return ranked(features.mix).getDimSize(1);
  int64_t rows =
      features.projection ? ranked(features.projection).getDimSize(1) : headDim;
  return FeatureMapOp::countFeatures(features.map, rows, features.order);
}

bool LinearAttentionParameters::carriesMax() const {
  return !near && rule == UpdateRule::linear && !squash &&
         hasScale(keyFeatures);
}

namespace {
/// Features of all heads, and their scales where they were asked for.
struct Features {
  Value value, scale;
};
} // namespace

static Features mapFeatures(OpBuilder &builder, Location loc, Value input,
                            int64_t heads, const FeatureParameters &features,
                            bool withScale) {
  if (isTrivial(features) && !withScale)
    return {input, Value()};
  RankedTensorType type = ranked(input);
  int64_t headDim = type.getDimSize(2) / heads;
  // The verifier says what is wrong with features that cannot be counted.
  int64_t number =
      LinearAttentionParameters::countFeatures(features, headDim).value_or(0);
  SmallVector<int64_t> shape(type.getShape());
  shape[2] = heads * number;
  SmallVector<int64_t> ofHeads = {shape[0], shape[1], heads};
  auto op = FeatureMapOp::create(
      builder, loc, type.clone(shape), withScale ? type.clone(ofHeads) : Type(),
      FeatureMapAttr::get(builder.getContext(), features.map), input,
      features.projection, features.bias, features.mix,
      withScale ? features.tilt : Value(), builder.getI64IntegerAttr(heads),
      builder.getF64FloatAttr(features.scale),
      builder.getI64IntegerAttr(features.order),
      builder.getF64FloatAttr(features.epsilon),
      FeatureNormAttr::get(builder.getContext(), features.norm),
      builder.getF64FloatAttr(features.normEpsilon));
  return {op.getResult(), op.getLogScale()};
}

/// Repeats each of `kvHeads` heads for the heads of queries that belong to it.
static Value repeatHeads(OpBuilder &builder, Location loc, Value key,
                         int64_t heads, int64_t kvHeads) {
  if (heads == kvHeads)
    return key;
  RankedTensorType type = ranked(key);
  SmallVector<int64_t> shape(type.getShape());
  int64_t headDim = shape[2] / kvHeads;
  auto shaped = [&](int64_t count) {
    return type.clone({shape[0], shape[1], count, headDim});
  };
  Value split = ReshapeOp::create(builder, loc, shaped(kvHeads), key,
                                  ArrayRef<int64_t>{0, 0, kvHeads, headDim});
  SmallVector<int64_t> owners;
  for (int64_t head = 0; head < heads; ++head)
    owners.push_back(head / (heads / kvHeads));
  auto indices = DenseIntElementsAttr::get(
      RankedTensorType::get(heads, builder.getI64Type()), owners);
  Value index = ConstantOp::create(builder, loc, indices.getType(), indices);
  Value repeated =
      GatherOp::create(builder, loc, shaped(heads), split, index, /*axis=*/2);
  shape[2] = heads * headDim;
  return ReshapeOp::create(builder, loc, type.clone(shape), repeated,
                           ArrayRef<int64_t>{0, 0, shape[2]});
}

static Value buildHybrid(OpBuilder &builder, Location loc, Value query,
                         Value key, Value value, Value mask, Type result,
                         const LinearAttentionParameters &p) {
  // Scales are of both or of neither.
  bool withScale = hasScale(p.queryFeatures) || hasScale(p.keyFeatures);
  Features queries =
      mapFeatures(builder, loc, query, p.heads, p.queryFeatures, withScale);
  Features keys = mapFeatures(
      builder, loc, repeatHeads(builder, loc, key, p.heads, p.kvHeads), p.heads,
      p.keyFeatures, withScale);
  for (auto [side, offset] : {std::pair(&queries, p.queryFeatures.offset),
                              std::pair(&keys, p.keyFeatures.offset)})
    if (offset)
      side->scale = AddOp::create(builder, loc, side->scale.getType(),
                                  side->scale, offset);
  return HybridAttentionOp::create(
      builder, loc, result, query, key, value, queries.value, keys.value,
      queries.scale, keys.scale, mask, builder.getI64IntegerAttr(p.heads),
      builder.getI64IntegerAttr(p.kvHeads),
      builder.getF64FloatAttr(p.near->scale),
      builder.getI64IntegerAttr(p.near->window),
      builder.getI64IntegerAttr(p.near->sinks),
      p.full ? builder.getUnitAttr() : UnitAttr());
}

LinearAttentionResult
attune::buildLinearAttention(OpBuilder &builder, Location loc, Value query,
                             Value key, Value value, Value mask,
                             const LinearAttentionParameters &p,
                             const LinearAttentionState &past) {
  SmallVector<int64_t> shape(ranked(query).getShape());
  int64_t valueDim = ranked(value).getDimSize(2) / p.kvHeads;
  shape[2] = p.heads * valueDim;
  RankedTensorType result = ranked(query).clone(shape);
  if (p.near)
    return {buildHybrid(builder, loc, query, key, value, mask, result, p), {}};

  // The scale of a query is in numerator and denominator alike.
  bool cancels = p.denominator && *p.denominator == 0.0;
  Features queries =
      mapFeatures(builder, loc, query, p.heads, p.queryFeatures,
                  cancels && isExponential(p.queryFeatures.map) &&
                      p.queryFeatures.norm == FeatureNorm::none);
  Features keys =
      mapFeatures(builder, loc, key, p.kvHeads, p.keyFeatures, p.carriesMax());
  int64_t features = ranked(keys.value).getDimSize(2) / p.kvHeads;
  auto stateType = [&](ArrayRef<int64_t> extents) {
    SmallVector<int64_t> all = {shape[0], p.kvHeads};
    llvm::append_range(all, extents);
    return result.clone(all);
  };
  auto op = LinearAttentionOp::create(
      builder, loc, result, stateType({features, valueDim}),
      p.carriesSum() ? stateType(features) : Type(),
      p.carriesMax() ? stateType({}) : Type(),
      UpdateRuleAttr::get(builder.getContext(), p.rule), queries.value,
      keys.value, value, mask, p.decay, p.beta, keys.scale, past.state,
      past.sum, past.max, builder.getI64IntegerAttr(p.heads),
      builder.getI64IntegerAttr(p.kvHeads), builder.getF64FloatAttr(p.scale),
      p.full ? builder.getUnitAttr() : UnitAttr(),
      p.denominator ? builder.getF64FloatAttr(*p.denominator) : FloatAttr(),
      p.squash ? GateActivationAttr::get(builder.getContext(), *p.squash)
               : GateActivationAttr());
  return {op.getResult(),
          {op.getPresent(), op.getPresentSum(), op.getPresentMax()}};
}
