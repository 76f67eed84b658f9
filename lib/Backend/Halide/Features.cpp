//===- Features.cpp - Features of blocks of tokens as Halide funcs --------===//
#include "Features.h"
#include "Launch.h"
#include "MapAlgorithm.h"
#include "Math.h"
#include <cmath>

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::MemoryType;
using Halide::TailStrategy;
using Halide::Var;

/// Rows of a register tile of the projection.
static constexpr int kTileRows = 4;
/// Larger scratch memory than this, of one func, comes from the heap.
static constexpr int64_t kStackBytes = 64 << 10;

LogicalResult Features::supports(Value value, std::string &reason) {
  auto map = value.getDefiningOp<FeatureMapOp>();
  if (!map) {
    if (isa<BlockArgument>(value))
      return success();
    reason = "queries and keys must be operands of the kernel, or maps of them";
    return failure();
  }
  for (Value operand : map->getOperands())
    if (!isa<BlockArgument>(operand)) {
      reason = "operands of a feature map must be operands of the kernel";
      return failure();
    }
  switch (map.getMap()) {
  case FeatureMap::identity:
  case FeatureMap::elu1:
  case FeatureMap::relu:
  case FeatureMap::exp:
  case FeatureMap::favor:
  case FeatureMap::favor_hyperbolic:
    break;
  default:
    reason = ("the feature map " + stringifyFeatureMap(map.getMap()) +
              " is left to the LLVM backend")
                 .str();
    return failure();
  }
  for (auto [isThere, what] :
       {std::pair(map.getNorm() != FeatureNorm::none, "a norm"),
        {map.getMix() != nullptr, "a mix"},
        {map.getLogScale() != nullptr, "a log scale"}})
    if (isThere) {
      reason = std::string("a feature map with ") + what +
               " is left to the LLVM backend";
      return failure();
    }
  return success();
}

Features::Features(KernelPipeline &pipeline, Value value, int heads, int tokens,
                   const std::string &name)
    : pipeline(pipeline), map(value.getDefiningOp<FeatureMapOp>()),
      tokens(tokens), inputs(name + "_inputs"), rows(name + "_rows"),
      squares(name + "_squares"), features(name) {
  Value source = map ? map.getInput() : value;
  auto type = cast<RankedTensorType>(source.getType());
  headDim = static_cast<int>(type.getDimSize(2)) / heads;
  columns = map ? static_cast<int>(map.getFeatures()) : headDim;
  rowCount = map ? static_cast<int>(map.getRows()) : headDim;
  input = pipeline.getInput(getArgument(source), BufferForm::Full);
  length = input.dim(1).extent();
  elements = Halide::RDom(0, headDim);
}

Expr Features::getRow(Expr row) const {
  return (rows.defined() ? rows : inputs)(token, row, block, head, batch);
}

Expr Features::getFeature(Expr column) {
  if (!map)
    return getRow(column);
  // e^(y - |x|^2 / 2), and the number that makes sums of products means.
  auto favor = [&](const Expr &y) {
    float factor = static_cast<float>(1 / std::sqrt(double(columns)));
    return factor * attune::exp(y - squares(token, block, head, batch));
  };
  switch (map.getMap()) {
  case FeatureMap::elu1: {
    Expr y = getRow(column);
    return Halide::select(strictLess(0.0f, y), y + 1.0f,
                          attune::exp(clampAbove(y, 0.0f)));
  }
  case FeatureMap::relu:
    return clampBelow(getRow(column), 0.0f);
  case FeatureMap::exp:
    return attune::exp(getRow(column));
  case FeatureMap::favor:
    return favor(getRow(column));
  case FeatureMap::favor_hyperbolic:
    return favor(Halide::select(column < rowCount, 1.0f, -1.0f) *
                 getRow(column % rowCount));
  default:
    return getRow(column);
  }
}

void Features::define(const Condition &condition) {
  // Tokens beyond the last one are read in place of none.
  Expr place = Halide::min(block * tokens + token, length - 1);
  Expr scale =
      map ? static_cast<float>(map.getScale().convertToDouble()) : 1.0f;
  inputs(token, column, block, head, batch) =
      input(head * headDim + column, place, batch) * scale;
  // A weight of all heads, or of each.
  auto load = [&](Value weight, std::vector<Expr> indices) {
    bool isShared = cast<RankedTensorType>(weight.getType()).getDimSize(0) == 1;
    indices.push_back(isShared ? Expr(0) : Expr(head));
    return pipeline.getInput(getArgument(weight), BufferForm::Full)(indices);
  };
  if (map && (map.getProjection() || map.getBias())) {
    Expr init = map.getBias() ? load(map.getBias(), {column}) : Expr(0.0f);
    if (Value projection = map.getProjection()) {
      rows(token, column, block, head, batch) = init;
      rows(token, column, block, head, batch) +=
          load(projection, {elements.x, column}) *
          inputs(token, elements.x, block, head, batch);
    } else {
      rows(token, column, block, head, batch) =
          init + inputs(token, column, block, head, batch);
    }
  }
  if (map && (map.getMap() == FeatureMap::favor ||
              map.getMap() == FeatureMap::favor_hyperbolic)) {
    Expr x = inputs(token, elements.x, block, head, batch);
    squares(token, block, head, batch) = 0.0f;
    squares(token, block, head, batch) += 0.5f * x * x;
  }
  Expr feature = getFeature(column);
  if (map && !map.getEpsilon().isZero())
    feature = feature + static_cast<float>(map.getEpsilon().convertToDouble());
  if (condition)
    feature = Halide::select(condition(token, block, batch), feature, 0.0f);
  features(token, column, block, head, batch) = feature;
}

std::vector<Func> Features::getFuncs() const {
  std::vector<Func> funcs = {inputs, rows, squares, features};
  llvm::erase_if(funcs, [](const Func &func) { return !func.defined(); });
  return funcs;
}

void Features::scheduleGpu() {
  for (const Func &func : getFuncs())
    launch(func);
}

bool Features::isRowMajor(int lanes) const {
  return !squares.defined() && rows.num_update_definitions() == 0 &&
         columns % lanes == 0;
}

void Features::scheduleCpu(Halide::LoopLevel loop, int lanes) {
  bool isWide = tokens % lanes == 0;
  Var vector("vector");
  auto compute = [&](Func func, int64_t height) {
    return func.compute_at(loop)
        .bound_extent(token, tokens)
        .store_in(height * tokens * 4 <= kStackBytes ? MemoryType::Stack
                                                     : MemoryType::Heap);
  };
  compute(features, columns).bound_extent(column, columns);
  if (isRowMajor(lanes)) {
    features.reorder_storage(column, token, block, head, batch)
        .reorder(column, token)
        .vectorize(column, lanes);
    return;
  }
  // Rows of inputs may be far apart: all columns of a few at a time.
  auto transpose = [&](Func func) {
    if (isWide)
      func.split(token, token, vector, lanes)
          .reorder(vector, column, token)
          .vectorize(vector);
  };
  transpose(features);
  bool hasProduct = rows.num_update_definitions() != 0;
  if (squares.defined() || hasProduct)
    transpose(compute(inputs, headDim));
  if (squares.defined()) {
    compute(squares, 1);
    if (isWide) {
      squares.vectorize(token, lanes);
      squares.update().reorder(token, elements.x).vectorize(token, lanes);
    }
  }
  if (!hasProduct)
    return;
  compute(rows, rowCount).bound_extent(column, rowCount);
  transpose(rows);
  Var row("row");
  rows.update()
      .split(column, column, row, kTileRows, TailStrategy::GuardWithIf)
      .reorder(token, row, elements.x, column)
      .unroll(row);
  if (isWide)
    rows.update()
        .split(token, token, vector, lanes)
        .reorder(vector, row, elements.x, token, column)
        .vectorize(vector);
}
