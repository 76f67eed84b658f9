//===- Transpose.cpp - The family of permuted dimensions ------------------===//
#include "Families.h"
#include "MapAlgorithm.h"
#include "RegionExprs.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Var;

namespace {

class TransposeFamily : public MapFamily {
public:
  StringRef getName() const override { return "transpose"; }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    auto op =
        cast<TransposeOp>(pipeline.getKernel().getAnchor().getOperation());
    ArrayRef<int64_t> permutation = op.getPermutation();
    int64_t rank = permutation.size();
    Var column("column"), row("row");
    // Indices of the result, innermost first, then those of the operand.
    std::vector<Expr> place = getRowIndices(pipeline, row);
    if (rank)
      place.insert(place.begin(), Expr(column));
    std::vector<Expr> source(rank);
    for (int64_t i = 0; i < rank; ++i)
      source[rank - 1 - permutation[i]] = place[rank - 1 - i];
    KnownExprs known = {
        {op.getResult(), pipeline.getInput(getArgument(op.getInput()),
                                           BufferForm::Full)(source)}};
    return std::make_unique<MapAlgorithm>(
        pipeline,
        RegionExprs(pipeline).getResults({column, row}, known).front(), column,
        row);
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideTranspose() {
  return std::make_unique<TransposeFamily>();
}
