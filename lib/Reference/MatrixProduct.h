//===- MatrixProduct.h - The loops of linear and matmul ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_REFERENCE_MATRIXPRODUCT_H
#define ATTUNE_LIB_REFERENCE_MATRIXPRODUCT_H

#include "attune/Reference/Tensor.h"

namespace attune {

/// A matrix [inner, columns] within a tensor: element (k, n) is at position
/// `first + k * innerStride + n * columnStride`.
struct RightMatrix {
  const Tensor &tensor;
  int64_t first;
  int64_t innerStride;
  int64_t columnStride;
};

/// `result[m, n] = sum_k lhs[m, k] * rhs[k, n]`, summed in the order of k.
/// `lhs` and `result` are row-major, [rows, inner] and [rows, columns].
void multiply(llvm::ArrayRef<double> lhs, const RightMatrix &rhs, int64_t rows,
              int64_t inner, int64_t columns,
              llvm::MutableArrayRef<double> result);

} // namespace attune

#endif // ATTUNE_LIB_REFERENCE_MATRIXPRODUCT_H
