//===- AttentionTest.cpp - Softmax attention and its parts ----------------===//
#include "TestSupport.h"

#include <cmath>
#include <limits>

using namespace attune;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

static Tensor softmax(std::vector<double> values, int64_t columns) {
  int64_t rows = values.size() / columns;
  return evaluate(R"(
    func.func @f(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
      %r = attune.softmax %x : tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    })",
                  Tensor::doubles({rows, columns}, std::move(values)));
}

TEST(ReferenceAttention, Softmax) {
  double e = std::exp(1.0);
  expectValues(softmax({0, 0, 1, 0, 1000, 1001}, 2), {3, 2},
               {0.5, 0.5, e / (1 + e), 1 / (1 + e), 1 / (1 + e), e / (1 + e)},
               1e-15);
}

TEST(ReferenceAttention, SoftmaxOfMaskedRows) {
  expectValues(
      softmax({-kInfinity, 2, -kInfinity, -kInfinity, kNaN, -kInfinity}, 2),
      {3, 2}, {0, 1, 0, 0, kNaN, kNaN}, 0);
}

TEST(ReferenceAttention, Mask) {
  Tensor r = evaluate(
      R"(
    func.func @f(%x: tensor<?x2x?x?xf32>, %m: tensor<?x?xi64>) -> tensor<?x2x?x?xf32> {
      %r = attune.mask %x, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
      return %r : tensor<?x2x?x?xf32>
    })",
      {Tensor::doubles({2, 2, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
       Tensor::integers({2, 2}, {1, 0, 0, -3})}); // anything but 0 keeps a key
  expectValues(r, {2, 2, 1, 2},
               {1, -kInfinity, 3, -kInfinity, -kInfinity, 6, -kInfinity, 8}, 0);
}

TEST(ReferenceAttention, MaskOfAnotherLength) {
  std::string message = evaluateError(
      R"(
    func.func @f(%x: tensor<?x2x?x?xf32>, %m: tensor<?x?xi64>) -> tensor<?x2x?x?xf32> {
      %r = attune.mask %x, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
      return %r : tensor<?x2x?x?xf32>
    })",
      {randomTensor({1, 2, 3, 4}, 1), Tensor::integers({1, 3}, {1, 1, 1})});
  expectContains(message, "expected a key mask of shape [1, 4], got [1, 3]");
}

/// The op on heads of 4 columns, 5 for values.
static const char kFused[] = R"(
  func.func @f(%q: tensor<?x?x24xf32>, %k: tensor<?x?x12xf32>, %v: tensor<?x?x15xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x30xf32> {
    %r = attune.attention %q, %k, %v mask(%m : tensor<?x?xi64>) {heads = 6 : i64, kv_heads = 3 : i64, scale = 0.3 : f32}
      : (tensor<?x?x24xf32>, tensor<?x?x12xf32>, tensor<?x?x15xf32>) -> tensor<?x?x30xf32>
    return %r : tensor<?x?x30xf32>
  })";

/// The same as matmul, scale, mask, softmax, matmul. Query heads 2g and 2g + 1
/// share the key head g, as a dimension that is broadcast.
static const char kChain[] = R"(
  func.func @f(%q: tensor<?x?x24xf32>, %k: tensor<?x?x12xf32>, %v: tensor<?x?x15xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x30xf32> {
    %q0 = attune.reshape %q {shape = array<i64: 0, 0, 3, 2, 4>} : tensor<?x?x24xf32> -> tensor<?x?x3x2x4xf32>
    %q1 = attune.transpose %q0 {permutation = array<i64: 0, 2, 3, 1, 4>} : tensor<?x?x3x2x4xf32> -> tensor<?x3x2x?x4xf32>
    %k0 = attune.reshape %k {shape = array<i64: 0, 0, 3, 1, 4>} : tensor<?x?x12xf32> -> tensor<?x?x3x1x4xf32>
    %k1 = attune.transpose %k0 {permutation = array<i64: 0, 2, 3, 1, 4>} : tensor<?x?x3x1x4xf32> -> tensor<?x3x1x?x4xf32>
    %v0 = attune.reshape %v {shape = array<i64: 0, 0, 3, 1, 5>} : tensor<?x?x15xf32> -> tensor<?x?x3x1x5xf32>
    %v1 = attune.transpose %v0 {permutation = array<i64: 0, 2, 3, 1, 4>} : tensor<?x?x3x1x5xf32> -> tensor<?x3x1x?x5xf32>
    %s0 = attune.matmul %q1, %k1 {transpose_rhs} : (tensor<?x3x2x?x4xf32>, tensor<?x3x1x?x4xf32>) -> tensor<?x3x2x?x?xf32>
    %s1 = attune.scale %s0 {factor = 0.3 : f32} : tensor<?x3x2x?x?xf32>
    %s2 = attune.reshape %s1 {shape = array<i64: 0, 6, -1, 7>} : tensor<?x3x2x?x?xf32> -> tensor<?x6x?x7xf32>
    %s3 = attune.mask %s2, %m : tensor<?x6x?x7xf32>, tensor<?x?xi64>
    %p0 = attune.softmax %s3 : tensor<?x6x?x7xf32>
    %p1 = attune.reshape %p0 {shape = array<i64: 0, 3, 2, -1, 7>} : tensor<?x6x?x7xf32> -> tensor<?x3x2x?x7xf32>
    %c0 = attune.matmul %p1, %v1 : (tensor<?x3x2x?x7xf32>, tensor<?x3x1x?x5xf32>) -> tensor<?x3x2x?x5xf32>
    %c1 = attune.transpose %c0 {permutation = array<i64: 0, 3, 1, 2, 4>} : tensor<?x3x2x?x5xf32> -> tensor<?x?x3x2x5xf32>
    %c2 = attune.reshape %c1 {shape = array<i64: 0, 0, 30>} : tensor<?x?x3x2x5xf32> -> tensor<?x?x30xf32>
    return %c2 : tensor<?x?x30xf32>
  })";

TEST(ReferenceAttention, FusedIsTheChain) {
  Tensor q = randomTensor({3, 4, 24}, 1), k = randomTensor({3, 7, 12}, 2),
         v = randomTensor({3, 7, 15}, 3);
  // All keys, some, none.
  Tensor m = Tensor::integers({3, 7}, {1, 1, 1, 1, 1, 1, 1, //
                                       1, 0, 1, 1, 0, 0, 1, //
                                       0, 0, 0, 0, 0, 0, 0});
  Tensor fused = evaluate(kFused, {q, k, v, m});
  expectNear(fused, evaluate(kChain, {q, k, v, m}), 1e-12);
  for (int64_t i = 2 * 4 * 30; i < 3 * 4 * 30; ++i)
    EXPECT_EQ(fused.getFloat(i), 0);
}

TEST(ReferenceAttention, MaskedKeysDoNotMatterAtAll) {
  Tensor q = randomTensor({1, 4, 24}, 1), k = randomTensor({1, 7, 12}, 2),
         v = randomTensor({1, 7, 15}, 3);
  Tensor m = Tensor::integers({1, 7}, {1, 1, 0, 1, 0, 1, 1});
  std::vector<double> keys = k.toDoubles(), values = v.toDoubles();
  for (int64_t d = 0; d < 12; ++d)
    keys[2 * 12 + d] = keys[4 * 12 + d] = kNaN;
  for (int64_t d = 0; d < 15; ++d)
    values[2 * 15 + d] = values[4 * 15 + d] = kInfinity;
  expectNear(evaluate(kFused, {q, Tensor::doubles({1, 7, 12}, keys),
                               Tensor::doubles({1, 7, 15}, values), m}),
             evaluate(kFused, {q, k, v, m}), 0);
}

/// One head of two columns with everything that scores can have, and the same
/// as single ops.
static Tensor attend(llvm::StringRef causal, const Tensor &bias,
                     const Tensor &q, const Tensor &k, const Tensor &v) {
  return evaluate(
      "func.func @f(%q: tensor<?x?x2xf32>, %k: tensor<?x?x2xf32>, "
      "%v: tensor<?x?x3xf32>, %b: tensor<?x1x?x?xf32>) -> tensor<?x?x3xf32> {\n"
      "  %r = attune.attention %q, %k, %v bias(%b : tensor<?x1x?x?xf32>) "
      "{heads = 1 : i64, kv_heads = 1 : i64, scale = 0.5 : f32, causal = "
      "#attune.causal<" +
          causal.str() +
          ">, softcap = 2.0 : f32} : (tensor<?x?x2xf32>, tensor<?x?x2xf32>, "
          "tensor<?x?x3xf32>) -> tensor<?x?x3xf32>\n"
          "  return %r : tensor<?x?x3xf32>\n}",
      {q, k, v, bias});
}

/// What `attend` is to give, written out.
static Tensor expectAttention(int64_t offset, const Tensor &bias,
                              const Tensor &q, const Tensor &k,
                              const Tensor &v) {
  int64_t queries = q.getDim(1), keys = k.getDim(1);
  std::vector<double> result(queries * 3);
  for (int64_t i = 0; i < queries; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < keys && j <= i + offset; ++j) {
      double product = q.getFloat(i * 2) * k.getFloat(j * 2) +
                       q.getFloat(i * 2 + 1) * k.getFloat(j * 2 + 1);
      double weight =
          std::exp(2 * std::tanh(0.5 * product / 2) +
                   bias.getFloat(i % bias.getDim(2) * bias.getDim(3) +
                                 j % bias.getDim(3)));
      sum += weight;
      for (int64_t d = 0; d < 3; ++d)
        result[i * 3 + d] += weight * v.getFloat(j * 3 + d);
    }
    for (int64_t d = 0; d < 3 && sum > 0; ++d)
      result[i * 3 + d] /= sum;
  }
  return Tensor::doubles({1, queries, 3}, result);
}

TEST(ReferenceAttention, BiasCausalAndCap) {
  for (auto [queries, keys] : {std::pair(4, 4), {3, 6}, {6, 3}, {1, 5}}) {
    Tensor q = randomTensor({1, queries, 2}, 1),
           k = randomTensor({1, keys, 2}, 2), v = randomTensor({1, keys, 3}, 3);
    for (auto [rows, columns] :
         {std::pair(queries, keys), {1, keys}, {queries, 1}, {1, 1}}) {
      Tensor bias = randomTensor({1, 1, rows, columns}, 4);
      expectNear(attend("none", bias, q, k, v),
                 expectAttention(keys, bias, q, k, v), 1e-12);
      expectNear(attend("start", bias, q, k, v),
                 expectAttention(0, bias, q, k, v), 1e-12);
      expectNear(attend("end", bias, q, k, v),
                 expectAttention(keys - queries, bias, q, k, v), 1e-12);
    }
  }
}

TEST(ReferenceAttention, BiasesThatExcludeKeys) {
  Tensor q = randomTensor({1, 3, 2}, 1), k = randomTensor({1, 2, 2}, 2);
  Tensor v = Tensor::doubles({1, 2, 3}, {1, 2, 3, 5, 6, 7});
  double lowest = -std::numeric_limits<float>::max();
  // The second key alone; none; both alike.
  Tensor bias = Tensor::doubles(
      {1, 1, 3, 2}, {lowest, 0, -kInfinity, -kInfinity, lowest, lowest});
  expectValues(attend("none", bias, q, k, v), {1, 3, 3},
               {5, 6, 7, 0, 0, 0, 3, 4, 5}, 0);
}

TEST(ReferenceAttention, BiasOfAnotherShape) {
  expectContains(
      [&] {
        return evaluateError(
            R"(
    func.func @f(%q: tensor<?x?x2xf32>, %b: tensor<?x1x?x?xf32>) -> tensor<?x?x2xf32> {
      %r = attune.attention %q, %q, %q bias(%b : tensor<?x1x?x?xf32>) {heads = 1 : i64, kv_heads = 1 : i64, scale = 1.0 : f32}
        : (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
      return %r : tensor<?x?x2xf32>
    })",
            {randomTensor({1, 4, 2}, 1), randomTensor({1, 1, 4, 3}, 2)});
      }(),
      "expected a bias of shape [1, 1, 4, 4], got [1, 1, 4, 3]");
}

TEST(ReferenceAttention, OneKeyGivesItsValue) {
  Tensor r = evaluate(R"(
    func.func @f(%q: tensor<?x?x4xf32>, %k: tensor<?x?x4xf32>, %v: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
      %r = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f32}
        : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
      return %r : tensor<?x?x4xf32>
    })",
                      {randomTensor({1, 2, 4}, 1), randomTensor({1, 1, 4}, 2),
                       Tensor::doubles({1, 1, 4}, {1, 2, 3, 4})});
  expectValues(r, {1, 2, 4}, {1, 2, 3, 4, 1, 2, 3, 4}, 0);
}

TEST(ReferenceAttention, ExtentsThatDoNotFit) {
  Tensor m = Tensor::integers({1, 7}, {1, 1, 1, 1, 1, 1, 1});
  expectContains(evaluateError(kFused, {randomTensor({1, 4, 24}, 1),
                                        randomTensor({2, 7, 12}, 2),
                                        randomTensor({1, 7, 15}, 3), m}),
                 "expected keys of shape [1, 7, 12], got [2, 7, 12]");
  expectContains(evaluateError(kFused, {randomTensor({1, 4, 24}, 1),
                                        randomTensor({1, 7, 12}, 2),
                                        randomTensor({1, 6, 15}, 3), m}),
                 "expected values of shape [1, 7, 15], got [1, 6, 15]");
  expectContains(evaluateError(kFused, {randomTensor({1, 4, 24}, 1),
                                        randomTensor({1, 6, 12}, 2),
                                        randomTensor({1, 6, 15}, 3), m}),
                 "expected a key mask of shape [1, 6], got [1, 7]");
}
