//===- TensorConversion.cpp - Weights to f32 ------------------------------===//

#include "attune/Model/TensorConversion.h"
#include "attune/Support/Error.h"

#include <bit>
#include <cstring>

using namespace llvm;

namespace attune {

static_assert(std::endian::native == std::endian::little,
              "tensors are little endian and are read as they are");

bool isConvertibleToF32(TensorDType type) {
  return type == TensorDType::F32 || type == TensorDType::F16 ||
         type == TensorDType::BF16 || type == TensorDType::F64;
}

// No branches, so that the loop below becomes vector code. The exponent is
// moved to its place by a multiplication with 2^(127-15), which is exact and
// also brings subnormal halfs to normal floats.
float halfToFloat(uint16_t bits) {
  uint32_t magnitude = uint32_t(bits & 0x7fff) << 13;
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  constexpr float kRebias = 0x1p112f;
  uint32_t finite =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * kRebias);
  uint32_t special = magnitude | 0x7f800000; // Infinity or NaN.
  bool isSpecial = (bits & 0x7c00) == 0x7c00;
  return std::bit_cast<float>((isSpecial ? special : finite) | sign);
}

float bfloat16ToFloat(uint16_t bits) {
  return std::bit_cast<float>(uint32_t(bits) << 16);
}

template <typename T> static T loadUnaligned(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T, typename ConvertFn>
static void convertAll(const uint8_t *source, MutableArrayRef<float> to,
                       ConvertFn convert) {
  float *out = to.data();
  size_t count = to.size();
  for (size_t i = 0; i < count; ++i)
    out[i] = convert(loadUnaligned<T>(source + i * sizeof(T)));
}

Error convertToF32(TensorDType type, ArrayRef<uint8_t> source,
                   MutableArrayRef<float> destination) {
  if (!isConvertibleToF32(type))
    return userErrorf("weights of type {0} cannot be converted to F32; F32, "
                      "F16, BF16 and F64 can",
                      toString(type));
  if (source.size() != destination.size() * (bitWidth(type) / 8))
    return internalError(formatv("{0} bytes of {1} do not fill {2} elements",
                                 source.size(), toString(type),
                                 destination.size())
                             .str());
  switch (type) {
  case TensorDType::F16:
    convertAll<uint16_t>(source.data(), destination, halfToFloat);
    break;
  case TensorDType::BF16:
    convertAll<uint16_t>(source.data(), destination, bfloat16ToFloat);
    break;
  case TensorDType::F64:
    convertAll<double>(source.data(), destination,
                       [](double value) { return static_cast<float>(value); });
    break;
  default:
    if (!destination.empty())
      std::memcpy(destination.data(), source.data(), source.size());
    break;
  }
  return Error::success();
}

} // namespace attune
