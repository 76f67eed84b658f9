//===- CausalConv.cpp - Convolutions over the tokens before ---------------===//
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

struct CausalConvModel
    : ReferenceOpInterface::ExternalModel<CausalConvModel, CausalConvOp> {
  llvm::Error interpret(Operation *op, Interpreter &, Operands operands,
                        Results &results) const {
    auto conv = cast<CausalConvOp>(op);
    const Tensor &input = *operands[0], &weight = *operands[1];
    size_t next = 2;
    const Tensor *bias = conv.getBias() ? operands[next++] : nullptr;
    const Tensor *past = conv.getPast() ? operands[next++] : nullptr;
    int64_t batch = input.getDim(0), channels = input.getDim(1),
            length = input.getDim(2), kernel = weight.getDim(1);
    if (weight.getDim(0) != channels)
      return errorAt(op, "expected " + Twine(weight.getDim(0)) +
                             " channels, got shape " +
                             extentsText(input.getShape()));
    if (past)
      if (llvm::Error error = expectShape(op, "a past state", *past,
                                          {batch, channels, kernel - 1}))
        return error;
    std::vector<double> values, present;
    for (int64_t row = 0; row < batch * channels; ++row) {
      int64_t c = row % channels;
      std::vector<double> x(kernel - 1, 0.0);
      if (past)
        x = past->toDoubles(row * (kernel - 1), kernel - 1);
      llvm::append_range(x, input.toDoubles(row * length, length));
      for (int64_t t = 0; t < length; ++t) {
        double sum = bias ? bias->getFloat(c) : 0;
        for (int64_t j = 0; j < kernel; ++j)
          sum += weight.getFloat(c * kernel + j) * x[t + j];
        values.push_back(conv.getSilu() ? sum / (1 + std::exp(-sum)) : sum);
      }
      present.insert(present.end(), x.end() - (kernel - 1), x.end());
    }
    results.push_back(
        Tensor::doubles({batch, channels, length}, std::move(values)));
    results.push_back(
        Tensor::doubles({batch, channels, kernel - 1}, std::move(present)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachCausalConvModels(MLIRContext &context) {
  CausalConvOp::attachInterface<CausalConvModel>(context);
}
