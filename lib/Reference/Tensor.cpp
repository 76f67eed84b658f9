//===- Tensor.cpp - Values of the reference interpreter -------------------===//
#include "attune/Reference/Tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cassert>

using namespace attune;
using llvm::ArrayRef;
using llvm::SmallVector;

llvm::StringRef attune::toString(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "f32";
  case ElementType::F64:
    return "f64";
  case ElementType::I64:
    return "i64";
  }
  return "unknown";
}

Tensor::Tensor() : shape{0} {}

template <typename T>
Tensor Tensor::own(ArrayRef<int64_t> shape, std::vector<T> values) {
  assert(countElements(shape) == static_cast<int64_t>(values.size()) &&
         "as many values as the shape has elements");
  auto storage = std::make_shared<std::vector<T>>(std::move(values));
  Tensor tensor;
  tensor.type = TypeOf<T>::value;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.count = storage->size();
  tensor.data = storage->data();
  tensor.owner = std::move(storage);
  return tensor;
}

Tensor Tensor::floats(ArrayRef<int64_t> shape, std::vector<float> values) {
  return own(shape, std::move(values));
}

Tensor Tensor::doubles(ArrayRef<int64_t> shape, std::vector<double> values) {
  return own(shape, std::move(values));
}

Tensor Tensor::integers(ArrayRef<int64_t> shape, std::vector<int64_t> values) {
  return own(shape, std::move(values));
}

Tensor Tensor::view(ArrayRef<int64_t> shape, ArrayRef<float> values,
                    std::shared_ptr<const void> owner) {
  assert(countElements(shape) == static_cast<int64_t>(values.size()) &&
         "as many values as the shape has elements");
  Tensor tensor;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.count = values.size();
  tensor.data = values.data();
  tensor.owner = std::move(owner);
  return tensor;
}

int64_t Tensor::positionOf(ArrayRef<int64_t> index) const {
  assert(index.size() == shape.size() && "one index a dimension");
  int64_t position = 0;
  for (auto [i, extent] : llvm::zip_equal(index, shape)) {
    assert(i >= 0 && i < extent && "index within the extent");
    position = position * extent + i;
  }
  return position;
}

std::vector<double> Tensor::toDoubles(int64_t first, int64_t size) const {
  assert(first >= 0 && size >= 0 && first <= count - size && "a part of it");
  if (type == ElementType::F64) {
    ArrayRef<double> part = getDoubles().slice(first, size);
    return {part.begin(), part.end()};
  }
  ArrayRef<float> part = getFloats().slice(first, size);
  return {part.begin(), part.end()};
}

Tensor Tensor::reshape(ArrayRef<int64_t> newShape) const {
  assert(countElements(newShape) == count && "as many elements");
  Tensor tensor = *this;
  tensor.shape.assign(newShape.begin(), newShape.end());
  return tensor;
}

Tensor Tensor::gather(ArrayRef<int64_t> newShape, ArrayRef<int64_t> strides,
                      int64_t first) const {
  auto collect = [&](auto elements) {
    std::vector<std::decay_t<decltype(elements[0])>> values;
    values.reserve(*countElements(newShape));
    forEachIndex(newShape, [&](ArrayRef<int64_t> index) {
      values.push_back(elements[first + offsetOf(index, strides)]);
    });
    return own(newShape, std::move(values));
  };
  switch (type) {
  case ElementType::F32:
    return collect(getFloats());
  case ElementType::F64:
    return collect(getDoubles());
  case ElementType::I64:
    return collect(getIntegers());
  }
  return Tensor();
}

Tensor Tensor::castFloat(ElementType newType) const {
  assert(isFloat() && newType != ElementType::I64 && "float types");
  if (newType == type)
    return *this;
  if (newType == ElementType::F64)
    return doubles(shape, toDoubles());
  ArrayRef<double> elements = getDoubles();
  return floats(shape, std::vector<float>(elements.begin(), elements.end()));
}

std::string Tensor::describe() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << toString(type) << " [";
  llvm::interleaveComma(shape, os);
  os << ']';
  return text;
}

std::optional<int64_t> attune::countElements(ArrayRef<int64_t> shape) {
  constexpr int64_t limit = int64_t(1) << 40;
  int64_t withoutZeros = 1;
  for (int64_t extent : shape) {
    if (extent < 0 || extent > limit / withoutZeros)
      return std::nullopt;
    withoutZeros *= std::max<int64_t>(extent, 1);
  }
  return llvm::is_contained(shape, 0) ? 0 : withoutZeros;
}

SmallVector<int64_t, 4> attune::rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t, 4> strides(shape.size());
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= std::max<int64_t>(shape[d], 1);
  }
  return strides;
}

std::optional<SmallVector<int64_t, 4>>
attune::broadcast(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  if (lhs.size() < rhs.size())
    std::swap(lhs, rhs);
  SmallVector<int64_t, 4> result(lhs);
  for (size_t d = lhs.size() - rhs.size(), i = 0; i < rhs.size(); ++d, ++i) {
    if (result[d] != rhs[i] && result[d] != 1 && rhs[i] != 1)
      return std::nullopt;
    if (result[d] == 1)
      result[d] = rhs[i];
  }
  return result;
}

SmallVector<int64_t, 4> attune::broadcastStrides(ArrayRef<int64_t> shape,
                                                 ArrayRef<int64_t> result) {
  SmallVector<int64_t, 4> own = rowMajorStrides(shape);
  SmallVector<int64_t, 4> strides(result.size(), 0);
  size_t missing = result.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d)
    strides[missing + d] = shape[d] == 1 ? 0 : own[d];
  return strides;
}

void attune::forEachIndex(ArrayRef<int64_t> shape,
                          llvm::function_ref<void(ArrayRef<int64_t>)> visit) {
  if (countElements(shape) == 0)
    return;
  SmallVector<int64_t, 4> index(shape.size(), 0);
  while (true) {
    visit(index);
    // Count up like an odometer: the last dimension turns fastest.
    size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1])
      index[--d] = 0;
    if (d == 0)
      return;
  }
}

int64_t attune::offsetOf(ArrayRef<int64_t> index, ArrayRef<int64_t> strides) {
  int64_t offset = 0;
  for (auto [i, stride] : llvm::zip_equal(index, strides))
    offset += i * stride;
  return offset;
}

std::vector<double> attune::randomValues(int64_t count, uint64_t seed,
                                         double low, double high) {
  std::vector<double> values(count);
  uint64_t state = seed;
  for (double &value : values) {
    // SplitMix64 (Steele, Lea and Flood 2014).
    state += 0x9E3779B97F4A7C15;
    uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
    bits ^= bits >> 31;
    value = low + (high - low) * (static_cast<double>(bits >> 11) * 0x1p-53);
  }
  return values;
}
