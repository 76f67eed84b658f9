//===- MapAlgorithm.cpp - Elements that are computed alone ----------------===//
#include "MapAlgorithm.h"
#include "RegionExprs.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::TailStrategy;
using Halide::Var;

MapAlgorithm::MapAlgorithm(KernelPipeline &pipeline, Expr element, Var column,
                           Var row)
    : pipeline(pipeline), column(column), row(row) {
  result(column, row) = element;
  pipeline.setResult(0, result, BufferForm::Rows);
}

void MapAlgorithm::scheduleCpu() {
  auto elements =
      static_cast<int32_t>(pipeline.getSchedule().get("elements", 16384));
  Expr rows = Halide::max(elements / Halide::max(pipeline.getColumns(), 1), 1);
  Var task("task");
  result.split(row, task, row, rows, TailStrategy::GuardWithIf)
      .parallel(task)
      .vectorize(column, pipeline.getLanes(), TailStrategy::GuardWithIf);
}

void MapAlgorithm::scheduleGpu() {
  Var block("block"), thread("thread");
  result.gpu_tile(column, block, thread, 64, TailStrategy::GuardWithIf)
      .gpu_blocks(row);
}

LogicalResult MapFamily::supports(KernelOp kernel, std::string &reason) const {
  return RegionExprs::supportsResults(kernel, kernel.getAnchor()->getResult(0),
                                      reason);
}

SmallVector<Knob> MapFamily::getKnobs(KernelOp, const TargetDesc &) const {
  return {{"elements", "elements of a task, about", {4096, 16384, 65536}}};
}

Schedule MapFamily::getDefaultSchedule(KernelOp, const TargetDesc &) const {
  return Schedule().set("elements", 16384);
}

LogicalResult MapFamily::verifySchedule(KernelOp, const Schedule &schedule,
                                        const TargetDesc &,
                                        std::string &reason) const {
  int64_t elements = schedule.get("elements", 16384);
  if (elements >= 1 && elements <= int64_t(1) << 30)
    return success();
  reason = "elements must be from 1 to 2^30";
  return failure();
}

std::vector<Expr> attune::getRowIndices(KernelPipeline &pipeline, Expr row) {
  auto type =
      cast<RankedTensorType>(pipeline.getKernel().getResultTypes().front());
  std::vector<Expr> indices;
  for (int64_t dim = type.getRank() - 2; dim >= 0; --dim) {
    if (dim == 0) {
      indices.push_back(row);
      break;
    }
    Expr extent = pipeline.getResultExtent(dim);
    indices.push_back(row % extent);
    row = row / extent;
  }
  return indices;
}

unsigned attune::getArgument(Value value) {
  return cast<BlockArgument>(value).getArgNumber();
}
