//===- Mask.cpp - The family of masked attention scores -------------------===//
#include "Families.h"
#include "MapAlgorithm.h"
#include "RegionExprs.h"
#include <limits>

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Var;

namespace {

class MaskFamily : public MapFamily {
public:
  StringRef getName() const override { return "mask"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto op = cast<MaskOp>(kernel.getAnchor().getOperation());
    if (failed(RegionExprs::supportsValue(op.getScores(), {}, reason)))
      return failure();
    return MapFamily::supports(kernel, reason);
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    auto op = cast<MaskOp>(pipeline.getKernel().getAnchor().getOperation());
    RegionExprs region(pipeline);
    Var column("column"), row("row");
    Halide::ImageParam mask =
        pipeline.getInput(getArgument(op.getKeyMask()), BufferForm::Full);
    // A row of scores [batch, heads, queries, keys] has its batch's mask.
    Expr batch = getRowIndices(pipeline, row).back();
    Expr scores = region.get(op.getScores(), {column, row});
    // Halide takes infinities for values that do not occur, unless it is told.
    Expr masked = Halide::strict_float(
        Halide::select(mask(column, batch) != 0, scores,
                       -std::numeric_limits<float>::infinity()));
    KnownExprs known = {{op.getResult(), masked}};
    return std::make_unique<MapAlgorithm>(
        pipeline, region.getResults({column, row}, known).front(), column, row);
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideMask() {
  return std::make_unique<MaskFamily>();
}
