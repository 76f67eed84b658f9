//===- Scatter.cpp - Tensors with elements changed ------------------------===//
#include "Arithmetic.h"

using namespace mlir;
using namespace attune;

template <typename T> static T update(ScatterMode mode, T old, T value) {
  switch (mode) {
  case ScatterMode::replace:
    return value;
  case ScatterMode::add:
    return addNumbers(old, value);
  case ScatterMode::mul:
    return multiplyNumbers(old, value);
  case ScatterMode::max:
    return maxOf(old, value);
  case ScatterMode::min:
    return minOf(old, value);
  }
  return value;
}

/// The index counted from the end where negative; nullopt when out of range.
static std::optional<int64_t> wrapIndex(int64_t index, int64_t extent) {
  if (index < 0)
    index += extent;
  if (index < 0 || index >= extent)
    return std::nullopt;
  return index;
}

template <typename T> static std::vector<T> copyNumbers(const Tensor &tensor) {
  std::vector<T> values(tensor.getNumElements());
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    values[i] = getNumber<T>(tensor, i);
  return values;
}

namespace {

struct ScatterElementsModel
    : ReferenceOpInterface::ExternalModel<ScatterElementsModel,
                                          ScatterElementsOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto scatter = cast<ScatterElementsOp>(op);
    const Tensor &input = *operands[0], &indices = *operands[1],
                 &updates = *operands[2];
    int64_t axis = scatter.getAxis();
    if (llvm::Error error =
            expectShape(op, "updates", updates, indices.getShape()))
      return error;
    for (int64_t i = 0; i < input.getRank(); ++i)
      if (i != axis && indices.getDim(i) > input.getDim(i))
        return errorAt(op, "expected indices within the shape " +
                               extentsText(input.getShape()) + ", got " +
                               extentsText(indices.getShape()));
    auto strides = rowMajorStrides(input.getShape());
    results.push_back(
        withNumber(elementTypeOf(scatter.getInput()), [&](auto zero) {
          using T = decltype(zero);
          std::vector<T> values = copyNumbers<T>(input);
          int64_t position = 0;
          forEachIndex(indices.getShape(), [&](ArrayRef<int64_t> index) {
            int64_t own = position++;
            auto place = wrapIndex(indices.getInteger(own), input.getDim(axis));
            if (!place)
              return;
            SmallVector<int64_t, 4> target(index);
            target[axis] = *place;
            T &value = values[offsetOf(target, strides)];
            value =
                update(scatter.getMode(), value, getNumber<T>(updates, own));
          });
          return makeTensor(input.getShape(), values);
        }));
    return llvm::Error::success();
  }
};

struct ScatterNDModel
    : ReferenceOpInterface::ExternalModel<ScatterNDModel, ScatterNDOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto scatter = cast<ScatterNDOp>(op);
    const Tensor &input = *operands[0], &indices = *operands[1],
                 &updates = *operands[2];
    int64_t depth = indices.getDim(-1);
    SmallVector<int64_t, 4> expected(indices.getShape().drop_back());
    llvm::append_range(expected, input.getShape().drop_front(depth));
    if (llvm::Error error = expectShape(op, "updates", updates, expected))
      return error;
    int64_t tuples = *countElements(indices.getShape().drop_back());
    int64_t slice = *countElements(input.getShape().drop_front(depth));
    results.push_back(
        withNumber(elementTypeOf(scatter.getInput()), [&](auto zero) {
          using T = decltype(zero);
          std::vector<T> values = copyNumbers<T>(input);
          for (int64_t t = 0; t < tuples; ++t) {
            int64_t target = 0;
            bool isWithin = true;
            for (int64_t i = 0; i < depth; ++i) {
              auto place =
                  wrapIndex(indices.getInteger(t * depth + i), input.getDim(i));
              isWithin = isWithin && place;
              target = target * input.getDim(i) + place.value_or(0);
            }
            for (int64_t i = 0; isWithin && i < slice; ++i) {
              T &value = values[target * slice + i];
              value = update(scatter.getMode(), value,
                             getNumber<T>(updates, t * slice + i));
            }
          }
          return makeTensor(input.getShape(), values);
        }));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachScatterModels(MLIRContext &context) {
  ScatterElementsOp::attachInterface<ScatterElementsModel>(context);
  ScatterNDOp::attachInterface<ScatterNDModel>(context);
}
