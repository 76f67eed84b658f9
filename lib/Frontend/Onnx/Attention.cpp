//===- Attention.cpp - ONNX's own Attention -------------------------------===//
#include "NeuralOps.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

class AttentionImport {
public:
  explicit AttentionImport(NodeImporter &node)
      : node(node), b(node.builder()) {}
  llvm::Error run();

private:
  enum Input { kQuery, kKey, kValue, kMask, kPastKey, kPastValue, kLengths };

  llvm::Error readHeads();
  void joinPast();
  void addMask();
  void addPositions();

  NodeImporter &node;
  GraphBuilder &b;
  AttentionParts parts;
  Value presentKey, presentValue; // [batch, heads, length, size]
  bool isSplit = false;           // inputs are of rank 4
  DimExpr queries, keys, past;
};

llvm::Error AttentionImport::readHeads() {
  int64_t rank = node.rank(kQuery);
  if ((rank != 3 && rank != 4) || node.rank(kKey) != rank ||
      node.rank(kValue) != rank)
    return node.error("expected query, key and value of rank 3, or all of "
                      "rank 4");
  isSplit = rank == 4;
  parts.query = node.value(kQuery);
  parts.key = node.value(kKey);
  parts.value = node.value(kValue);
  if (!isSplit) {
    parts.heads = node.integer("q_num_heads", 0);
    parts.kvHeads = node.integer("kv_num_heads", 0);
    if (parts.heads < 1 || parts.kvHeads < 1)
      return node.error("expected q_num_heads and kv_num_heads for inputs of "
                        "rank 3");
    queries = node.shape(kQuery)[1];
    return llvm::Error::success();
  }
  std::optional<int64_t> heads = node.shape(kQuery)[1].getConstant();
  std::optional<int64_t> kvHeads = node.shape(kKey)[1].getConstant();
  if (!heads || !kvHeads)
    return node.unsupported("a number of heads that is not known");
  parts.heads = *heads;
  parts.kvHeads = *kvHeads;
  queries = node.shape(kQuery)[2];
  parts.query = mergeHeads(b, parts.query);
  return llvm::Error::success();
}

/// Keys and values of the past come before those of the call. Without a past
/// the packed form of inputs of rank 3 needs no transposition.
void AttentionImport::joinPast() {
  bool hasPast = node.hasInput(kPastKey) && node.hasInput(kPastValue);
  bool showsPresent = node.needsResult(1) || node.needsResult(2);
  auto join = [&](Value &packed, Value &present, unsigned pastInput) {
    if (!isSplit && !hasPast && !showsPresent)
      return;
    present = isSplit ? packed : splitHeads(b, packed, parts.kvHeads);
    if (hasPast && !b.failed())
      present = b.concat({node.value(pastInput), present}, 2);
    if (isSplit || hasPast)
      packed = mergeHeads(b, present);
  };
  if (hasPast && node.rank(kPastKey) == 4)
    past = node.shape(kPastKey)[2];
  join(parts.key, presentKey, kPastKey);
  join(parts.value, presentValue, kPastValue);
  if (b.rank(parts.key) == 3)
    keys = b.shape(parts.key)[1];
}

/// The mask may be shorter than the keys: it excludes those behind it.
void AttentionImport::addMask() {
  if (!node.hasInput(kMask))
    return;
  Value mask = node.value(kMask);
  int64_t rank = b.rank(mask);
  if (rank < 1 || rank > 4)
    return b.fail("expected a mask of rank 1 to 4");
  SmallVector<int64_t> missing = axesFrom(0, 4 - rank);
  if (!missing.empty())
    mask = b.unsqueeze(mask, missing);
  bool isBool = GraphBuilder::element(mask).isInteger(1);
  Type element = GraphBuilder::element(parts.query);
  if (!isBool)
    mask = b.cast(mask, element);
  SymbolicShape shape = b.shape(mask);
  std::optional<int64_t> lacking = (keys - shape[3]).getConstant();
  // Where symbols decide, the mask is one of all keys.
  if (!lacking && shape[3] != DimExpr(1))
    b.requireEqual(shape[3], keys);
  if (lacking && *lacking != 0 && shape[3] != DimExpr(1)) {
    if (*lacking < 0)
      return b.fail("expected a mask for at most " + Twine(keys.str()) +
                    " keys, found one for " + shape[3].str());
    Value excluded = isBool ? b.scalar(b.ops().getI1Type(), 0)
                            : b.scalar(element, -INFINITY);
    mask = b.pad(PadMode::constant, mask, excluded, {0, 0, 0, 0},
                 {0, 0, 0, *lacking});
    shape = b.shape(mask);
  }
  if (!isBool)
    return addBias(b, parts.bias, mask);
  // One that only tells keys apart.
  if (shape[1] == DimExpr(1) && shape[2] == DimExpr(1) && shape[3] == keys &&
      shape[0] == b.shape(parts.query)[0]) {
    parts.keyMask =
        b.cast(b.reshape(mask, {shape[0], shape[3]}), b.ops().getI64Type());
    return;
  }
  addBias(b, parts.bias, biasFrom(b, mask, element));
}

/// Masks by position: causal, windows, and how many keys there are.
void AttentionImport::addPositions() {
  bool isCausal = node.integer("is_causal", 0) != 0;
  int64_t left = node.integer("left_window_size", -1);
  int64_t right = node.integer("right_window_size", -1);
  bool hasLengths = node.hasInput(kLengths) && !node.hasInput(kPastKey);
  if (hasLengths) {
    Value visible = maskFromLengths(b, node.value(kLengths), keys);
    parts.keyMask = parts.keyMask ? b.mul(parts.keyMask, visible) : visible;
  }
  bool hasWindow = left >= 0 || right >= 0;
  if (isCausal && !hasWindow && !hasLengths) {
    // Queries follow the past: they end where the keys end.
    if (past == DimExpr()) {
      parts.causal = Causal::start;
      return;
    }
    if (keys - queries == past) {
      parts.causal = Causal::end;
      return;
    }
  }
  if (!isCausal && !hasWindow)
    return;
  Value distances = emitDistances(b, queries, keys, past);
  if (hasLengths) {
    // Of each sequence, the queries are the last of its keys.
    Type i64 = b.ops().getI64Type();
    Value ends = b.unsqueeze(b.cast(node.value(kLengths), i64), {1, 2, 3});
    Value count = b.reshape(b.extents({queries}), {});
    distances = b.add(distances, b.sub(ends, count));
  }
  Type element = GraphBuilder::element(parts.query);
  auto limit = [&](CompareKind kind, int64_t bound) {
    Value allowed = b.compare(kind, distances, b.scalarLike(distances, bound));
    addBias(b, parts.bias, biasFrom(b, allowed, element));
  };
  if (isCausal)
    limit(CompareKind::k_ge, 0);
  if (left >= 0)
    limit(CompareKind::k_le, left);
  if (right >= 0)
    limit(CompareKind::k_ge, -right);
}

llvm::Error AttentionImport::run() {
  if (llvm::Error problem = readHeads())
    return problem;
  joinPast();
  if (llvm::Error problem = node.check())
    return problem;
  int64_t size = headSize(b, parts.query, parts.heads, "a query");
  parts.scale = node.number("scale", 1 / std::sqrt(double(size)));
  parts.softcap = node.number("softcap", 0);
  addMask();
  addPositions();
  if (llvm::Error problem = node.check())
    return problem;
  Value scores;
  int64_t mode = node.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return node.error("expected qk_matmul_output_mode from 0 to 3, found " +
                      Twine(mode));
  Value result =
      emitAttention(b, parts, node.needsResult(3) ? &scores : nullptr,
                    static_cast<ScoresAt>(mode));
  if (llvm::Error problem = node.check())
    return problem;
  if (node.needsResult(1))
    node.setResult(1, presentKey, node.type(kKey));
  if (node.needsResult(2))
    node.setResult(2, presentValue, node.type(kValue));
  if (node.needsResult(3))
    node.setResult(3, scores);
  return node.result(isSplit ? splitHeads(b, result, parts.heads) : result);
}

} // namespace

static llvm::Error importAttention(NodeImporter &node) {
  return AttentionImport(node).run();
}

void attune::registerAttention(OnnxOps &ops) {
  ops.add("Attention", {3, 7}, importAttention);
}
