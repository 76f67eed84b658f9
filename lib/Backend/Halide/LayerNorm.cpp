//===- LayerNorm.cpp - The family of layer normalisation ------------------===//
#include "Families.h"
#include "Math.h"
#include "RowFamily.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;

namespace {

/// The mean; sums of differences to it and of their squares; the result. The
/// sum of differences would be zero without rounding; what is left of it
/// corrects mean and variance (Chan, Golub and LeVeque 1983, the corrected
/// two-pass algorithm), which matters for rows of nearly equal elements under a
/// tiny epsilon.
class LayerNormFamily : public HalideRowFamily {
public:
  StringRef getName() const override { return "layer_norm"; }

protected:
  void defineRow(RowAlgorithm &row) const override {
    auto op = row.getAnchor<LayerNormOp>();
    RowAlgorithm::Element input = row.load(op.getInput(), /*buffered=*/true);
    RowAlgorithm::Element gamma = row.load(op.getGamma(), /*buffered=*/false);
    RowAlgorithm::Element beta = row.load(op.getBeta(), /*buffered=*/false);
    Expr share = 1.0f / Halide::cast<float>(row.getColumns());

    Expr total = row.reduce(Combine::Sum, 0.0f, input);
    Expr mean = row.once(total * share, "mean");
    auto difference = [=](const Expr &column) {
      return strictSub(input(column), mean);
    };
    std::vector<Expr> sums =
        row.sum({difference, [=](const Expr &column) {
                   return difference(column) * difference(column);
                 }});
    Expr rest = row.once(sums[0] * share, "rest");
    Expr variance = Halide::max(sums[1] * share - rest * rest, 0.0f);
    auto epsilon = static_cast<float>(op.getEpsilon().convertToDouble());
    Expr factor = row.once(1.0f / Halide::sqrt(variance + epsilon), "factor");
    row.finish([=](const Expr &column) {
      Expr x = strictSub(difference(column), rest);
      return x * factor * gamma(column) + beta(column);
    });
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideLayerNorm() {
  return std::make_unique<LayerNormFamily>();
}
