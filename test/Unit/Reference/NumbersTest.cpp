//===- NumbersTest.cpp - Elementwise and indexed ops on any number --------===//
#include "TestSupport.h"

#include <cmath>
#include <limits>

using namespace attune;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// "tensor<4xi32>" for a vector.
static std::string vectorType(size_t size, llvm::StringRef element) {
  return "tensor<" + std::to_string(size) + "x" + element.str() + ">";
}

static Tensor integers(std::vector<int64_t> values) {
  int64_t size = values.size();
  return Tensor::integers({size}, std::move(values));
}

static Tensor doubles(std::vector<double> values) {
  int64_t size = values.size();
  return Tensor::doubles({size}, std::move(values));
}

/// Runs "attune.OP %x, %y" on vectors of one size.
static Tensor binary(llvm::StringRef op, llvm::StringRef element,
                     llvm::StringRef result, const Tensor &x, const Tensor &y) {
  std::string type = vectorType(x.getNumElements(), element),
              out = vectorType(x.getNumElements(), result);
  return evaluate("func.func @f(%x: " + type + ", %y: " + type + ") -> " + out +
                      " {\n  %r = attune." + op.str() + " %x, %y : (" + type +
                      ", " + type + ") -> " + out + "\n  return %r : " + out +
                      "\n}",
                  {x, y});
}

/// Runs "attune.OP %x".
static Tensor unary(llvm::StringRef op, llvm::StringRef element,
                    llvm::StringRef result, const Tensor &x) {
  std::string type = vectorType(x.getNumElements(), element),
              out = vectorType(x.getNumElements(), result);
  return evaluate("func.func @f(%x: " + type + ") -> " + out +
                      " {\n  %r = attune." + op.str() + " : " + type + " -> " +
                      out + "\n  return %r : " + out + "\n}",
                  x);
}

TEST(ReferenceNumbers, IntegersWrapAndDivideWithoutTraps) {
  expectIntegers(
      binary("add", "i8", "i8", integers({127, -128, 5}), integers({1, -1, 6})),
      {3}, {-128, 127, 11});
  expectIntegers(binary("mul", "ui8", "ui8", integers({16, 255, 3}),
                        integers({16, 255, 4})),
                 {3}, {0, 1, 12});
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  expectIntegers(binary("binary div", "i64", "i64",
                        integers({7, -7, 7, kLeast, 3}),
                        integers({2, 2, 0, -1, -1})),
                 {5}, {3, -3, 0, kLeast, -3});
  expectIntegers(binary("binary mod", "i64", "i64", integers({7, -7, 7, -7, 5}),
                        integers({3, 3, -3, -3, 0})),
                 {5}, {1, 2, -2, -1, 0});
  expectIntegers(binary("binary fmod", "i64", "i64", integers({7, -7, kLeast}),
                        integers({3, 3, -1})),
                 {3}, {1, -1, 0});
  // uint64 is kept in two's complement.
  expectIntegers(
      binary("binary div", "ui64", "ui64", integers({-2, 9}), integers({2, 2})),
      {2}, {std::numeric_limits<int64_t>::max(), 4});
  expectIntegers(binary("binary pow", "i32", "i32",
                        integers({3, -2, 2, 1, -1, 0, 2}),
                        integers({4, 3, 32, -5, -3, -1, -1})),
                 {7}, {81, -8, 0, 1, -1, 0, 0});
  expectIntegers(binary("binary shift_left", "ui8", "ui8",
                        integers({1, 255, 1}), integers({3, 1, 8})),
                 {3}, {8, 254, 0});
  expectIntegers(binary("binary shift_right", "ui16", "ui16",
                        integers({65535, 8}), integers({4, 100})),
                 {2}, {4095, 0});
}

TEST(ReferenceNumbers, FloatsKnowNaN) {
  expectValues(binary("binary max", "f32", "f32", doubles({1, kNaN, 2}),
                      doubles({kNaN, 1, 3})),
               {3}, {kNaN, kNaN, 3});
  expectValues(binary("binary mod", "f64", "f64", doubles({5.5, -5.5, 5.5}),
                      doubles({2, 2, -2})),
               {3}, {1.5, 0.5, -0.5});
  expectValues(binary("binary fmod", "f64", "f64", doubles({5.5, -5.5}),
                      doubles({2, 2})),
               {2}, {1.5, -1.5});
  expectIntegers(
      binary("compare ne", "f32", "i1", doubles({1, kNaN}), doubles({1, kNaN})),
      {2}, {0, 1});
  expectIntegers(
      binary("compare le", "f32", "i1", doubles({1, kNaN}), doubles({1, 1})),
      {2}, {1, 0});
  expectIntegers(
      binary("compare lt", "ui64", "i1", integers({-1, 1}), integers({1, -1})),
      {2}, {0, 1});
  expectValues(unary("unary sign %x", "f32", "f32", doubles({-3, 0, 2, kNaN})),
               {4}, {-1, 0, 1, kNaN});
  expectValues(
      unary("unary round_even %x", "f32", "f32", doubles({0.5, 1.5, -2.5})),
      {3}, {0, 2, -2});
  expectIntegers(unary("unary is_negative_inf %x", "f64", "i1",
                       doubles({-kInfinity, kInfinity, kNaN})),
                 {3}, {1, 0, 0});
}

TEST(ReferenceNumbers, Casts) {
  expectIntegers(
      unary("cast %x", "f32", "i8", doubles({1.9, -1.9, 300, -300, kNaN})), {5},
      {1, -1, 127, -128, 0});
  expectIntegers(unary("cast %x", "f32", "ui8", doubles({-1, 255.5, 1e9})), {3},
                 {0, 255, 255});
  expectIntegers(unary("cast %x", "i64", "i8", integers({300, -129, 5})), {3},
                 {44, 127, 5});
  expectIntegers(
      unary("cast %x {saturate}", "i64", "i8", integers({300, -129, 5})), {3},
      {127, -128, 5});
  expectIntegers(unary("cast %x {saturate}", "i32", "ui8", integers({300, -1})),
                 {2}, {255, 0});
  expectIntegers(unary("cast %x {saturate}", "ui64", "i32", integers({-1, 7})),
                 {2}, {2147483647, 7});
  expectIntegers(unary("cast %x", "f64", "i1", doubles({0, -0.0, 0.25, kNaN})),
                 {4}, {0, 0, 1, 1});
  expectValues(unary("cast %x", "ui64", "f64", integers({-1})), {1},
               {18446744073709551616.0});
  // A tie goes to the even neighbour, also where doubles are kept.
  expectValues(unary("cast %x", "f64", "f16",
                     doubles({1 + 0x1p-11, 1 + 0x1.8p-10, 65520, 1e-9})),
               {4}, {1, 1 + 0x1p-9, kInfinity, 0});
  expectValues(unary("cast %x", "f32", "bf16", doubles({1 + 0x1p-8, 3.14159})),
               {2}, {1, 3.140625});
}

TEST(ReferenceIndex, SymbolsComeFromInputs) {
  Tensor result = evaluate(
      "func.func @f(%x: tensor<?x2xf32> {attune.dims = [\"n\", \"\"]}) -> "
      "tensor<2xi64> {\n"
      "  %r = attune.extents <\"2*n\", \"-1 + n\"> : tensor<2xi64>\n"
      "  return %r : tensor<2xi64>\n}",
      Tensor::doubles({3, 2}, std::vector<double>(6)));
  expectIntegers(result, {2}, {6, 2});
  expectContains(evaluateError("func.func @f() -> tensor<1xi64> {\n"
                               "  %r = attune.extents <\"n\"> : tensor<1xi64>\n"
                               "  return %r : tensor<1xi64>\n}",
                               {}),
                 "the symbol 'n' has no value");
}

TEST(ReferenceIndex, ChoosesElements) {
  Tensor rows = Tensor::doubles({3, 2}, {0, 1, 10, 11, 20, 21});
  // Negative indices count from the end, others are bounded.
  expectValues(evaluate("func.func @f(%x: tensor<3x2xf32>, %i: tensor<4xi64>) "
                        "-> tensor<4x2xf32> {\n"
                        "  %r = attune.gather %x, %i {axis = 0 : i64} : "
                        "(tensor<3x2xf32>, tensor<4xi64>) -> tensor<4x2xf32>\n"
                        "  return %r : tensor<4x2xf32>\n}",
                        {rows, integers({-1, 0, 9, -9})}),
               {4, 2}, {20, 21, 0, 1, 20, 21, 0, 1});
  expectValues(
      evaluate("func.func @f(%x: tensor<3x2xf32>) -> tensor<2x2xf32> {\n"
               "  %r = attune.extract %x from <\"2\", \"0\"> sizes <\"2\", "
               "\"2\"> {steps = array<i64: -2, 1>} : tensor<3x2xf32> -> "
               "tensor<2x2xf32>\n"
               "  return %r : tensor<2x2xf32>\n}",
               rows),
      {2, 2}, {20, 21, 0, 1});
  auto pad = [&](llvm::StringRef mode) {
    return evaluate(("func.func @f(%x: tensor<3xf32>) -> tensor<8xf32> {\n"
                     "  %r = attune.pad " +
                     mode +
                     " %x {low = array<i64: 3>, high = array<i64: 2>} : "
                     "tensor<3xf32> -> tensor<8xf32>\n"
                     "  return %r : tensor<8xf32>\n}")
                        .str(),
                    doubles({1, 2, 3}));
  };
  expectValues(pad("constant"), {8}, {0, 0, 0, 1, 2, 3, 0, 0});
  expectValues(pad("edge"), {8}, {1, 1, 1, 1, 2, 3, 3, 3});
  expectValues(pad("reflect"), {8}, {2, 3, 2, 1, 2, 3, 2, 1});
  expectValues(pad("wrap"), {8}, {1, 2, 3, 1, 2, 3, 1, 2});
  expectContains(
      evaluateError("func.func @f(%x: tensor<?xf32> {attune.dims = [\"n\"]}) "
                    "-> tensor<4xf32> {\n"
                    "  %r = attune.extract %x from <\"0\"> sizes <\"4\"> "
                    "{steps = array<i64: 1>} : tensor<?xf32> -> "
                    "tensor<4xf32>\n"
                    "  return %r : tensor<4xf32>\n}",
                    doubles({1, 2, 3})),
      "expected elements within the extent 3 of dimension 0, got offset 0, "
      "size 4 and step 1");
}

TEST(ReferenceIndex, RotaryTurnsPairs) {
  // A quarter turn of the pairs (1, 3) and (2, 4), and of (1, 2) and (3, 4).
  auto rotate = [](llvm::StringRef interleaved) {
    return evaluate(("func.func @f(%x: tensor<1x1x4xf32>, %c: "
                     "tensor<1x1x2xf32>, %s: tensor<1x1x2xf32>) -> "
                     "tensor<1x1x4xf32> {\n"
                     "  %r = attune.rotary %x, %c, %s {heads = 1 : i64" +
                     interleaved +
                     "} : tensor<1x1x4xf32>, tensor<1x1x2xf32>, "
                     "tensor<1x1x2xf32>\n"
                     "  return %r : tensor<1x1x4xf32>\n}")
                        .str(),
                    {Tensor::doubles({1, 1, 4}, {1, 2, 3, 4}),
                     Tensor::doubles({1, 1, 2}, {0, 1}),
                     Tensor::doubles({1, 1, 2}, {1, 0})});
  };
  expectValues(rotate(""), {1, 1, 4}, {-3, 2, 1, 4});
  expectValues(rotate(", interleaved"), {1, 1, 4}, {-2, 1, 3, 4});
}

TEST(ReferenceIndex, ReshapeWithExtents) {
  expectValues(
      evaluate("func.func @f(%x: tensor<?x4xf32> {attune.dims = [\"n\", "
               "\"\"]}) -> tensor<2x?xf32> {\n"
               "  %r = attune.reshape %x {shape = array<i64>, extents = "
               "#attune.shape<\"2\", \"2*n\">} : tensor<?x4xf32> -> "
               "tensor<2x?xf32>\n"
               "  return %r : tensor<2x?xf32>\n}",
               Tensor::doubles({2, 4}, {0, 1, 2, 3, 4, 5, 6, 7})),
      {2, 4}, {0, 1, 2, 3, 4, 5, 6, 7});
}
