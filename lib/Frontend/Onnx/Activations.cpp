//===- Activations.cpp - Functions between layers -------------------------===//
//
// Those that have an op of their own become it; others are spelled out.
// Formulas are those of ONNX's operator documentation, arranged so that
// exponentials do not overflow where their result is not used.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

using namespace mlir;
using namespace attune;

static Value exponential(GraphBuilder &b, Value x) {
  return b.unary(UnaryKind::k_exp, x);
}

/// e^min(x, 0) - 1.
static Value expMinusOneBelowZero(GraphBuilder &b, Value x) {
  return b.add(exponential(b, b.minimum(x, b.scalarLike(x, 0))), -1.0);
}

static Value isNegative(GraphBuilder &b, Value x) {
  return b.compare(CompareKind::k_lt, x, b.scalarLike(x, 0));
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
static Value softplus(GraphBuilder &b, Value x) {
  Value decay =
      exponential(b, b.unary(UnaryKind::k_neg, b.unary(UnaryKind::k_abs, x)));
  return b.add(b.maximum(x, b.scalarLike(x, 0)),
               b.unary(UnaryKind::k_log, b.add(decay, 1.0)));
}

/// max(0, min(1, alpha x + beta)).
static Value hardSigmoid(GraphBuilder &b, Value x, double alpha, double beta) {
  Value line = b.add(b.mul(x, alpha), beta);
  return b.maximum(b.minimum(line, b.scalarLike(x, 1)), b.scalarLike(x, 0));
}

static Value swish(GraphBuilder &b, Value x, double alpha) {
  if (alpha == 1)
    return b.silu(x);
  return b.mul(x, b.unary(UnaryKind::k_sigmoid, b.mul(x, alpha)));
}

static llvm::Error importRelu(NodeImporter &node) {
  return node.result(node.builder().relu(node.value(0)));
}

static llvm::Error importTanh(NodeImporter &node) {
  return node.result(node.builder().tanh(node.value(0)));
}

static llvm::Error importSigmoid(NodeImporter &node) {
  return node.result(node.builder().unary(UnaryKind::k_sigmoid, node.value(0)));
}

static llvm::Error importGelu(NodeImporter &node) {
  return node.result(
      node.builder().gelu(node.value(0), node.string("approximate", "none")));
}

static llvm::Error importLeakyRelu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  return node.result(
      b.where(isNegative(b, x), b.mul(x, node.number("alpha", 0.01)), x));
}

static llvm::Error importPRelu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  return node.result(b.where(isNegative(b, x), b.mul(x, node.value(1)), x));
}

static llvm::Error importElu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  return node.result(
      b.where(isNegative(b, x),
              b.mul(expMinusOneBelowZero(b, x), node.number("alpha", 1)), x));
}

static llvm::Error importSelu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  double alpha = node.number("alpha", 1.67326319217681884765625),
         gamma = node.number("gamma", 1.05070102214813232421875);
  Value below = b.mul(expMinusOneBelowZero(b, x), alpha);
  return node.result(b.mul(b.where(isNegative(b, x), below, x), gamma));
}

static llvm::Error importCelu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  double alpha = node.number("alpha", 1);
  if (alpha == 0)
    return node.error("expected an alpha other than 0");
  // max(0, x) + min(0, alpha (e^(x / alpha) - 1)).
  Value zero = b.scalarLike(x, 0);
  Value inner = b.mul(expMinusOneBelowZero(b, b.mul(x, 1 / alpha)), alpha);
  return node.result(b.add(b.maximum(x, zero), b.minimum(inner, zero)));
}

static llvm::Error importHardSigmoid(NodeImporter &node) {
  return node.result(hardSigmoid(node.builder(), node.value(0),
                                 node.number("alpha", 0.2),
                                 node.number("beta", 0.5)));
}

static llvm::Error importHardSwish(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  return node.result(b.mul(x, hardSigmoid(b, x, 1.0 / 6, 0.5)));
}

static llvm::Error importSoftplus(NodeImporter &node) {
  return node.result(softplus(node.builder(), node.value(0)));
}

static llvm::Error importSoftsign(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  return node.result(b.div(x, b.add(b.unary(UnaryKind::k_abs, x), 1.0)));
}

static llvm::Error importMish(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  return node.result(b.mul(x, b.tanh(softplus(b, x))));
}

static llvm::Error importSwish(NodeImporter &node) {
  return node.result(
      swish(node.builder(), node.value(0), node.number("alpha", 1)));
}

static llvm::Error importSwiGLU(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return node.result(
      b.mul(swish(b, node.value(0), node.number("alpha", 1)), node.value(1)));
}

static llvm::Error importThresholdedRelu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  Value isAbove =
      b.compare(CompareKind::k_gt, x, b.scalarLike(x, node.number("alpha", 1)));
  return node.result(b.where(isAbove, x, b.scalarLike(x, 0)));
}

static llvm::Error importShrink(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  double lambda = node.number("lambd", 0.5), bias = node.number("bias", 0);
  // Integers are compared with and shifted by what may be no integer.
  Type own = b.element(x);
  if (isa<IntegerType>(own))
    x = b.cast(x, b.ops().getF64Type());
  Value isBelow = b.compare(CompareKind::k_lt, x, b.scalarLike(x, -lambda));
  Value isAbove = b.compare(CompareKind::k_gt, x, b.scalarLike(x, lambda));
  Value inner = b.where(isAbove, b.add(x, -bias), b.scalarLike(x, 0));
  return node.result(b.cast(b.where(isBelow, b.add(x, bias), inner), own));
}

void attune::registerActivations(OnnxOps &ops) {
  ops.add("Relu", {1, 1}, importRelu);
  ops.add("Tanh", {1, 1}, importTanh);
  ops.add("Sigmoid", {1, 1}, importSigmoid);
  ops.add("Gelu", {1, 1}, importGelu);
  ops.add("LeakyRelu", {1, 1}, importLeakyRelu);
  ops.add("PRelu", {2, 2}, importPRelu);
  ops.add("Elu", {1, 1}, importElu);
  ops.add("Selu", {1, 1}, importSelu);
  ops.add("Celu", {1, 1}, importCelu);
  ops.add("HardSigmoid", {1, 1}, importHardSigmoid);
  ops.add("HardSwish", {1, 1}, importHardSwish);
  ops.add("Softplus", {1, 1}, importSoftplus);
  ops.add("Softsign", {1, 1}, importSoftsign);
  ops.add("Mish", {1, 1}, importMish);
  ops.add("Swish", {1, 1}, importSwish);
  ops.add("SwiGLU", {2, 2}, importSwiGLU);
  ops.add("ThresholdedRelu", {1, 1}, importThresholdedRelu);
  ops.add("Shrink", {1, 1}, importShrink);
}
