//===- Embedding.cpp - The family of table look-ups -----------------------===//
#include "Families.h"
#include "MapAlgorithm.h"
#include "RegionExprs.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Var;

namespace {

/// result(column, row) = table(column, ids(row)). Ids are checked before the
/// model runs.
class EmbeddingFamily : public MapFamily {
public:
  StringRef getName() const override { return "embedding"; }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    auto op =
        cast<EmbeddingOp>(pipeline.getKernel().getAnchor().getOperation());
    Var column("column"), row("row");
    Halide::ImageParam ids =
        pipeline.getInput(getArgument(op.getIds()), BufferForm::Full);
    Halide::ImageParam table =
        pipeline.getInput(getArgument(op.getTable()), BufferForm::Full);
    Expr id = Halide::unsafe_promise_clamped(
        Halide::cast<int32_t>(ids(getRowIndices(pipeline, row))), 0,
        table.dim(1).extent() - 1);
    KnownExprs known = {{op.getResult(), table(column, id)}};
    Expr element =
        RegionExprs(pipeline).getResults({column, row}, known).front();
    return std::make_unique<MapAlgorithm>(pipeline, element, column, row);
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideEmbedding() {
  return std::make_unique<EmbeddingFamily>();
}
