//===- NonNegativeFactor.cpp - Multiplicative updates ---------------------===//
#include "attune/Linearize/FitFeatures.h"

using namespace attune;

/// Adds a multiple of a row of b.
static void addRow(Matrix &result, int64_t i, double factor, const Matrix &b,
                   int64_t k) {
  double *sums = result.row(i).data();
  const double *row = b.row(k).data();
  if (factor != 0)
    for (int64_t j = 0; j < b.columns; ++j)
      sums[j] += factor * row[j];
}

/// a^T b.
static Matrix multiplyTransposed(const Matrix &a, const Matrix &b) {
  Matrix result(a.columns, b.columns);
  for (int64_t k = 0; k < a.rows; ++k)
    for (int64_t i = 0; i < a.columns; ++i)
      addRow(result, i, a.row(k)[i], b, k);
  return result;
}

/// a b.
static Matrix multiply(const Matrix &a, const Matrix &b) {
  Matrix result(a.rows, b.columns);
  for (int64_t i = 0; i < a.rows; ++i)
    for (int64_t k = 0; k < a.columns; ++k)
      addRow(result, i, a.row(i)[k], b, k);
  return result;
}

// The gradient of half the sum of |T - L F R^T|^2 is
// sum L^T L F R^T R - sum L^T T R; F is multiplied by the ratio of its negative
// part to its positive one.
Matrix attune::fitNonNegativeFactor(llvm::ArrayRef<FactorSample> samples,
                                    int64_t iterations) {
  if (samples.empty())
    return {};
  int64_t rows = samples.front().left.columns;
  int64_t columns = samples.front().right.columns;
  Matrix wanted(rows, columns);
  std::vector<std::pair<Matrix, Matrix>> grams;
  for (const FactorSample &sample : samples) {
    Matrix right = multiply(sample.target, sample.right);
    Matrix product = multiplyTransposed(sample.left, right);
    for (size_t i = 0; i < wanted.values.size(); ++i)
      wanted.values[i] += product.values[i];
    grams.emplace_back(multiplyTransposed(sample.left, sample.left),
                       multiplyTransposed(sample.right, sample.right));
  }
  Matrix factor(rows, columns);
  factor.values.assign(factor.values.size(), 1);
  for (int64_t iteration = 0; iteration < iterations; ++iteration) {
    Matrix found(rows, columns);
    for (auto &[left, right] : grams) {
      Matrix product = multiply(multiply(left, factor), right);
      for (size_t i = 0; i < found.values.size(); ++i)
        found.values[i] += product.values[i];
    }
    for (size_t i = 0; i < factor.values.size(); ++i)
      if (found.values[i] > 0)
        factor.values[i] *= wanted.values[i] / found.values[i];
  }
  return factor;
}
