//===- Constants.cpp - Elements of initializers ---------------------------===//
#include "Import.h"
#include "llvm/ADT/bit.h"
#include <cstring>

using namespace mlir;
using namespace attune;

template <typename T> static T readAs(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

static float toFloat(const llvm::fltSemantics &semantics, uint64_t bits) {
  llvm::APFloat value(semantics,
                      APInt(llvm::APFloat::getSizeInBits(semantics), bits));
  bool lost;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven,
                &lost);
  return value.convertToFloat();
}

/// How bits of a type of fewer than 32 become a float; null for others.
static const llvm::fltSemantics *getSemantics(OnnxType type) {
  switch (type) {
  case OnnxType::F16:
    return &llvm::APFloat::IEEEhalf();
  case OnnxType::BF16:
    return &llvm::APFloat::BFloat();
  case OnnxType::F8E4M3FN:
    return &llvm::APFloat::Float8E4M3FN();
  case OnnxType::F8E4M3FNUZ:
    return &llvm::APFloat::Float8E4M3FNUZ();
  case OnnxType::F8E5M2:
    return &llvm::APFloat::Float8E5M2();
  case OnnxType::F8E5M2FNUZ:
    return &llvm::APFloat::Float8E5M2FNUZ();
  case OnnxType::F8E8M0:
    return &llvm::APFloat::Float8E8M0FNU();
  case OnnxType::F4E2M1:
    return &llvm::APFloat::Float4E2M1FN();
  default:
    return nullptr;
  }
}

DenseElementsAttr attune::readConstant(MLIRContext &context,
                                       const OnnxModel &model,
                                       const OnnxTensor &tensor, Type element) {
  auto type = RankedTensorType::get(tensor.shape, element);
  ArrayRef<uint8_t> bytes = model.data(tensor);
  unsigned bits = bitWidth(tensor.type);
  if (tensor.type == OnnxType::Bool) {
    SmallVector<bool> values;
    for (uint8_t byte : bytes)
      values.push_back(byte != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(values));
  }
  /// The element at `i` of those that share bytes.
  auto bitsAt = [&](int64_t i) -> uint64_t {
    if (bits == 16)
      return readAs<uint16_t>(&bytes[2 * i]);
    return bytes[i * bits / 8] >> (i * bits % 8) & ((1u << bits) - 1);
  };
  if (const llvm::fltSemantics *semantics = getSemantics(tensor.type)) {
    std::vector<float> values;
    values.reserve(tensor.count);
    for (int64_t i = 0; i < tensor.count; ++i)
      values.push_back(toFloat(*semantics, bitsAt(i)));
    return DenseElementsAttr::get(type, ArrayRef<float>(values));
  }
  if (bits < 8) {
    bool isSigned = tensor.type == OnnxType::I4 || tensor.type == OnnxType::I2;
    std::vector<char> values;
    for (int64_t i = 0; i < tensor.count; ++i)
      values.push_back(static_cast<char>(
          isSigned ? APInt(bits, bitsAt(i)).getSExtValue() : bitsAt(i)));
    return DenseElementsAttr::getFromRawBuffer(type, values);
  }
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(reinterpret_cast<const char *>(bytes.data()),
                           bytes.size()));
}

std::vector<double> attune::toNumbers(DenseElementsAttr constant) {
  std::vector<double> numbers;
  Type element = constant.getElementType();
  if (isa<FloatType>(element)) {
    for (const APFloat &value : constant.getValues<APFloat>()) {
      APFloat wide = value;
      bool lost;
      wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      numbers.push_back(wide.convertToDouble());
    }
    return numbers;
  }
  bool isSigned = !element.isUnsignedInteger() && !element.isInteger(1);
  for (const APInt &value : constant.getValues<APInt>())
    numbers.push_back(value.roundToDouble(isSigned));
  return numbers;
}

std::vector<int64_t> attune::toIntegers(DenseElementsAttr constant) {
  std::vector<int64_t> numbers;
  Type element = constant.getElementType();
  bool isSigned = !element.isUnsignedInteger() && !element.isInteger(1);
  for (const APInt &value : constant.getValues<APInt>())
    numbers.push_back(isSigned ? value.getSExtValue()
                               : static_cast<int64_t>(value.getZExtValue()));
  return numbers;
}
