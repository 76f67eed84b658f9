//===- L2Normalize.cpp - The family of rows of unit length ----------------===//
#include "Families.h"
#include "RowFamily.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;

namespace {

class L2NormalizeFamily : public HalideRowFamily {
public:
  StringRef getName() const override { return "l2_normalize"; }

protected:
  void defineRow(RowAlgorithm &row) const override {
    auto op = row.getAnchor<L2NormalizeOp>();
    RowAlgorithm::Element input = row.load(op.getInput(), /*buffered=*/true);
    Expr squares = row.reduce(Combine::Sum, 0.0f, [=](const Expr &column) {
      return input(column) * input(column);
    });
    auto epsilon = static_cast<float>(op.getEpsilon().convertToDouble());
    Expr factor =
        row.once(1.0f / Halide::max(Halide::sqrt(squares), epsilon), "factor");
    row.finish([=](const Expr &column) { return input(column) * factor; });
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideL2Normalize() {
  return std::make_unique<L2NormalizeFamily>();
}
