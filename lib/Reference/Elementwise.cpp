//===- Elementwise.cpp - Activations --------------------------------------===//
#include "Models.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace attune;

//===----------------------------------------------------------------------===//
// Scalar formulas
//===----------------------------------------------------------------------===//

static double apply(ScaleOp op, double x) {
  return op.getFactor().convertToDouble() * x;
}

static double apply(ReluOp, double x) {
  return x < 0 ? 0 : x; // a NaN is not below zero and stays
}

static double apply(GeluOp op, double x) {
  if (op.getApproximate() == "tanh") {
    // (1 + tanh(u)) / 2 = 1 / (1 + exp(-2 u)), without cancellation.
    double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
    return x / (1 + std::exp(-2 * u));
  }
  // 1 + erf(u) = erfc(-u), without cancellation.
  return x / 2 * std::erfc(-x / std::numbers::sqrt2);
}

static double apply(QuickGeluOp, double x) {
  return x / (1 + std::exp(-1.702 * x));
}

static double apply(SiluOp, double x) { return x / (1 + std::exp(-x)); }

static double apply(TanhOp, double x) { return std::tanh(x); }

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

namespace {

template <typename OpT>
struct UnaryModel : ReferenceOpInterface::ExternalModel<UnaryModel<OpT>, OpT> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    std::vector<double> values = operands[0]->toDoubles();
    for (double &value : values)
      value = apply(cast<OpT>(op), value);
    results.push_back(
        interpreter.store(operands[0]->getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachElementwiseModels(MLIRContext &context) {
  GeluOp::attachInterface<UnaryModel<GeluOp>>(context);
  QuickGeluOp::attachInterface<UnaryModel<QuickGeluOp>>(context);
  ReluOp::attachInterface<UnaryModel<ReluOp>>(context);
  ScaleOp::attachInterface<UnaryModel<ScaleOp>>(context);
  SiluOp::attachInterface<UnaryModel<SiluOp>>(context);
  TanhOp::attachInterface<UnaryModel<TanhOp>>(context);
}
