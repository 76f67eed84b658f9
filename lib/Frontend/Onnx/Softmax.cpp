//===- Softmax.cpp - Softmax and its kin ----------------------------------===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

/// Before version 13 the input was a matrix whose columns are all dimensions
/// from the axis on. Calls `emit` with the input in a form whose last dimension
/// is that to normalise, and gives the result its shape back.
static llvm::Error alongLast(NodeImporter &node,
                             function_ref<Value(Value)> emit) {
  GraphBuilder &b = node.builder();
  bool isMatrix = node.version() < 13;
  Value input = node.value(0);
  SymbolicShape shape = b.shape(input);
  int64_t rank = shape.size();
  if (rank == 0)
    return node.error("expected a tensor of rank 1 or more");
  // Before version 13 the axis may also be the rank.
  int64_t axis = node.integer("axis", isMatrix ? 1 : -1);
  bool isBehind = isMatrix && axis == rank;
  if (!isBehind)
    axis = b.axis(axis, rank);
  if (llvm::Error problem = node.check())
    return problem;
  if (isMatrix && axis != rank - 1) {
    ArrayRef<DimExpr> extents = shape;
    Value matrix = b.reshape(input, {getNumElements(extents.take_front(axis)),
                                     getNumElements(extents.drop_front(axis))});
    return node.result(b.reshape(emit(matrix), shape));
  }
  SmallVector<int64_t> order = swapWithLast(axis, rank);
  return node.result(b.transpose(emit(b.transpose(input, order)), order));
}

static llvm::Error importSoftmax(NodeImporter &node) {
  return alongLast(
      node, [&](Value input) { return emitSoftmax(node.builder(), input); });
}

static llvm::Error importLogSoftmax(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return alongLast(node, [&](Value input) {
    int64_t last = b.rank(input) - 1;
    Value shifted =
        b.sub(input, b.reduce(ReduceKind::max, input, {last}, true));
    Value sum = b.reduce(ReduceKind::sum, b.unary(UnaryKind::k_exp, shifted),
                         {last}, true);
    return b.sub(shifted, b.unary(UnaryKind::k_log, sum));
  });
}

/// 1 for the first largest element, 0 for the others.
static llvm::Error importHardmax(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return alongLast(node, [&](Value input) {
    int64_t last = b.rank(input) - 1;
    SymbolicShape shape = b.shape(input);
    DimExpr columns = shape.back();
    shape.back() = 1;
    Type i64 = b.ops().getI64Type();
    Value where =
        b.create<ArgReduceOp>(i64, shape, ReduceKind::max, input, last,
                              /*keep_dims=*/true, /*select_last=*/false);
    Value chosen = b.compare(CompareKind::k_eq, b.iota(i64, columns), where);
    return b.cast(chosen, GraphBuilder::element(input));
  });
}

void attune::registerSoftmax(OnnxOps &ops) {
  ops.add("Softmax", {1, 1}, importSoftmax);
  ops.add("LogSoftmax", {1, 1}, importLogSoftmax);
  ops.add("Hardmax", {1, 1}, importHardmax);
}
