//===- Reductions.cpp - Reduce*, ArgMax and ArgMin, cumulation, TopK ------===//
#include "Importer.h"

using namespace mlir;
using namespace attune;

/// The axes that a Reduce op says: an attribute, or an input in later opsets.
/// nullopt when they are not known while importing.
static std::optional<SmallVector<int64_t>> readAxes(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  SmallVector<int64_t> axes;
  if (node.hasInput(1)) {
    std::optional<std::vector<int64_t>> given = node.constantIntegers(1);
    if (!given)
      return std::nullopt;
    axes = b.axes(*given, node.rank(0));
  } else if (auto given = node.integers("axes")) {
    axes = b.axes(*given, node.rank(0));
  }
  if (axes.empty() && !node.integer("noop_with_empty_axes", 0))
    axes = llvm::to_vector(llvm::seq<int64_t>(node.rank(0)));
  return axes;
}

/// `body(input, axes, keepDims)` gives the result.
template <typename Fn>
static llvm::Error reduceWith(NodeImporter &node, Fn body) {
  std::optional<SmallVector<int64_t>> axes = readAxes(node);
  if (!axes)
    return node.unsupported("axes that are not known while importing");
  if (llvm::Error error = node.check())
    return error;
  bool keepDims = node.integer("keepdims", 1) != 0;
  return node.result(body(node.value(0), *axes, keepDims));
}

template <ReduceKind kind> static llvm::Error importReduce(NodeImporter &node) {
  return reduceWith(node, [&](Value x, ArrayRef<int64_t> axes, bool keepDims) {
    return node.builder().reduce(kind, x, axes, keepDims);
  });
}

static llvm::Error importReduceL1(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return reduceWith(node, [&](Value x, ArrayRef<int64_t> axes, bool keepDims) {
    return b.reduce(ReduceKind::sum, b.unary(UnaryKind::k_abs, x), axes,
                    keepDims);
  });
}

static llvm::Error importReduceSumSquare(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return reduceWith(node, [&](Value x, ArrayRef<int64_t> axes, bool keepDims) {
    return b.reduce(ReduceKind::sum, b.mul(x, x), axes, keepDims);
  });
}

/// A function that integers are computed as f64 for.
template <typename Fn>
static llvm::Error reduceAsFloat(NodeImporter &node, Fn body) {
  GraphBuilder &b = node.builder();
  return reduceWith(node, [&](Value x, ArrayRef<int64_t> axes, bool keepDims) {
    Type own = b.element(x);
    if (isa<IntegerType>(own))
      x = b.cast(x, b.ops().getF64Type());
    return b.cast(body(x, axes, keepDims), own);
  });
}

static llvm::Error importReduceL2(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return reduceAsFloat(
      node, [&](Value x, ArrayRef<int64_t> axes, bool keepDims) {
        return b.unary(UnaryKind::k_sqrt,
                       b.reduce(ReduceKind::sum, b.mul(x, x), axes, keepDims));
      });
}

static llvm::Error importReduceLogSum(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return reduceAsFloat(
      node, [&](Value x, ArrayRef<int64_t> axes, bool keepDims) {
        return b.unary(UnaryKind::k_log,
                       b.reduce(ReduceKind::sum, x, axes, keepDims));
      });
}

static llvm::Error importReduceLogSumExp(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return reduceAsFloat(
      node, [&](Value x, ArrayRef<int64_t> axes, bool keepDims) {
        // max + log(sum(e^(x - max))); a maximum that is infinite is left out.
        Value largest = b.reduce(ReduceKind::max, x, axes, /*keepDims=*/true);
        largest = b.where(b.unary(UnaryKind::k_is_inf, largest),
                          b.scalarLike(x, 0), largest);
        Value sum = b.reduce(ReduceKind::sum,
                             b.unary(UnaryKind::k_exp, b.sub(x, largest)), axes,
                             /*keepDims=*/true);
        Value result = b.add(b.unary(UnaryKind::k_log, sum), largest);
        return keepDims ? result : b.squeeze(result, axes);
      });
}

template <ReduceKind kind>
static llvm::Error importArgReduce(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t axis = node.axis("axis", 0, node.rank(0));
  if (llvm::Error error = node.check())
    return error;
  bool keepDims = node.integer("keepdims", 1) != 0;
  SymbolicShape shape = node.shape(0);
  if (keepDims)
    shape[axis] = 1;
  else
    shape.erase(shape.begin() + axis);
  return node.result(b.create<ArgReduceOp>(
                         b.ops().getI64Type(), shape, kind, node.value(0), axis,
                         keepDims, node.integer("select_last_index", 0) != 0),
                     OnnxType::I64);
}

template <ReduceKind kind>
static llvm::Error importCumulate(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<std::vector<int64_t>> axis = node.constantIntegers(1);
  if (!axis || axis->size() != 1)
    return node.unsupported("an axis that is not known while importing");
  int64_t along = b.axis(axis->front(), node.rank(0));
  if (llvm::Error error = node.check())
    return error;
  Value x = node.value(0);
  return node.result(b.create<CumulateOp>(
      b.element(x), b.shape(x), kind, x, along,
      node.integer("exclusive", 0) != 0, node.integer("reverse", 0) != 0));
}

static llvm::Error importTopK(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<std::vector<int64_t>> k = node.constantIntegers(1);
  if (!k || k->size() != 1)
    return node.unsupported("a k that is not known while importing");
  int64_t axis = node.axis("axis", -1, node.rank(0));
  if (llvm::Error error = node.check())
    return error;
  SymbolicShape shape = node.shape(0);
  std::optional<int64_t> extent = shape[axis].getConstant();
  if (k->front() < 0 || (extent && k->front() > *extent))
    return node.error("expected a k of at most " + Twine(shape[axis].str()) +
                      ", found " + Twine(k->front()));
  shape[axis] = k->front();
  Value x = node.value(0);
  auto op = TopKOp::create(b.ops(), b.loc(), b.tensorType(b.element(x), shape),
                           b.tensorType(b.ops().getI64Type(), shape), x, axis,
                           k->front(), node.integer("largest", 1) == 0);
  b.setShape(op.getValues(), shape);
  b.setShape(op.getIndices(), shape);
  node.setResult(0, op.getValues());
  node.setResult(1, op.getIndices(), OnnxType::I64);
  return node.check();
}

void attune::registerReductions(OnnxOps &ops) {
  ops.add("ReduceSum", {1, 2}, importReduce<ReduceKind::sum>);
  ops.add("ReduceMean", {1, 2}, importReduce<ReduceKind::mean>);
  ops.add("ReduceMax", {1, 2}, importReduce<ReduceKind::max>);
  ops.add("ReduceMin", {1, 2}, importReduce<ReduceKind::min>);
  ops.add("ReduceProd", {1, 2}, importReduce<ReduceKind::prod>);
  ops.add("ReduceL1", {1, 2}, importReduceL1);
  ops.add("ReduceL2", {1, 2}, importReduceL2);
  ops.add("ReduceSumSquare", {1, 2}, importReduceSumSquare);
  ops.add("ReduceLogSum", {1, 2}, importReduceLogSum);
  ops.add("ReduceLogSumExp", {1, 2}, importReduceLogSumExp);
  ops.add("ArgMax", {1, 1}, importArgReduce<ReduceKind::max>);
  ops.add("ArgMin", {1, 1}, importArgReduce<ReduceKind::min>);
  ops.add("CumSum", {2, 2}, importCumulate<ReduceKind::sum>);
  ops.add("CumProd", {2, 2}, importCumulate<ReduceKind::prod>);
  ops.add("TopK", {2, 2}, importTopK);
}
