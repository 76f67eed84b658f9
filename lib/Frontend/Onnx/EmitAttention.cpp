//===- EmitAttention.cpp - Attention as attune.attention or in parts ------===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

void attune::addBias(GraphBuilder &b, Value &bias, Value more) {
  bias = bias ? b.add(bias, more) : more;
}

Value attune::biasFrom(GraphBuilder &b, Value condition, Type element,
                       double otherwise) {
  return b.where(condition, b.scalar(element, 0), b.scalar(element, otherwise));
}

Value attune::emitDistances(GraphBuilder &b, const DimExpr &queries,
                            const DimExpr &keys, const DimExpr &offset) {
  Type i64 = b.ops().getI64Type();
  Value rows = b.iota(i64, queries);
  if (offset != DimExpr())
    rows = b.add(rows, b.reshape(b.extents({offset}), {}));
  rows = b.unsqueeze(rows, {0, 1, 3});
  Value columns = b.unsqueeze(b.iota(i64, keys), {0, 1, 2});
  return b.sub(rows, columns);
}

Value attune::maskFromLengths(GraphBuilder &b, Value lengths,
                              const DimExpr &keys) {
  Type i64 = b.ops().getI64Type();
  Value wide = b.unsqueeze(b.cast(lengths, i64), {1});
  Value columns = b.unsqueeze(b.iota(i64, keys), {0});
  return b.cast(b.compare(CompareKind::k_lt, columns, wide), i64);
}

/// Whether the parts have what attune.attention takes.
static bool isFused(GraphBuilder &b, const AttentionParts &parts) {
  for (Value value : {parts.query, parts.key, parts.value})
    if (!GraphBuilder::element(value).isF32())
      return false;
  return true;
}

static Value emitFused(GraphBuilder &b, const AttentionParts &parts,
                       const SymbolicShape &result) {
  OpBuilder &ops = b.ops();
  return b.create<AttentionOp>(
      ops.getF32Type(), result, parts.query, parts.key, parts.value,
      parts.keyMask, parts.bias, ops.getI64IntegerAttr(parts.heads),
      ops.getI64IntegerAttr(parts.kvHeads),
      ops.getF32FloatAttr(static_cast<float>(parts.scale)),
      CausalAttr::get(b.context(), parts.causal),
      ops.getF32FloatAttr(static_cast<float>(parts.softcap)));
}

/// Attention as a graph of smaller ops, which also gives the scores.
static Value emitInParts(GraphBuilder &b, const AttentionParts &parts,
                         Value *wanted, ScoresAt at) {
  int64_t group = parts.heads / parts.kvHeads;
  Value query = splitHeads(b, parts.query, parts.heads);
  Value key = repeatHeads(b, splitHeads(b, parts.key, parts.kvHeads), group);
  Value value =
      repeatHeads(b, splitHeads(b, parts.value, parts.kvHeads), group);
  Type element = GraphBuilder::element(query);
  Value scores = emitScale(b, b.matmul(query, key, true), parts.scale);
  auto note = [&](ScoresAt here) {
    if (wanted && at == here)
      *wanted = scores;
  };
  note(ScoresAt::Product);
  if (parts.softcap != 0)
    scores = emitScale(b, b.tanh(emitScale(b, scores, 1 / parts.softcap)),
                       parts.softcap);
  note(ScoresAt::Softcap);
  Value bias = parts.bias;
  if (parts.keyMask) {
    Value visible = b.compare(CompareKind::k_ne, parts.keyMask,
                              b.scalarLike(parts.keyMask, 0));
    addBias(b, bias, biasFrom(b, b.unsqueeze(visible, {1, 2}), element));
  }
  if (parts.causal != Causal::none) {
    DimExpr queries = b.shape(query)[2], keys = b.shape(key)[2];
    Value distances =
        emitDistances(b, queries, keys,
                      parts.causal == Causal::end ? keys - queries : DimExpr());
    addBias(b, bias,
            biasFrom(b,
                     b.compare(CompareKind::k_ge, distances,
                               b.scalarLike(distances, 0)),
                     element));
  }
  if (bias)
    scores = b.add(scores, bias);
  note(ScoresAt::Masked);
  scores = emitMaskedSoftmax(b, scores);
  note(ScoresAt::Softmax);
  return mergeHeads(b, b.matmul(scores, value));
}

Value attune::emitAttention(GraphBuilder &b, const AttentionParts &parts,
                            Value *scores, ScoresAt at) {
  if (b.rank(parts.query) != 3 || b.rank(parts.key) != 3 ||
      b.rank(parts.value) != 3) {
    b.fail("expected query, key and value of rank 3");
    return parts.query;
  }
  if (parts.heads < 1 || parts.kvHeads < 1 ||
      parts.heads % parts.kvHeads != 0) {
    b.fail("expected a number of heads that is a multiple of that of keys, "
           "found " +
           Twine(parts.heads) + " and " + Twine(parts.kvHeads));
    return parts.query;
  }
  int64_t size = headSize(b, parts.query, parts.heads, "a query");
  int64_t keySize = headSize(b, parts.key, parts.kvHeads, "a key");
  int64_t valueSize = headSize(b, parts.value, parts.kvHeads, "a value");
  if (!b.failed() && size != keySize)
    b.fail("expected the head size of query and key to be the same, found " +
           Twine(size) + " and " + Twine(keySize));
  if (b.failed())
    return parts.query;
  SymbolicShape result = b.shape(parts.query), keys = b.shape(parts.key),
                values = b.shape(parts.value);
  for (const SymbolicShape &other : {keys, values})
    b.requireEqual(result[0], other[0]);
  b.requireEqual(keys[1], values[1]);
  if (parts.keyMask && b.rank(parts.keyMask) == 2) {
    b.requireEqual(b.shape(parts.keyMask)[0], result[0]);
    b.requireEqual(b.shape(parts.keyMask)[1], keys[1]);
  }
  if (parts.bias)
    (void)b.broadcast(b.shape(parts.bias),
                      {result[0], parts.heads, result[1], keys[1]});
  result[2] = parts.heads * valueSize;
  if (!scores && isFused(b, parts))
    return emitFused(b, parts, result);
  return emitInParts(b, parts, scores, at);
}
