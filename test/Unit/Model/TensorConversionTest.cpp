//===- TensorConversionTest.cpp -------------------------------------------===//

#include "attune/Model/TensorConversion.h"
#include "ModelTestSupport.h"

#include "llvm/ADT/APFloat.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

/// The bits of a 16-bit value of the given semantics as f32, by APFloat.
uint32_t referenceBits(const fltSemantics &semantics, uint16_t bits) {
  APFloat value(semantics, APInt(16, bits));
  bool loses = false;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  return static_cast<uint32_t>(value.bitcastToAPInt().getZExtValue());
}

template <typename T>
std::vector<float> convert(TensorDType type, const std::vector<T> &values,
                           size_t misalign = 0) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T) + misalign);
  if (!values.empty())
    std::memcpy(bytes.data() + misalign, values.data(),
                values.size() * sizeof(T));
  std::vector<float> result(values.size());
  Failure failure = failureOf(
      convertToF32(type, ArrayRef(bytes).drop_front(misalign), result));
  EXPECT_EQ(failure.exitCode, 0) << failure.message;
  return result;
}

std::vector<uint16_t> all16Bits() {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<uint16_t>(i);
  return all;
}

void expectMatches(const fltSemantics &semantics, uint16_t bits, float value) {
  uint32_t found = std::bit_cast<uint32_t>(value);
  uint32_t expected = referenceBits(semantics, bits);
  // APFloat sets the quiet bit of signalling NaNs; the conversion keeps them.
  if (std::isnan(value))
    found |= 0x00400000;
  ASSERT_EQ(found, expected) << "of 0x" << std::hex << bits;
}

TEST(TensorConversion, ConvertsEveryHalf) {
  std::vector<float> converted = convert(TensorDType::F16, all16Bits(), 1);
  for (size_t i = 0; i < converted.size(); ++i) {
    expectMatches(APFloat::IEEEhalf(), i, converted[i]);
    expectMatches(APFloat::IEEEhalf(), i, halfToFloat(i));
  }
}

TEST(TensorConversion, ConvertsEveryBFloat16) {
  std::vector<float> converted = convert(TensorDType::BF16, all16Bits(), 1);
  for (size_t i = 0; i < converted.size(); ++i) {
    expectMatches(APFloat::BFloat(), i, converted[i]);
    expectMatches(APFloat::BFloat(), i, bfloat16ToFloat(i));
  }
}

TEST(TensorConversion, RoundsDoubles) {
  double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> values = {
      0.0,   -0.0,      1.0,          0.1,         1e-45,
      1e-50, -infinity, 3.4028234e38, 1 + 0x1p-24, 1 + 0x1.8p-24};
  std::vector<float> converted = convert(TensorDType::F64, values, 3);
  std::vector<float> expected = {0.0f,
                                 -0.0f,
                                 1.0f,
                                 0.1f,
                                 1e-45f,
                                 0.0f,
                                 -std::numeric_limits<float>::infinity(),
                                 3.4028234e38f,
                                 1.0f,
                                 1 + 0x1p-23f};
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<uint32_t>(converted[i]),
              std::bit_cast<uint32_t>(expected[i]))
        << values[i];
}

TEST(TensorConversion, CopiesFloats) {
  std::vector<float> values = {1.5f, -0.0f, 1e-45f,
                               std::bit_cast<float>(0x7fa12345u)};
  std::vector<float> converted = convert(TensorDType::F32, values, 2);
  EXPECT_EQ(std::memcmp(converted.data(), values.data(), 16), 0);
  EXPECT_TRUE(convert(TensorDType::F32, std::vector<float>()).empty());
}

TEST(TensorConversion, RefusesOtherTypesAndSizes) {
  std::vector<float> out(2);
  std::vector<uint8_t> in(8);
  expectUserError(failureOf(convertToF32(TensorDType::I32, in, out)),
                  {"I32", "F32, F16, BF16 and F64"});
  EXPECT_EQ(failureOf(convertToF32(TensorDType::F16, in, out)).exitCode,
            ExitInternalError);
  for (TensorDType type : {TensorDType::F32, TensorDType::F16,
                           TensorDType::BF16, TensorDType::F64})
    EXPECT_TRUE(isConvertibleToF32(type));
  EXPECT_FALSE(isConvertibleToF32(TensorDType::F8E4M3));
}

} // namespace
