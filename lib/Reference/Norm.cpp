//===- Norm.cpp - Normalisation and pooling -------------------------------===//
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

struct LayerNormModel
    : ReferenceOpInterface::ExternalModel<LayerNormModel, LayerNormOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0], &gamma = *operands[1],
                 &beta = *operands[2];
    double epsilon = cast<LayerNormOp>(op).getEpsilon().convertToDouble();
    std::vector<double> values = input.toDoubles();
    int64_t columns = input.getDim(-1);
    for (int64_t first = 0; first < input.getNumElements(); first += columns) {
      auto row = MutableArrayRef<double>(values).slice(first, columns);
      double mean = 0;
      for (double x : row)
        mean += x;
      mean /= columns;
      double variance = 0;
      for (double x : row)
        variance += (x - mean) * (x - mean);
      variance /= columns;
      double deviation = std::sqrt(variance + epsilon);
      for (int64_t i = 0; i < columns; ++i)
        row[i] =
            (row[i] - mean) / deviation * gamma.getFloat(i) + beta.getFloat(i);
    }
    results.push_back(interpreter.store(input.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

struct RmsNormModel
    : ReferenceOpInterface::ExternalModel<RmsNormModel, RmsNormOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0], &gamma = *operands[1];
    double epsilon = cast<RmsNormOp>(op).getEpsilon().convertToDouble();
    std::vector<double> values = input.toDoubles();
    int64_t columns = input.getDim(-1);
    for (int64_t first = 0; first < input.getNumElements(); first += columns) {
      auto row = MutableArrayRef<double>(values).slice(first, columns);
      double squares = 0;
      for (double x : row)
        squares += x * x;
      double root = std::sqrt(squares / columns + epsilon);
      for (int64_t i = 0; i < columns; ++i)
        row[i] = row[i] / root * gamma.getFloat(i);
    }
    results.push_back(interpreter.store(input.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

struct L2NormalizeModel
    : ReferenceOpInterface::ExternalModel<L2NormalizeModel, L2NormalizeOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0];
    double epsilon = cast<L2NormalizeOp>(op).getEpsilon().convertToDouble();
    std::vector<double> values = input.toDoubles();
    int64_t columns = input.getDim(-1);
    for (int64_t first = 0; first < input.getNumElements(); first += columns) {
      auto row = MutableArrayRef<double>(values).slice(first, columns);
      double squares = 0;
      for (double x : row)
        squares += x * x;
      double length = std::max(std::sqrt(squares), epsilon);
      for (double &x : row)
        x /= length;
    }
    results.push_back(interpreter.store(input.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

struct PoolModel : ReferenceOpInterface::ExternalModel<PoolModel, PoolOp> {

  /// The pooled vector of one sequence: `rows` are its positions that count.
  static void pool(PoolMode mode, const Tensor &input, ArrayRef<int64_t> rows,
                   MutableArrayRef<double> result) {
    int64_t columns = result.size();
    if (mode == PoolMode::Max) {
      // No position left: what sentence-transformers has there.
      for (int64_t c = 0; c < columns; ++c) {
        result[c] = rows.empty() ? -1e9 : input.getFloat(rows[0] * columns + c);
        for (int64_t row : rows) {
          double x = input.getFloat(row * columns + c);
          // A NaN is passed on, whichever position it comes from.
          if (x > result[c] || std::isnan(x))
            result[c] = x;
        }
      }
      return;
    }
    double count = std::max<double>(rows.size(), 1e-9);
    double divisor = mode == PoolMode::Mean ? count : std::sqrt(count);
    for (int64_t c = 0; c < columns; ++c) {
      for (int64_t row : rows)
        result[c] += input.getFloat(row * columns + c);
      result[c] /= divisor;
    }
  }

  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0], &mask = *operands[1];
    int64_t batch = input.getDim(0), length = input.getDim(1),
            columns = input.getDim(2);
    if (llvm::Error error = expectShape(op, "a mask", mask, {batch, length}))
      return error;
    auto values = makeValues(op, {batch, columns});
    if (!values)
      return values.takeError();
    for (int64_t b = 0; b < batch; ++b) {
      SmallVector<int64_t> rows;
      for (int64_t s = 0; s < length; ++s)
        if (mask.getInteger(b * length + s) != 0)
          rows.push_back(b * length + s);
      pool(cast<PoolOp>(op).getMode(), input, rows,
           MutableArrayRef<double>(*values).slice(b * columns, columns));
    }
    results.push_back(interpreter.store({batch, columns}, std::move(*values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachNormModels(MLIRContext &context) {
  L2NormalizeOp::attachInterface<L2NormalizeModel>(context);
  LayerNormOp::attachInterface<LayerNormModel>(context);
  PoolOp::attachInterface<PoolModel>(context);
  RmsNormOp::attachInterface<RmsNormModel>(context);
}
