//===- Tensor.h - Values of the reference interpreter -----------*- C++ -*-===//
#ifndef ATTUNE_REFERENCE_TENSOR_H
#define ATTUNE_REFERENCE_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// How the elements of a reference tensor are stored. Element types of the IR
/// have no storage of their own each: f16 and bf16 are kept as F32 whose values
/// are rounded to what the type has; bools and integers of all widths as I64
/// whose values are wrapped to the range of the type, uint64 in two's
/// complement. conform() of ElementTypes.h does both.
enum class ElementType { F32, F64, I64 };

/// "f32", "f64" or "i64".
llvm::StringRef toString(ElementType type);

/// A row-major tensor whose elements never change once it is made: copies share
/// them. Elements are owned or viewed (weights that are mapped into memory).
///
/// Elements are named by their position in row-major order or by one index a
/// dimension. Indices that are out of range and getters of the wrong kind are
/// defects of the caller and asserted.
class Tensor {
public:
  /// An f32 tensor of shape [0].
  Tensor();

  /// `values` has as many elements as countElements says of `shape`; check
  /// shapes that come from files before.
  static Tensor floats(llvm::ArrayRef<int64_t> shape,
                       std::vector<float> values);
  static Tensor doubles(llvm::ArrayRef<int64_t> shape,
                        std::vector<double> values);
  static Tensor integers(llvm::ArrayRef<int64_t> shape,
                         std::vector<int64_t> values);
  /// An f32 tensor over memory that `owner` keeps alive, or that outlives the
  /// tensor when `owner` is null.
  static Tensor view(llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<float> values,
                     std::shared_ptr<const void> owner = nullptr);

  ElementType getElementType() const { return type; }
  bool isFloat() const { return type != ElementType::I64; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  /// The extent of dimension `i`; negative `i` counts from the last.
  int64_t getDim(int64_t i) const { return shape[i < 0 ? i + getRank() : i]; }
  int64_t getNumElements() const { return count; }

  /// The element at row-major position `i` of an f32 or f64 tensor.
  double getFloat(int64_t i) const {
    return type == ElementType::F32 ? get<float>(i) : get<double>(i);
  }
  double getFloat(llvm::ArrayRef<int64_t> index) const {
    return getFloat(positionOf(index));
  }
  /// The element at row-major position `i` of an i64 tensor.
  int64_t getInteger(int64_t i) const { return get<int64_t>(i); }
  int64_t getInteger(llvm::ArrayRef<int64_t> index) const {
    return getInteger(positionOf(index));
  }

  /// All elements where they lie; the element type is that of the call.
  llvm::ArrayRef<float> getFloats() const { return span<float>(); }
  llvm::ArrayRef<double> getDoubles() const { return span<double>(); }
  llvm::ArrayRef<int64_t> getIntegers() const { return span<int64_t>(); }

  /// `size` elements of an f32 or f64 tensor from position `first` on, as
  /// doubles.
  std::vector<double> toDoubles(int64_t first, int64_t size) const;
  std::vector<double> toDoubles() const { return toDoubles(0, count); }

  /// The same elements under a shape of as many elements.
  Tensor reshape(llvm::ArrayRef<int64_t> shape) const;

  /// A tensor of `shape` whose element at index i is the one at position
  /// `first + sum_d i[d] * strides[d]` of this one. Transposes, slices and
  /// broadcasts are this with different strides.
  Tensor gather(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides,
                int64_t first = 0) const;

  /// The same values in another float type; doubles are rounded to nearest.
  Tensor castFloat(ElementType type) const;

  /// "f32 [2, 128, 384]".
  std::string describe() const;

private:
  template <typename T> struct TypeOf;
  template <typename T>
  static Tensor own(llvm::ArrayRef<int64_t> shape, std::vector<T> values);
  template <typename T> llvm::ArrayRef<T> span() const;
  template <typename T> T get(int64_t i) const;
  int64_t positionOf(llvm::ArrayRef<int64_t> index) const;

  ElementType type = ElementType::F32;
  llvm::SmallVector<int64_t, 4> shape;
  int64_t count = 0;
  const void *data = nullptr;
  std::shared_ptr<const void> owner;
};

template <> struct Tensor::TypeOf<float> {
  static constexpr ElementType value = ElementType::F32;
};
template <> struct Tensor::TypeOf<double> {
  static constexpr ElementType value = ElementType::F64;
};
template <> struct Tensor::TypeOf<int64_t> {
  static constexpr ElementType value = ElementType::I64;
};

template <typename T> llvm::ArrayRef<T> Tensor::span() const {
  assert(type == TypeOf<T>::value && "element type of the tensor");
  return {static_cast<const T *>(data), static_cast<size_t>(count)};
}

template <typename T> T Tensor::get(int64_t i) const {
  assert(type == TypeOf<T>::value && "element type of the tensor");
  assert(i >= 0 && i < count && "position within the tensor");
  return static_cast<const T *>(data)[i];
}

/// The product of `shape`; nullopt when an extent is negative or the product
/// of those that are not zero exceeds 2^40, more elements than any memory
/// holds. No product of some extents of a tensor overflows therefore.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// Distances between neighbours of each dimension in row-major order.
llvm::SmallVector<int64_t, 4> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// The shape of an elementwise result under NumPy broadcasting, or nullopt when
/// the shapes do not fit.
std::optional<llvm::SmallVector<int64_t, 4>>
broadcast(llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs);

/// Strides that read a row-major tensor of `shape` as if it had the shape
/// `result`, which it broadcasts to: dimensions are aligned at the last,
/// those of extent one have stride 0.
llvm::SmallVector<int64_t, 4> broadcastStrides(llvm::ArrayRef<int64_t> shape,
                                               llvm::ArrayRef<int64_t> result);

/// Calls `visit` for every index of `shape` in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit);

/// The sum of index[d] * strides[d].
int64_t offsetOf(llvm::ArrayRef<int64_t> index,
                 llvm::ArrayRef<int64_t> strides);

/// Values spread evenly over [low, high), the same on every machine for the
/// same seed.
std::vector<double> randomValues(int64_t count, uint64_t seed,
                                 double low = -1.0, double high = 1.0);

} // namespace attune

#endif // ATTUNE_REFERENCE_TENSOR_H
