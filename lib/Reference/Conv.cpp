//===- Conv.cpp - Convolutions and pooling over windows -------------------===//
#include "Arithmetic.h"

using namespace mlir;
using namespace attune;

/// Calls `visit` with the operand's spatial indices and the position within the
/// kernel, for each element of one window that is an element of the operand.
template <typename Op>
static void forEachInWindow(
    Op op, ArrayRef<int64_t> extents, ArrayRef<int64_t> kernel,
    ArrayRef<int64_t> window,
    llvm::function_ref<void(ArrayRef<int64_t>, ArrayRef<int64_t>)> visit) {
  forEachIndex(kernel, [&](ArrayRef<int64_t> k) {
    SmallVector<int64_t, 4> place;
    for (size_t d = 0; d < kernel.size(); ++d) {
      place.push_back(window[d] * op.getStrides()[d] +
                      k[d] * op.getDilations()[d] - op.getLow()[d]);
      if (place[d] < 0 || place[d] >= extents[d])
        return;
    }
    visit(place, k);
  });
}

namespace {

struct ConvModel : ReferenceOpInterface::ExternalModel<ConvModel, ConvOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto conv = cast<ConvOp>(op);
    const Tensor &input = *operands[0], &weight = *operands[1];
    const Tensor *bias = operands.size() > 2 ? operands[2] : nullptr;
    int64_t out = weight.getDim(0), channels = weight.getDim(1);
    int64_t groups = conv.getGroups();
    if (input.getDim(1) != channels * groups)
      return errorAt(op, "expected " + Twine(channels * groups) +
                             " channels, got shape " +
                             extentsText(input.getShape()));
    SmallVector<int64_t, 4> shape(conv.getResult().getType().getShape());
    shape[0] = input.getDim(0);
    if (!countElements(shape))
      return makeValues(op, shape).takeError();
    ArrayRef<int64_t> extents = input.getShape().drop_front(2);
    ArrayRef<int64_t> kernel = weight.getShape().drop_front(2);
    auto inputStrides = rowMajorStrides(input.getShape());
    auto weightStrides = rowMajorStrides(weight.getShape());
    auto spatial = [](ArrayRef<int64_t> strides) {
      return strides.drop_front(2);
    };
    results.push_back(
        withNumber(elementTypeOf(conv.getInput()), [&](auto zero) {
          using T = decltype(zero);
          std::vector<T> values;
          forEachIndex(shape, [&](ArrayRef<int64_t> index) {
            int64_t o = index[1], group = o / (out / groups);
            T sum = bias ? getNumber<T>(*bias, o) : T(0);
            for (int64_t c = 0; c < channels; ++c) {
              int64_t from = index[0] * inputStrides[0] +
                             (group * channels + c) * inputStrides[1];
              int64_t by = o * weightStrides[0] + c * weightStrides[1];
              forEachInWindow(
                  conv, extents, kernel, index.drop_front(2),
                  [&](ArrayRef<int64_t> place, ArrayRef<int64_t> k) {
                    T x = getNumber<T>(
                        input, from + offsetOf(place, spatial(inputStrides)));
                    T w = getNumber<T>(
                        weight, by + offsetOf(k, spatial(weightStrides)));
                    sum = addNumbers(sum, multiplyNumbers(x, w));
                  });
            }
            values.push_back(sum);
          });
          return makeTensor(shape, values);
        }));
    return llvm::Error::success();
  }
};

struct PoolWindowModel
    : ReferenceOpInterface::ExternalModel<PoolWindowModel, PoolWindowOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto pool = cast<PoolWindowOp>(op);
    const Tensor &input = *operands[0];
    SmallVector<int64_t, 4> shape(pool.getResult().getType().getShape());
    shape[0] = input.getDim(0);
    shape[1] = input.getDim(1);
    if (!countElements(shape))
      return makeValues(op, shape).takeError();
    auto strides = rowMajorStrides(input.getShape());
    int64_t size = 1;
    for (int64_t extent : pool.getKernel())
      size *= extent;
    Type element = elementTypeOf(pool.getInput());
    results.push_back(withNumber(element, [&](auto zero) {
      using T = decltype(zero);
      std::vector<T> values;
      forEachIndex(shape, [&](ArrayRef<int64_t> index) {
        T total = identityOf<T>(pool.getKind(), element);
        int64_t count = 0;
        int64_t from = index[0] * strides[0] + index[1] * strides[1];
        forEachInWindow(
            pool, input.getShape().drop_front(2), pool.getKernel(),
            index.drop_front(2),
            [&](ArrayRef<int64_t> place, ArrayRef<int64_t>) {
              ++count;
              total = combine(
                  pool.getKind(), total,
                  getNumber<T>(input,
                               from + offsetOf(place, ArrayRef<int64_t>(strides)
                                                          .drop_front(2))));
            });
        if (pool.getKind() == ReduceKind::mean) {
          if (pool.getCountPadding())
            count = size;
          if (!isa<FloatType>(element))
            count = std::max<int64_t>(count, 1);
          total = total / static_cast<T>(count);
        }
        values.push_back(total);
      });
      return makeTensor(shape, values);
    }));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachConvModels(MLIRContext &context) {
  ConvOp::attachInterface<ConvModel>(context);
  PoolWindowOp::attachInterface<PoolWindowModel>(context);
}
