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

/// Defines or updates a func of one value or of several.
static void define(Halide::FuncRef place, const std::vector<Expr> &values) {
  if (values.size() == 1)
    place = values.front();
  else
    place = Halide::Tuple(values);
}

std::vector<Expr> RowAlgorithm::combine(Kind kind, float init,
                                        const std::vector<Element> &elements) {
  Reduction reduction;
  Expr columns = getColumns();
  // (element of a step, step)
  reduction.steps =
      Halide::RDom({{0, width}, {0, (columns + (width - 1)) / width}}, "step");
  Expr place = reduction.steps.y * width + reduction.steps.x;
  reduction.steps.where(place < columns);
  reduction.parts = Halide::RDom(0, width, "part");

  size_t count = elements.size();
  Func partial("partial"), total("total");
  std::vector<Expr> inits(count, Expr(init)), nextParts, nextTotals;
  define(partial(part, row), inits);
  define(total(row), inits);
  auto get = [&](Halide::FuncRef place, size_t i) {
    return count == 1 ? Expr(place) : Expr(place[static_cast<int>(i)]);
  };
  auto join = [&](const Expr &a, const Expr &b) {
    return kind == Kind::Sum ? a + b : Halide::max(a, b);
  };
  for (size_t i = 0; i < count; ++i) {
    nextParts.push_back(
        join(get(partial(reduction.steps.x, row), i), elements[i](place)));
    nextTotals.push_back(
        join(get(total(row), i), get(partial(reduction.parts.x, row), i)));
  }
  define(partial(reduction.steps.x, row), nextParts);
  define(total(row), nextTotals);
  reduction.partial = partial;
  reduction.total = total;
  reductions.push_back(reduction);
  std::vector<Expr> totals;
  for (size_t i = 0; i < count; ++i)
    totals.push_back(get(total(row), i));
  return totals;
}

Expr RowAlgorithm::reduce(Kind kind, float init, const Element &element) {
  return combine(kind, init, {element})[0];
}

std::vector<Expr> RowAlgorithm::sum(const std::vector<Element> &elements) {
  return combine(Kind::Sum, 0.0f, elements);
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
  for (Func &buffer : buffers) {
    // Memory from the heap is taken once for a task.
    buffer.compute_at(atRow).vectorize(column, lanes, TailStrategy::RoundUp);
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
    reduction.partial.update().vectorize(inStep, lanes).unroll(inStep);
    reduction.total.compute_at(atRow).store_in(MemoryType::Stack);
    reduction.total.update().atomic().vectorize(reduction.parts.x);
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
    reduction.partial.update()
        .reorder(reduction.steps.y, reduction.steps.x, row)
        .gpu_threads(reduction.steps.x)
        .gpu_blocks(row);
    reduction.total.compute_root().gpu_tile(row, block, thread, 64,
                                            TailStrategy::GuardWithIf);
    reduction.total.update()
        .split(row, block, thread, 64, TailStrategy::GuardWithIf)
        .reorder(reduction.parts.x, thread, block)
        .gpu_threads(thread)
        .gpu_blocks(block);
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
