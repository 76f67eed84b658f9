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

  /// What a head does to its scores.
  struct Scoring {
    double scale, softcap;
    Causal causal;
    /// Whether each key is left by the mask.
    ArrayRef<bool> isLeft;
    /// The bias of a query and a key.
    llvm::function_ref<double(int64_t, int64_t)> bias;
  };

  /// `result[q] = sum_k softmax_k(score[q, k]) * value[k]` over the keys that
  /// are left. `result` is zero before.
  static void attend(const HeadMatrix &query, const HeadMatrix &key,
                     const HeadMatrix &value, const Scoring &scoring,
                     int64_t queries, int64_t headDim, int64_t valueDim,
                     double *result, int64_t resultStride) {
    int64_t keys = scoring.isLeft.size();
    // Transposed keys, so that the scores of all keys are summed side by side
    // in contiguous loops.
    std::vector<double> keyColumns(headDim * keys);
    for (int64_t k = 0; k < keys; ++k)
      for (int64_t d = 0; d < headDim; ++d)
        keyColumns[d * keys + k] = key.row(k)[d];

    std::vector<double> scores(keys);
    for (int64_t q = 0; q < queries; ++q) {
      int64_t end = keys;
      if (scoring.causal == Causal::start)
        end = std::min(keys, q + 1);
      if (scoring.causal == Causal::end)
        end = q + 1 + keys - queries;
      auto isSeen = [&](int64_t k) { return k < end && scoring.isLeft[k]; };
      llvm::fill(scores, 0.0);
      for (int64_t d = 0; d < headDim; ++d) {
        double element = query.row(q)[d];
        for (int64_t k = 0; k < keys; ++k)
          scores[k] += element * keyColumns[d * keys + k];
      }
      for (int64_t k = 0; k < keys; ++k) {
        double score = scoring.scale * scores[k];
        if (scoring.softcap != 0)
          score = scoring.softcap * std::tanh(score / scoring.softcap);
        scores[k] = isSeen(k) ? score + scoring.bias(q, k) : kMinusInfinity;
      }
      softmaxRow(scores);
      double *sum = result + q * resultStride;
      for (int64_t k = 0; k < keys; ++k) {
        if (!isSeen(k))
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
    const Tensor *mask = attention.getKeyMask() ? operands[3] : nullptr;
    const Tensor *bias = attention.getBias() ? operands.back() : nullptr;
    int64_t heads = attention.getHeads(), kvHeads = attention.getKvHeads();
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
    // Extents of one are repeated: their stride is zero.
    SmallVector<int64_t, 4> strides(4, 0);
    if (bias) {
      SmallVector<int64_t, 4> full{batch, heads, queries, keys};
      for (int64_t i = 4, stride = 1; i-- > 0; stride *= bias->getDim(i)) {
        if (bias->getDim(i) == full[i])
          strides[i] = stride;
        else if (bias->getDim(i) == 1)
          full[i] = 1;
      }
      if (llvm::Error error = expectShape(op, "a bias", *bias, full))
        return error;
    }

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
        auto getBias = [&](int64_t i, int64_t j) {
          return bias ? bias->getFloat(b * strides[0] + h * strides[1] +
                                       i * strides[2] + j * strides[3])
                      : 0.0;
        };
        Scoring scoring{attention.getScale().convertToDouble(),
                        attention.getSoftcap().convertToDouble(),
                        attention.getCausal(), isLeft, getBias};
        attend({q.data() + h * headDim, query.getDim(2)},
               {k.data() + g * headDim, key.getDim(2)},
               {v.data() + g * valueDim, value.getDim(2)}, scoring, queries,
               headDim, valueDim,
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
