//===- AttentionSchedule.cpp - Loops of attention -------------------------===//
#include "AttentionForm.h"
#include "llvm/Support/MathExtras.h"

using namespace attune;
using Halide::Func;
using Halide::LoopLevel;
using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

/// Larger scratch memory than this, of one func, comes from the heap.
static constexpr int kStackBytes = 64 << 10;
/// Loops over more vectors than this stay loops.
static constexpr int kMaxUnroll = 16;

static constexpr TailStrategy kGuard = TailStrategy::GuardWithIf;

int AttentionForm::getColumnLanes(int valueDim, int lanes) {
  int whole = lanes;
  while (valueDim % whole)
    whole /= 2;
  // Guarded vectors are still better than single elements.
  return whole >= 4 || whole == lanes ? whole : lanes;
}

/// Scratch memory of `elements` elements; Halide knows that it takes no more.
static void place(Func &func, int64_t elements) {
  func.store_in(elements * 4 <= kStackBytes ? MemoryType::Stack
                                            : MemoryType::Heap);
}

std::vector<Func *> AttentionForm::getTileFuncs() {
  return {&packed,      &scores,  &maximum, &weights, &sum,     &context,
          &blockResult, &largest, &factor,  &total,   &inverse, &combined};
}

void AttentionForm::bindTile(Func &func) {
  func.bound_extent(query, queries)
      .bound_extent(tile, 1)
      .bound_extent(head, 1)
      .bound_extent(batch, 1);
}

/// What both forms have in common: which memory is needed when, and the sums
/// over blocks.
void AttentionForm::scheduleBlocks(LoopLevel task, int lanes) {
  for (Func *func : getTileFuncs())
    bindTile(*func);
  bound.bound_extent(batch, 1);
  for (Func *func :
       {&packed, &scores, &maximum, &weights, &sum, &context, &blockResult,
        &largest, &factor, &total, &inverse, &combined})
    func->bound_extent(query, queries);
  for (Func *func :
       {&packed, &blockResult, &largest, &factor, &total, &inverse, &combined})
    func->compute_at(task);
  LoopLevel atBlock(blockResult, block);
  for (Func *func : {&bound, &scores, &maximum, &weights, &sum, &context})
    func->compute_at(atBlock);

  place(packed, int64_t(queries) * shape.headDim);
  place(bound, keys);
  place(scores, int64_t(queries) * keys);
  place(weights, int64_t(queries) * keys);
  place(context, int64_t(queries) * shape.valueDim);
  place(combined, int64_t(queries) * shape.valueDim);
  for (Func *func : {&maximum, &sum, &largest, &total, &inverse})
    place(*func, queries);
  for (Func *func : {&scores, &weights})
    func->bound_storage(key, keys);
  bound.bound_storage(key, static_cast<int>(llvm::alignTo(keys, lanes)));
  packed.bound_extent(column, shape.headDim);
  context.bound_extent(column, shape.valueDim);
  combined.bound_extent(column, shape.valueDim);
  bound.vectorize(key, lanes, TailStrategy::RoundUp);

  // Sum and maximum follow the columns, in whole vectors.
  int width = static_cast<int>(llvm::alignTo(shape.valueDim + 2, lanes));
  blockResult.align_bounds(column, width)
      .reorder(column, query, tile, head, batch, block)
      .vectorize(column, lanes, TailStrategy::RoundUp);
  if (width / lanes <= kMaxUnroll)
    blockResult.unroll(column);

  int columnLanes = getColumnLanes(shape.valueDim, lanes);
  bool isSmall = shape.valueDim <= kMaxUnroll * columnLanes;
  context.vectorize(column, columnLanes, kGuard);
  combined.vectorize(column, columnLanes, kGuard);
  RVar everyBlock = blocks.x;
  // Sums of few columns stay in registers.
  if (isSmall)
    combined.unroll(column)
        .update()
        .reorder(column, everyBlock, query)
        .vectorize(column, columnLanes, kGuard)
        .unroll(column);
  else
    combined.update()
        .reorder(column, everyBlock, query)
        .vectorize(column, columnLanes, kGuard);
}

void AttentionForm::scheduleTiles(LoopLevel task,
                                  const AttentionTiles &tiling) {
  int lanes = tiling.lanes;
  scheduleBlocks(task, lanes);
  RVar everyKey = keysOfBlock.x, everyColumn = columnsOfHead.x;
  for (Func *func : {&packed, &scores, &maximum, &weights, &sum, &largest,
                     &factor, &total, &inverse})
    func->vectorize(query, lanes).unroll(query);
  maximum.update()
      .reorder(query, everyKey)
      .vectorize(query, lanes)
      .unroll(query);
  sum.update().reorder(query, everyKey).vectorize(query, lanes).unroll(query);
  largest.update()
      .reorder(query, blocks.x)
      .vectorize(query, lanes)
      .unroll(query);
  total.update().reorder(query, blocks.x).vectorize(query, lanes).unroll(query);

  Var keyOfTile("key_of_tile"), vector("vector"), lane("lane"), row("row");
  scores.update()
      .split(key, key, keyOfTile, tiling.mr)
      .reorder(query, keyOfTile, everyColumn, key)
      .vectorize(query, lanes)
      .unroll(query)
      .unroll(keyOfTile);
  if (shape.headDim % tiling.unroll == 0)
    scores.update().unroll(everyColumn, tiling.unroll);

  int columnLanes = getColumnLanes(shape.valueDim, lanes);
  context.update()
      .split(column, column, vector, columnLanes * tiling.columns, kGuard)
      .split(vector, vector, lane, columnLanes)
      .split(query, query, row, tiling.rows)
      .reorder(lane, vector, row, everyKey, query, column)
      .vectorize(lane)
      .unroll(vector)
      .unroll(row)
      .unroll(everyKey, tiling.unroll, kGuard);
}

void AttentionForm::scheduleRows(LoopLevel task, int lanes) {
  scheduleBlocks(task, lanes);
  RVar everyKey = keysOfBlock.x;
  packed.vectorize(column, lanes, kGuard);
  LoopLevel atBlock(blockResult, block);
  auto schedulePartial = [&](LaneReduction &reduction, LoopLevel loop) {
    for (Func &level : reduction.fold.getLevels())
      bindTile(level);
    bindTile(reduction.partial);
    reduction.partial.compute_at(loop)
        .store_in(MemoryType::Stack)
        .vectorize(reduction.partial.args().front())
        .update()
        .vectorize(reduction.domain.x);
  };
  for (LaneReduction *reduction : {&maximumLanes, &sumLanes}) {
    schedulePartial(*reduction, atBlock);
    reduction->fold.computeAt(atBlock);
  }
  Var keyOfVector("key_of_vector");
  scores.split(key, key, keyOfVector, lanes, TailStrategy::RoundUp)
      .vectorize(keyOfVector);
  if (scoreLanes.width) {
    LoopLevel atVector(scores, key);
    schedulePartial(scoreLanes, atVector);
    scoreLanes.fold.computeAt(atVector, /*withTotal=*/false);
    scoreLanes.partial.update().reorder(scoreLanes.domain.x,
                                        scoreLanes.domain.y, key);
    if (shape.headDim / scoreLanes.width <= kMaxUnroll)
      scoreLanes.partial.update().unroll(scoreLanes.domain.y).unroll(key, 4);
  }
  weights.vectorize(key, lanes, TailStrategy::RoundUp);
  int columnLanes = getColumnLanes(shape.valueDim, lanes);
  context.update().reorder(column, everyKey, query);
  context.update().vectorize(column, columnLanes, kGuard);
  if (shape.valueDim <= kMaxUnroll * columnLanes)
    context.update().unroll(column).unroll(everyKey, 4);
}

void AttentionForm::scheduleGpu() {
  Var rest("rest"), blockX("block_x"), threadX("thread_x"), threadY("thread_y");
  // Dimensions from `first` on become one of the grid.
  auto fuseRest = [&](auto stage, std::initializer_list<Var> dims) {
    bool isFirst = true;
    for (const Var &dim : dims) {
      if (isFirst)
        stage.fuse(dim, *(dims.begin() + 1), rest);
      else if (&dim != dims.begin() + 1)
        stage.fuse(rest, dim, rest);
      isFirst = false;
    }
    stage.gpu_blocks(rest);
  };
  auto stages = [](Func &func) {
    std::vector<Halide::Stage> all{Halide::Stage(func)};
    for (int i = 0; i < func.num_update_definitions(); ++i)
      all.push_back(func.update(i));
    return all;
  };
  // A thread for each query and each key or column, up to eight of those in a
  // block.
  auto launchPairs = [&](Func &func, Var other,
                         std::initializer_list<Var> dims) {
    func.compute_root().bound(query, 0, queries);
    for (Halide::Stage stage : stages(func)) {
      stage.split(other, blockX, threadY, 8, kGuard)
          .reorder(query, threadY, blockX)
          .gpu_threads(query, threadY)
          .gpu_blocks(blockX);
      fuseRest(stage, dims);
    }
  };
  auto launchQueries = [&](Func &func, std::initializer_list<Var> dims) {
    func.compute_root().bound(query, 0, queries);
    for (Halide::Stage stage : stages(func)) {
      stage.gpu_threads(query);
      fuseRest(stage, dims);
    }
  };
  bound.compute_root()
      .gpu_tile(key, blockX, threadX, 32, kGuard)
      .gpu_blocks(block, batch);
  launchPairs(packed, column, {tile, head, batch});
  launchPairs(scores, key, {block, tile, head, batch});
  launchPairs(weights, key, {block, tile, head, batch});
  launchPairs(context, column, {block, tile, head, batch});
  launchPairs(blockResult, column, {block, tile, head, batch});
  launchPairs(combined, column, {tile, head, batch});
  launchQueries(maximum, {block, tile, head, batch});
  launchQueries(sum, {block, tile, head, batch});
  launchQueries(factor, {block, tile, head, batch});
  launchQueries(largest, {tile, head, batch});
  launchQueries(total, {tile, head, batch});
  launchQueries(inverse, {tile, head, batch});
}
