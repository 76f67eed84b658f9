//===- ElementsTest.cpp - Elements of tensors of every type ---------------===//
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Npy.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace attune::rt;

namespace {

constexpr int32_t allTypes[] = {ATTUNE_F32, ATTUNE_F64, ATTUNE_F16, ATTUNE_BF16,
                                ATTUNE_I64, ATTUNE_I32, ATTUNE_I16, ATTUNE_I8,
                                ATTUNE_U64, ATTUNE_U32, ATTUNE_U16, ATTUNE_U8,
                                ATTUNE_BOOL};

TEST(Elements, EveryHalfSurvivesTheWayThroughFloat) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = halfToFloat(uint16_t(bits));
    if (std::isnan(value))
      EXPECT_TRUE(std::isnan(halfToFloat(floatToHalf(value))));
    else
      EXPECT_EQ(floatToHalf(value), bits);
    float other = bfloat16ToFloat(uint16_t(bits));
    if (std::isnan(other))
      EXPECT_TRUE(std::isnan(bfloat16ToFloat(floatToBfloat16(other))));
    else
      EXPECT_EQ(floatToBfloat16(other), bits);
  }
}

TEST(Elements, HalvesRoundToNearestEven) {
  EXPECT_EQ(halfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(halfToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(halfToFloat(0xfbff), -65504.0f);
  EXPECT_EQ(floatToHalf(65519.0f), 0x7bff);
  EXPECT_EQ(floatToHalf(65520.0f), 0x7c00); // a tie, up to infinity
  EXPECT_EQ(floatToHalf(0x1p-25f), 0);      // a tie, down to zero
  EXPECT_EQ(floatToHalf(0x1.8p-25f), 1);
  EXPECT_EQ(floatToHalf(1.0f + 0x1p-11f), 0x3c00);
  EXPECT_EQ(floatToHalf(1.0f + 0x3p-11f), 0x3c02);
  EXPECT_EQ(floatToHalf(0x1.ff8p-15f), 0x03ff);
  EXPECT_EQ(floatToHalf(0x1.ffcp-15f), 0x0400); // a tie, up to a normal number
  EXPECT_EQ(floatToBfloat16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(floatToBfloat16(1.0f + 0x3p-8f), 0x3f82);
}

TEST(Elements, SetAndGet) {
  for (int32_t type : allTypes) {
    SCOPED_TRACE(elementTypeName(type));
    ASSERT_GT(elementSize(type), 0u);
    alignas(8) unsigned char memory[24];
    std::memset(memory, 0xff, sizeof memory);
    setElement(type, memory, 1, 1);
    EXPECT_EQ(elementValue(type, memory, 1), 1.0);
    // Neighbours are left alone.
    EXPECT_EQ(memory[elementSize(type) - 1], 0xff);
    EXPECT_EQ(memory[2 * elementSize(type)], 0xff);
  }
  int8_t bytes[2];
  setElement(ATTUNE_I8, bytes, 0, -3);
  setElement(ATTUNE_I8, bytes, 1, 130);
  EXPECT_EQ(elementValue(ATTUNE_I8, bytes, 0), -3);
  EXPECT_EQ(elementValue(ATTUNE_I8, bytes, 1), -126);
  EXPECT_EQ(int64_t(elementBits(ATTUNE_I8, bytes, 0)), -3);
  EXPECT_EQ(elementBits(ATTUNE_U8, bytes, 0), 253u);
  setElement(ATTUNE_BOOL, bytes, 0, 256);
  EXPECT_EQ(bytes[0], 1);
  double real;
  setFloat(ATTUNE_F64, &real, 0, 0.1);
  EXPECT_EQ(real, 0.1);
}

TEST(Elements, UnknownTypes) {
  EXPECT_STREQ(elementTypeName(99), "unknown");
  EXPECT_EQ(elementSize(-1), 0u);
}

TEST(Elements, NpyFilesOfEveryTypeAndOfScalars) {
  std::string path = testing::TempDir() + "/elements.npy", error;
  for (int32_t type : allTypes) {
    SCOPED_TRACE(elementTypeName(type));
    alignas(8) unsigned char memory[8] = {};
    setElement(type, memory, 0, 1);
    ASSERT_TRUE(writeNpy(path, AttuneElementType(type), {}, memory, error))
        << error;
    NpyArray array;
    ASSERT_TRUE(array.open(path.c_str(), error)) << error;
    EXPECT_EQ(array.type(), type);
    EXPECT_TRUE(array.shape().empty());
    EXPECT_EQ(array.elements(), 1);
    EXPECT_EQ(array.valueAt(0), 1.0);
    ASSERT_TRUE(
        writeNpy(path, AttuneElementType(type), {3, 0, 2}, memory, error))
        << error;
    ASSERT_TRUE(array.open(path.c_str(), error)) << error;
    EXPECT_EQ(array.elements(), 0);
    EXPECT_EQ(array.shape(), (std::vector<int64_t>{3, 0, 2}));
  }
}

} // namespace
