//===- Positions.cpp - The family of position ids -------------------------===//
#include "Families.h"
#include "MapAlgorithm.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

/// Positions of tokens: `counts(s, b)` tokens up to s that are not padding, as
/// a scan of each sequence; or plainly s.
class PositionsAlgorithm : public Algorithm {
public:
  PositionsAlgorithm(KernelPipeline &pipeline, PositionsOp op)
      : pipeline(pipeline), isScan(op.getPaddingId().has_value()) {
    Expr offset = Expr(static_cast<int64_t>(op.getOffset()));
    if (isScan) {
      Halide::ImageParam ids =
          pipeline.getInput(getArgument(op.getIds()), BufferForm::Full);
      Expr padding = Expr(static_cast<int64_t>(*op.getPaddingId()));
      auto isToken = [&](Expr at) { return ids(at, b) != padding; };
      Halide::RDom step(0, pipeline.getResultExtent(1), "step");
      counts(s, b) = Halide::cast<int64_t>(0);
      counts(step, b) =
          Halide::select(step > 0, counts(Halide::max(step - 1, 0), b),
                         Halide::cast<int64_t>(0)) +
          Halide::cast<int64_t>(isToken(step));
      result(s, b) = offset + Halide::select(isToken(s), counts(s, b),
                                             Halide::cast<int64_t>(0));
    } else {
      result(s, b) = offset + Halide::cast<int64_t>(s);
    }
    pipeline.setResult(0, result, BufferForm::Full);
  }

  void scheduleCpu() override {
    int lanes = std::max(pipeline.getLanes() / 2, 1);
    result.parallel(b).vectorize(s, lanes, TailStrategy::GuardWithIf);
    if (isScan)
      counts.compute_at(result, b);
  }

  void scheduleGpu() override {
    Var block("block"), thread("thread");
    result.gpu_tile(s, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(b);
    if (!isScan)
      return;
    counts.compute_root()
        .gpu_tile(s, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(b);
    counts.update().gpu_tile(b, block, thread, 1, TailStrategy::GuardWithIf);
  }

private:
  KernelPipeline &pipeline;
  bool isScan;
  Var s{"s"}, b{"b"};
  Func counts{"counts"}, result{"result"};
};

class PositionsFamily : public HalideFamily {
public:
  StringRef getName() const override { return "positions"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    Operation *anchor = kernel.getAnchor();
    if (isa<BlockArgument>(anchor->getOperand(0)) &&
        kernel.getYield().getNumOperands() == 1 &&
        kernel.getYield().getOperand(0) == anchor->getResult(0))
      return success();
    reason = "positions take neither prologue nor epilogue";
    return failure();
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    return std::make_unique<PositionsAlgorithm>(
        pipeline,
        cast<PositionsOp>(pipeline.getKernel().getAnchor().getOperation()));
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalidePositions() {
  return std::make_unique<PositionsFamily>();
}
