//===- Norms.cpp - Normalisation ------------------------------------------===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

/// What LayerNormalization and RMSNormalization share: the dimensions from
/// `axis` on are normalised together, and `scale` broadcasts to them. Where it
/// has their shape they become one dimension.
namespace {
struct NormalizedInput {
  Value input;
  SymbolicShape shape; // of the node's input
  int64_t axis = 0;
  bool isFlat = false;

  NormalizedInput(NodeImporter &node) : b(node.builder()) {
    shape = node.shape(0);
    int64_t rank = shape.size();
    if (rank == 0) {
      b.fail("expected a tensor of rank 1 or more");
      return;
    }
    axis = node.axis("axis", -1, rank);
    input = node.value(0);
    normalized = SymbolicShape(shape.begin() + axis, shape.end());
    isFlat = node.shape(1) == normalized &&
             getNumElements(normalized).getConstant() &&
             (!node.hasInput(2) || node.shape(2) == normalized);
    if (!isFlat || axis == rank - 1)
      return;
    SymbolicShape flat(shape.begin(), shape.begin() + axis);
    flat.push_back(getNumElements(normalized));
    input = b.reshape(input, flat);
  }
  /// Scale or offset in the form of the input.
  Value parameter(Value value) {
    if (!value || !isFlat)
      return value;
    return b.reshape(value, {getNumElements(normalized)});
  }
  SmallVector<int64_t> axes() const { return axesFrom(axis, shape.size()); }

private:
  GraphBuilder &b;
  SymbolicShape normalized;
};
} // namespace

static llvm::Error importLayerNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  double epsilon = node.number("epsilon", 1e-5);
  NormalizedInput of(node);
  if (llvm::Error problem = node.check())
    return problem;
  Value scale = node.value(1), offset = node.optionalValue(2);
  bool needsMoments = node.needsResult(1) || node.needsResult(2);
  std::optional<Moments> moments;
  Value inverse;
  if (needsMoments || !of.isFlat) {
    moments = emitMoments(b, node.value(0), of.axes());
    inverse = emitInverseRoot(b, moments->variance, epsilon);
  }
  Value result;
  if (of.isFlat) {
    result = b.reshape(emitLayerNorm(b, of.input, of.parameter(scale),
                                     of.parameter(offset), epsilon),
                       of.shape);
  } else {
    result = b.mul(b.mul(moments->centered, inverse), scale);
    if (offset)
      result = b.add(result, offset);
  }
  if (needsMoments) {
    OnnxType type =
        node.type(0) == OnnxType::F64 ? OnnxType::F64 : OnnxType::F32;
    node.setResult(1, moments->mean, type);
    node.setResult(2, inverse, type);
  }
  return node.result(result);
}

static llvm::Error importRmsNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  double epsilon = node.number("epsilon", 1e-5);
  NormalizedInput of(node);
  if (llvm::Error problem = node.check())
    return problem;
  Value scale = node.value(1), result;
  if (of.isFlat) {
    result = b.reshape(emitRmsNorm(b, of.input, of.parameter(scale), epsilon),
                       of.shape);
  } else {
    Value square =
        b.reduce(ReduceKind::mean, b.mul(of.input, of.input), of.axes(), true);
    result = b.mul(b.mul(of.input, emitInverseRoot(b, square, epsilon)), scale);
  }
  return node.result(result);
}

/// A vector with one element a channel, to broadcast with [batch, channels,
/// ...] of that rank.
static Value forChannels(GraphBuilder &b, Value vector, int64_t rank) {
  return rank < 3 ? vector : b.unsqueeze(vector, axesFrom(1, rank - 1));
}

static llvm::Error importBatchNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t rank = node.rank(0);
  if (rank < 2)
    return node.error("expected a tensor of rank 2 or more");
  double epsilon = node.number("epsilon", 1e-5);
  double momentum = node.number("momentum", 0.9);
  Value input = node.value(0), scale = node.value(1), offset = node.value(2);
  Value mean = node.value(3), variance = node.value(4);
  if (node.integer("training_mode", 0)) {
    SmallVector<int64_t> axes = axesFrom(1, rank);
    axes.front() = 0;
    Moments moments = emitMoments(b, input, axes);
    Value ownMean = b.squeeze(moments.mean, axes);
    Value ownVariance = b.squeeze(moments.variance, axes);
    auto blend = [&](Value old, Value own) {
      return b.add(b.mul(old, momentum), b.mul(own, 1 - momentum));
    };
    node.setResult(1, blend(mean, ownMean), node.type(3));
    node.setResult(2, blend(variance, ownVariance), node.type(4));
    mean = ownMean;
    variance = ownVariance;
  }
  // One product and one sum an element.
  Value factor = b.mul(scale, emitInverseRoot(b, variance, epsilon));
  Value shift = b.sub(offset, b.mul(mean, factor));
  return node.result(b.add(b.mul(input, forChannels(b, factor, rank)),
                           forChannels(b, shift, rank)));
}

static llvm::Error importInstanceNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t rank = node.rank(0);
  if (rank < 3)
    return node.error("expected a tensor of rank 3 or more");
  Moments moments = emitMoments(b, node.value(0), axesFrom(2, rank));
  Value result =
      b.mul(moments.centered,
            emitInverseRoot(b, moments.variance, node.number("epsilon", 1e-5)));
  result = b.mul(result, forChannels(b, node.value(1), rank));
  return node.result(b.add(result, forChannels(b, node.value(2), rank)));
}

static llvm::Error importGroupNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  SymbolicShape shape = node.shape(0);
  int64_t rank = shape.size(), groups = node.integer("num_groups", 0);
  std::optional<int64_t> channels =
      rank < 2 ? std::nullopt : shape[1].getConstant();
  if (!channels || groups < 1 || *channels % groups != 0)
    return node.error("expected a number of channels that is a multiple of " +
                      Twine(groups) + " groups");
  DimExpr size = *channels / groups;
  for (const DimExpr &extent : ArrayRef(shape).drop_front(2))
    size *= extent;
  Value grouped = b.reshape(node.value(0), {shape[0], groups, size});
  Moments moments = emitMoments(b, grouped, {2});
  Value result =
      b.mul(moments.centered,
            emitInverseRoot(b, moments.variance, node.number("epsilon", 1e-5)));
  // Up to version 18 scale and offset are those of groups.
  bool isOfGroups = node.version() < 21;
  auto parameter = [&](unsigned i) {
    return isOfGroups ? b.unsqueeze(node.value(i), {1})
                      : forChannels(b, node.value(i), rank);
  };
  if (!isOfGroups)
    result = b.reshape(result, shape);
  result = b.add(b.mul(result, parameter(1)), parameter(2));
  return node.result(b.reshape(result, shape));
}

static llvm::Error importLpNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t p = node.integer("p", 2);
  int64_t axis = node.axis("axis", -1, node.rank(0));
  if (p != 1 && p != 2)
    return node.error("expected p to be 1 or 2, found " + Twine(p));
  if (llvm::Error problem = node.check())
    return problem;
  Value input = node.value(0);
  Value terms = p == 1 ? b.unary(UnaryKind::k_abs, input) : b.mul(input, input);
  Value norm = b.reduce(ReduceKind::sum, terms, {axis}, true);
  if (p == 2)
    norm = b.unary(UnaryKind::k_sqrt, norm);
  // Vectors of length zero stay what they are.
  Value zero = b.scalarLike(norm, 0);
  Value isZero = b.compare(CompareKind::k_eq, norm, zero);
  norm = b.where(isZero, b.scalarLike(norm, 1), norm);
  return node.result(b.div(input, norm));
}

static llvm::Error importMeanVarianceNormalization(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  SmallVector<int64_t> axes =
      b.axes(node.integers("axes").value_or(SmallVector<int64_t>{0, 2, 3}),
             node.rank(0));
  if (llvm::Error problem = node.check())
    return problem;
  Moments moments = emitMoments(b, node.value(0), axes);
  Value deviation = b.unary(UnaryKind::k_sqrt, moments.variance);
  return node.result(b.div(moments.centered, b.add(deviation, 1e-9)));
}

void attune::registerNorms(OnnxOps &ops) {
  ops.add("LayerNormalization", {2, 3}, importLayerNormalization);
  ops.add("RMSNormalization", {2, 2}, importRmsNormalization);
  // What onnxruntime makes of models before there was RMSNormalization.
  ops.add("SimplifiedLayerNormalization", {2, 2}, importRmsNormalization);
  ops.add(kContribDomain, "SimplifiedLayerNormalization", {2, 2},
          importRmsNormalization);
  ops.add("BatchNormalization", {5, 5}, importBatchNormalization);
  ops.add("InstanceNormalization", {3, 3}, importInstanceNormalization);
  ops.add("GroupNormalization", {3, 3}, importGroupNormalization);
  ops.add("LpNormalization", {1, 1}, importLpNormalization);
  ops.add("MeanVarianceNormalization", {1, 1}, importMeanVarianceNormalization);
}
