//===- Arithmetic.h - Loops over elements of any type -----------*- C++ -*-===//
//
// Models of ops on any number are templates of the type that they compute in:
// double for floats, int64_t and uint64_t for signed and unsigned integers,
// whose sums and products wrap (the interpreter cuts results to the width that
// the IR says). Bools are unsigned.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_REFERENCE_ARITHMETIC_H
#define ATTUNE_LIB_REFERENCE_ARITHMETIC_H

#include "Models.h"

#include <cmath>
#include <limits>

namespace attune {

/// Calls `body` with a zero of the type that elements of `element` are computed
/// in.
template <typename Body> auto withNumber(mlir::Type element, Body body) {
  if (mlir::isa<mlir::FloatType>(element))
    return body(double(0));
  if (element.isUnsignedInteger() || element.isInteger(1))
    return body(uint64_t(0));
  return body(int64_t(0));
}

template <typename T> T getNumber(const Tensor &tensor, int64_t position) {
  if constexpr (std::is_same_v<T, double>)
    return tensor.getFloat(position);
  else
    return static_cast<T>(tensor.getInteger(position));
}

template <typename T>
Tensor makeTensor(llvm::ArrayRef<int64_t> shape, const std::vector<T> &values) {
  if constexpr (std::is_same_v<T, double>)
    return Tensor::doubles(shape, values);
  else
    return Tensor::integers(shape,
                            std::vector<int64_t>(values.begin(), values.end()));
}

template <typename T> T addNumbers(T a, T b) {
  if constexpr (std::is_same_v<T, double>)
    return a + b;
  else
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <typename T> T multiplyNumbers(T a, T b) {
  if constexpr (std::is_same_v<T, double>)
    return a * b;
  else
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
template <typename T> bool isNaN(T a) {
  if constexpr (std::is_same_v<T, double>)
    return std::isnan(a);
  else
    return false;
}
/// The larger and the smaller; a NaN of either stays.
template <typename T> T maxOf(T a, T b) { return isNaN(a) || a > b ? a : b; }
template <typename T> T minOf(T a, T b) { return isNaN(a) || a < b ? a : b; }

/// Where a reduction starts, in the range of `element`.
template <typename T> T identityOf(ReduceKind kind, mlir::Type element) {
  bool isFloat = std::is_same_v<T, double>;
  bool isSigned = std::is_same_v<T, int64_t>;
  unsigned width = element.getIntOrFloatBitWidth();
  switch (kind) {
  case ReduceKind::prod:
    return 1;
  case ReduceKind::max:
    return isFloat    ? -std::numeric_limits<T>::infinity()
           : isSigned ? static_cast<T>(llvm::minIntN(width))
                      : 0;
  case ReduceKind::min:
    return isFloat    ? std::numeric_limits<T>::infinity()
           : isSigned ? static_cast<T>(llvm::maxIntN(width))
                      : static_cast<T>(llvm::maxUIntN(width));
  default:
    return 0;
  }
}

template <typename T> T combine(ReduceKind kind, T a, T b) {
  switch (kind) {
  case ReduceKind::prod:
    return multiplyNumbers(a, b);
  case ReduceKind::max:
    return maxOf(a, b);
  case ReduceKind::min:
    return minOf(a, b);
  default:
    return addNumbers(a, b);
  }
}

/// A tensor as [outer, extent of an axis, inner].
struct AxisExtents {
  int64_t outer = 1, extent, inner = 1;
  AxisExtents(llvm::ArrayRef<int64_t> shape, int64_t axis)
      : extent(shape[axis]) {
    for (int64_t i = 0, e = shape.size(); i < e; ++i)
      (i < axis ? outer : inner) *= i == axis ? 1 : shape[i];
  }
};

/// The number type of a value's elements in the IR.
inline mlir::Type elementTypeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

} // namespace attune

#endif // ATTUNE_LIB_REFERENCE_ARITHMETIC_H
