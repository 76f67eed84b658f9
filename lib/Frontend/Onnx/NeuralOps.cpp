//===- NeuralOps.cpp - What importers of layers share ---------------------===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

void attune::registerNeuralOps(OnnxOps &ops) {
  registerMatMul(ops);
  registerEinsum(ops);
  registerConv(ops);
  registerPooling(ops);
  registerSoftmax(ops);
  registerNorms(ops);
  registerContribNorms(ops);
  registerContribActivations(ops);
  registerAttention(ops);
  registerContribAttention(ops);
  registerFlexAttention(ops);
  registerRotary(ops);
  registerRecurrent(ops);
  registerLinearAttention(ops);
}

Value attune::emitScale(GraphBuilder &b, Value input, double factor) {
  if (factor == 1)
    return input;
  Type element = GraphBuilder::element(input);
  if (!element.isF32())
    return b.mul(input, factor);
  return b.create<ScaleOp>(element, b.shape(input), input,
                           b.ops().getF32FloatAttr(static_cast<float>(factor)));
}

SmallVector<int64_t> attune::axesFrom(int64_t first, int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(std::min(first, rank), rank));
}

SmallVector<int64_t> attune::swapWithLast(int64_t axis, int64_t rank) {
  SmallVector<int64_t> permutation = axesFrom(0, rank);
  std::swap(permutation[axis], permutation[rank - 1]);
  return permutation;
}

/// exp(x - shift) and its sum over the last dimension.
static Value normalizedExponential(GraphBuilder &b, Value input, Value shift,
                                   bool zeroSumIsOne) {
  int64_t last = b.rank(input) - 1;
  Value exponential = b.unary(UnaryKind::k_exp, b.sub(input, shift));
  Value sum = b.reduce(ReduceKind::sum, exponential, {last}, true);
  if (zeroSumIsOne) {
    Value isZero = b.compare(CompareKind::k_eq, sum, b.scalarLike(sum, 0));
    sum = b.where(isZero, b.scalarLike(sum, 1), sum);
  }
  return b.div(exponential, sum);
}

Value attune::emitSoftmax(GraphBuilder &b, Value input) {
  Type element = GraphBuilder::element(input);
  if (element.isF32())
    return b.create<SoftmaxOp>(element, b.shape(input), input);
  Value most = b.reduce(ReduceKind::max, input, {b.rank(input) - 1}, true);
  return normalizedExponential(b, input, most, false);
}

Value attune::emitMaskedSoftmax(GraphBuilder &b, Value input) {
  if (GraphBuilder::element(input).isF32())
    return emitSoftmax(b, input);
  Value most = b.reduce(ReduceKind::max, input, {b.rank(input) - 1}, true);
  Value isMasked = b.unary(UnaryKind::k_is_negative_inf, most);
  most = b.where(isMasked, b.scalarLike(most, 0), most);
  return normalizedExponential(b, input, most, true);
}

Value attune::emitProduct(NodeImporter &node, Value lhs, unsigned i,
                          bool transposed) {
  GraphBuilder &b = node.builder();
  const OnnxTensor *tensor = node.initializer(i);
  Type element = b.elementType(node.type(i));
  if (tensor && tensor->shape.size() == 2 &&
      isa_and_nonnull<FloatType>(element))
    return b.matmul(lhs, node.weight(*tensor, !transposed), true);
  return b.matmul(lhs, node.value(i), transposed);
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

int64_t attune::headSize(GraphBuilder &b, Value input, int64_t heads,
                         StringRef what) {
  SymbolicShape shape = b.shape(input);
  std::optional<int64_t> columns =
      shape.empty() ? std::nullopt : shape.back().getConstant();
  if (columns && heads > 0 && *columns > 0 && *columns % heads == 0)
    return *columns / heads;
  b.fail("expected " + Twine(what) + " whose last extent is a multiple of " +
         Twine(heads) + " heads");
  return 1;
}

Value attune::splitHeads(GraphBuilder &b, Value input, int64_t heads) {
  int64_t size = headSize(b, input, heads, "a tensor");
  SymbolicShape shape = b.shape(input);
  if (b.failed() || shape.size() != 3)
    return input;
  Value split = b.reshape(input, {shape[0], shape[1], heads, size});
  return b.transpose(split, {0, 2, 1, 3});
}

Value attune::mergeHeads(GraphBuilder &b, Value input) {
  SymbolicShape shape = b.shape(input);
  if (shape.size() != 4) {
    b.fail("expected a tensor of rank 4");
    return input;
  }
  Value moved = b.transpose(input, {0, 2, 1, 3});
  return b.reshape(moved, {shape[0], shape[2], shape[1] * shape[3]});
}

Value attune::repeatHeads(GraphBuilder &b, Value input, int64_t times) {
  SymbolicShape shape = b.shape(input);
  if (times == 1 || shape.size() != 4)
    return input;
  Value wide = b.expand(b.unsqueeze(input, {2}),
                        {shape[0], shape[1], times, shape[2], shape[3]});
  return b.reshape(wide, {shape[0], shape[1] * times, shape[2], shape[3]});
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

Value attune::emitInverseRoot(GraphBuilder &b, Value input, double epsilon) {
  return b.unary(UnaryKind::k_reciprocal,
                 b.unary(UnaryKind::k_sqrt, b.add(input, epsilon)));
}

Moments attune::emitMoments(GraphBuilder &b, Value input,
                            ArrayRef<int64_t> axes) {
  Value mean = b.reduce(ReduceKind::mean, input, axes, true);
  Value centered = b.sub(input, mean);
  Value variance =
      b.reduce(ReduceKind::mean, b.mul(centered, centered), axes, true);
  return {mean, centered, variance};
}

/// Whether `vector` has one element for each column of `input`.
static bool isForColumns(GraphBuilder &b, Value input, Value vector) {
  SymbolicShape shape = b.shape(input);
  return !shape.empty() && shape.back().getConstant() &&
         b.shape(vector) == SymbolicShape{shape.back()};
}

Value attune::emitLayerNorm(GraphBuilder &b, Value input, Value gamma,
                            Value beta, double epsilon) {
  Type element = GraphBuilder::element(input);
  if (element.isF32() && isForColumns(b, input, gamma) &&
      (!beta || isForColumns(b, input, beta))) {
    if (!beta)
      beta = b.splat(element, b.shape(gamma), 0);
    return b.create<LayerNormOp>(element, b.shape(input), input, gamma, beta,
                                 b.ops().getF64FloatAttr(epsilon));
  }
  Moments moments = emitMoments(b, input, {b.rank(input) - 1});
  Value result =
      b.mul(moments.centered, emitInverseRoot(b, moments.variance, epsilon));
  result = b.mul(result, gamma);
  return beta ? b.add(result, beta) : result;
}

Value attune::emitRmsNorm(GraphBuilder &b, Value input, Value gamma,
                          double epsilon) {
  Type element = GraphBuilder::element(input);
  if (element.isF32() && isForColumns(b, input, gamma))
    return b.create<RmsNormOp>(element, b.shape(input), input, gamma,
                               b.ops().getF64FloatAttr(epsilon));
  Value square = b.reduce(ReduceKind::mean, b.mul(input, input),
                          {b.rank(input) - 1}, true);
  return b.mul(b.mul(input, emitInverseRoot(b, square, epsilon)), gamma);
}
