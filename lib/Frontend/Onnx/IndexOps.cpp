//===- IndexOps.cpp - Gathers and scatters --------------------------------===//
#include "Import.h"

using namespace mlir;
using namespace attune;

/// Rows of a table of weights, for ids that callers give and that are checked
/// against the table's size.
static Value embeddingOf(NodeImporter &node, int64_t axis) {
  GraphBuilder &b = node.builder();
  const OnnxTensor *table = node.initializer(0);
  if (!table || axis != 0 || table->shape.size() != 2 ||
      !b.elementType(table->type).isF32() || table->shape[0] < 1)
    return {};
  Value ids = node.value(1);
  Value given = ids;
  if (auto cast = given.getDefiningOp<CastOp>())
    given = cast.getInput();
  if (!node.getImport().limitInput(given, table->shape[0]))
    return {};
  SymbolicShape shape = b.shape(ids);
  shape.push_back(table->shape[1]);
  return b.create<EmbeddingOp>(b.ops().getF32Type(), shape,
                               b.cast(ids, b.ops().getI64Type()),
                               node.value(0));
}

static llvm::Error importGather(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t axis = node.axis("axis", 0, node.rank(0));
  if (llvm::Error error = node.check())
    return error;
  if (Value rows = embeddingOf(node, axis))
    return node.result(rows);
  // A constant index is a part of the tensor, which needs no copy.
  std::optional<std::vector<int64_t>> index = node.constantIntegers(1);
  std::optional<int64_t> extent = node.shape(0)[axis].getConstant();
  if (index)
    for (int64_t i : *index)
      if (extent && (i < -*extent || i >= *extent))
        return node.error("the index " + Twine(i) + " is beyond the extent " +
                          Twine(*extent));
  if (index && node.rank(1) == 0 && ((*index)[0] >= 0 || extent))
    return node.result(
        b.select(node.value(0), axis,
                 (*index)[0] < 0 ? (*index)[0] + *extent : (*index)[0]));
  if (index && node.rank(1) == 0 && (*index)[0] >= -(1 << 20))
    return node.result(b.squeeze(
        b.slice(node.value(0), axis, node.shape(0)[axis] + (*index)[0], 1),
        {axis}));
  return node.result(b.gather(node.value(0), node.value(1), axis));
}

static llvm::Error importGatherElements(NodeImporter &node) {
  int64_t axis = node.axis("axis", 0, node.rank(0));
  if (llvm::Error error = node.check())
    return error;
  return node.result(
      node.builder().gatherElements(node.value(0), node.value(1), axis));
}

static llvm::Error importGatherND(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t batchDims = node.integer("batch_dims", 0);
  int64_t dataRank = node.rank(0), rank = node.rank(1);
  if (rank < 1 || batchDims < 0 || batchDims >= rank || batchDims > dataRank)
    return node.error("expected batch_dims below the ranks of data and "
                      "indices");
  std::optional<int64_t> tuple = node.shape(1).back().getConstant();
  if (!tuple)
    return node.unsupported("tuples whose length is not known");
  if (*tuple < 0 || *tuple > dataRank - batchDims)
    return node.error("expected tuples of at most " +
                      Twine(dataRank - batchDims) + " indices, found " +
                      Twine(*tuple));
  SymbolicShape shape(ArrayRef(node.shape(1)).drop_back());
  llvm::append_range(shape,
                     ArrayRef(node.shape(0)).drop_front(batchDims + *tuple));
  for (int64_t i = 0; i < batchDims; ++i)
    b.requireEqual(node.shape(1)[i], node.shape(0)[i]);
  Value data = node.value(0);
  b.requireTuples(node.value(1),
                  ArrayRef(node.shape(0)).slice(batchDims, *tuple));
  return node.result(b.create<GatherNDOp>(
      b.element(data), shape, data, b.cast(node.value(1), b.ops().getI64Type()),
      b.ops().getI64IntegerAttr(batchDims)));
}

static std::optional<ScatterMode> scatterMode(NodeImporter &node) {
  std::string reduction = node.string("reduction", "none");
  return reduction == "none" ? ScatterMode::replace
                             : symbolizeScatterMode(reduction);
}

static llvm::Error importScatterElements(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t axis = node.axis("axis", 0, node.rank(0));
  std::optional<ScatterMode> mode = scatterMode(node);
  if (llvm::Error error = node.check())
    return error;
  if (!mode)
    return node.error("expected a reduction none, add, mul, max or min");
  if (node.rank(1) != node.rank(0) || node.rank(2) != node.rank(0))
    return node.error("expected indices and updates of the rank of the data");
  for (int64_t i = 0; i < node.rank(0); ++i)
    b.requireEqual(node.shape(1)[i], node.shape(2)[i]);
  Value data = node.value(0);
  return node.result(b.create<ScatterElementsOp>(
      b.element(data), b.shape(data), *mode, data,
      b.cast(node.value(1), b.ops().getI64Type()), node.value(2), axis));
}

static llvm::Error importScatterND(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<ScatterMode> mode = scatterMode(node);
  if (!mode)
    return node.error("expected a reduction none, add, mul, max or min");
  if (node.rank(1) < 1)
    return node.error("expected tuples of indices");
  std::optional<int64_t> tuple = node.shape(1).back().getConstant();
  if (!tuple)
    return node.unsupported("tuples whose length is not known");
  if (*tuple > node.rank(0) ||
      node.rank(2) != node.rank(1) - 1 + node.rank(0) - *tuple)
    return node.error("indices and updates do not fit the data");
  SymbolicShape expected(ArrayRef(node.shape(1)).drop_back());
  llvm::append_range(expected, ArrayRef(node.shape(0)).drop_front(*tuple));
  for (auto [update, extent] : llvm::zip(node.shape(2), expected))
    b.requireEqual(update, extent);
  Value data = node.value(0);
  return node.result(b.create<ScatterNDOp>(
      b.element(data), b.shape(data), *mode, data,
      b.cast(node.value(1), b.ops().getI64Type()), node.value(2)));
}

static llvm::Error importTensorScatter(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t rank = node.rank(0);
  int64_t axis = node.axis("axis", -2, rank);
  std::string mode = node.string("mode", "linear");
  if (llvm::Error error = node.check())
    return error;
  if (node.rank(1) != rank || rank < 2 || axis == 0)
    return node.error("expected an update of the rank of the cache, and an "
                      "axis behind the batch");
  if (mode != "linear" && mode != "circular")
    return node.error("expected the mode linear or circular, found '" + mode +
                      "'");
  SymbolicShape update = node.shape(1);
  auto along = [&](Value vector, int64_t at) {
    SymbolicShape places(rank, DimExpr(1));
    places[at] = b.shape(vector)[0];
    return b.reshape(vector, places);
  };
  Type index = b.ops().getI64Type();
  Value positions = along(b.iota(index, update[axis]), axis);
  if (node.hasInput(2)) {
    if (node.rank(2) != 1)
      return node.error("expected one write index for each batch");
    positions = b.add(positions, along(b.cast(node.value(2), index), 0));
  }
  if (mode == "circular") {
    Value length = b.reshape(b.extents({node.shape(0)[axis]}), {});
    positions = b.binary(BinaryKind::k_mod, positions, length);
  }
  Value data = node.value(0);
  return node.result(b.create<ScatterElementsOp>(
      b.element(data), b.shape(data), ScatterMode::replace, data,
      b.expand(positions, update), node.value(1), axis));
}

void attune::registerIndexOps(OnnxOps &ops) {
  ops.add("Gather", {2, 2}, importGather);
  ops.add("GatherElements", {2, 2}, importGatherElements);
  ops.add("GatherND", {2, 2}, importGatherND);
  ops.add("Scatter", {3, 3}, importScatterElements);
  ops.add("ScatterElements", {3, 3}, importScatterElements);
  ops.add("ScatterND", {3, 3}, importScatterND);
  ops.add("TensorScatter", {2, 3}, importTensorScatter);
}
