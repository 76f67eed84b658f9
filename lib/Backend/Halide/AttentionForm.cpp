//===- AttentionForm.cpp - Softmax attention as Halide funcs --------------===//
#include "AttentionForm.h"
#include "Math.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;

/// Scores of excluded keys, below the start of the search for the maximum:
/// their weights are zero also where all keys are excluded.
static constexpr float kExcluded = -3.0e38f;
static constexpr float kLowest = -1.0e38f;

AttentionShape::AttentionShape(AttentionOp op)
    : heads(static_cast<int>(op.getHeads())),
      kvHeads(static_cast<int>(op.getKvHeads())),
      headDim(static_cast<int>(op.getHeadDim())),
      valueDim(static_cast<int>(op.getValueDim())) {}

static Halide::ImageParam getOperand(KernelPipeline &pipeline, Value value) {
  return pipeline.getInput(cast<BlockArgument>(value).getArgNumber(),
                           BufferForm::Full);
}

/// Lanes of vectors that fill `extent` exactly; zero where these are few.
static int getLanes(int extent, int lanes) {
  while (extent % lanes)
    lanes /= 2;
  return lanes >= 4 ? lanes : 0;
}

AttentionForm::AttentionForm(KernelPipeline &pipeline, AttentionOp op,
                             int queries, int keys, int unit)
    : shape(op), queries(queries), keys(keys) {
  Halide::ImageParam q = getOperand(pipeline, op.getQuery());
  Halide::ImageParam k = getOperand(pipeline, op.getKey());
  Halide::ImageParam v = getOperand(pipeline, op.getValue());
  // Known strides would be factored into the numbers of rows, from which each
  // product of the inner loops would then have to compute its address.
  for (Halide::ImageParam operand : {k, v})
    operand.dim(1).set_stride(Expr());
  Expr numQueries = pipeline.getResultExtent(1);
  Expr numKeys = k.dim(1).extent();
  // Blocks of about equal size, in whole units.
  Expr numBlocks = Halide::max((numKeys + (keys - 1)) / keys, 1);
  Expr size = (numKeys + (numBlocks - 1)) / numBlocks;
  size = (size + (unit - 1)) / unit * unit;
  columnsOfHead = RDom(0, shape.headDim);
  keysOfBlock = RDom(0, size);
  blocks = RDom(0, numBlocks);
  Expr group = head / (shape.heads / shape.kvHeads);
  // Keys beyond the last one are in no sum; others are read in their place.
  auto clampKey = [&](const Expr &key) {
    return Halide::min(block * size + key, numKeys - 1);
  };

  float scale = static_cast<float>(op.getScale().convertToFloat() * M_LOG2E);
  packed(query, column, tile, head, batch) =
      q(head * shape.headDim + column,
        Halide::min(tile * queries + query, numQueries - 1), batch) *
      scale;

  // The bits of +inf for keys to use. As floats, Halide would take infinity
  // for what never is.
  Expr used = block * size + key < numKeys;
  if (op.getKeyMask())
    used = used && getOperand(pipeline, op.getKeyMask())(
                       clampKey(key), batch) != Halide::cast<int64_t>(0);
  bound(key, block, batch) = Halide::select(
      used, llvm::bit_cast<int32_t>(std::numeric_limits<float>::infinity()),
      llvm::bit_cast<int32_t>(kExcluded));

  // Lanes hold queries, or where there is only one, columns and keys.
  int lanesOfColumns = queries == 1 ? getLanes(shape.headDim, unit) : 0;
  int lanesOfKeys = queries == 1 ? unit : 0;
  reduce(scores, scoreLanes, lanesOfColumns, columnsOfHead,
         {query, key, block, tile, head, batch}, Combine::Sum, 0.0f,
         [&](const Expr &column) {
           return packed(query, column, tile, head, batch) *
                  k(group * shape.headDim + column, clampKey(key), batch);
         });
  // The bound where the score is a NaN, so that whatever stands at an excluded
  // key has no effect.
  auto getScore = [&](const Expr &key) {
    Expr score = scores(query, key, block, tile, head, batch);
    Expr limit = Halide::reinterpret<float>(bound(key, block, batch));
    return Halide::select(strictLess(score, limit), score, limit);
  };
  std::vector<Halide::Var> position = {query, block, tile, head, batch};
  reduce(maximum, maximumLanes, lanesOfKeys, keysOfBlock, position,
         Combine::Largest, kLowest, getScore);
  // Of +inf this is a NaN.
  weights(query, key, block, tile, head, batch) = exp2Flush(
      strictSub(getScore(key), maximum(query, block, tile, head, batch)));
  reduce(sum, sumLanes, lanesOfKeys, keysOfBlock, position, Combine::Sum, 0.0f,
         [&](const Expr &key) {
           return weights(query, key, block, tile, head, batch);
         });
  context(column, query, block, tile, head, batch) = 0.0f;
  context(column, query, block, tile, head, batch) +=
      weights(query, keysOfBlock, block, tile, head, batch) *
      v(group * shape.valueDim + column, clampKey(keysOfBlock), batch);

  int last = shape.valueDim;
  blockResult(column, query, block, tile, head, batch) = Halide::select(
      column < last,
      context(Halide::min(column, last - 1), query, block, tile, head, batch),
      column == last, sum(query, block, tile, head, batch),
      maximum(query, block, tile, head, batch));
  auto getBlock = [&](const Expr &column, const Expr &block) {
    return blockResult(column, query, block, tile, head, batch);
  };
  largest(query, tile, head, batch) = kLowest;
  largest(query, tile, head, batch) = Halide::max(
      largest(query, tile, head, batch), getBlock(last + 1, blocks));
  factor(query, block, tile, head, batch) = exp2Flush(
      strictSub(getBlock(last + 1, block), largest(query, tile, head, batch)));
  total(query, tile, head, batch) = 0.0f;
  total(query, tile, head, batch) +=
      factor(query, blocks, tile, head, batch) * getBlock(last, blocks);
  // No key left: all zeros.
  Expr all = total(query, tile, head, batch);
  inverse(query, tile, head, batch) =
      Halide::select(all == 0.0f, 0.0f, 1.0f / all);
  combined(column, query, tile, head, batch) = 0.0f;
  combined(column, query, tile, head, batch) +=
      factor(query, blocks, tile, head, batch) * getBlock(column, blocks);
}

void AttentionForm::reduce(Func &func, LaneReduction &lanes, int width,
                           RDom domain, std::vector<Halide::Var> position,
                           Combine kind, float init, const Element &element) {
  if (width == 0) {
    func(position) = init;
    func(position) = combine(kind, func(position), element(domain.x));
    return;
  }
  Halide::Var lane("lane");
  Func partial(func.name() + "_lanes");
  lanes.domain = RDom({{0, width}, {0, domain.x.extent() / width}});
  std::vector<Expr> place(position.begin(), position.end());
  place.insert(place.begin(), lane);
  partial(place) = init;
  place.front() = lanes.domain.x;
  partial(place) = combine(kind, partial(place),
                           element(lanes.domain.y * width + lanes.domain.x));
  lanes.width = width;
  lanes.partial = partial;
  lanes.fold = Fold(kind, partial, width, position);
  func = lanes.fold.getTotal();
}

Expr AttentionForm::get(Expr column, Expr query, Expr batch) const {
  Expr place = query % queries, tile = query / queries;
  Expr head = column / shape.valueDim;
  return combined(column % shape.valueDim, place, tile, head, batch) *
         inverse(place, tile, head, batch);
}
