//===- Pool.cpp - The family of pooling over positions --------------------===//
#include "Families.h"
#include "MapAlgorithm.h"
#include "RegionExprs.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

/// `count(b)` positions that count, `pooled(c, b)` what they sum up to (or the
/// largest), and the result from both.
class PoolAlgorithm : public Algorithm {
public:
  PoolAlgorithm(KernelPipeline &pipeline, PoolOp op) : pipeline(pipeline) {
    Halide::ImageParam input =
        pipeline.getInput(getArgument(op.getInput()), BufferForm::Full);
    Halide::ImageParam mask =
        pipeline.getInput(getArgument(op.getMask()), BufferForm::Full);
    bool isMax = op.getMode() == PoolMode::Max;
    Halide::RDom s(0, mask.dim(0).extent(), "s");
    count(b) += Halide::cast<int32_t>(mask(s, b) != 0);
    pooled(c, b) = Expr(isMax ? -1e9f : 0.0f);
    // Positions that do not count may hold anything, NaNs among it.
    Expr x = input(c, s, b);
    pooled(c, b) =
        Halide::select(mask(s, b) != 0,
                       isMax ? Halide::select(x > pooled(c, b), x, pooled(c, b))
                             : pooled(c, b) + x,
                       pooled(c, b));
    Expr n = Halide::max(Halide::cast<float>(count(b)), 1e-9f);
    Expr value = pooled(c, b);
    if (op.getMode() == PoolMode::Mean)
      value = value / n;
    else if (op.getMode() == PoolMode::MeanSqrt)
      value = value / Halide::sqrt(n);
    KnownExprs known = {{op.getResult(), value}};
    result(c, b) = RegionExprs(pipeline).getResults({c, b}, known).front();
    pipeline.setResult(0, result, BufferForm::Rows);
    reduction = s;
  }

  void scheduleCpu() override {
    int lanes = pipeline.getLanes();
    Var block("block"), inner("inner");
    result.split(c, block, inner, 4 * lanes, TailStrategy::GuardWithIf)
        .vectorize(inner, lanes, TailStrategy::GuardWithIf)
        .parallel(b)
        .parallel(block);
    pooled.compute_at(result, block)
        .vectorize(c, lanes, TailStrategy::RoundUp)
        .bound_extent(c, 4 * lanes)
        .store_in(Halide::MemoryType::Stack);
    pooled.update()
        .reorder(c, reduction)
        .vectorize(c, lanes, TailStrategy::GuardWithIf);
    count.compute_at(result, block);
  }

  void scheduleGpu() override {
    Var block("block"), thread("thread");
    result.gpu_tile(c, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(b);
    pooled.compute_at(result, thread);
    count.compute_at(result, thread);
  }

private:
  KernelPipeline &pipeline;
  Var c{"c"}, b{"b"};
  Halide::RDom reduction;
  Func count{"count"}, pooled{"pooled"}, result{"result"};
};

class PoolFamily : public HalideFamily {
public:
  StringRef getName() const override { return "pool"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return RegionExprs::supportsResults(
        kernel, kernel.getAnchor()->getResult(0), reason);
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    return std::make_unique<PoolAlgorithm>(
        pipeline,
        cast<PoolOp>(pipeline.getKernel().getAnchor().getOperation()));
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalidePool() {
  return std::make_unique<PoolFamily>();
}
