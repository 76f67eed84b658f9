//===- FeatureParameters.cpp - What replaces softmax in a layer -----------===//
#include "attune/Linearize/FeatureParameters.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

using namespace attune;

static constexpr std::pair<LinearMap, llvm::StringLiteral> kNames[] = {
    {LinearMap::Elu1, "elu1"},
    {LinearMap::Relu, "relu"},
    {LinearMap::Favor, "favor"},
    {LinearMap::FavorHyperbolic, "favor-hyperbolic"},
    {LinearMap::Taylor2, "taylor2"},
    {LinearMap::Calibrated, "calibrated"}};

llvm::StringRef attune::toString(LinearMap map) {
  return llvm::find_if(kNames, [&](auto &entry) { return entry.first == map; })
      ->second;
}

std::optional<LinearMap> attune::parseLinearMap(llvm::StringRef name) {
  for (auto &[map, text] : kNames)
    if (text == name)
      return map;
  return std::nullopt;
}

bool attune::isRandom(LinearMap map) {
  return map == LinearMap::Favor || map == LinearMap::FavorHyperbolic;
}

int64_t LayerParameters::getStateBytes(int64_t valueDim,
                                       int64_t kvHeads) const {
  int64_t state = key.heads * key.features * (valueDim + 1);
  int64_t exact = (window + sinks) * kvHeads * (headDim + valueDim);
  return (state + exact) * int64_t(sizeof(float));
}

/// What a map makes of one token: `y` is projected, `half` is |x|^2 / 2.
/// Exponentials are of exponents minus the returned scale, the largest.
static double applyMap(LinearMap map, llvm::ArrayRef<double> y, double half,
                       llvm::MutableArrayRef<double> features) {
  size_t rows = y.size();
  switch (map) {
  case LinearMap::Elu1:
    for (size_t i = 0; i < rows; ++i)
      features[i] = y[i] > 0 ? y[i] + 1 : std::exp(y[i]);
    return 0;
  case LinearMap::Relu:
    for (size_t i = 0; i < rows; ++i)
      features[i] = std::max(y[i], 0.0);
    return 0;
  case LinearMap::Taylor2: {
    size_t next = 0;
    features[next++] = 1;
    for (double value : y)
      features[next++] = value;
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = i; j < rows; ++j)
        features[next++] = y[i] * y[j] * (i == j ? M_SQRT1_2 : 1);
    return 0;
  }
  case LinearMap::Favor:
  case LinearMap::FavorHyperbolic:
  case LinearMap::Calibrated:
    break;
  }
  bool isSigned = map == LinearMap::FavorHyperbolic;
  double shift = map == LinearMap::Calibrated ? 0 : half;
  double factor = map == LinearMap::Calibrated
                      ? 1
                      : 1 / std::sqrt(double(isSigned ? 2 * rows : rows));
  double largest = -std::numeric_limits<double>::infinity();
  for (double value : y)
    largest = std::max(largest, (isSigned ? std::abs(value) : value) - shift);
  for (size_t i = 0; i < rows; ++i) {
    features[i] = factor * std::exp(y[i] - shift - largest);
    if (isSigned)
      features[rows + i] = factor * std::exp(-y[i] - shift - largest);
  }
  return largest;
}

/// Features before they are mixed.
static int64_t countFeatures(LinearMap map, int64_t rows) {
  if (map == LinearMap::Taylor2)
    return 1 + rows + rows * (rows + 1) / 2;
  return map == LinearMap::FavorHyperbolic ? 2 * rows : rows;
}

Features attune::computeFeatures(const LayerParameters &parameters,
                                 const SideWeights &weights, int64_t head,
                                 const Matrix &tokens) {
  int64_t dim = tokens.columns, rows = weights.rows ? weights.rows : dim;
  auto of = [&](llvm::ArrayRef<float> all, int64_t size) {
    return all.empty() ? all : all.slice(head * size, size);
  };
  auto projection = of(weights.projection, rows * dim);
  auto bias = of(weights.bias, rows);
  auto tilt = of(weights.tilt, dim);
  int64_t number = countFeatures(parameters.map, rows);
  auto mix = of(weights.mix, weights.features * number);

  Features result{Matrix(tokens.rows, weights.features),
                  std::vector<double>(tokens.rows)};
  std::vector<double> y(rows), mapped(number);
  for (int64_t t = 0; t < tokens.rows; ++t) {
    llvm::ArrayRef<double> x = tokens.row(t);
    double half = 0, scale = weights.offset.empty() ? 0 : weights.offset[head];
    for (int64_t c = 0; c < dim; ++c) {
      half += x[c] * x[c] / 2;
      // The tilt is of what has not been scaled.
      if (!tilt.empty())
        scale += tilt[c] * x[c] / parameters.scale;
    }
    for (int64_t r = 0; r < rows; ++r) {
      double sum = bias.empty() ? 0 : bias[r];
      if (projection.empty())
        sum += x[r];
      else
        for (int64_t c = 0; c < dim; ++c)
          sum += projection[r * dim + c] * x[c];
      y[r] = sum;
    }
    scale += applyMap(parameters.map, y, half, mapped);
    auto features = result.values.row(t);
    if (mix.empty())
      llvm::copy(mapped, features.begin());
    else
      for (int64_t m = 0; m < weights.features; ++m)
        for (int64_t n = 0; n < number; ++n)
          features[m] += mix[m * number + n] * mapped[n];
    result.scales[t] = scale;
  }
  return result;
}
