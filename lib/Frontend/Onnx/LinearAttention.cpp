//===- LinearAttention.cpp - Linear attention and causal convolution ------===//
#include "NeuralOps.h"
#include <cmath>

using namespace mlir;
using namespace attune;

/// What attune.linear_attention and attune.causal_conv take.
static Value toF32(GraphBuilder &b, Value value) {
  return value ? b.cast(value, b.ops().getF32Type()) : value;
}

static llvm::Error importLinearAttention(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  enum Input { kQuery, kKey, kValue, kPast, kDecay, kBeta };
  int64_t heads = node.integer("q_num_heads", 0);
  int64_t kvHeads = node.integer("kv_num_heads", 0);
  std::string name = node.string("update_rule", "gated_delta");
  std::optional<UpdateRule> rule = symbolizeUpdateRule(name);
  if (!rule)
    return node.error("expected update_rule to be linear, gated, delta or "
                      "gated_delta");
  bool gates = *rule == UpdateRule::gated || *rule == UpdateRule::gated_delta;
  bool corrects =
      *rule == UpdateRule::delta || *rule == UpdateRule::gated_delta;
  if (gates != node.hasInput(kDecay) || corrects != node.hasInput(kBeta))
    return node.error("expected decay for gated rules and beta for delta rules "
                      "alone");
  if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0)
    return node.error("expected q_num_heads to be a multiple of kv_num_heads");
  for (unsigned i = kQuery; i <= kBeta; ++i)
    if (node.hasInput(i) && node.rank(i) != (i == kPast ? 4 : 3))
      return node.error("expected inputs of rank 3 and a state of rank 4");
  Value query = toF32(b, node.value(kQuery)), key = toF32(b, node.value(kKey)),
        value = toF32(b, node.value(kValue));
  int64_t keySize = headSize(b, key, kvHeads, "a key");
  int64_t valueSize = headSize(b, value, kvHeads, "a value");
  if (llvm::Error problem = node.check())
    return problem;
  DimExpr batch = node.shape(kQuery)[0];
  auto isWide = [&](unsigned i, ArrayRef<int64_t> widths) {
    return !node.hasInput(i) || llvm::any_of(widths, [&](int64_t width) {
      return node.shape(i)[2] == DimExpr(width);
    });
  };
  SymbolicShape state = {batch, kvHeads, keySize, valueSize};
  bool hasState = node.hasInput(kPast);
  if (node.shape(kQuery)[2] != DimExpr(heads * keySize) ||
      !isWide(kDecay, {kvHeads, kvHeads * keySize}) ||
      !isWide(kBeta, {kvHeads, 1}) ||
      (hasState && ArrayRef(node.shape(kPast)).drop_front() !=
                       ArrayRef(state).drop_front()))
    return node.error("expected a query, decay, beta and state that fit the "
                      "heads of the key");
  for (unsigned i = kQuery; i <= kBeta; ++i)
    if (node.hasInput(i)) {
      b.requireEqual(node.shape(i)[0], batch);
      if (i != kPast)
        b.requireEqual(node.shape(i)[1], node.shape(kQuery)[1]);
    }
  double scale = node.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(double(keySize));
  SymbolicShape shape = node.shape(kQuery);
  shape[2] = heads * valueSize;
  Type f32 = b.ops().getF32Type();
  auto op = LinearAttentionOp::create(
      b.ops(), b.loc(), b.tensorType(f32, shape), b.tensorType(f32, state),
      /*present_sum=*/Type(), /*present_max=*/Type(),
      UpdateRuleAttr::get(b.context(), *rule), query, key, value,
      /*key_mask=*/Value(), toF32(b, node.optionalValue(kDecay)),
      toF32(b, node.optionalValue(kBeta)), /*log_weights=*/Value(),
      toF32(b, node.optionalValue(kPast)), /*past_sum=*/Value(),
      /*past_max=*/Value(), b.ops().getI64IntegerAttr(heads),
      b.ops().getI64IntegerAttr(kvHeads), b.ops().getF64FloatAttr(scale),
      /*full=*/UnitAttr(), /*denominator=*/FloatAttr(),
      /*squash=*/GateActivationAttr());
  b.setShape(op.getResult(), shape);
  b.setShape(op.getPresent(), state);
  if (node.needsResult(1)) {
    OnnxType type = node.type(hasState ? kPast : kQuery);
    node.setResult(1, b.cast(op.getPresent(), b.elementType(type)), type);
  }
  return node.result(b.cast(op.getResult(), b.elementType(node.type(kQuery))));
}

/// A convolution of each channel over the last k positions, of which the first
/// k - 1 come from the state.
static llvm::Error importCausalConv(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  enum Input { kInput, kWeight, kBias, kPast };
  if (node.rank(kInput) != 3 || node.rank(kWeight) != 3)
    return node.error("expected input and weight of rank 3");
  std::string activation = node.string("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return node.error("expected activation to be none, silu or swish");
  SymbolicShape shape = node.shape(kInput);
  std::optional<int64_t> channels = node.shape(kWeight)[0].getConstant(),
                         taps = node.shape(kWeight)[2].getConstant();
  if (!channels || !taps || *taps < 1 || node.shape(kWeight)[1] != DimExpr(1) ||
      shape[1] != DimExpr(*channels))
    return node.error("expected a weight [channels, 1, k]");
  SymbolicShape state = {shape[0], *channels, *taps - 1};
  if (node.hasInput(kPast) &&
      (node.rank(kPast) != 3 || node.shape(kPast)[1] != state[1] ||
       node.shape(kPast)[2] != state[2]))
    return node.error("expected a past state [batch, channels, k - 1]");
  if (node.hasInput(kPast))
    b.requireEqual(node.shape(kPast)[0], shape[0]);
  if (node.hasInput(kBias) && node.shape(kBias) != SymbolicShape{*channels})
    return node.error("expected a bias of one number a channel");
  Type f32 = b.ops().getF32Type();
  Value weight = b.reshape(toF32(b, node.value(kWeight)), {*channels, *taps});
  auto op = CausalConvOp::create(
      b.ops(), b.loc(), b.tensorType(f32, shape), b.tensorType(f32, state),
      toF32(b, node.value(kInput)), weight, toF32(b, node.optionalValue(kBias)),
      toF32(b, node.optionalValue(kPast)),
      activation == "none" ? UnitAttr() : b.ops().getUnitAttr());
  b.setShape(op.getResult(), shape);
  b.setShape(op.getPresent(), state);
  Type element = b.elementType(node.type(kInput));
  if (node.needsResult(1))
    node.setResult(1, b.cast(op.getPresent(), element));
  return node.result(b.cast(op.getResult(), element));
}

void attune::registerLinearAttention(OnnxOps &ops) {
  ops.add("LinearAttention", {3, 6}, importLinearAttention);
  ops.add("CausalConvWithState", {2, 4}, importCausalConv);
}
