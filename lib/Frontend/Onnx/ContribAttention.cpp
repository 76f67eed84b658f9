//===- ContribAttention.cpp - Attention of onnxruntime's optimiser --------===//
//
// MultiHeadAttention, GroupQueryAttention and Attention of "com.microsoft".
// Masks of integers are 1 where a key may be seen.
//
//===----------------------------------------------------------------------===//
#include "NeuralOps.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

class ContribAttention {
public:
  explicit ContribAttention(NodeImporter &node)
      : node(node), b(node.builder()) {}
  llvm::Error importMultiHead();
  llvm::Error importGroupQuery();
  llvm::Error importPacked();

private:
  void addMask(unsigned input);
  void addScoresBias(unsigned input);
  void addCausal(int64_t window);
  Value withPast(Value packed, unsigned pastInput, Value &present);
  void addProjectionBias(unsigned input);
  llvm::Error rotate(unsigned cos, unsigned sin, unsigned ids);
  llvm::Error finish(unsigned keyResult, unsigned valueResult);

  NodeImporter &node;
  GraphBuilder &b;
  AttentionParts parts;
  Value presentKey, presentValue;
  DimExpr past;
};

DimExpr lengthOf(GraphBuilder &b, Value packed) {
  SymbolicShape shape = b.shape(packed);
  return shape.size() == 3 ? shape[1] : DimExpr();
}

/// Of keys: [batch] lengths, [3 * batch + 2] (of which the first are lengths),
/// [batch, keys], or [batch, queries, keys].
void ContribAttention::addMask(unsigned input) {
  if (!node.hasInput(input) || b.failed())
    return;
  Value mask = node.value(input);
  SymbolicShape shape = b.shape(mask);
  DimExpr batch = b.shape(parts.query)[0], keys = lengthOf(b, parts.key);
  Type i64 = b.ops().getI64Type();
  double excluded = node.number("mask_filter_value", -10000);
  if (shape.size() == 1) {
    if (shape[0] != batch)
      mask = b.slice(mask, 0, 0, batch);
    parts.keyMask = maskFromLengths(b, mask, keys);
  } else if (shape.size() == 2) {
    parts.keyMask = b.cast(mask, i64);
  } else if (shape.size() == 3 || shape.size() == 4) {
    Value visible = b.compare(CompareKind::k_ne, mask, b.scalarLike(mask, 0));
    if (shape.size() == 3)
      visible = b.unsqueeze(visible, {1});
    addBias(b, parts.bias,
            biasFrom(b, visible, GraphBuilder::element(parts.query), excluded));
  } else {
    b.fail("expected a mask of rank 1 to 4");
  }
}

void ContribAttention::addScoresBias(unsigned input) {
  if (!node.hasInput(input))
    return;
  if (node.rank(input) != 4)
    return b.fail("expected a bias of scores of rank 4");
  addBias(b, parts.bias, node.value(input));
}

/// Queries end where the keys end. A window of n leaves the key of the query
/// itself and the n - 1 before it.
void ContribAttention::addCausal(int64_t window) {
  DimExpr queries = lengthOf(b, parts.query), keys = lengthOf(b, parts.key);
  parts.causal = queries == keys ? Causal::start : Causal::end;
  if (window < 1)
    return;
  Value distances = emitDistances(b, queries, keys, keys - queries);
  Value near =
      b.compare(CompareKind::k_lt, distances, b.scalarLike(distances, window));
  addBias(b, parts.bias, biasFrom(b, near, GraphBuilder::element(parts.query)));
}

Value ContribAttention::withPast(Value packed, unsigned pastInput,
                                 Value &present) {
  bool hasPast = node.hasInput(pastInput);
  present = splitHeads(b, packed, parts.kvHeads);
  if (!hasPast || b.failed())
    return packed;
  if (node.rank(pastInput) != 4) {
    b.fail("expected a past of [batch, heads, length, head size]");
    return packed;
  }
  past = node.shape(pastInput)[2];
  present = b.concat({node.value(pastInput), present}, 2);
  return b.failed() ? packed : mergeHeads(b, present);
}

/// One vector for query, key and value, one behind the other.
void ContribAttention::addProjectionBias(unsigned input) {
  if (!node.hasInput(input))
    return;
  Value bias = node.value(input);
  DimExpr first = 0;
  for (Value *part : {&parts.query, &parts.key, &parts.value}) {
    if (b.rank(*part) != 3)
      return b.fail("expected query, key and value of rank 3 with a bias");
    DimExpr columns = b.shape(*part)[2];
    *part = b.add(*part, b.slice(bias, 0, first, columns));
    first += columns;
  }
}

llvm::Error ContribAttention::finish(unsigned keyResult, unsigned valueResult) {
  if (llvm::Error problem = node.check())
    return problem;
  if (parts.scale == 0) {
    int64_t size = headSize(b, parts.query, parts.heads, "a query");
    parts.scale = 1 / std::sqrt(double(size));
  }
  Value result = emitAttention(b, parts);
  if (llvm::Error problem = node.check())
    return problem;
  node.setResult(keyResult, presentKey);
  node.setResult(valueResult, presentValue);
  return node.result(result);
}

/// Inputs: query, key, value, bias, key padding mask, bias of scores, past key,
/// past value.
llvm::Error ContribAttention::importMultiHead() {
  parts.heads = parts.kvHeads = node.integer("num_heads", 0);
  parts.scale = node.number("scale", 0);
  if (parts.heads < 1)
    return node.error("expected num_heads");
  if (node.needsResult(3))
    return node.unsupported("scores as a result");
  if (node.hasInput(8))
    return node.unsupported("a past that shares its memory with the present");
  SymbolicShape query = node.shape(0);
  auto packedPart = [&](Value packed, int64_t index) {
    // [batch, length, heads, parts, size]
    Value part = b.select(packed, 3, index);
    SymbolicShape shape = b.shape(part);
    return b.reshape(part, {shape[0], shape[1], shape[2] * shape[3]});
  };
  if (query.size() == 5) {
    Value packed = node.value(0);
    parts.query = packedPart(packed, 0);
    parts.key = packedPart(packed, 1);
    parts.value = packedPart(packed, 2);
  } else if (query.size() == 3 && node.hasInput(1)) {
    parts.query = node.value(0);
    if (node.rank(1) == 5) {
      Value packed = node.value(1);
      parts.key = packedPart(packed, 0);
      parts.value = packedPart(packed, 1);
    } else if (node.hasInput(2)) {
      auto packed = [&](unsigned i) {
        return node.rank(i) == 4 ? mergeHeads(b, node.value(i)) : node.value(i);
      };
      parts.key = packed(1);
      parts.value = packed(2);
    } else {
      return node.error("expected a value");
    }
  } else {
    return node.error("expected a query of rank 3 with a key, or query, key "
                      "and value packed with rank 5");
  }
  addProjectionBias(3);
  if (llvm::Error problem = node.check())
    return problem;
  parts.key = withPast(parts.key, 6, presentKey);
  parts.value = withPast(parts.value, 7, presentValue);
  if (llvm::Error problem = node.check())
    return problem;
  addMask(4);
  addScoresBias(5);
  if (node.integer("unidirectional", 0))
    addCausal(-1);
  return finish(1, 2);
}

llvm::Error ContribAttention::rotate(unsigned cosInput, unsigned sinInput,
                                     unsigned idsInput) {
  if (!node.hasInput(cosInput) || !node.hasInput(sinInput))
    return node.error("expected tables of cosines and sines");
  bool interleaved = node.integer("rotary_interleaved", 0) != 0;
  Value ids;
  if (node.hasInput(idsInput)) {
    ids = node.value(idsInput);
  } else {
    // The new tokens follow the past.
    Type i64 = b.ops().getI64Type();
    ids = b.iota(i64, lengthOf(b, parts.query));
    if (past != DimExpr())
      ids = b.add(ids, b.reshape(b.extents({past}), {}));
    ids = b.unsqueeze(ids, {0});
  }
  Value cos = b.gather(node.value(cosInput), ids, 0);
  Value sin = b.gather(node.value(sinInput), ids, 0);
  parts.query = emitRotary(b, parts.query, cos, sin, parts.heads, interleaved);
  parts.key = emitRotary(b, parts.key, cos, sin, parts.kvHeads, interleaved);
  return node.check();
}

/// Inputs: query, key, value, past key, past value, lengths of the keys less
/// one, the longest of these lengths, cosines, sines, position ids, bias of
/// scores.
llvm::Error ContribAttention::importGroupQuery() {
  parts.heads = node.integer("num_heads", 0);
  parts.kvHeads = node.integer("kv_num_heads", 0);
  parts.scale = node.number("scale", 0);
  parts.softcap = node.number("softcap", 0);
  if (parts.heads < 1 || parts.kvHeads < 1)
    return node.error("expected num_heads and kv_num_heads");
  if (node.integer("smooth_softmax", 0) > 0 || node.hasInput(11))
    return node.unsupported("a sink of attention");
  if (node.rank(0) != 3)
    return node.error("expected a query of rank 3");
  parts.query = node.value(0);
  if (node.hasInput(1) && node.hasInput(2)) {
    parts.key = node.value(1);
    parts.value = node.value(2);
  } else {
    // Packed: the heads of queries, of keys, of values.
    int64_t all = parts.heads + 2 * parts.kvHeads;
    int64_t size = headSize(b, parts.query, all, "a packed query");
    Value packed = parts.query;
    parts.query = b.slice(packed, 2, 0, parts.heads * size);
    parts.key = b.slice(packed, 2, parts.heads * size, parts.kvHeads * size);
    parts.value = b.slice(packed, 2, (parts.heads + parts.kvHeads) * size,
                          parts.kvHeads * size);
  }
  if (b.rank(parts.key) != 3 || b.rank(parts.value) != 3)
    return node.error("expected key and value of rank 3");
  if (node.hasInput(3) && node.rank(3) == 4)
    past = node.shape(3)[2];
  if (node.integer("do_rotary", 0))
    if (llvm::Error problem = rotate(7, 8, 9))
      return problem;
  parts.key = withPast(parts.key, 3, presentKey);
  parts.value = withPast(parts.value, 4, presentValue);
  if (llvm::Error problem = node.check())
    return problem;
  // The keys of a sequence end before the padding.
  if (node.hasInput(5)) {
    Type i64 = b.ops().getI64Type();
    Value last = b.cast(node.value(5), i64);
    if (b.rank(last) == 2)
      last = b.reshape(last, {b.shape(parts.query)[0]});
    parts.keyMask =
        maskFromLengths(b, b.add(last, 1.0), lengthOf(b, parts.key));
  }
  addScoresBias(10);
  addCausal(node.integer("local_window_size", -1));
  return finish(1, 2);
}

/// Inputs: input, weights of query, key and value side by side, their bias, a
/// mask, the past of keys and values, a bias of scores.
llvm::Error ContribAttention::importPacked() {
  parts.heads = parts.kvHeads = node.integer("num_heads", 0);
  parts.scale = node.number("scale", 0);
  if (parts.heads < 1)
    return node.error("expected num_heads");
  if (node.integer("do_rotary", 0) ||
      node.integer("past_present_share_buffer", 0))
    return node.unsupported("do_rotary and past_present_share_buffer");
  if (node.rank(0) != 3 || node.rank(1) != 2)
    return node.error("expected an input of rank 3 and weights of rank 2");
  Value projected = emitProduct(node, node.value(0), 1, /*transposed=*/false);
  if (node.hasInput(2))
    projected = b.add(projected, node.value(2));
  if (llvm::Error problem = node.check())
    return problem;
  std::optional<int64_t> columns = b.shape(projected)[2].getConstant();
  if (!columns)
    return node.error("expected weights of static extents");
  SmallVector<int64_t> sizes =
      node.integers("qkv_hidden_sizes")
          .value_or(SmallVector<int64_t>(3, *columns / 3));
  if (sizes.size() != 3)
    return node.error("expected three qkv_hidden_sizes");
  int64_t first = 0;
  Value *projections[] = {&parts.query, &parts.key, &parts.value};
  for (auto [part, size] : llvm::zip_equal(projections, sizes)) {
    if (size < 1 || size > *columns - first)
      return node.error("expected qkv_hidden_sizes that the weights have");
    *part = b.slice(projected, 2, first, size);
    first += size;
  }
  presentKey = splitHeads(b, parts.key, parts.heads);
  presentValue = splitHeads(b, parts.value, parts.heads);
  if (node.hasInput(4)) {
    // [2, batch, heads, length, size]
    if (node.rank(4) != 5)
      return node.error("expected a past of rank 5");
    Value both = node.value(4);
    presentKey = b.concat({b.select(both, 0, 0), presentKey}, 2);
    presentValue = b.concat({b.select(both, 0, 1), presentValue}, 2);
    parts.key = mergeHeads(b, presentKey);
    parts.value = mergeHeads(b, presentValue);
  }
  if (llvm::Error problem = node.check())
    return problem;
  addMask(3);
  addScoresBias(5);
  if (node.integer("unidirectional", 0))
    addCausal(-1);
  if (node.needsResult(1)) {
    Value both = b.concat(
        {b.unsqueeze(presentKey, {0}), b.unsqueeze(presentValue, {0})}, 0);
    node.setResult(1, both);
  }
  if (parts.scale == 0)
    parts.scale = 1 / std::sqrt(double(sizes[0]) / double(parts.heads));
  Value result = emitAttention(b, parts);
  return node.result(result);
}

} // namespace

static llvm::Error importMultiHeadAttention(NodeImporter &node) {
  return ContribAttention(node).importMultiHead();
}
static llvm::Error importGroupQueryAttention(NodeImporter &node) {
  return ContribAttention(node).importGroupQuery();
}
static llvm::Error importPackedAttention(NodeImporter &node) {
  return ContribAttention(node).importPacked();
}

void attune::registerContribAttention(OnnxOps &ops) {
  ops.add(kContribDomain, "MultiHeadAttention", {1, 10},
          importMultiHeadAttention);
  ops.add(kContribDomain, "GroupQueryAttention", {1, 14},
          importGroupQueryAttention);
  ops.add(kContribDomain, "Attention", {2, 7}, importPackedAttention);
}
