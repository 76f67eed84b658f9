//===- OrthogonalRows.cpp - Directions of random features -----------------===//
#include "attune/Linearize/FitFeatures.h"
#include <cmath>

using namespace attune;

Matrix attune::drawOrthogonalRows(int64_t rows, int64_t columns,
                                  std::mt19937_64 &random) {
  std::normal_distribution<double> normal;
  Matrix result(rows, columns);
  for (int64_t first = 0; first < rows; first += columns) {
    int64_t end = std::min(rows, first + columns);
    for (int64_t r = first; r < end; ++r) {
      llvm::MutableArrayRef<double> row = result.row(r);
      // Gram-Schmidt gives the factor Q of Gaussian rows whose R has a positive
      // diagonal, which is what makes directions uniform; twice, for the sake
      // of rounding.
      double norm = 0;
      while (norm < 1e-6) {
        for (double &value : row)
          value = normal(random);
        for (int pass = 0; pass < 2; ++pass)
          for (int64_t other = first; other < r; ++other) {
            double inner = 0;
            for (int64_t c = 0; c < columns; ++c)
              inner += row[c] * result.row(other)[c];
            for (int64_t c = 0; c < columns; ++c)
              row[c] -= inner * result.row(other)[c];
          }
        norm = 0;
        for (double value : row)
          norm += value * value;
        norm = std::sqrt(norm);
      }
      for (double &value : row)
        value /= norm;
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (int64_t c = 0; c < columns; ++c) {
      double value = normal(random);
      squares += value * value;
    }
    for (double &value : result.row(r))
      value *= std::sqrt(squares);
  }
  return result;
}
