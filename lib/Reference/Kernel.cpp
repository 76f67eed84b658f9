//===- Kernel.cpp - Fused regions, launches, weights ----------------------===//
#include "Models.h"

using namespace mlir;
using namespace attune;

namespace {

struct FusedModel : ReferenceOpInterface::ExternalModel<FusedModel, FusedOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    return interpreter.runBlock(cast<FusedOp>(op).getBody().front(), operands,
                                results);
  }
};

/// The region of a kernel is its specification; backend, schedule and layouts
/// do not change what it computes.
struct LaunchModel
    : ReferenceOpInterface::ExternalModel<LaunchModel, LaunchOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto name = cast<LaunchOp>(op).getKernelAttr();
    auto kernel =
        interpreter.getSymbols().lookupNearestSymbolFrom<KernelOp>(op, name);
    if (!kernel)
      return errorAt(op,
                     "expected a kernel, but @" + name.getValue() + " is none");
    return interpreter.runBlock(kernel.getBody().front(), operands, results);
  }
};

struct LoadWeightModel
    : ReferenceOpInterface::ExternalModel<LoadWeightModel, LoadWeightOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto name = cast<LoadWeightOp>(op).getWeightAttr();
    auto weight =
        interpreter.getSymbols().lookupNearestSymbolFrom<WeightOp>(op, name);
    if (!weight)
      return errorAt(op, "expected a declared weight, but @" + name.getValue() +
                             " is none");
    llvm::Expected<Tensor> tensor = interpreter.getWeights().load(weight);
    if (!tensor)
      return tensor.takeError();
    results.push_back(std::move(*tensor));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachKernelModels(MLIRContext &context) {
  FusedOp::attachInterface<FusedModel>(context);
  LaunchOp::attachInterface<LaunchModel>(context);
  LoadWeightOp::attachInterface<LoadWeightModel>(context);
}
