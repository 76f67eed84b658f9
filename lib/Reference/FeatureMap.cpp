//===- FeatureMap.cpp - Features of heads ---------------------------------===//
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

using Vector = std::vector<double>;

/// Softmax of `x`, behind what `features` has.
void appendSoftmax(Vector x, Vector &features) {
  softmaxRow(x);
  llvm::append_range(features, x);
}

Vector negate(Vector x) {
  for (double &each : x)
    each = -each;
  return x;
}

Vector concat(Vector a, const Vector &b) {
  llvm::append_range(a, b);
  return a;
}

Vector transform(Vector x, llvm::function_ref<double(double)> f) {
  for (double &each : x)
    each = f(each);
  return x;
}

/// z_i z_((i - j) mod n) for j = 1 .. order, then i.
Vector dpfp(const Vector &y, int64_t order) {
  auto relu = [](double x) { return x < 0 ? 0 : x; };
  Vector z = concat(transform(y, relu), transform(negate(y), relu));
  Vector features;
  int64_t n = z.size();
  for (int64_t j = 1; j <= order; ++j)
    for (int64_t i = 0; i < n; ++i)
      features.push_back(z[i] * z[((i - j) % n + n) % n]);
  return features;
}

/// 1, y_i, then y_i y_j for i and j >= i, halved in the inner product where
/// both are the same.
Vector taylor2(const Vector &y) {
  Vector features = concat({1.0}, y);
  for (size_t i = 0; i < y.size(); ++i)
    for (size_t j = i; j < y.size(); ++j)
      features.push_back(i == j ? y[i] * y[i] / std::sqrt(2.0) : y[i] * y[j]);
  return features;
}

/// The map of one op with its weights.
class Mapping {
public:
  Mapping(FeatureMapOp op, Operands operands) : op(op) {
    // Optional operands are there or not, in the order of the op.
    size_t next = 1;
    auto take = [&](Value operand) {
      return operand ? operands[next++] : nullptr;
    };
    projection = take(op.getProjection());
    bias = take(op.getBias());
    mix = take(op.getMix());
    tilt = take(op.getTilt());
    scale = op.getScale().convertToDouble();
    epsilon = op.getEpsilon().convertToDouble();
    normEpsilon = op.getNormEpsilon().convertToDouble();
    hasScale = static_cast<bool>(op.getLogScale());
  }

  /// The features of a token's `input` in head `h`, and their scale, by whose
  /// exponential they are still to be multiplied.
  std::pair<Vector, double> run(const Vector &input, int64_t h) {
    Vector x = transform(input, [&](double each) { return scale * each; });
    double squares = 0;
    for (double each : x)
      squares += each * each;
    Vector y = projection ? multiply(*projection, h, x) : x;
    if (bias)
      for (auto [each, b] : llvm::zip_equal(y, weightsOf(*bias, h)))
        each += b;
    double logScale = 0;
    Vector features = map(y, squares, logScale);
    for (double &each : features)
      each += epsilon;
    if (op.getNorm() != FeatureNorm::none) {
      // The factor is gone with the division.
      logScale = 0;
      normalize(features);
    }
    if (mix)
      features = multiply(*mix, h, features);
    if (tilt)
      logScale += dot(weightsOf(*tilt, h), input);
    return {std::move(features), logScale};
  }

private:
  /// The weights of head `h`, or those of all heads.
  static Vector weightsOf(const Tensor &tensor, int64_t h) {
    int64_t heads = tensor.getDim(0), size = tensor.getNumElements() / heads;
    return tensor.toDoubles(heads == 1 ? 0 : h * size, size);
  }

  static double dot(ArrayRef<double> a, ArrayRef<double> b) {
    double sum = 0;
    for (auto [x, y] : llvm::zip_equal(a, b))
      sum += x * y;
    return sum;
  }

  /// The matrix of head `h` times `x`.
  static Vector multiply(const Tensor &matrix, int64_t h, const Vector &x) {
    Vector weights = weightsOf(matrix, h), result;
    for (int64_t i = 0, e = matrix.getDim(1); i < e; ++i)
      result.push_back(dot(ArrayRef(weights).slice(i * x.size(), x.size()), x));
    return result;
  }

  /// The exponentials of `exponents` times `factor`, divided by the largest
  /// exponential if there is a result to say so.
  Vector exponentials(Vector exponents, double factor, double &logScale) const {
    if (hasScale)
      logScale = *llvm::max_element(exponents);
    return transform(std::move(exponents),
                     [&](double x) { return factor * std::exp(x - logScale); });
  }

  Vector map(const Vector &y, double squares, double &logScale) {
    auto exponent = [&](double x) { return x - squares / 2; };
    Vector features;
    switch (op.getMap()) {
    case FeatureMap::identity:
      return y;
    case FeatureMap::elu1:
      return transform(y, [](double x) { return x > 0 ? x + 1 : std::exp(x); });
    case FeatureMap::relu:
      return transform(y, [](double x) { return x < 0 ? 0 : x; });
    case FeatureMap::exp:
      return exponentials(y, 1, logScale);
    case FeatureMap::favor:
      return exponentials(transform(y, exponent),
                          1 / std::sqrt(double(y.size())), logScale);
    case FeatureMap::favor_hyperbolic:
      return exponentials(transform(concat(y, negate(y)), exponent),
                          1 / std::sqrt(2.0 * y.size()), logScale);
    case FeatureMap::dpfp:
      return dpfp(y, op.getOrder());
    case FeatureMap::taylor2:
      return taylor2(y);
    case FeatureMap::softmax:
      appendSoftmax(concat(y, negate(y)), features);
      return features;
    case FeatureMap::softmax_halves:
      appendSoftmax(y, features);
      appendSoftmax(negate(y), features);
      return features;
    }
    return y;
  }

  void normalize(Vector &features) {
    double n = 0;
    for (double each : features)
      n += op.getNorm() == FeatureNorm::l2 ? each * each : each;
    if (op.getNorm() == FeatureNorm::l2)
      n = std::sqrt(n);
    n = std::max(n, normEpsilon);
    for (double &each : features)
      each /= n;
  }

  FeatureMapOp op;
  const Tensor *projection, *bias, *mix, *tilt;
  double scale, epsilon, normEpsilon;
  bool hasScale;
};

struct FeatureMapModel
    : ReferenceOpInterface::ExternalModel<FeatureMapModel, FeatureMapOp> {
  llvm::Error interpret(Operation *op, Interpreter &, Operands operands,
                        Results &results) const {
    auto featureMap = cast<FeatureMapOp>(op);
    const Tensor &input = *operands[0];
    int64_t batch = input.getDim(0), length = input.getDim(1);
    int64_t heads = featureMap.getHeads(), headDim = featureMap.getHeadDim();
    if (llvm::Error error = expectShape(op, "an input", input,
                                        {batch, length, heads * headDim}))
      return error;
    SmallVector<int64_t> shape = {batch, length,
                                  heads * featureMap.getFeatures()};
    auto values = makeValues(op, shape);
    if (!values)
      return values.takeError();
    values->clear();
    Vector scales;
    Mapping mapping(featureMap, operands);
    for (int64_t token = 0; token < batch * length; ++token)
      for (int64_t h = 0; h < heads; ++h) {
        auto [features, scale] = mapping.run(
            input.toDoubles((token * heads + h) * headDim, headDim), h);
        llvm::append_range(*values, features);
        scales.push_back(scale);
      }
    results.push_back(Tensor::doubles(shape, std::move(*values)));
    if (featureMap.getLogScale())
      results.push_back(
          Tensor::doubles({batch, length, heads}, std::move(scales)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachFeatureMapModels(MLIRContext &context) {
  FeatureMapOp::attachInterface<FeatureMapModel>(context);
}
