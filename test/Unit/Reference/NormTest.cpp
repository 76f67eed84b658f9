//===- NormTest.cpp - Normalisation and pooling ---------------------------===//
#include "TestSupport.h"

#include <cmath>
#include <limits>

using namespace attune;

static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(ReferenceNorm, LayerNormHandComputed) {
  // Mean 2, variance 1 (biased); with epsilon 3 the divisor is 2.
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x2xf32>, %g: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
      %r = attune.layer_norm %x, %g, %b {epsilon = 3.0 : f64} : tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>
      return %r : tensor<?x2xf32>
    })",
                      {Tensor::doubles({2, 2}, {1, 3, 5, 5}),
                       Tensor::doubles({2}, {10, 100}),
                       Tensor::doubles({2}, {0.25, 0.5})});
  expectValues(r, {2, 2}, {-4.75, 50.5, 0.25, 0.5}, 0);
}

TEST(ReferenceNorm, LayerNormHasMeanZeroAndVarianceOne) {
  Tensor x = randomTensor({3, 5, 257}, 1);
  // A large mean must not spoil the variance.
  std::vector<double> shifted = x.toDoubles();
  for (double &value : shifted)
    value += 1e6;
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x?x257xf32>, %g: tensor<257xf32>, %b: tensor<257xf32>) -> tensor<?x?x257xf32> {
      %r = attune.layer_norm %x, %g, %b {epsilon = 0.0 : f64} : tensor<?x?x257xf32>, tensor<257xf32>, tensor<257xf32>
      return %r : tensor<?x?x257xf32>
    })",
                      {Tensor::doubles({3, 5, 257}, shifted),
                       Tensor::doubles({257}, std::vector<double>(257, 1.0)),
                       Tensor::doubles({257}, std::vector<double>(257, 0.0))});
  for (int64_t row = 0; row < 15; ++row) {
    double sum = 0, squares = 0;
    for (double value : r.toDoubles(row * 257, 257)) {
      sum += value;
      squares += value * value;
    }
    EXPECT_NEAR(sum / 257, 0, 1e-8);
    EXPECT_NEAR(squares / 257, 1, 1e-8);
  }
}

TEST(ReferenceNorm, L2Normalize) {
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
      %r = attune.l2_normalize %x {epsilon = 0.5 : f64} : tensor<?x2xf32>
      return %r : tensor<?x2xf32>
    })",
                      Tensor::doubles({3, 2}, {3, 4, 0, 0, 0.1, 0}));
  expectValues(r, {3, 2}, {0.6, 0.8, 0, 0, 0.2, 0}, 1e-15);
}

TEST(ReferenceNorm, RmsNorm) {
  Tensor r = evaluate(
      R"(
    func.func @f(%x: tensor<?x2xf32>, %g: tensor<2xf32>) -> tensor<?x2xf32> {
      %r = attune.rms_norm %x, %g {epsilon = 12.5 : f64} : tensor<?x2xf32>, tensor<2xf32>
      return %r : tensor<?x2xf32>
    })",
      {Tensor::doubles({2, 2}, {3, 4, 0, 0}), Tensor::doubles({2}, {10, -5})});
  // The mean of squares is 12.5 too.
  expectValues(r, {2, 2}, {6, -4, 0, 0}, 1e-15);
}

static Tensor pool(llvm::StringRef mode, const Tensor &x, const Tensor &mask) {
  return evaluate(
      "func.func @f(%x: tensor<?x?x2xf32>, %m: tensor<?x?xi64>) -> "
      "tensor<?x2xf32> {\n"
      "  %r = attune.pool %x, %m {mode = #attune.pool_mode<" +
          mode.str() +
          ">} : (tensor<?x?x2xf32>, tensor<?x?xi64>) -> tensor<?x2xf32>\n"
          "  return %r : tensor<?x2xf32>\n}",
      {x, mask});
}

TEST(ReferenceNorm, Pool) {
  Tensor x = Tensor::doubles({2, 3, 2}, {1, -2, 3, -4, 100, 200, //
                                         9, 9, 9, 9, 9, 9});
  Tensor mask = Tensor::integers({2, 3}, {1, 1, 0, 0, 0, 0});
  expectValues(pool("mean", x, mask), {2, 2}, {2, -3, 0, 0});
  expectValues(pool("mean_sqrt", x, mask), {2, 2},
               {4 / std::sqrt(2.0), -6 / std::sqrt(2.0), 0, 0});
  expectValues(pool("max", x, mask), {2, 2}, {3, -2, -1e9, -1e9});
}

TEST(ReferenceNorm, PoolMaxOfVerySmallValuesAndNaN) {
  Tensor x = Tensor::doubles({1, 2, 2}, {-2e9, kNaN, -3e9, 1});
  expectValues(pool("max", x, Tensor::integers({1, 2}, {1, 1})), {1, 2},
               {-2e9, kNaN}, 0);
}

TEST(ReferenceNorm, PoolOfNoPositions) {
  Tensor x = Tensor::doubles({1, 0, 2}, {});
  Tensor mask = Tensor::integers({1, 0}, {});
  expectValues(pool("mean", x, mask), {1, 2}, {0, 0}, 0);
  expectValues(pool("max", x, mask), {1, 2}, {-1e9, -1e9}, 0);
}

TEST(ReferenceNorm, PoolMaskOfAnotherShape) {
  expectContains(evaluateError(R"(
    func.func @f(%x: tensor<?x?x2xf32>, %m: tensor<?x?xi64>) -> tensor<?x2xf32> {
      %r = attune.pool %x, %m {mode = #attune.pool_mode<mean>} : (tensor<?x?x2xf32>, tensor<?x?xi64>) -> tensor<?x2xf32>
      return %r : tensor<?x2xf32>
    })",
                               {randomTensor({1, 3, 2}, 1),
                                Tensor::integers({1, 4}, {1, 1, 1, 1})}),
                 "expected a mask of shape [1, 3], got [1, 4]");
}
