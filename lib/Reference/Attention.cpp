//===- Attention.cpp - Softmax attention and its parts --------------------===//
#include "Models.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

static constexpr double kMinusInfinity =
    -std::numeric_limits<double>::infinity();

void attune::softmaxRow(MutableArrayRef<double> row) {
  double largest = kMinusInfinity;
  bool anyLeft = false;
  for (double x : row) {
    largest = std::max(largest, x);
    anyLeft |= x != kMinusInfinity;
  }
  if (!anyLeft) {
    llvm::fill(row, 0.0);
    return;
  }
  double sum = 0;
  for (double &x : row) {
    x = std::exp(x - largest);
    sum += x;
  }
  for (double &x : row)
    x /= sum;
}

namespace {

struct MaskModel : ReferenceOpInterface::ExternalModel<MaskModel, MaskOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &scores = *operands[0], &mask = *operands[1];
    int64_t batch = scores.getDim(0), keys = scores.getDim(3);
    if (llvm::Error error = expectShape(op, "a key mask", mask, {batch, keys}))
      return error;
    std::vector<double> values = scores.toDoubles();
    int64_t rows = scores.getDim(1) * scores.getDim(2); // heads * queries
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t k = 0; k < keys; ++k)
          if (mask.getInteger(b * keys + k) == 0)
            values[(b * rows + row) * keys + k] = kMinusInfinity;
    results.push_back(interpreter.store(scores.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

struct SoftmaxModel
    : ReferenceOpInterface::ExternalModel<SoftmaxModel, SoftmaxOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0];
    std::vector<double> values = input.toDoubles();
    // A scalar is a row of one.
    int64_t columns = input.getRank() == 0 ? 1 : input.getDim(-1);
    for (int64_t first = 0; first < input.getNumElements(); first += columns)
      softmaxRow(MutableArrayRef<double>(values).slice(first, columns));
    results.push_back(interpreter.store(input.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

/// One head of one sequence: pointers to the first row, and how far rows are
/// apart.
struct HeadMatrix {
  const double *data;
  int64_t rowStride;
  const double *row(int64_t i) const { return data + i * rowStride; }
};

struct AttentionModel
    : ReferenceOpInterface::ExternalModel<AttentionModel, AttentionOp> {

  /// `result[q] = sum_k softmax_k(scale * query[q] . key[k]) * value[k]` over
  /// the keys that `isLeft` keeps. `result` is zero before.
  static void attend(const HeadMatrix &query, const HeadMatrix &key,
                     const HeadMatrix &value, ArrayRef<bool> isLeft,
                     int64_t queries, int64_t headDim, int64_t valueDim,
                     double scale, double *result, int64_t resultStride) {
    int64_t keys = isLeft.size();
    // Transposed keys, so that the scores of all keys are summed side by side
    // in contiguous loops.
    std::vector<double> keyColumns(headDim * keys);
    for (int64_t k = 0; k < keys; ++k)
      for (int64_t d = 0; d < headDim; ++d)
        keyColumns[d * keys + k] = key.row(k)[d];

    std::vector<double> scores(keys);
    for (int64_t q = 0; q < queries; ++q) {
      llvm::fill(scores, 0.0);
      for (int64_t d = 0; d < headDim; ++d) {
        double element = query.row(q)[d];
        for (int64_t k = 0; k < keys; ++k)
          scores[k] += element * keyColumns[d * keys + k];
      }
      for (int64_t k = 0; k < keys; ++k)
        scores[k] = isLeft[k] ? scale * scores[k] : kMinusInfinity;
      softmaxRow(scores);
      double *sum = result + q * resultStride;
      for (int64_t k = 0; k < keys; ++k) {
        if (!isLeft[k])
          continue; // whatever is in the value of a masked key, it is left out
        for (int64_t d = 0; d < valueDim; ++d)
          sum[d] += scores[k] * value.row(k)[d];
      }
    }
  }

  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto attention = cast<AttentionOp>(op);
    const Tensor &query = *operands[0], &key = *operands[1],
                 &value = *operands[2];
    const Tensor *mask = operands.size() > 3 ? operands[3] : nullptr;
    int64_t heads = attention.getHeads(), kvHeads = attention.getKvHeads();
    double scale = attention.getScale().convertToDouble();
    int64_t batch = query.getDim(0), queries = query.getDim(1);
    int64_t keys = key.getDim(1);
    int64_t headDim = query.getDim(2) / heads;
    int64_t valueDim = value.getDim(2) / kvHeads;

    if (llvm::Error error =
            expectShape(op, "keys", key, {batch, keys, headDim * kvHeads}))
      return error;
    if (llvm::Error error =
            expectShape(op, "values", value, {batch, keys, valueDim * kvHeads}))
      return error;
    if (mask)
      if (llvm::Error error =
              expectShape(op, "a key mask", *mask, {batch, keys}))
        return error;

    SmallVector<int64_t, 3> shape{batch, queries, valueDim * heads};
    auto values = makeValues(op, shape);
    if (!values)
      return values.takeError();

    for (int64_t b = 0; b < batch; ++b) {
      auto sequence = [&](const Tensor &tensor) {
        int64_t size = tensor.getDim(1) * tensor.getDim(2);
        return tensor.toDoubles(b * size, size);
      };
      std::vector<double> q = sequence(query), k = sequence(key),
                          v = sequence(value);
      SmallVector<bool> isLeft(keys, true);
      for (int64_t i = 0; mask && i < keys; ++i)
        isLeft[i] = mask->getInteger(b * keys + i) != 0;
      for (int64_t h = 0; h < heads; ++h) {
        int64_t g = h / (heads / kvHeads);
        attend({q.data() + h * headDim, query.getDim(2)},
               {k.data() + g * headDim, key.getDim(2)},
               {v.data() + g * valueDim, value.getDim(2)}, isLeft, queries,
               headDim, valueDim, scale,
               values->data() + b * queries * shape[2] + h * valueDim,
               shape[2]);
      }
    }
    results.push_back(interpreter.store(shape, std::move(*values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachAttentionModels(MLIRContext &context) {
  AttentionOp::attachInterface<AttentionModel>(context);
  MaskOp::attachInterface<MaskModel>(context);
  SoftmaxOp::attachInterface<SoftmaxModel>(context);
}
