//===- FeatureMap.cpp - The family of feature maps ------------------------===//
#include "Families.h"
#include "Features.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

FeatureMapOp getOp(KernelOp kernel) {
  return cast<FeatureMapOp>(kernel.getAnchor().getOperation());
}

/// The tokens of a task are a block of one head, whose features then are
/// written token by token.
class FeatureMapAlgorithm : public Algorithm {
public:
  FeatureMapAlgorithm(KernelPipeline &pipeline, int tokens)
      : pipeline(pipeline), tokens(tokens),
        heads(static_cast<int>(getOp(pipeline.getKernel()).getHeads())),
        features(pipeline, getOp(pipeline.getKernel()).getResult(), heads,
                 tokens, "features") {
    features.define();
    int columns = features.getColumns();
    result(column, token, batch) =
        features.getFunc()(token % tokens, column % columns, token / tokens,
                           column / columns, batch);
    pipeline.setResult(0, result, BufferForm::Full);
  }

  void scheduleCpu() override {
    int columns = features.getColumns();
    Var head("head"), block("block"), task("task");
    result.bound(column, 0, heads * columns)
        .split(column, head, column, columns)
        .split(token, block, token, tokens, TailStrategy::GuardWithIf)
        .reorder(column, token, block, head, batch)
        .vectorize(column, pipeline.getLanes(), TailStrategy::GuardWithIf)
        .fuse(block, head, task)
        .fuse(task, batch, task)
        .parallel(task);
    features.scheduleCpu({result, task}, pipeline.getLanes());
  }

  void scheduleGpu() override {
    features.scheduleGpu();
    Var block("block"), thread("thread");
    result.gpu_tile(column, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(token, batch);
  }

private:
  KernelPipeline &pipeline;
  int tokens, heads;
  Features features;
  Var column{"column"}, token{"token"}, batch{"batch"};
  Func result{"result"};
};

class FeatureMapFamily : public HalideFamily {
public:
  StringRef getName() const override { return "feature_map"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return Features::supports(getOp(kernel).getResult(), reason);
  }

  SmallVector<Knob> getKnobs(KernelOp, const TargetDesc &) const override {
    return {{"chunk", "tokens of a block", {16, 32, 64, 128, 256}}};
  }

  Schedule getDefaultSchedule(KernelOp, const TargetDesc &) const override {
    return Schedule().set("chunk", 32);
  }

  LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                               const TargetDesc &,
                               std::string &reason) const override {
    int64_t chunk = schedule.get("chunk", 32);
    if (chunk >= 1 && chunk <= 1024)
      return success();
    reason = "chunk must be from 1 to 1024";
    return failure();
  }

  SmallVector<int64_t> getRowLimits(KernelOp, const Schedule &,
                                    const TargetDesc &) const override {
    return {1};
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    int64_t chunk = llvm::alignTo(pipeline.getSchedule().get("chunk", 32),
                                  pipeline.getLanes());
    return std::make_unique<FeatureMapAlgorithm>(
        pipeline, pipeline.getMostRows() == 1 ? 1 : static_cast<int>(chunk));
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideFeatureMap() {
  return std::make_unique<FeatureMapFamily>();
}
