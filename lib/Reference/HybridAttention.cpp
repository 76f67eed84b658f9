//===- HybridAttention.cpp - Softmax to near keys, linear to others -------===//
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

/// A key's weight, factor * e^exponent. Features may be negative, so that a
/// logarithm does not say it all.
struct Weight {
  int64_t key;
  double factor, exponent;
};

struct HybridAttentionModel
    : ReferenceOpInterface::ExternalModel<HybridAttentionModel,
                                          HybridAttentionOp> {
  llvm::Error interpret(Operation *op, Interpreter &, Operands operands,
                        Results &results) const {
    auto attention = cast<HybridAttentionOp>(op);
    const Tensor &query = *operands[0], &key = *operands[1],
                 &value = *operands[2], &queryFeatures = *operands[3],
                 &keyFeatures = *operands[4];
    // Optional operands are there or not, in the order of the op.
    size_t next = 5;
    auto take = [&](Value operand) {
      return operand ? operands[next++] : nullptr;
    };
    const Tensor *queryScale = take(attention.getQueryScale());
    const Tensor *keyScale = take(attention.getKeyScale());
    const Tensor *mask = take(attention.getKeyMask());
    int64_t batch = query.getDim(0), length = query.getDim(1);
    int64_t heads = attention.getHeads(), kvHeads = attention.getKvHeads();
    int64_t headDim = attention.getHeadDim(),
            valueDim = attention.getValueDim(),
            features = attention.getFeatures();
    for (auto [name, tensor, columns] :
         {std::tuple<StringRef, const Tensor *, int64_t>("keys", &key,
                                                         kvHeads * headDim),
          {"values", &value, kvHeads * valueDim},
          {"query features", &queryFeatures, heads * features},
          {"key features", &keyFeatures, heads * features},
          {"query scales", queryScale, heads},
          {"key scales", keyScale, heads}})
      if (tensor)
        if (llvm::Error error =
                expectShape(op, name, *tensor, {batch, length, columns}))
          return error;
    if (mask)
      if (llvm::Error error =
              expectShape(op, "a key mask", *mask, {batch, length}))
        return error;
    SmallVector<int64_t> shape = {batch, length, heads * valueDim};
    auto values = makeValues(op, shape);
    if (!values)
      return values.takeError();

    // Rows of one head in packed heads of `columns` each.
    auto rowOf = [](const Tensor &tensor, int64_t token, int64_t head,
                    int64_t heads, int64_t columns) {
      return tensor.toDoubles((token * heads + head) * columns, columns);
    };
    auto dot = [](ArrayRef<double> a, ArrayRef<double> b) {
      double sum = 0;
      for (auto [x, y] : llvm::zip_equal(a, b))
        sum += x * y;
      return sum;
    };
    double scale = attention.getScale().convertToDouble();
    int64_t window = attention.getWindow(), sinks = attention.getSinks();

    for (int64_t b = 0; b < batch; ++b)
      for (int64_t h = 0; h < heads; ++h) {
        int64_t kvHead = h * kvHeads / heads;
        for (int64_t i = 0; i < length; ++i) {
          int64_t from = b * length + i;
          auto q = rowOf(query, from, h, heads, headDim);
          auto fq = rowOf(queryFeatures, from, h, heads, features);
          std::vector<Weight> weights;
          for (int64_t j = 0; j < (attention.getFull() ? length : i + 1); ++j) {
            int64_t to = b * length + j;
            if (mask && mask->getInteger(to) == 0)
              continue;
            if (j < sinks || std::abs(i - j) < window) {
              auto k = rowOf(key, to, kvHead, kvHeads, headDim);
              weights.push_back({to, 1, scale * dot(q, k)});
            } else {
              double both = queryScale
                                ? queryScale->getFloat(from * heads + h) +
                                      keyScale->getFloat(to * heads + h)
                                : 0;
              auto fk = rowOf(keyFeatures, to, h, heads, features);
              weights.push_back({to, dot(fq, fk), both});
            }
          }
          // All divided by the largest exponential, which changes nothing but
          // what overflows.
          double largest = -std::numeric_limits<double>::infinity(), sum = 0;
          for (const Weight &weight : weights)
            largest = std::max(largest, weight.exponent);
          double *result =
              values->data() + from * heads * valueDim + h * valueDim;
          for (const Weight &weight : weights) {
            double w = weight.factor * std::exp(weight.exponent - largest);
            auto v = rowOf(value, weight.key, kvHead, kvHeads, valueDim);
            sum += w;
            for (int64_t c = 0; c < valueDim; ++c)
              result[c] += w * v[c];
          }
          for (int64_t c = 0; c < valueDim; ++c)
            result[c] = sum == 0 ? 0 : result[c] / sum;
        }
      }
    results.push_back(Tensor::doubles(shape, std::move(*values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachHybridAttentionModels(MLIRContext &context) {
  HybridAttentionOp::attachInterface<HybridAttentionModel>(context);
}
