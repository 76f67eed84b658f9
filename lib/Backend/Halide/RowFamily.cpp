//===- RowFamily.cpp - Families whose kernels work row by row -------------===//
#include "RowFamily.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

/// Partial results of a reduction, in vectors: they hide its latency.
static constexpr int kVectors = 4;
/// Vectors of one pass of an elementwise step.
static constexpr int kUnroll = 4;
/// Longer rows are kept in memory from the heap.
static constexpr int64_t kStackColumns = 16 << 10;

//===----------------------------------------------------------------------===//
// RowAlgorithm
//===----------------------------------------------------------------------===//

RowAlgorithm::RowAlgorithm(KernelPipeline &pipeline)
    : pipeline(pipeline), results(pipeline),
      width(pipeline.getLanes() * kVectors), column(results.getColumnVar()),
      row(results.getRowVar()) {}

RowAlgorithm::Element RowAlgorithm::load(Value value, bool buffered) {
  Element element = [this, value](const Expr &column) {
    return RegionExprs(pipeline).get(value, {column, row});
  };
  return buffered && !isa<BlockArgument>(value) ? keep(element, "row_buffer")
                                                : element;
}

RowAlgorithm::Element RowAlgorithm::keep(const Element &element,
                                         const std::string &name) {
  Func buffer(name);
  buffer(column, row) = element(column);
  buffers.push_back(buffer);
  return [this, buffer](const Expr &column) { return buffer(column, row); };
}

std::vector<Expr>
RowAlgorithm::reduceAll(Combine kind, float init,
                        const std::vector<Element> &elements) {
  size_t count = elements.size();
  Func partial("partial");
  defineAll(partial(part, row), std::vector<Expr>(count, Expr(init)));
  auto update = [&](const Expr &place, const Expr &column) {
    std::vector<Expr> values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(combine(kind, getOne(partial(place, row), i, count),
                               elements[i](column)));
    defineAll(partial(place, row), values);
  };
  // Whole steps need no masks; what is left takes single vectors.
  int lanes = pipeline.getLanes();
  Expr columns = getColumns(), whole = columns / width;
  Expr left = columns - whole * width;
  Reduction reduction;
  reduction.steps = Halide::RDom({{0, width}, {0, whole}}, "steps");
  update(reduction.steps.x, reduction.steps.y * width + reduction.steps.x);
  reduction.rest =
      Halide::RDom({{0, lanes}, {0, (left + (lanes - 1)) / lanes}}, "rest");
  Expr last = whole * width + reduction.rest.y * lanes + reduction.rest.x;
  reduction.rest.where(last < columns);
  update(reduction.rest.x, last);

  reduction.partial = partial;
  reduction.fold = Fold(kind, partial, width, {row});
  reductions.push_back(reduction);
  std::vector<Expr> totals;
  for (size_t i = 0; i < count; ++i)
    totals.push_back(getOne(reduction.fold.getTotal()(row), i, count));
  return totals;
}

Expr RowAlgorithm::reduce(Combine kind, float init, const Element &element) {
  return reduceAll(kind, init, {element})[0];
}

std::vector<Expr> RowAlgorithm::sum(const std::vector<Element> &elements) {
  return reduceAll(Combine::Sum, 0.0f, elements);
}

Expr RowAlgorithm::once(Expr value, const std::string &name) {
  Func func(name);
  func(row) = value;
  values.push_back(func);
  return func(row);
}

void RowAlgorithm::finish(const Element &result) {
  KnownExprs known;
  KernelOp kernel = pipeline.getKernel();
  known[kernel.getAnchor()->getResult(0)] = result(column);
  results.define(known);
}

void RowAlgorithm::scheduleCpu() {
  int lanes = pipeline.getLanes();
  results.scheduleCpu(pipeline.getSchedule().get("elements", 4096), kUnroll);
  Halide::LoopLevel atRow = results.atRow();
  auto type =
      cast<RankedTensorType>(pipeline.getKernel().getResultTypes().front());
  bool isShort = !type.isDynamicDim(type.getRank() - 1) &&
                 type.getShape().back() <= kStackColumns;
  Var vector("vector");
  for (Func &buffer : buffers) {
    buffer.compute_at(atRow)
        .split(column, column, vector, lanes * 2, TailStrategy::GuardWithIf)
        .vectorize(vector, lanes)
        .unroll(vector);
    // Memory from the heap is taken once for a task.
    if (isShort)
      buffer.store_in(MemoryType::Stack);
    else
      buffer.store_at(results.atTask()).fold_storage(row, 1);
  }
  for (Func &value : values)
    value.compute_at(atRow).store_in(MemoryType::Stack);
  for (Reduction &reduction : reductions) {
    RVar inStep = reduction.steps.x;
    reduction.partial.compute_at(atRow)
        .store_in(MemoryType::Stack)
        .bound_extent(part, width)
        .vectorize(part, lanes)
        .unroll(part);
    reduction.partial.update(0).vectorize(inStep, lanes).unroll(inStep);
    reduction.partial.update(1).vectorize(reduction.rest.x);
    reduction.fold.computeAt(atRow);
  }
}

void RowAlgorithm::scheduleGpu() {
  results.scheduleGpu();
  Var block("block"), thread("thread");
  for (Func &buffer : buffers)
    buffer.compute_root()
        .gpu_tile(column, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(row);
  for (Func &value : values)
    value.compute_root().gpu_tile(row, block, thread, 64,
                                  TailStrategy::GuardWithIf);
  for (Reduction &reduction : reductions) {
    reduction.partial.compute_root()
        .bound(part, 0, width)
        .gpu_threads(part)
        .gpu_blocks(row);
    int number = 0;
    for (Halide::RDom *domain : {&reduction.steps, &reduction.rest})
      reduction.partial.update(number++)
          .reorder(domain->y, domain->x, row)
          .gpu_threads(domain->x)
          .gpu_blocks(row);
    reduction.fold.getTotal().compute_root().gpu_tile(
        row, block, thread, 64, TailStrategy::GuardWithIf);
  }
}

//===----------------------------------------------------------------------===//
// HalideRowFamily
//===----------------------------------------------------------------------===//

LogicalResult HalideRowFamily::supports(KernelOp kernel,
                                        std::string &reason) const {
  Operation *anchor = kernel.getAnchor();
  auto type = cast<RankedTensorType>(anchor->getResult(0).getType());
  if (type.getRank() == 0) {
    reason = "a tensor without dimensions";
    return failure();
  }
  for (Value value : kernel.getYield().getValues())
    if (cast<RankedTensorType>(value.getType()).getShape() != type.getShape()) {
      reason = "an epilogue of another shape than the anchor's result";
      return failure();
    }
  for (Value operand : anchor->getOperands())
    if (failed(RegionExprs::supportsValue(operand, {}, reason)))
      return failure();
  return RegionExprs::supportsResults(kernel, anchor->getResults(), reason,
                                      /*several=*/true);
}

SmallVector<Knob> HalideRowFamily::getKnobs(KernelOp,
                                            const TargetDesc &) const {
  return {{"elements", "elements of a task, about", {2048, 4096, 8192, 16384}}};
}

Schedule HalideRowFamily::getDefaultSchedule(KernelOp,
                                             const TargetDesc &) const {
  return Schedule().set("elements", 4096);
}

LogicalResult HalideRowFamily::verifySchedule(KernelOp,
                                              const Schedule &schedule,
                                              const TargetDesc &,
                                              std::string &reason) const {
  int64_t elements = schedule.get("elements", 4096);
  if (elements >= 1 && elements <= int64_t(1) << 30)
    return success();
  reason = "elements must be from 1 to 2^30";
  return failure();
}

std::unique_ptr<Algorithm>
HalideRowFamily::define(KernelPipeline &pipeline) const {
  auto row = std::make_unique<RowAlgorithm>(pipeline);
  defineRow(*row);
  return row;
}
