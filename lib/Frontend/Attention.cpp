//===- Attention.cpp - The attention of one layer -------------------------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

SmallVector<CarriedTensor> attune::getCarried(const ModelDescription &model,
                                              int64_t layer) {
  const AttentionDescription &attention = model.attention;
  int64_t open = ShapedType::kDynamic;
  if (!attention.isLinear(layer)) {
    SmallVector<CarriedTensor> tensors;
    for (StringRef name : {"key", "value"})
      tensors.push_back({name,
                         {open, open, model.keyWidth()},
                         {"batch", "past", ""},
                         {"batch", "length + past", ""}});
    return tensors;
  }
  const LinearDescription &linear = attention.linear;
  // Validated descriptions have a number of features.
  int64_t features = linear.ofKeys().features(attention.headDim).value_or(0);
  SmallVector<int64_t> shape = {open, attention.kvHeads, features,
                                attention.headDim};
  SmallVector<StringRef> dims = {"batch", "", "", ""};
  SmallVector<CarriedTensor> tensors;
  auto carry = [&](StringRef name, size_t rank) {
    tensors.push_back({name, llvm::to_vector(ArrayRef(shape).take_front(rank)),
                       llvm::to_vector(ArrayRef(dims).take_front(rank)),
                       llvm::to_vector(ArrayRef(dims).take_front(rank))});
  };
  carry("state", 4);
  if (linear.carriesSum())
    carry("sum", 3);
  if (linear.carriesMax())
    carry("max", 2);
  return tensors;
}

/// [batch, length, heads * D] to [batch, heads, length, D].
static Value splitHeads(ModelBuilder &builder, Value packed) {
  const AttentionDescription &attention = builder.description().attention;
  Value split =
      builder.reshape(packed, {0, 0, attention.heads, attention.headDim});
  return builder.transpose(split, {0, 2, 1, 3});
}

/// Each query sees the keys that the mask lets through: as products, mask and
/// softmax.
static Value importFullAttention(ModelBuilder &builder,
                                 const Projections &projections, Value mask) {
  const ModelDescription &model = builder.description();
  Value query = splitHeads(builder, projections.query),
        key = splitHeads(builder, projections.key),
        value = splitHeads(builder, projections.value);
  Value scores = builder.matmul(query, key, /*transposeRhs=*/true);
  scores = builder.scale(scores, model.attention.scale);
  OpBuilder &ops = builder.ops();
  scores = MaskOp::create(ops, builder.loc(), scores.getType(), scores, mask);
  Value probabilities =
      SoftmaxOp::create(ops, builder.loc(), scores.getType(), scores);
  Value context = builder.matmul(probabilities, value, /*transposeRhs=*/false);
  context = builder.transpose(context, {0, 2, 1, 3});
  return builder.reshape(context, {0, 0, model.attentionWidth()});
}

/// Causal attention, and that of grouped heads, is one op from the start: there
/// are no ops for its parts that would say less.
static Value importFusedAttention(ModelBuilder &builder,
                                  const Projections &projections, Value mask) {
  const AttentionDescription &attention = builder.description().attention;
  OpBuilder &ops = builder.ops();
  // Where keys of earlier calls come first, both end at the same token.
  Causal causal =
      attention.mask == AttentionMask::Causal ? Causal::end : Causal::none;
  return AttentionOp::create(
      ops, builder.loc(), projections.query.getType(), projections.query,
      projections.key, projections.value, mask, /*bias=*/Value(),
      ops.getI64IntegerAttr(attention.heads),
      ops.getI64IntegerAttr(attention.kvHeads),
      ops.getF32FloatAttr(static_cast<float>(attention.scale)),
      CausalAttr::get(ops.getContext(), causal), ops.getF32FloatAttr(0));
}

static Value importSoftmaxAttention(ModelBuilder &builder,
                                    Projections projections,
                                    AttentionContext &context) {
  const AttentionDescription &attention = builder.description().attention;
  if (!context.past.empty()) {
    projections.key = builder.concat(context.past[0], projections.key, 1);
    projections.value = builder.concat(context.past[1], projections.value, 1);
    context.present = {projections.key, projections.value};
  }
  bool isPlain = attention.mask == AttentionMask::Padding &&
                 attention.heads == attention.kvHeads;
  return isPlain ? importFullAttention(builder, projections, context.mask)
                 : importFusedAttention(builder, projections, context.mask);
}

Value attune::importAttention(ModelBuilder &builder, Value input,
                              AttentionContext &context) {
  int64_t layer = context.layer;
  Projections projections;
  projections.query = builder.linear(input, WeightRole::QueryWeight,
                                     WeightRole::QueryBias, layer);
  projections.key =
      builder.linear(input, WeightRole::KeyWeight, WeightRole::KeyBias, layer);
  projections.value = builder.linear(input, WeightRole::ValueWeight,
                                     WeightRole::ValueBias, layer);
  // The part that holds the projections.
  builder.enter(WeightRole::QueryWeight, layer, /*levels=*/2);
  Value result =
      builder.description().attention.isLinear(layer)
          ? importLinearAttention(builder, input, projections, context)
          : importSoftmaxAttention(builder, projections, context);
  return builder.linear(result, WeightRole::AttentionOutWeight,
                        WeightRole::AttentionOutBias, layer);
}
