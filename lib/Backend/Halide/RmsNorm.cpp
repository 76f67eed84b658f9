//===- RmsNorm.cpp - The family of root mean square normalisation ---------===//
#include "Families.h"
#include "RowFamily.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;

namespace {

class RmsNormFamily : public HalideRowFamily {
public:
  StringRef getName() const override { return "rms_norm"; }

protected:
  void defineRow(RowAlgorithm &row) const override {
    auto op = row.getAnchor<RmsNormOp>();
    RowAlgorithm::Element input = row.load(op.getInput(), /*buffered=*/true);
    RowAlgorithm::Element gamma = row.load(op.getGamma(), /*buffered=*/false);
    Expr squares = row.reduce(Combine::Sum, 0.0f, [=](const Expr &column) {
      return input(column) * input(column);
    });
    Expr mean = squares * (1.0f / Halide::cast<float>(row.getColumns()));
    auto epsilon = static_cast<float>(op.getEpsilon().convertToDouble());
    Expr factor = row.once(1.0f / Halide::sqrt(mean + epsilon), "factor");
    row.finish([=](const Expr &column) {
      return input(column) * factor * gamma(column);
    });
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideRmsNorm() {
  return std::make_unique<RmsNormFamily>();
}
