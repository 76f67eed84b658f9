//===- Elementwise.cpp - Kernels without an anchor ------------------------===//
#include "Families.h"
#include "RegionExprs.h"

using namespace mlir;
using namespace attune;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

class ElementwiseAlgorithm : public Algorithm {
public:
  explicit ElementwiseAlgorithm(KernelPipeline &pipeline) : pipeline(pipeline) {
    result(column, row) =
        RegionExprs(pipeline).getResults({column, row}, KnownExprs())[0];
    pipeline.setResult(0, result, BufferForm::Rows);
  }

  void scheduleCpu() override {
    const Schedule &schedule = pipeline.getSchedule();
    int unroll = static_cast<int>(schedule.get("unroll", 2));
    // Rows of one task: at least one.
    Halide::Expr rows =
        Halide::max(static_cast<int32_t>(schedule.get("elements", 16384)) /
                        Halide::max(pipeline.getColumns(), 1),
                    1);
    Var task("task"), inner("inner");
    result.split(row, task, row, rows, TailStrategy::GuardWithIf)
        .parallel(task)
        .vectorize(column, pipeline.getLanes(), TailStrategy::GuardWithIf)
        .unroll(column, unroll, TailStrategy::GuardWithIf);
  }

  void scheduleGpu() override {
    Var block("block"), thread("thread");
    result.gpu_tile(column, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(row);
  }

private:
  KernelPipeline &pipeline;
  Var column{"column"}, row{"row"};
  Func result{"result"};
};

/// Knobs as in the LLVM backend: `elements` of a task, `unroll` of vectors.
class ElementwiseFamily : public HalideFamily {
public:
  StringRef getName() const override { return "elementwise"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return RegionExprs::supportsResults(kernel, {}, reason);
  }

  SmallVector<Knob> getKnobs(KernelOp, const TargetDesc &) const override {
    return {{"elements", "elements of a task, about", {4096, 16384, 65536}},
            {"unroll", "vectors of an iteration", {1, 2, 4}}};
  }

  Schedule getDefaultSchedule(KernelOp, const TargetDesc &) const override {
    return Schedule().set("elements", 16384).set("unroll", 2);
  }

  LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                               const TargetDesc &,
                               std::string &reason) const override {
    int64_t elements = schedule.get("elements", 16384);
    int64_t unroll = schedule.get("unroll", 2);
    if (elements >= 1 && elements <= int64_t(1) << 30 && unroll >= 1 &&
        unroll <= 16)
      return success();
    reason = "elements must be from 1 to 2^30 and unroll from 1 to 16";
    return failure();
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    return std::make_unique<ElementwiseAlgorithm>(pipeline);
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideElementwise() {
  return std::make_unique<ElementwiseFamily>();
}
