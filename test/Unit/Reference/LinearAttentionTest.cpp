//===- LinearAttentionTest.cpp - Features, their sums, and hybrids --------===//
#include "GoldenKernels.h"
#include "TestSupport.h"

#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace attune;

namespace {

class GoldenLinearAttention : public testing::TestWithParam<GoldenKernel> {};

/// The function @f that computes `op`, whose results are %r and, when there is
/// one, %s.
std::string functionOf(llvm::StringRef arguments, llvm::StringRef op,
                       llvm::StringRef types, bool two) {
  llvm::StringRef values = two ? "%r, %s" : "%r";
  return llvm::formatv("func.func @f({0}) -> ({1}) {{\n  {2} = {3}\n"
                       "  return {2} : {1}\n}",
                       arguments, types, values, op)
      .str();
}

llvm::SmallVector<Tensor> runDoubles(llvm::StringRef text,
                                     llvm::ArrayRef<Tensor> inputs) {
  InterpreterOptions options;
  options.keepDouble = true;
  return Program(text).run(inputs, options);
}

} // namespace

// What definitions say, computed by numpy; see scripts/golden.
TEST_P(GoldenLinearAttention, Interpreted) {
  const GoldenKernel &golden = GetParam();
  InterpreterOptions options;
  options.keepDouble = true;
  Program program(golden.text);
  llvm::StringRef name = llvm::StringRef(golden.text).split('@').second;
  auto results = program.run(golden.inputs, options, name.split('(').first);
  ASSERT_EQ(results.size(), golden.results.size()) << golden.text;
  for (size_t i = 0; i < results.size(); ++i) {
    SCOPED_TRACE("result " + std::to_string(i) + " of\n" + golden.text);
    expectGolden(results[i], golden.results[i], 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(, GoldenLinearAttention,
                         testing::ValuesIn(readGoldenKernels()),
                         [](const testing::TestParamInfo<GoldenKernel> &info) {
                           std::string name = info.param.name;
                           for (char &c : name)
                             if (!std::isalnum(static_cast<unsigned char>(c)))
                               c = '_';
                           return name;
                         });

// The features of e^1000 times as large a token are the same but for the scale.
TEST(ReferenceFeatureMap, DoesNotOverflowWithAScale) {
  std::string text =
      functionOf("%x: tensor<?x?x2xf32>",
                 "attune.feature_map exp %x {heads = 1 : i64} : "
                 "tensor<?x?x2xf32> -> tensor<?x?x2xf32>, tensor<?x?x1xf32>",
                 "tensor<?x?x2xf32>, tensor<?x?x1xf32>", true);
  auto results = runDoubles(
      text, {Tensor::doubles({1, 3, 2}, {0, 1, 1000, 1001, -1000, -999})});
  double e = std::exp(-1.0);
  expectValues(results[0], {1, 3, 2}, {e, 1, e, 1, e, 1});
  expectValues(results[1], {1, 3, 1}, {1, 1001, -999}, 0);
}

// The inner product of these features is that of the paper: 1 + x + x^2 / 2.
TEST(ReferenceFeatureMap, Taylor2IsASeries) {
  std::string text =
      functionOf("%x: tensor<?x?x3xf32>",
                 "attune.feature_map taylor2 %x {heads = 1 : i64} : "
                 "tensor<?x?x3xf32> -> tensor<?x?x10xf32>",
                 "tensor<?x?x10xf32>", false);
  auto features = runDoubles(
      text, {Tensor::doubles({1, 2, 3}, {0.5, -1, 2, 0.25, 3, -0.75})})[0];
  double product = 0, x = 0.125 - 3 - 1.5;
  for (int64_t i = 0; i < 10; ++i)
    product += features.getFloat(i) * features.getFloat(10 + i);
  EXPECT_NEAR(product, 1 + x + x * x / 2, 1e-12);
}

// Keys outside of the mask change nothing, whatever they are.
TEST(ReferenceLinearAttention, MaskedTokensLeaveNoTrace) {
  std::string text = functionOf(
      "%q: tensor<?x?x2xf32>, %k: tensor<?x?x2xf32>, %v: tensor<?x?x2xf32>, "
      "%m: tensor<?x?xi64>",
      "attune.linear_attention linear %q, %k, %v mask(%m : tensor<?x?xi64>) "
      "{heads = 1 : i64, kv_heads = 1 : i64, scale = 1.0 : f64, full} : "
      "(tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> "
      "(tensor<?x?x2xf32>, tensor<?x1x2x2xf32>)",
      "tensor<?x?x2xf32>, tensor<?x1x2x2xf32>", true);
  Tensor query = randomTensor({1, 3, 2}, 1);
  std::vector<double> key = randomTensor({1, 3, 2}, 2).toDoubles();
  Tensor value = randomTensor({1, 3, 2}, 3);
  Tensor mask = Tensor::integers({1, 3}, {1, 0, 2});
  auto first =
      runDoubles(text, {query, Tensor::doubles({1, 3, 2}, key), value, mask});
  key[2] = 1e30;
  key[3] = -7;
  auto second =
      runDoubles(text, {query, Tensor::doubles({1, 3, 2}, key), value, mask});
  expectNear(second[0], first[0], 0);
  expectNear(second[1], first[1], 0);
}

TEST(ReferenceLinearAttention, RefusesOperandsOfOtherTokens) {
  std::string text = functionOf(
      "%q: tensor<?x?x2xf32>, %k: tensor<?x?x2xf32>, %v: tensor<?x?x2xf32>, "
      "%p: tensor<?x1x2x2xf32>",
      "attune.linear_attention linear %q, %k, %v past(%p : "
      "tensor<?x1x2x2xf32>) "
      "{heads = 1 : i64, kv_heads = 1 : i64, scale = 1.0 : f64} : "
      "(tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> "
      "(tensor<?x?x2xf32>, tensor<?x1x2x2xf32>)",
      "tensor<?x?x2xf32>, tensor<?x1x2x2xf32>", true);
  Tensor x = randomTensor({1, 3, 2}, 1);
  Tensor past = randomTensor({1, 1, 2, 2}, 2);
  expectContains(evaluateError(text, {x, randomTensor({1, 4, 2}, 1), x, past}),
                 "expected keys of shape [1, 3, 2], got [1, 4, 2]");
  expectContains(evaluateError(text, {x, x, randomTensor({2, 3, 2}, 1), past}),
                 "expected values of shape [1, 3, 2], got [2, 3, 2]");
  expectContains(
      evaluateError(text, {x, x, x, randomTensor({2, 1, 2, 2}, 1)}),
      "expected a past state of shape [1, 1, 2, 2], got [2, 1, 2, 2]");
}

// With features whose products are the exponentials of the scores, hybrid
// attention is softmax attention, whatever is near.
TEST(ReferenceHybridAttention, IsSoftmaxWithExactFeatures) {
  auto getText = [](int64_t window, int64_t sinks) {
    return functionOf(
        "%q: tensor<?x?x1xf32>, %k: tensor<?x?x1xf32>, %v: tensor<?x?x2xf32>, "
        "%f: tensor<?x?x1xf32>, %sq: tensor<?x?x1xf32>, %sk: "
        "tensor<?x?x1xf32>",
        llvm::formatv(
            "attune.hybrid_attention %q, %k, %v features(%f, %f : "
            "tensor<?x?x1xf32>, tensor<?x?x1xf32>) scales(%sq, %sk : "
            "tensor<?x?x1xf32>, tensor<?x?x1xf32>) {{heads = 1 : i64, kv_heads "
            "= 1 : i64, scale = 1.0 : f64, window = {0} : i64, sinks = {1} : "
            "i64} : (tensor<?x?x1xf32>, tensor<?x?x1xf32>, tensor<?x?x2xf32>) "
            "-> tensor<?x?x2xf32>",
            window, sinks)
            .str(),
        "tensor<?x?x2xf32>", false);
  };
  // Keys that queries of 1 score with 400 to 800: no exponential of them fits.
  int64_t n = 9;
  std::vector<double> scores = randomValues(n, 3, 400, 800);
  std::vector<double> ones(n, 1.0), zeros(n, 0.0);
  auto of = [&](const std::vector<double> &values) {
    return Tensor::doubles({1, n, 1}, values);
  };
  std::vector<Tensor> inputs = {
      of(ones), of(scores), randomTensor({1, n, 2}, 4),
      of(ones), of(zeros),  of(scores)};
  Tensor exact = runDoubles(getText(n, 0), inputs)[0];
  for (double x : exact.toDoubles())
    ASSERT_TRUE(std::isfinite(x));
  for (auto [window, sinks] : {std::pair(0, 0), {0, 2}, {3, 0}, {2, 4}})
    expectNear(runDoubles(getText(window, sinks), inputs)[0], exact, 1e-12);
}
