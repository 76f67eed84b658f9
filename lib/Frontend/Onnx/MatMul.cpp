//===- MatMul.cpp - Products of matrices ----------------------------------===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

static llvm::Error importMatMul(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t left = node.rank(0), right = node.rank(1);
  if (left == 0 || right == 0)
    return node.error("expected operands of rank 1 or more");
  Value lhs = node.value(0);
  if (left == 1)
    lhs = b.unsqueeze(lhs, {0});
  Value product;
  if (right == 1)
    product = b.matmul(lhs, b.unsqueeze(node.value(1), {1}));
  else
    product = emitProduct(node, lhs, 1, /*transposed=*/false);
  if (llvm::Error problem = node.check())
    return problem;
  SmallVector<int64_t> gone;
  int64_t rank = b.rank(product);
  if (left == 1)
    gone.push_back(rank - 2);
  if (right == 1)
    gone.push_back(rank - 1);
  return node.result(gone.empty() ? product : b.squeeze(product, gone));
}

static llvm::Error importGemm(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  if (node.rank(0) != 2 || node.rank(1) != 2)
    return node.error("expected matrices");
  double alpha = node.number("alpha", 1), beta = node.number("beta", 1);
  bool isFloat = isa<FloatType>(b.elementType(node.type(0)));
  if (!isFloat && (alpha != 1 || beta != 1))
    return node.unsupported("alpha and beta of integers");
  Value lhs = node.value(0);
  if (node.integer("transA", 0))
    lhs = b.transposeLast(lhs);
  Value result = emitProduct(node, lhs, 1, node.integer("transB", 0) != 0);
  result = emitScale(b, result, alpha);
  if (node.hasInput(2) && beta != 0)
    result = b.add(result, emitScale(b, node.value(2), beta));
  return node.result(result);
}

/// com.microsoft: a product of operands that may be transposed and scaled.
static llvm::Error importFusedMatMul(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  if (node.rank(0) < 2 || node.rank(1) < 2)
    return node.error("expected matrices");
  if (node.integer("transBatchA", 0) || node.integer("transBatchB", 0))
    return node.unsupported("transposed batches");
  Value lhs = node.value(0);
  if (node.integer("transA", 0))
    lhs = b.transposeLast(lhs);
  Value result = emitProduct(node, lhs, 1, node.integer("transB", 0) != 0);
  return node.result(emitScale(b, result, node.number("alpha", 1)));
}

void attune::registerMatMul(OnnxOps &ops) {
  ops.add("MatMul", {2, 2}, importMatMul);
  ops.add("Gemm", {2, 3}, importGemm);
  ops.add(kContribDomain, "FusedMatMul", {2, 2}, importFusedMatMul);
}
