//===- ContribActivations.cpp - Activations of onnxruntime's optimiser ----===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

static Value withBias(NodeImporter &node) {
  Value input = node.value(0);
  return node.hasInput(1) ? node.builder().add(input, node.value(1)) : input;
}

static llvm::Error importContribGelu(NodeImporter &node) {
  return node.result(node.builder().gelu(withBias(node)));
}

static llvm::Error importFastGelu(NodeImporter &node) {
  return node.result(node.builder().gelu(withBias(node), "tanh"));
}

/// x * sigmoid(alpha * x)
static llvm::Error importQuickGelu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  double alpha = node.number("alpha", 1.702f);
  Value input = node.value(0);
  Type element = GraphBuilder::element(input);
  if (alpha == 1)
    return node.result(b.silu(input));
  if (element.isF32() && static_cast<float>(alpha) == 1.702f)
    return node.result(b.create<QuickGeluOp>(element, b.shape(input), input));
  return node.result(
      b.mul(input, b.unary(UnaryKind::k_sigmoid, emitScale(b, input, alpha))));
}

static llvm::Error importBiasSoftmax(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t axis = node.axis("axis", 1, node.rank(0));
  if (axis != node.rank(0) - 1)
    return node.unsupported("a softmax of several dimensions");
  return node.result(emitSoftmax(b, withBias(node)));
}

void attune::registerContribActivations(OnnxOps &ops) {
  ops.add(kContribDomain, "Gelu", {1, 1}, importContribGelu);
  ops.add(kContribDomain, "BiasGelu", {2, 2}, importContribGelu);
  ops.add(kContribDomain, "FastGelu", {1, 2}, importFastGelu);
  ops.add(kContribDomain, "QuickGelu", {1, 1}, importQuickGelu);
  ops.add(kContribDomain, "BiasSoftmax", {2, 2}, importBiasSoftmax);
}
