//===- LinearAlgorithm.cpp - Products with packed weights -----------------===//
#include "LinearAlgorithm.h"
#include "MapAlgorithm.h"
#include "RegionExprs.h"
#include "attune/Backend/Backend.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

LinearAlgorithm::LinearAlgorithm(KernelPipeline &pipeline,
                                 const LinearSchedule &schedule)
    : pipeline(pipeline), schedule(schedule) {
  KernelOp kernel = pipeline.getKernel();
  linear = cast<LinearOp>(kernel.getAnchor().getOperation());
  auto weight = cast<RankedTensorType>(linear.getWeight().getType());
  n = static_cast<int>(weight.getDimSize(0));
  k = static_cast<int>(weight.getDimSize(1));
  rows = pipeline.getRows();
  auto attr = cast<TypeAttr>(
      kernel.getArgAttr(getArgument(linear.getInput()), kBufferAttr));
  auto type = cast<MemRefType>(attr.getValue());
  // Rows of a part of a wider tensor may lie at several distances.
  showsRows = type.getLayout().isIdentity() || type.getRank() <= 2;
}

Expr LinearAlgorithm::inputAt(Expr k, Expr row) {
  unsigned argument = getArgument(linear.getInput());
  if (showsRows)
    return pipeline.getInput(argument, BufferForm::Rows)(k, row);
  std::vector<Expr> indices{k};
  llvm::append_range(indices, getRowIndices(pipeline, row));
  return pipeline.getInput(argument, BufferForm::Full)(indices);
}

Expr LinearAlgorithm::weightAt(Expr column, Expr k) {
  int panel = static_cast<int>(schedule.panel);
  int last = std::max<int>(llvm::divideCeil(n, panel) - 1, 0);
  Halide::ImageParam weight =
      pipeline.getInput(getArgument(linear.getWeight()), BufferForm::Full);
  return weight(column % panel, k, Halide::min(column / panel, last));
}

Expr LinearAlgorithm::finish(Expr sum) {
  RegionExprs region(pipeline);
  Position position{column, row};
  if (Value bias = linear.getBias())
    sum = sum + region.get(bias, position);
  KnownExprs known;
  known[linear.getResult()] = sum;
  return region.getResults(position, known)[0];
}

TiledLinear::TiledLinear(KernelPipeline &pipeline,
                         const LinearSchedule &schedule)
    : LinearAlgorithm(pipeline, schedule), mr(static_cast<int>(schedule.mr)),
      columns(static_cast<int>(schedule.nv) * pipeline.getLanes()),
      runOfK(static_cast<int>(schedule.getRunOfK(k))) {
  if (pipeline.getHalideTarget().has_gpu_feature()) {
    // The tile of a thread.
    mr = columns = 4;
    this->schedule.packa = 0;
    runOfK = std::max(k, 1);
  }
  wholeRuns = runOfK < k ? k / runOfK : 0;
  if (this->schedule.packa) {
    packed = Func("packed");
    packed(packedK, packedRow) =
        inputAt(packedK, Halide::min(packedRow, rows - 1));
  }
  sums(ci, co, ri, ro) = 0.0f;
  if (!wholeRuns) {
    addProducts(sums, 0, k);
  } else {
    runs = RDom(0, wholeRuns, "runs");
    partials.push_back(definePartial(run * runOfK, runOfK, true));
    sums(ci, co, ri, ro) += partials[0](ci, co, ri, ro, runs);
    if (int begin = wholeRuns * runOfK; begin < k) {
      partials.push_back(definePartial(begin, k - begin, false));
      sums(ci, co, ri, ro) += partials[1](ci, co, ri, ro);
    }
  }
  Expr sum = sums(column % columns, column / columns, row % mr, row / mr);
  result(column, row) = finish(sum);
  pipeline.setResult(0, result, BufferForm::Rows);
}

Expr TiledLinear::product(Expr k) {
  Expr row = ro * mr + ri;
  Expr input = packed.defined()
                   ? packed(k, row)
                   : inputAt(k, Halide::min(Halide::likely(row), rows - 1));
  return input * weightAt(co * columns + ci, k);
}

/// Adds the products of a run to a func of tiles: those of whole iterations of
/// the inner loop, then those that are left.
void TiledLinear::addProducts(Func func, Expr first, int length) {
  std::vector<Var> tile = func.args();
  std::vector<Expr> place(tile.begin(), tile.end());
  int rest = length % static_cast<int>(schedule.unroll);
  if (length > rest) {
    RDom r(0, length - rest, "k");
    func(place) += product(first + r);
  }
  if (rest) {
    RDom r(length - rest, rest, "rest");
    func(place) += product(first + r);
  }
}

Func TiledLinear::definePartial(Expr first, int length, bool byRun) {
  Func partial(byRun ? "partial" : "last");
  if (byRun)
    partial(ci, co, ri, ro, run) = 0.0f;
  else
    partial(ci, co, ri, ro) = 0.0f;
  addProducts(partial, first, length);
  return partial;
}

std::pair<Expr, Expr> TiledLinear::getTilesOfTask() {
  auto ceilDiv = [](Expr a, Expr b) { return (a + b - 1) / b; };
  int across = std::max<int>(llvm::divideCeil(n, columns), 1);
  int mostAcross = std::clamp<int>(schedule.nc / columns, 1, across);
  int mostDown = std::max<int>(schedule.mc / mr, 1);
  // Blocks of equal height.
  Expr down = Halide::max(ceilDiv(rows, mr), 1);
  Expr blocks = ceilDiv(down, mostDown);
  // Few rows are shared out by columns: more groups than nc asks for.
  Expr wanted = ceilDiv(static_cast<int>(schedule.tasks), blocks);
  int least = llvm::divideCeil(across, mostAcross);
  Expr groups = Halide::clamp(wanted, least, across);
  return {ceilDiv(across, groups), ceilDiv(down, blocks)};
}

/// Vectors along the columns of a tile, rows above them, both unrolled.
void TiledLinear::vectorize(Halide::Stage stage) {
  stage.split(ci, vec, lane, pipeline.getLanes(), TailStrategy::GuardWithIf)
      .reorder(lane, vec, ri)
      .vectorize(lane)
      .unroll(vec)
      .unroll(ri);
}

/// The loop over k of a stage that adds products.
static RVar getReduction(Halide::Stage &stage) {
  return RVar(stage.get_schedule().rvars()[0].var);
}

/// Cache lines, an odd number of them: rows spread over all sets.
int TiledLinear::getPackedStride() {
  return static_cast<int>((llvm::divideCeil(k, 16) | 1) * 16);
}

/// The loops in a tile: k outside, in iterations of `unroll` steps.
void TiledLinear::scheduleProducts(Func func) {
  func.bound(ci, 0, columns).bound(ri, 0, mr);
  vectorize(func);
  for (int i = 0; i < func.num_update_definitions(); ++i) {
    Halide::Stage stage = func.update(i);
    vectorize(stage);
    RVar r(stage.get_schedule().rvars()[0].var), outer("outer"), inner("inner");
    stage
        .split(r, outer, inner, static_cast<int>(schedule.unroll),
               TailStrategy::GuardWithIf)
        .reorder(lane, vec, ri, inner, outer)
        .unroll(inner);
  }
}

void TiledLinear::scheduleCpu() {
  auto [tilesAcross, tilesDown] = getTilesOfTask();
  Var strip("strip"), tile("tile"), group("group"), block("block"),
      task("task");
  constexpr TailStrategy guard = TailStrategy::GuardWithIf;
  result.split(column, strip, column, columns, guard)
      .split(row, tile, row, mr, guard)
      .split(strip, group, strip, tilesAcross, guard)
      .split(tile, block, tile, tilesDown, guard)
      .split(column, vec, lane, pipeline.getLanes(), guard)
      .reorder(lane, vec, row, tile, strip, block, group)
      .fuse(block, group, task)
      .parallel(task)
      .vectorize(lane)
      .unroll(vec)
      .unroll(row);
  for (const Var &var : {task, strip, row, vec, lane})
    result.partition(var, Partition::Never);
  if (packed.defined())
    packed.compute_at(result, task)
        .bound_storage(packedK, getPackedStride())
        .vectorize(packedK, pipeline.getLanes(), guard);
  if (partials.empty()) {
    sums.compute_at(result, tile);
    scheduleProducts(sums);
    return;
  }
  // All sums of a task stay in memory while the runs of k are added to them.
  sums.compute_at(result, task).reorder_storage(ci, ri, ro, co);
  vectorize(sums);
  for (int i = 0; i < sums.num_update_definitions(); ++i) {
    Halide::Stage stage = sums.update(i);
    vectorize(stage);
    if (i == 0)
      stage.reorder(lane, vec, ri, ro, co, runs.x);
    else
      stage.reorder(lane, vec, ri, ro, co);
    partials[i].compute_at(sums, ro);
    scheduleProducts(partials[i]);
  }
}

/// Rows of 4 x 4 elements for a thread, 16 x 16 threads for a block.
void TiledLinear::scheduleGpu() {
  Var bx("bx"), by("by"), tx("tx"), ty("ty");
  constexpr TailStrategy guard = TailStrategy::GuardWithIf;
  constexpr int threads = 16;
  result.split(column, bx, column, threads * columns, guard)
      .split(column, tx, column, columns)
      .split(row, by, row, threads * mr, guard)
      .split(row, ty, row, mr)
      .reorder(column, row, tx, ty, bx, by)
      .unroll(column)
      .unroll(row)
      .gpu_threads(tx, ty)
      .gpu_blocks(bx, by);
  sums.compute_at(result, tx).bound(ci, 0, columns).bound(ri, 0, mr);
  sums.reorder(ci, ri).unroll(ci).unroll(ri);
  for (int i = 0; i < sums.num_update_definitions(); ++i) {
    Halide::Stage stage = sums.update(i);
    stage.reorder(ci, ri, getReduction(stage)).unroll(ci).unroll(ri);
  }
}

PlainLinear::PlainLinear(KernelPipeline &pipeline,
                         const LinearSchedule &schedule)
    : LinearAlgorithm(pipeline, schedule) {
  RDom r(0, k, "k");
  sums(column, row) = 0.0f;
  sums(column, row) +=
      inputAt(r, Halide::min(row, rows - 1)) * weightAt(column, r);
  result(column, row) = finish(sums(column, row));
  pipeline.setResult(0, result, BufferForm::Rows);
}
