//===- ElementwiseTest.cpp - Activations, sums, scaling -------------------===//
#include "TestSupport.h"

#include <cmath>
#include <limits>

using namespace attune;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Applies a unary op, given with its attributes, to a vector.
static Tensor unary(llvm::StringRef op, std::vector<double> values) {
  int64_t size = values.size();
  std::string text = "func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> {\n"
                     "  %r = attune." +
                     op.str() +
                     " : tensor<?xf32>\n"
                     "  return %r : tensor<?xf32>\n}";
  return evaluate(text, Tensor::doubles({size}, std::move(values)));
}

TEST(ReferenceElementwise, Relu) {
  expectValues(unary("relu %x", {-2, -0.0, 0, 3, -kInfinity, kInfinity, kNaN}),
               {7}, {0, 0, 0, 3, 0, kInfinity, kNaN});
}

TEST(ReferenceElementwise, GeluKnownValues) {
  // x Phi(x) with Phi(1) = 0.8413447460685429, Phi(2) = 0.9772498680518208.
  expectValues(
      unary("gelu %x", {0, 1, -1, 2, 10}), {5},
      {0, 0.8413447460685429, -0.1586552539314571, 1.9544997361036416, 10},
      1e-15);
  // Far out on the left, where 1 + erf would cancel: -10 Phi(-10).
  expectValues(unary("gelu %x", {-10}), {1}, {-7.61985302416052e-23}, 1e-36);
}

TEST(ReferenceElementwise, GeluTanh) {
  Tensor actual =
      unary("gelu %x {approximate = \"tanh\"}", {0, 1, -1, 3, -0.5});
  std::vector<double> expected;
  for (double x : {0., 1., -1., 3., -0.5})
    expected.push_back(
        x / 2 *
        (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))));
  expectValues(actual, {5}, expected, 1e-15);
  expectValues(unary("gelu %x {approximate = \"tanh\"}", {1}), {1},
               {0.8411919906082768}, 1e-14);
}

TEST(ReferenceElementwise, SigmoidUnits) {
  expectValues(unary("silu %x", {0, 1, -1, 1000, -1000}), {5},
               {0, 0.7310585786300049, -0.2689414213699951, 1000, 0}, 1e-15);
  expectValues(unary("quick_gelu %x", {0, 1, -1}), {3},
               {0, 0.8457957659328212, -0.15420423406717884}, 1e-15);
}

TEST(ReferenceElementwise, TanhAndScale) {
  expectValues(unary("tanh %x", {0, 1, -1, 50}), {4},
               {0, 0.7615941559557649, -0.7615941559557649, 1}, 1e-15);
  expectValues(unary("scale %x {factor = 0.125 : f32}", {8, -1}), {2},
               {1, -0.125}, 0);
}

TEST(ReferenceElementwise, ResultsAreRoundedToF32) {
  Program program(R"(
    func.func @f(%x: tensor<1xf32>) -> tensor<1xf32> {
      %r = attune.silu %x : tensor<1xf32>
      return %r : tensor<1xf32>
    })");
  Tensor x = Tensor::floats({1}, {1.0f});
  Tensor rounded = program.run(x).front();
  EXPECT_EQ(rounded.getElementType(), ElementType::F32);
  EXPECT_EQ(rounded.getFloats()[0], 0.7310585786300049f);
  InterpreterOptions options;
  options.keepDouble = true;
  Tensor kept = program.run(x, options).front();
  EXPECT_EQ(kept.getElementType(), ElementType::F64);
  EXPECT_NEAR(kept.getDoubles()[0], 0.7310585786300049, 1e-15);
}

TEST(ReferenceElementwise, AddBroadcasts) {
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x2x3xf32>, %y: tensor<3xf32>) -> tensor<?x2x3xf32> {
      %r = attune.add %x, %y : (tensor<?x2x3xf32>, tensor<3xf32>) -> tensor<?x2x3xf32>
      return %r : tensor<?x2x3xf32>
    })",
                      {Tensor::doubles({1, 2, 3}, {0, 1, 2, 3, 4, 5}),
                       Tensor::doubles({3}, {10, 20, 30})});
  expectValues(r, {1, 2, 3}, {10, 21, 32, 13, 24, 35}, 0);
}

TEST(ReferenceElementwise, MulBroadcastsBothSides) {
  Tensor r = evaluate(
      R"(
    func.func @f(%x: tensor<?x1xf32>, %y: tensor<1x?xf32>) -> tensor<?x?xf32> {
      %r = attune.mul %x, %y : (tensor<?x1xf32>, tensor<1x?xf32>) -> tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    })",
      {Tensor::doubles({2, 1}, {2, 3}), Tensor::doubles({1, 3}, {1, 10, 100})});
  expectValues(r, {2, 3}, {2, 20, 200, 3, 30, 300}, 0);
}

TEST(ReferenceElementwise, DynamicExtentsThatDoNotFit) {
  std::string message = evaluateError(
      R"(
    func.func @f(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %r = attune.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
      return %r : tensor<?xf32>
    })",
      {Tensor::doubles({2}, {0, 1}), Tensor::doubles({3}, {0, 1, 2})});
  expectContains(message, "test.mlir:3:12: 'attune.add': expected operands "
                          "that broadcast, got shapes [2] and [3]");
}

TEST(ReferenceElementwise, ResultsBeyondMemoryAreErrors) {
  int64_t n = int64_t(1) << 21;
  std::vector<double> zeros(n);
  std::string message = evaluateError(
      R"(
    func.func @f(%x: tensor<?x1xf32>, %y: tensor<1x?xf32>) -> tensor<?x?xf32> {
      %r = attune.mul %x, %y : (tensor<?x1xf32>, tensor<1x?xf32>) -> tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    })",
      {Tensor::doubles({n, 1}, zeros), Tensor::doubles({1, n}, zeros)});
  expectContains(message, "too large for any memory");
}
