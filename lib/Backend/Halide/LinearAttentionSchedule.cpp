//===- LinearAttentionSchedule.cpp - Loops of linear attention ------------===//
#include "Launch.h"
#include "LinearAttentionForm.h"

using namespace attune;
using Halide::Func;
using Halide::LoopLevel;
using Halide::MemoryType;
using Halide::RVar;
using Halide::Stage;
using Halide::TailStrategy;
using Halide::Var;

/// Larger scratch memory than this, of one func, comes from the heap.
static constexpr int64_t kStackBytes = 64 << 10;

static constexpr TailStrategy kGuard = TailStrategy::GuardWithIf;

/// Scratch memory of `elements` elements; Halide knows that it takes no more.
static void place(Func &func, int64_t elements) {
  func.store_in(elements * 4 <= kStackBytes ? MemoryType::Stack
                                            : MemoryType::Heap);
}

void LinearAttentionForm::scheduleCpu() {
  Var stateTask("task_of_state"), resultTask("task_of_result"),
      presentTask("task_of_present");
  scheduleState(stateTask);
  scheduleResult(resultTask);
  present.bound(column, 0, valueDim)
      .vectorize(column, columnLanes, kGuard)
      .fuse(head, batch, presentTask)
      .parallel(presentTask);
}

/// Register tiles of rows by vectors of columns, from vectors and rows that are
/// the two innermost loops.
void LinearAttentionForm::unrollTile(Stage stage, Var columns, Var rows) {
  stage.vectorize(columns, columnLanes).unroll(columns).unroll(rows);
}

/// A task is the states of a few heads, along all chunks.
void LinearAttentionForm::scheduleState(Var task) {
  int columns = columnLanes * tiles.columns;
  Var columnTile("column_tile"), columnOfTile("column_of_tile"),
      rowOfTile("row_of_tile");
  state.compute_root().bound(column, 0, width).bound(row, 0, keyDim);
  auto init = isFull ? Stage(state) : state.update(0);
  init.vectorize(column, columnLanes).fuse(head, batch, task).parallel(task);

  Stage scan = isFull ? state.update(0) : state.update(1);
  Var headOfTask("head_of_task");
  scan.split(head, head, headOfTask, tiles.heads)
      .split(column, columnTile, columnOfTile, columns)
      .split(row, row, rowOfTile, tiles.keyRows)
      .reorder({columnOfTile, rowOfTile, columnTile, row, headOfTask, chunks.x,
                head, batch});
  unrollTile(scan, columnOfTile, rowOfTile);
  scan.fuse(head, batch, task).parallel(task);
  LoopLevel atStep(state, headOfTask);

  keys.scheduleCpu(atStep, tiles.lanes);
  if (packsValues())
    scheduleValues(stateValues, atStep);
  if (isGated) {
    for (Func *func : {&gate, &decay, &rest}) {
      func->compute_root();
      if (!isWide())
        continue;
      func->bound_extent(token, chunk).vectorize(token, tiles.lanes);
      if (func != &gate)
        func->update()
            .reorder(token, tokensOfChunk.x)
            .vectorize(token, tiles.lanes);
    }
    weighted.compute_at(atStep).bound_extent(token, chunk);
    place(weighted, int64_t(chunk) * keyDim);
    if (isWide())
      weighted.vectorize(token, tiles.lanes);
  }
  // Sums of a tile stay in registers.
  update.compute_at(LoopLevel(state, columnTile))
      .store_in(MemoryType::Stack)
      .bound_extent(column, columns)
      .bound_extent(row, tiles.keyRows);
  unrollTile(update, column, row);
  update.update().reorder({column, row, tokensOfChunk.x});
  unrollTile(update.update(), column, row);
  update.update().unroll(tokensOfChunk.x, tiles.unroll, kGuard);
}

/// The values of a chunk, with their column of ones.
void LinearAttentionForm::scheduleValues(Func &func, LoopLevel loop) {
  func.compute_at(loop)
      .bound_extent(column, width)
      .bound_extent(token, chunk)
      .vectorize(column, columnLanes);
  place(func, int64_t(width) * chunk);
}

/// A task is a chunk of one head; heads that lie beside each other in memory
/// come one after the other.
void LinearAttentionForm::scheduleResult(Var task) {
  int columns = columnLanes * tiles.columns;
  Var ofHead("head"), tile("tile");
  result.bound(column, 0, heads * valueDim)
      .split(column, ofHead, column, valueDim)
      .split(token, tile, token, chunk, kGuard)
      .reorder(column, token, ofHead, tile, batch)
      .vectorize(column, columnLanes, kGuard)
      .fuse(ofHead, tile, task)
      .fuse(task, batch, task)
      .parallel(task);
  LoopLevel atTask(result, task);
  queries.scheduleCpu(atTask, tiles.lanes);
  for (Func *func : {&context, &factor, &scores, &weights}) {
    if (!func->defined())
      continue;
    func->compute_at(atTask)
        .bound_extent(token, chunk)
        .bound_extent(block, 1)
        .bound_extent(head, 1)
        .bound_extent(batch, 1);
  }
  place(context, int64_t(width) * chunk);
  context.bound_extent(column, width).vectorize(column, columnLanes);
  Var columnOfTile("column_of_tile"), rowOfTile("row_of_tile");
  auto multiply = [&](Stage stage, RVar sum) {
    stage.split(column, column, columnOfTile, columns)
        .split(token, token, rowOfTile, tiles.rows)
        .reorder({columnOfTile, rowOfTile, sum, token, column});
    unrollTile(stage, columnOfTile, rowOfTile);
    stage.unroll(sum, tiles.unroll, kGuard);
  };
  multiply(context.update(0), rowsOfState.x);
  if (isGated)
    context.update(1).vectorize(column, columnLanes);
  if (hasSums) {
    factor.store_in(MemoryType::Stack);
    if (isWide())
      factor.vectorize(token, tiles.lanes);
  }
  if (isFull)
    return;
  multiply(context.update(isGated ? 2 : 1), keysBefore.x);
  scoreKeys.scheduleCpu(atTask, tiles.lanes);
  if (packsValues())
    scheduleValues(values, atTask);
  for (Func *func : {&scores, &weights}) {
    func->bound_extent(key, chunk);
    place(*func, int64_t(chunk) * chunk);
  }
  if (!isWide())
    return;
  // Queries lie across lanes.
  Var vector("vector"), keyOfTile("key_of_tile");
  if (isGated) {
    gap.compute_at(atTask)
        .bound_extent(token, chunk)
        .bound_extent(key, chunk)
        .vectorize(token, tiles.lanes);
    place(gap, int64_t(chunk) * chunk);
    gap.update().vectorize(token, tiles.lanes);
  }
  if (queries.isRowMajor(tiles.lanes)) {
    turned.compute_at(atTask)
        .bound_extent(token, chunk)
        .bound_extent(row, keyDim)
        .split(token, token, vector, tiles.lanes)
        .reorder(vector, row, token)
        .vectorize(vector);
    place(turned, int64_t(chunk) * keyDim);
  }
  scores.vectorize(token, tiles.lanes);
  scores.update()
      .split(token, token, vector, getQueriesOfTile())
      .split(key, key, keyOfTile, tiles.rows)
      .reorder({vector, keyOfTile, rowsOfKeys.x, key, token})
      .vectorize(vector, tiles.lanes)
      .unroll(vector)
      .unroll(keyOfTile)
      .unroll(rowsOfKeys.x, tiles.unroll, kGuard);
  weights.vectorize(token, tiles.lanes);
}

void LinearAttentionForm::scheduleGpu() {
  for (Features *of : {&queries, &keys, &scoreKeys})
    of->scheduleGpu();
  for (Func *func : {&gate, &decay, &rest, &gap, &weighted, &stateValues,
                     &update, &state, &scores, &weights, &values, &context,
                     &factor, &result, &present, &presentSum})
    if (func->defined())
      launch(*func);
}
