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
  panel = static_cast<int>(schedule.panel);
  numPanels = static_cast<int>(llvm::divideCeil(n, panel));
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

Expr LinearAlgorithm::weightAt(Expr columnInPanel, Expr k, Expr panel) {
  Halide::ImageParam weight =
      pipeline.getInput(getArgument(linear.getWeight()), BufferForm::Full);
  return weight(columnInPanel, k, panel);
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
  chooseTile();
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

/// Tiles other than the schedule's: those of GPUs, and of few rows.
void TiledLinear::chooseTile() {
  int lanes = pipeline.getLanes();
  int few = static_cast<int>(pipeline.getMostRows());
  bool gpu = pipeline.getHalideTarget().has_gpu_feature();
  if (!few && !gpu)
    return;
  schedule.packa = 0;
  runOfK = std::max(k, 1);
  if (gpu) {
    mr = columns = 4;
    return;
  }
  // As many vectors as there are registers, up to eight streams: whole panels,
  // or parts into which one can be cut.
  int registers = static_cast<int>(pipeline.getTarget().vectorRegisters);
  int most = std::clamp((registers - 1) / (few + 1), 1, 8);
  int inPanel = std::max(panel / lanes, 1), vectors = most;
  if (inPanel <= most)
    vectors = most / inPanel * inPanel;
  else
    while (inPanel % vectors)
      --vectors;
  mr = few;
  columns = vectors * lanes;
}

Expr TiledLinear::product(Expr k) {
  Expr row = ro * mr + ri;
  Expr input;
  if (packed.defined())
    input = packed(k, row);
  else if (pipeline.getMostRows())
    input = inputAt(k, Halide::min(row, rows - 1));
  else // Whole tiles know their rows, and what lies beyond is for the last one.
    input = inputAt(k, Halide::min(Halide::likely(row), rows - 1));
  return input * weightOfTile(k);
}

/// The weight at k in column ci of strip co. Written so that the panel is the
/// same for all lanes of a vector, as far as Halide can tell.
Expr TiledLinear::weightOfTile(Expr k) {
  if (panel % columns == 0) {
    int strips = panel / columns;
    return weightAt(co % strips * columns + ci, k, co / strips);
  }
  int panels = columns / panel;
  Expr index = co * panels + ci / panel;
  if (numPanels % panels)
    index = Halide::min(index, numPanels - 1);
  return weightAt(ci % panel, k, index);
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
  // One tile of known extents, whatever guards the loops around it have.
  func.bound(ci, 0, columns).bound(ri, 0, mr);
  func.bound_extent(co, 1).bound_extent(ro, 1);
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
  if (pipeline.getMostRows() == 1)
    result.bound(row, 0, 1);
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
      .unroll(vec);
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
  sums.bound_extent(co, 1).bound_extent(ro, 1);
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
      inputAt(r, Halide::min(row, rows - 1)) *
      weightAt(column % panel, r,
               Halide::min(column / panel, std::max(numPanels - 1, 0)));
  result(column, row) = finish(sums(column, row));
  pipeline.setResult(0, result, BufferForm::Rows);
}
