//===- AttentionRows.cpp - Attention as a matrix of weights ---------------===//
#include "attune/Linearize/AttentionRows.h"
#include <cmath>
#include <limits>

using namespace attune;

static constexpr double kNone = -std::numeric_limits<double>::infinity();

/// A weight e^exponent * factor.
struct Weight {
  double exponent = kNone, factor = 1;
};

/// Weights of all keys that a query sees, divided by their sum. Exponents are
/// taken relative to the largest of the row.
template <typename Function>
static AttentionRows makeRows(int64_t length, bool causal, Function weigh) {
  AttentionRows result;
  result.weights = Matrix(length, length);
  result.denominators.resize(length);
  std::vector<Weight> row(length);
  for (int64_t i = 0; i < length; ++i) {
    int64_t seen = causal ? i + 1 : length;
    double largest = kNone;
    for (int64_t j = 0; j < seen; ++j) {
      row[j] = weigh(i, j);
      if (row[j].factor != 0)
        largest = std::max(largest, row[j].exponent);
    }
    double sum = 0, most = 0;
    llvm::MutableArrayRef<double> weights = result.weights.row(i);
    for (int64_t j = 0; j < seen; ++j) {
      double weight = row[j].factor == 0 || row[j].exponent == kNone
                          ? 0
                          : row[j].factor * std::exp(row[j].exponent - largest);
      result.negative += weight < 0;
      result.notFinite += !std::isfinite(weight);
      weights[j] = weight;
      sum += weight;
      most = std::max(most, std::abs(weight));
    }
    result.denominators[i] = most > 0 ? sum / most : 0;
    result.guarded += !(sum > 0);
    for (double &weight : weights)
      weight = sum != 0 ? weight / sum : 0;
  }
  return result;
}

static bool isNear(int64_t i, int64_t j, int64_t window, int64_t sinks) {
  return j < sinks || std::abs(i - j) < window;
}

Matrix attune::computeScores(const HeadTokens &tokens) {
  return multiplyByTransposed(tokens.query, tokens.key);
}

AttentionRows attune::computeExactRows(const Matrix &scores, bool causal) {
  return makeRows(scores.rows, causal, [&](int64_t i, int64_t j) {
    return Weight{scores.row(i)[j]};
  });
}

AttentionRows attune::computeRoundedRows(const HeadTokens &tokens,
                                         bool causal) {
  int64_t length = tokens.query.rows, columns = tokens.query.columns;
  std::vector<float> queries(tokens.query.values.begin(),
                             tokens.query.values.end());
  std::vector<float> keys(tokens.key.values.begin(), tokens.key.values.end());
  AttentionRows result = makeRows(length, causal, [&](int64_t i, int64_t j) {
    float sum = 0;
    for (int64_t c = 0; c < columns; ++c)
      sum += queries[i * columns + c] * keys[j * columns + c];
    return Weight{sum};
  });
  for (double &weight : result.weights.values)
    weight = static_cast<float>(weight);
  return result;
}

AttentionRows attune::computeLinearRows(const LayerParameters &parameters,
                                        const HeadTokens &tokens,
                                        const Matrix &scores, int64_t head,
                                        int64_t kvHead, bool causal) {
  Features queries =
      computeFeatures(parameters, parameters.query, head, tokens.query);
  Features keys =
      computeFeatures(parameters, parameters.key,
                      parameters.isHybrid() ? head : kvHead, tokens.key);
  Matrix products = multiplyByTransposed(queries.values, keys.values);
  return makeRows(tokens.query.rows, causal, [&](int64_t i, int64_t j) {
    if (isNear(i, j, parameters.window, parameters.sinks))
      return Weight{scores.row(i)[j]};
    return Weight{queries.scales[i] + keys.scales[j], products.row(i)[j]};
  });
}

AttentionRows attune::computeUniformRows(int64_t length, bool causal) {
  return makeRows(length, causal, [](int64_t, int64_t) { return Weight{0}; });
}

AttentionRows attune::computeWindowRows(const Matrix &scores, bool causal,
                                        int64_t window, int64_t sinks) {
  return makeRows(scores.rows, causal, [&](int64_t i, int64_t j) {
    return isNear(i, j, window, sinks) ? Weight{scores.row(i)[j]} : Weight{};
  });
}

Matrix attune::applyRows(const AttentionRows &rows, const Matrix &values) {
  Matrix result(rows.weights.rows, values.columns);
  for (int64_t i = 0; i < result.rows; ++i)
    for (int64_t j = 0; j < values.rows; ++j)
      if (double weight = rows.weights.row(i)[j]) {
        const double *value = values.row(j).data();
        double *sums = result.row(i).data();
        for (int64_t c = 0; c < values.columns; ++c)
          sums[c] += weight * value[c];
      }
  return result;
}
