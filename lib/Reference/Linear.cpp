//===- Linear.cpp - Products of matrices ----------------------------------===//
#include "Arithmetic.h"
#include "MatrixProduct.h"

using namespace mlir;
using namespace attune;

namespace {

struct MatmulModel
    : ReferenceOpInterface::ExternalModel<MatmulModel, MatmulOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &lhs = *operands[0], &rhs = *operands[1];
    bool transposed = cast<MatmulOp>(op).getTransposeRhs();
    int64_t rows = lhs.getDim(-2), inner = lhs.getDim(-1);
    int64_t columns = rhs.getDim(transposed ? -2 : -1);
    ArrayRef<int64_t> lhsBatch = lhs.getShape().drop_back(2);
    ArrayRef<int64_t> rhsBatch = rhs.getShape().drop_back(2);
    auto batch = broadcast(lhsBatch, rhsBatch);
    if (!batch || rhs.getDim(transposed ? -1 : -2) != inner)
      return errorAt(op, "expected operands that fit a product" +
                             Twine(transposed ? " with the transposed" : "") +
                             ", got shapes " + extentsText(lhs.getShape()) +
                             " and " + extentsText(rhs.getShape()));
    SmallVector<int64_t, 4> shape(*batch);
    shape.append({rows, columns});
    auto values = makeValues(op, shape);
    if (!values)
      return values.takeError();

    // Strides count matrices.
    auto lhsStrides = broadcastStrides(lhsBatch, *batch);
    auto rhsStrides = broadcastStrides(rhsBatch, *batch);
    if (!lhs.isFloat()) {
      // Modulo 2^64, of which the interpreter takes what the type has.
      std::vector<int64_t> sums;
      sums.reserve(values->size());
      forEachIndex(shape, [&](ArrayRef<int64_t> index) {
        int64_t left = offsetOf(index.drop_back(2), lhsStrides) * rows * inner +
                       index[index.size() - 2] * inner;
        int64_t right =
            offsetOf(index.drop_back(2), rhsStrides) * inner * columns +
            (transposed ? index.back() * inner : index.back());
        int64_t sum = 0;
        for (int64_t k = 0; k < inner; ++k)
          sum = addNumbers(
              sum, multiplyNumbers(
                       lhs.getInteger(left + k),
                       rhs.getInteger(right + k * (transposed ? 1 : columns))));
        sums.push_back(sum);
      });
      results.push_back(Tensor::integers(shape, std::move(sums)));
      return llvm::Error::success();
    }
    int64_t matrix = 0;
    forEachIndex(*batch, [&](ArrayRef<int64_t> index) {
      int64_t size = rows * inner;
      std::vector<double> left =
          lhs.toDoubles(offsetOf(index, lhsStrides) * size, size);
      RightMatrix right{rhs, offsetOf(index, rhsStrides) * inner * columns,
                        /*innerStride=*/transposed ? 1 : columns,
                        /*columnStride=*/transposed ? inner : 1};
      multiply(left, right, rows, inner, columns,
               MutableArrayRef<double>(*values).slice(matrix++ * rows * columns,
                                                      rows * columns));
    });
    results.push_back(Tensor::doubles(shape, std::move(*values)));
    return llvm::Error::success();
  }
};

struct LinearModel
    : ReferenceOpInterface::ExternalModel<LinearModel, LinearOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0], &weight = *operands[1];
    const Tensor *bias = operands.size() > 2 ? operands[2] : nullptr;
    int64_t columns = weight.getDim(0), inner = weight.getDim(1);
    if (input.getDim(-1) != inner)
      return errorAt(op, "expected " + Twine(inner) +
                             " input columns as the weight has, got shape " +
                             extentsText(input.getShape()));
    SmallVector<int64_t, 4> shape(input.getShape());
    shape.back() = columns;
    auto values = makeValues(op, shape);
    if (!values)
      return values.takeError();
    int64_t rows = *countElements(ArrayRef(shape).drop_back());

    RightMatrix right{weight, 0, /*innerStride=*/1, /*columnStride=*/inner};
    multiply(input.toDoubles(), right, rows, inner, columns, *values);
    if (bias)
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < columns; ++n)
          (*values)[m * columns + n] += bias->getFloat(n);
    results.push_back(interpreter.store(shape, std::move(*values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachLinearModels(MLIRContext &context) {
  LinearOp::attachInterface<LinearModel>(context);
  MatmulOp::attachInterface<MatmulModel>(context);
}
