//===- LinearAttention.cpp - Linear attention and causal convolutions -----===//
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

struct LinearAttentionModel
    : ReferenceOpInterface::ExternalModel<LinearAttentionModel,
                                          LinearAttentionOp> {
  llvm::Error interpret(Operation *op, Interpreter &, Operands operands,
                        Results &results) const {
    auto attention = cast<LinearAttentionOp>(op);
    const Tensor &query = *operands[0], &key = *operands[1],
                 &value = *operands[2];
    size_t next = 3;
    auto take = [&](Value operand) {
      return operand ? operands[next++] : nullptr;
    };
    const Tensor *decay = take(attention.getDecay());
    const Tensor *beta = take(attention.getBeta());
    const Tensor *past = take(attention.getPast());
    int64_t batch = query.getDim(0), length = query.getDim(1);
    int64_t heads = attention.getHeads(), kvHeads = attention.getKvHeads();
    int64_t dk = attention.getKeyDim(), dv = attention.getValueDim();
    for (auto [name, tensor, columns] :
         {std::tuple<StringRef, const Tensor *, int64_t>("keys", &key,
                                                         kvHeads * dk),
          {"values", &value, kvHeads * dv},
          {"a decay", decay, decay ? decay->getDim(2) : 0},
          {"a beta", beta, beta ? beta->getDim(2) : 0}})
      if (tensor)
        if (llvm::Error error =
                expectShape(op, name, *tensor, {batch, length, columns}))
          return error;
    if (past)
      if (llvm::Error error =
              expectShape(op, "a past state", *past, {batch, kvHeads, dk, dv}))
        return error;
    auto values = makeValues(op, {batch, length, heads * dv});
    if (!values)
      return values.takeError();
    auto states = makeValues(op, {batch, kvHeads, dk, dv});
    if (!states)
      return states.takeError();
    if (past)
      *states = past->toDoubles();

    double scale = attention.getScale().convertToDouble();
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t t = 0; t < length; ++t)
        for (int64_t h = 0; h < kvHeads; ++h) {
          auto state = MutableArrayRef<double>(*states).slice(
              (b * kvHeads + h) * dk * dv, dk * dv);
          int64_t token = b * length + t;
          auto k = key.toDoubles(token * kvHeads * dk + h * dk, dk);
          auto v = value.toDoubles(token * kvHeads * dv + h * dv, dv);
          if (decay) {
            int64_t columns = decay->getDim(2);
            for (int64_t i = 0; i < dk; ++i) {
              int64_t column = columns == kvHeads * dk ? h * dk + i : h;
              double factor =
                  std::exp(decay->getFloat(token * columns + column));
              for (int64_t j = 0; j < dv; ++j)
                state[i * dv + j] *= factor;
            }
          }
          if (beta) {
            int64_t columns = beta->getDim(2);
            double rate = beta->getFloat(token * columns + h % columns);
            for (int64_t j = 0; j < dv; ++j) {
              double found = 0;
              for (int64_t i = 0; i < dk; ++i)
                found += state[i * dv + j] * k[i];
              v[j] = rate * (v[j] - found);
            }
          }
          for (int64_t i = 0; i < dk; ++i)
            for (int64_t j = 0; j < dv; ++j)
              state[i * dv + j] += k[i] * v[j];
          for (int64_t q = h * heads / kvHeads; q < (h + 1) * heads / kvHeads;
               ++q)
            for (int64_t i = 0; i < dk; ++i) {
              double x =
                  scale * query.getFloat(token * heads * dk + q * dk + i);
              for (int64_t j = 0; j < dv; ++j)
                (*values)[token * heads * dv + q * dv + j] +=
                    x * state[i * dv + j];
            }
        }
    results.push_back(
        Tensor::doubles({batch, length, heads * dv}, std::move(*values)));
    results.push_back(
        Tensor::doubles({batch, kvHeads, dk, dv}, std::move(*states)));
    return llvm::Error::success();
  }
};

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

void attune::attachLinearAttentionModels(MLIRContext &context) {
  CausalConvOp::attachInterface<CausalConvModel>(context);
  LinearAttentionOp::attachInterface<LinearAttentionModel>(context);
}
