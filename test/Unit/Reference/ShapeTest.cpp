//===- ShapeTest.cpp - Other forms and parts of a tensor ------------------===//
#include "TestSupport.h"

#include <numeric>

using namespace attune;
using llvm::ArrayRef;

/// Ids 0, 1, 2, ... of a shape.
static Tensor iota(ArrayRef<int64_t> shape) {
  std::vector<int64_t> values(*countElements(shape));
  std::iota(values.begin(), values.end(), 0);
  return Tensor::integers(shape, values);
}

static std::string function(llvm::StringRef op, llvm::StringRef from,
                            llvm::StringRef to) {
  return ("func.func @f(%x: tensor<" + from + ">) -> tensor<" + to +
          "> {\n  %r = attune." + op + " : tensor<" + from + "> -> tensor<" +
          to + ">\n  return %r : tensor<" + to + ">\n}")
      .str();
}

TEST(ReferenceShape, Reshape) {
  Tensor x = iota({2, 3, 4});
  expectIntegers(
      evaluate(function("reshape %x {shape = array<i64: 0, 0, 2, 2>}",
                        "?x?x4xi64", "?x?x2x2xi64"),
               x),
      {2, 3, 2, 2}, x.getIntegers().vec());
  expectIntegers(evaluate(function("reshape %x {shape = array<i64: -1, 8>}",
                                   "?x?x4xi64", "?x8xi64"),
                          x),
                 {3, 8}, x.getIntegers().vec());
}

TEST(ReferenceShape, ReshapeThatDoesNotFit) {
  std::string text =
      function("reshape %x {shape = array<i64: -1, 5>}", "?x?xi64", "?x5xi64");
  expectContains(evaluateError(text, iota({2, 3})),
                 "expected 6 elements as the operand of shape [2, 3] has, got "
                 "the shape [1, 5]");
  text =
      function("reshape %x {shape = array<i64: 4, 0>}", "?x?xi64", "4x?xi64");
  expectContains(evaluateError(text, iota({2, 3})),
                 "expected 6 elements as the operand of shape [2, 3] has, got "
                 "the shape [4, 3]");
  // Without elements any extent would do: the open one counts as one.
  text =
      function("reshape %x {shape = array<i64: -1, 5>}", "?x?xi64", "?x5xi64");
  EXPECT_EQ(evaluate(text, iota({0, 3})).getShape(), ArrayRef<int64_t>({0, 5}));
}

TEST(ReferenceShape, SliceOfEachAxis) {
  Tensor x = iota({2, 3, 4});
  expectIntegers(
      evaluate(
          function(
              "slice %x {axis = 2 : i64, offset = 1 : i64, size = 2 : i64}",
              "?x?x4xi64", "?x?x2xi64"),
          x),
      {2, 3, 2}, {1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22});
  expectIntegers(
      evaluate(
          function(
              "slice %x {axis = 0 : i64, offset = 1 : i64, size = 1 : i64}",
              "?x?x4xi64", "1x?x4xi64"),
          x),
      {1, 3, 4}, {12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23});
}

TEST(ReferenceShape, SliceBeyondADynamicExtent) {
  expectContains(
      evaluateError(
          function(
              "slice %x {axis = 0 : i64, offset = 2 : i64, size = 2 : i64}",
              "?xi64", "2xi64"),
          iota({3})),
      "expected a range within the extent 3 of dimension 0, got offset 2 and "
      "size 2");
}

TEST(ReferenceShape, Select) {
  Tensor x = iota({2, 3, 4});
  expectIntegers(
      evaluate(function("select %x {axis = 1 : i64, index = 2 : i64}",
                        "?x?x4xi64", "?x4xi64"),
               x),
      {2, 4}, {8, 9, 10, 11, 20, 21, 22, 23});
  expectIntegers(
      evaluate(function("select %x {axis = 0 : i64, index = 1 : i64}", "?xi64",
                        "i64"),
               iota({3})),
      {}, {1});
}

TEST(ReferenceShape, SelectBeyondADynamicExtent) {
  expectContains(
      evaluateError(function("select %x {axis = 1 : i64, index = 0 : i64}",
                             "?x?x4xi64", "?x4xi64"),
                    iota({2, 0, 4})),
      "expected an index within the extent 0 of dimension 1, got 0");
}

TEST(ReferenceShape, TransposeNamesOperandDimensions) {
  Tensor x = randomTensor({2, 3, 4}, 1);
  Tensor r =
      evaluate(function("transpose %x {permutation = array<i64: 1, 2, 0>}",
                        "?x?x4xf32", "?x4x?xf32"),
               x);
  ASSERT_EQ(r.getShape(), ArrayRef<int64_t>({3, 4, 2}));
  forEachIndex(r.getShape(), [&](ArrayRef<int64_t> i) {
    EXPECT_EQ(r.getFloat(i), x.getFloat({i[2], i[0], i[1]}));
  });
}
