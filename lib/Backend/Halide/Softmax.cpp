//===- Softmax.cpp - The family of softmax over rows ----------------------===//
#include "Families.h"
#include "Math.h"
#include "RowFamily.h"
#include <cmath>

using namespace mlir;
using namespace attune;
using Halide::Expr;

namespace {

/// Maximum, exponentials and their sum, result. (Attention has its own form;
/// this family serves models that were not fused.)
class SoftmaxFamily : public HalideRowFamily {
public:
  StringRef getName() const override { return "softmax"; }

protected:
  void defineRow(RowAlgorithm &row) const override {
    RowAlgorithm::Element input =
        row.load(row.getAnchor<SoftmaxOp>().getInput(), /*buffered=*/false);
    // A finite start: a row of -inf alone gives exponentials of zero.
    Expr largest = row.reduce(Combine::Largest, -3.0e38f, input);
    constexpr auto log2e = static_cast<float>(M_LOG2E);
    RowAlgorithm::Element exponential = row.keep(
        [=](const Expr &column) {
          return exp2Flush(strictSub(input(column), largest) * log2e);
        },
        "exponentials");
    Expr total = row.reduce(Combine::Sum, 0.0f, exponential);
    Expr factor =
        row.once(Halide::select(total == 0.0f, 0.0f, 1.0f / total), "factor");
    row.finish(
        [=](const Expr &column) { return exponential(column) * factor; });
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideSoftmax() {
  return std::make_unique<SoftmaxFamily>();
}
