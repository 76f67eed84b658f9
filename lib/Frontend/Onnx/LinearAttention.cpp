//===- LinearAttention.cpp - Linear attention and causal convolution ------===//
#include "NeuralOps.h"
#include <cmath>

using namespace mlir;
using namespace attune;

/// Tokens that are unrolled.
static constexpr int64_t kMaxSteps = 1024;

namespace {

class LinearAttentionImport {
public:
  explicit LinearAttentionImport(NodeImporter &node)
      : node(node), b(node.builder()) {}
  llvm::Error run();

private:
  /// The rule without decay and correction, for any length: a product of
  /// queries and keys up to the query, and what the state knows before.
  void runAtOnce();
  /// Token by token.
  void runUnrolled(int64_t steps);
  Value token(Value tensor, int64_t t) { return b.slice(tensor, 2, t, 1); }

  NodeImporter &node;
  GraphBuilder &b;
  int64_t heads = 0, kvHeads = 0;
  bool gates = false, corrects = false;
  double scale = 0;
  // [batch, heads, length, size]
  Value query, key, value, decay, beta;
  Value state;  // [batch, heads of keys, key size, value size]
  Value result; // [batch, heads, length, value size]
};

void LinearAttentionImport::runAtOnce() {
  int64_t group = heads / kvHeads;
  DimExpr length = b.shape(query)[2];
  Value scores = b.matmul(query, repeatHeads(b, key, group), true);
  Value distances = emitDistances(b, length, length, 0);
  Value past =
      b.compare(CompareKind::k_ge, distances, b.scalarLike(distances, 0));
  scores = b.where(past, scores, b.scalarLike(scores, 0));
  result = b.matmul(scores, repeatHeads(b, value, group));
  if (node.hasInput(3))
    result = b.add(result, b.matmul(query, repeatHeads(b, state, group)));
  result = emitScale(b, result, scale);
  state = b.add(state, b.matmul(b.transposeLast(key), value));
}

void LinearAttentionImport::runUnrolled(int64_t steps) {
  SmallVector<Value> outputs;
  for (int64_t t = 0; t < steps && !b.failed(); ++t) {
    Value k = token(key, t), v = token(value, t);
    if (gates)
      state = b.mul(
          state, b.unary(UnaryKind::k_exp, b.transposeLast(token(decay, t))));
    if (corrects)
      v = b.mul(token(beta, t), b.sub(v, b.matmul(k, state)));
    state = b.add(state, b.mul(b.transposeLast(k), v));
    outputs.push_back(
        b.matmul(token(query, t), repeatHeads(b, state, heads / kvHeads)));
  }
  if (!b.failed())
    result = emitScale(b, b.concat(outputs, 2), scale);
}

llvm::Error LinearAttentionImport::run() {
  heads = node.integer("q_num_heads", 0);
  kvHeads = node.integer("kv_num_heads", 0);
  std::string rule = node.string("update_rule", "gated_delta");
  gates = rule == "gated" || rule == "gated_delta";
  corrects = rule == "delta" || rule == "gated_delta";
  if (!gates && !corrects && rule != "linear")
    return node.error("expected update_rule to be linear, gated, delta or "
                      "gated_delta");
  if (gates != node.hasInput(4) || corrects != node.hasInput(5))
    return node.error("expected decay for gated rules and beta for delta rules "
                      "alone");
  if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0)
    return node.error("expected q_num_heads to be a multiple of kv_num_heads");
  for (unsigned i = 0; i < 6; ++i)
    if (node.hasInput(i) && node.rank(i) != (i == 3 ? 4 : 3))
      return node.error("expected inputs of rank 3 and a state of rank 4");
  query = splitHeads(b, node.value(0), heads);
  key = splitHeads(b, node.value(1), kvHeads);
  value = splitHeads(b, node.value(2), kvHeads);
  if (gates)
    decay = splitHeads(b, node.value(4), kvHeads);
  if (corrects) {
    bool isShared = node.shape(5)[2] == DimExpr(1);
    beta = splitHeads(b, node.value(5), isShared ? 1 : kvHeads);
  }
  if (llvm::Error problem = node.check())
    return problem;
  SymbolicShape keyShape = b.shape(key), valueShape = b.shape(value);
  std::optional<int64_t> size = keyShape[3].getConstant();
  scale = node.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(double(*size));
  SymbolicShape states = {keyShape[0], kvHeads, keyShape[3], valueShape[3]};
  state = node.hasInput(3) ? node.value(3)
                           : b.splat(GraphBuilder::element(query), states, 0);
  state = b.cast(state, GraphBuilder::element(query));
  std::optional<int64_t> steps = keyShape[2].getConstant();
  if (rule == "linear") {
    runAtOnce();
  } else if (steps && *steps >= 1 && *steps <= kMaxSteps) {
    runUnrolled(*steps);
  } else {
    return node.unsupported(
        "the rule " + StringRef(rule) +
            " for a length that is not a number from 1 to " + Twine(kMaxSteps),
        "export the model with a static length");
  }
  if (llvm::Error problem = node.check())
    return problem;
  node.setResult(1, state, node.hasInput(3) ? node.type(3) : node.type(0));
  return node.result(mergeHeads(b, result));
}

} // namespace

static llvm::Error importLinearAttention(NodeImporter &node) {
  return LinearAttentionImport(node).run();
}

/// A convolution of each channel over the last k positions, of which the first
/// k - 1 come from the state. A sum over the taps, for any length.
static llvm::Error importCausalConv(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  if (node.rank(0) != 3 || node.rank(1) != 3)
    return node.error("expected input and weight of rank 3");
  std::string activation = node.string("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return node.error("expected activation to be none, silu or swish");
  SymbolicShape shape = node.shape(0);
  std::optional<int64_t> taps = node.shape(1)[2].getConstant();
  if (!taps || *taps < 1 || *taps > 256 || node.shape(1)[1] != DimExpr(1) ||
      node.shape(1)[0] != shape[1])
    return node.error("expected a weight [channels, 1, k]");
  Value input = node.value(0), weight = node.value(1);
  Type element = GraphBuilder::element(input);
  Value padded = input;
  if (*taps > 1) {
    Value past = node.hasInput(3)
                     ? node.value(3)
                     : b.splat(element, {shape[0], shape[1], *taps - 1}, 0);
    padded = b.concat({past, input}, 2);
  }
  Value result;
  for (int64_t j = 0; j < *taps; ++j) {
    // [channels, 1], to broadcast over the length.
    Value factor = b.select(weight, 2, j);
    Value term = b.mul(b.slice(padded, 2, j, shape[2]), factor);
    result = result ? b.add(result, term) : term;
  }
  if (node.hasInput(2))
    result = b.add(result, b.unsqueeze(node.value(2), {1}));
  if (activation != "none")
    result = b.silu(result);
  if (llvm::Error problem = node.check())
    return problem;
  if (node.needsResult(1))
    node.setResult(1, b.slice(padded, 2, shape[2], *taps - 1));
  return node.result(result);
}

void attune::registerLinearAttention(OnnxOps &ops) {
  ops.add("LinearAttention", {3, 6}, importLinearAttention);
  ops.add("CausalConvWithState", {2, 4}, importCausalConv);
}
