//===- ContribNorms.cpp - Norms that onnxruntime's optimiser makes --------===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

/// input + skip (+ bias), normalised: outputs the norm, two that only training
/// needs, and the sum.
static llvm::Error importSkipNorm(NodeImporter &node, bool isSimplified) {
  GraphBuilder &b = node.builder();
  if (node.rank(0) < 1)
    return node.error("expected a tensor of rank 1 or more");
  if (node.needsResult(1) || node.needsResult(2))
    return node.unsupported("mean and deviation as results");
  double epsilon = node.number("epsilon", isSimplified ? 1e-5 : 1e-12);
  Value sum = b.add(node.value(0), node.value(1));
  unsigned bias = isSimplified ? 3 : 4;
  if (node.hasInput(bias))
    sum = b.add(sum, node.value(bias));
  node.setResult(3, sum);
  Value gamma = node.value(2);
  return node.result(
      isSimplified
          ? emitRmsNorm(b, sum, gamma, epsilon)
          : emitLayerNorm(b, sum, gamma, node.optionalValue(3), epsilon));
}

static llvm::Error importSkipLayerNormalization(NodeImporter &node) {
  return importSkipNorm(node, /*isSimplified=*/false);
}
static llvm::Error importSkipSimplified(NodeImporter &node) {
  return importSkipNorm(node, /*isSimplified=*/true);
}

/// Inputs: ids, segment ids, tables of words, positions and segments, gamma,
/// beta, mask, position ids.
static llvm::Error importEmbedLayerNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  if (node.rank(0) != 2 || node.rank(2) != 2 || node.rank(3) != 2)
    return node.error("expected ids and tables of rank 2");
  SymbolicShape ids = node.shape(0);
  Value sum = b.gather(node.value(2), node.value(0), 0);
  // Without ids, positions count from 0.
  Value positions =
      node.hasInput(8) ? node.value(8) : b.iota(b.ops().getI64Type(), ids[1]);
  sum = b.add(sum, b.gather(node.value(3), positions, 0));
  if (node.hasInput(1) && node.hasInput(4))
    sum = b.add(sum, b.gather(node.value(4), node.value(1), 0));
  Value result = emitLayerNorm(b, sum, node.value(5), node.value(6),
                               node.number("epsilon", 1e-12));
  if (node.needsResult(1)) {
    // How many tokens of each row the mask leaves.
    Type i32 = b.ops().getI32Type();
    Value count =
        node.hasInput(7)
            ? b.reduce(ReduceKind::sum, b.cast(node.value(7), i32), {1}, false)
            : b.splat(i32, {ids[0]}, 0);
    node.setResult(1, count, OnnxType::I32);
  }
  if (node.needsResult(2))
    node.setResult(2, sum, node.type(2));
  return node.result(result, node.type(2));
}

void attune::registerContribNorms(OnnxOps &ops) {
  ops.add(kContribDomain, "SkipLayerNormalization", {3, 5},
          importSkipLayerNormalization);
  ops.add(kContribDomain, "SkipSimplifiedLayerNormalization", {3, 4},
          importSkipSimplified);
  ops.add(kContribDomain, "EmbedLayerNormalization", {7, 9},
          importEmbedLayerNormalization);
}
