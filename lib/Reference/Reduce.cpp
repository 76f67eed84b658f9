//===- Reduce.cpp - Many elements become one, or find their place ---------===//
#include "Arithmetic.h"

#include <numeric>

using namespace mlir;
using namespace attune;

namespace {

struct ReduceModel
    : ReferenceOpInterface::ExternalModel<ReduceModel, ReduceOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto reduce = cast<ReduceOp>(op);
    const Tensor &input = *operands[0];
    // Strides of the result for the operand's indices: 0 where reduced.
    SmallVector<int64_t, 4> full(input.getShape()), shape;
    int64_t count = 1;
    for (int64_t axis : reduce.getAxes()) {
      count *= full[axis];
      full[axis] = 1;
    }
    for (auto [i, extent] : llvm::enumerate(full))
      if (reduce.getKeepDims() ||
          !llvm::is_contained(reduce.getAxes(), static_cast<int64_t>(i)))
        shape.push_back(extent);
    auto strides = broadcastStrides(full, input.getShape());
    Type element = elementTypeOf(reduce.getInput());
    results.push_back(withNumber(element, [&](auto zero) {
      using T = decltype(zero);
      std::vector<T> values(*countElements(shape),
                            identityOf<T>(reduce.getKind(), element));
      int64_t position = 0;
      forEachIndex(input.getShape(), [&](ArrayRef<int64_t> index) {
        T &total = values[offsetOf(index, strides)];
        total =
            combine(reduce.getKind(), total, getNumber<T>(input, position++));
      });
      if (reduce.getKind() == ReduceKind::mean) {
        bool isFloat = isa<FloatType>(element);
        T divisor =
            static_cast<T>(isFloat ? count : std::max<int64_t>(count, 1));
        for (T &value : values)
          value = value / divisor;
      }
      return makeTensor(shape, values);
    }));
    return llvm::Error::success();
  }
};

struct ArgReduceModel
    : ReferenceOpInterface::ExternalModel<ArgReduceModel, ArgReduceOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto reduce = cast<ArgReduceOp>(op);
    const Tensor &input = *operands[0];
    int64_t axis = reduce.getAxis();
    AxisExtents extents(input.getShape(), axis);
    SmallVector<int64_t, 4> shape(input.getShape());
    if (reduce.getKeepDims())
      shape[axis] = 1;
    else
      shape.erase(shape.begin() + axis);
    if (extents.extent == 0 && *countElements(shape) > 0)
      return errorAt(op, "expected elements to choose from, got shape " +
                             extentsText(input.getShape()));
    std::vector<int64_t> places;
    withNumber(elementTypeOf(reduce.getInput()), [&](auto zero) {
      using T = decltype(zero);
      // A NaN is what everything else is compared with in vain.
      auto isBetter = [&](T x, T best) {
        if (isNaN(x) || isNaN(best))
          return isNaN(x) && (!isNaN(best) || reduce.getSelectLast());
        if (x == best)
          return reduce.getSelectLast();
        return reduce.getKind() == ReduceKind::max ? x > best : x < best;
      };
      for (int64_t o = 0; o < extents.outer; ++o)
        for (int64_t i = 0; i < extents.inner; ++i) {
          auto at = [&](int64_t j) {
            return getNumber<T>(input,
                                (o * extents.extent + j) * extents.inner + i);
          };
          int64_t best = 0;
          for (int64_t j = 1; j < extents.extent; ++j)
            if (isBetter(at(j), at(best)))
              best = j;
          places.push_back(best);
        }
      return 0;
    });
    results.push_back(Tensor::integers(shape, std::move(places)));
    return llvm::Error::success();
  }
};

struct CumulateModel
    : ReferenceOpInterface::ExternalModel<CumulateModel, CumulateOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto cumulate = cast<CumulateOp>(op);
    const Tensor &input = *operands[0];
    AxisExtents extents(input.getShape(), cumulate.getAxis());
    Type element = elementTypeOf(cumulate.getInput());
    results.push_back(withNumber(element, [&](auto zero) {
      using T = decltype(zero);
      std::vector<T> values(input.getNumElements());
      for (int64_t o = 0; o < extents.outer; ++o)
        for (int64_t i = 0; i < extents.inner; ++i) {
          T total = identityOf<T>(cumulate.getKind(), element);
          for (int64_t step = 0; step < extents.extent; ++step) {
            int64_t j =
                cumulate.getReverse() ? extents.extent - 1 - step : step;
            int64_t place = (o * extents.extent + j) * extents.inner + i;
            T next =
                combine(cumulate.getKind(), total, getNumber<T>(input, place));
            values[place] = cumulate.getExclusive() ? total : next;
            total = next;
          }
        }
      return makeTensor(input.getShape(), values);
    }));
    return llvm::Error::success();
  }
};

struct TopKModel : ReferenceOpInterface::ExternalModel<TopKModel, TopKOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto top = cast<TopKOp>(op);
    const Tensor &input = *operands[0];
    int64_t k = top.getK();
    AxisExtents extents(input.getShape(), top.getAxis());
    if (extents.extent < k)
      return errorAt(op, "expected " + Twine(k) +
                             " elements or more to choose from, got shape " +
                             extentsText(input.getShape()));
    SmallVector<int64_t, 4> shape(input.getShape());
    shape[top.getAxis()] = k;
    std::vector<int64_t> places(*countElements(shape));
    results.push_back(withNumber(elementTypeOf(top.getInput()), [&](auto zero) {
      using T = decltype(zero);
      std::vector<T> values(places.size());
      for (int64_t o = 0; o < extents.outer; ++o)
        for (int64_t i = 0; i < extents.inner; ++i) {
          auto at = [&](int64_t j) {
            return getNumber<T>(input,
                                (o * extents.extent + j) * extents.inner + i);
          };
          std::vector<int64_t> order(extents.extent);
          std::iota(order.begin(), order.end(), 0);
          // NaNs are larger than all numbers. Equal ones keep their order.
          llvm::stable_sort(order, [&](int64_t a, int64_t b) {
            T x = at(top.getSmallest() ? b : a),
              y = at(top.getSmallest() ? a : b);
            return isNaN(x) ? !isNaN(y) : x > y;
          });
          for (int64_t j = 0; j < k; ++j) {
            int64_t place = (o * k + j) * extents.inner + i;
            values[place] = at(order[j]);
            places[place] = order[j];
          }
        }
      return makeTensor(shape, values);
    }));
    results.push_back(Tensor::integers(shape, std::move(places)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachReduceModels(MLIRContext &context) {
  ArgReduceOp::attachInterface<ArgReduceModel>(context);
  CumulateOp::attachInterface<CumulateModel>(context);
  ReduceOp::attachInterface<ReduceModel>(context);
  TopKOp::attachInterface<TopKModel>(context);
}
