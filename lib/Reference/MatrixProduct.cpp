//===- MatrixProduct.cpp - The loops of linear and matmul -----------------===//
#include "MatrixProduct.h"

using namespace attune;

/// So many columns are summed side by side: each sum keeps its order, and the
/// compiler turns the inner loop into vector instructions.
static constexpr int64_t kWidth = 16;

void attune::multiply(llvm::ArrayRef<double> lhs, const RightMatrix &rhs,
                      int64_t rows, int64_t inner, int64_t columns,
                      llvm::MutableArrayRef<double> result) {
  if (rows == 0)
    return;
  std::vector<double> panel(inner * kWidth);
  for (int64_t n0 = 0; n0 < columns; n0 += kWidth) {
    int64_t width = std::min(kWidth, columns - n0);
    // panel[k, j] = rhs[k, n0 + j]; columns beyond the last keep old values,
    // whose sums are not used.
    for (int64_t j = 0; j < width; ++j)
      for (int64_t k = 0; k < inner; ++k)
        panel[k * kWidth + j] = rhs.tensor.getFloat(
            rhs.first + k * rhs.innerStride + (n0 + j) * rhs.columnStride);

    for (int64_t m = 0; m < rows; ++m) {
      const double *left = lhs.data() + m * inner;
      const double *right = panel.data();
      double sums[kWidth] = {};
      for (int64_t k = 0; k < inner; ++k)
        for (int64_t j = 0; j < kWidth; ++j)
          sums[j] += left[k] * right[k * kWidth + j];
      for (int64_t j = 0; j < width; ++j)
        result[m * columns + n0 + j] = sums[j];
    }
  }
}
