//===- HybridAttentionTest.cpp - Hybrids against the interpreter ----------===//
#include "KernelTestSupport.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

struct Options {
  int64_t heads = 2, kvHeads = 1, headDim = 8, valueDim = 8, features = 6;
  int64_t window = 5, sinks = 0;
  bool full = false, mask = false;
  double scales = -1;   ///< the largest log scale; negative: none
  double features0 = 0; ///< the least feature
  double largest = 1;   ///< of queries and keys
};

std::string tokens(int64_t columns) {
  return llvm::formatv("tensor<?x?x{0}xf32>", columns);
}

class HybridAttentionTest : public testing::TestWithParam<std::string> {
protected:
  static std::string getText(const Options &o) {
    std::string q = tokens(o.heads * o.headDim),
                k = tokens(o.kvHeads * o.headDim),
                v = tokens(o.kvHeads * o.valueDim),
                f = tokens(o.heads * o.features), s = tokens(o.heads),
                r = tokens(o.heads * o.valueDim);
    std::string arguments = llvm::formatv(
        "%q: {0}, %k: {1}, %v: {2}, %fq: {3}, %fk: {3}", q, k, v, f);
    std::string operands;
    if (o.scales >= 0) {
      arguments += llvm::formatv(", %sq: {0}, %sk: {0}", s);
      operands += llvm::formatv(" scales(%sq, %sk : {0}, {0})", s);
    }
    if (o.mask) {
      arguments += ", %m: tensor<?x?xi64>";
      operands += " mask(%m : tensor<?x?xi64>)";
    }
    return llvm::formatv(
        "attune.kernel @hybrid({0}) -> ({1}) {{\n  %r = "
        "attune.hybrid_attention %q, %k, %v features(%fq, %fk : {2}, {2}){3} "
        "{{heads = {4} : i64, kv_heads = {5} : i64, scale = 0.5 : f64, window "
        "= {6} : i64, sinks = {7} : i64{8}} : ({9}, {10}, {11}) -> {1}\n  "
        "attune.yield %r : {1}\n}",
        arguments, r, f, operands, o.heads, o.kvHeads, o.window, o.sinks,
        o.full ? ", full" : "", q, k, v);
  }

  static SmallVector<Tensor> getInputs(const Options &o, int64_t batch,
                                       int64_t length) {
    auto random = [&](int64_t columns, uint64_t seed, double low, double high) {
      return randomFloats({batch, length, columns}, seed, low, high);
    };
    SmallVector<Tensor> inputs = {
        random(o.heads * o.headDim, 1, -o.largest, o.largest),
        random(o.kvHeads * o.headDim, 2, -o.largest, o.largest),
        random(o.kvHeads * o.valueDim, 3, -1, 1),
        random(o.heads * o.features, 4, o.features0, 1),
        random(o.heads * o.features, 5, o.features0, 1)};
    if (o.scales >= 0)
      for (uint64_t seed : {6, 7})
        inputs.push_back(random(o.heads, seed, -o.scales, o.scales));
    if (o.mask)
      inputs.push_back(randomIds({batch, length}, 8, 3));
    return inputs;
  }

  void check(const Options &options, ArrayRef<int64_t> lengths,
             double tolerance = 2e-5, ArrayRef<int64_t> pitches = {}) {
    SCOPED_TRACE(getText(options));
    KernelUnderTest kernel(getText(options), GetParam(), pitches);
    int64_t batch = 1;
    for (int64_t length : lengths) {
      SCOPED_TRACE("length " + std::to_string(length));
      kernel.check(getInputs(options, batch, length), tolerance, 2);
      batch = length < 100 ? 3 - batch : 1;
    }
  }
};

TEST_P(HybridAttentionTest, WindowsAndSinks) {
  const int64_t endless = int64_t(1) << 31;
  for (bool full : {false, true})
    for (auto [window, sinks] : {std::pair<int64_t, int64_t>(0, 0),
                                 {1, 0},
                                 {0, 3},
                                 {5, 2},
                                 {32, 1},
                                 {40, 30},
                                 {3, 70},
                                 {endless, 0},
                                 {2, endless}}) {
      Options options;
      options.window = window;
      options.sinks = sinks;
      options.full = full;
      options.scales = 2;
      check(options, {0, 1, 2, 31, 32, 33, 100});
    }
}

TEST_P(HybridAttentionTest, HeadsAndSizes) {
  bool mask = false;
  for (bool full : {false, true})
    for (auto [heads, kvHeads, headDim, valueDim, features] :
         {std::tuple(1, 1, 1, 1, 1),
          {3, 3, 3, 5, 5},
          {4, 2, 33, 17, 40},
          {2, 1, 64, 64, 64},
          {1, 1, 5, 130, 256}}) {
      Options options;
      options.full = full;
      // Every size with and without.
      options.mask = mask = !mask;
      options.sinks = 2;
      options.heads = heads;
      options.kvHeads = kvHeads;
      options.headDim = headDim;
      options.valueDim = valueDim;
      options.features = features;
      options.scales = mask ? 1 : -1;
      check(options, {7, 33, 65});
    }
}

// As queries, keys and values have that come out of one product.
TEST_P(HybridAttentionTest, RowsWithPitch) {
  for (bool full : {false, true}) {
    Options options;
    options.full = full;
    options.scales = 1;
    check(options, {1, 40}, 2e-5, {32, 32, 32, 12, 17});
  }
}

// More blocks of queries than sums of what is ahead are kept for.
TEST_P(HybridAttentionTest, LongSequences) {
  for (bool full : {false, true}) {
    Options options;
    options.heads = options.kvHeads = 1;
    options.headDim = 2;
    options.valueDim = 3;
    options.features = 2;
    options.full = full;
    options.mask = true;
    options.window = 20;
    options.sinks = 4;
    options.scales = 3;
    check(options, {1000, 2500});
  }
}

// Log scales and scores that overflow by themselves, of near and far keys in
// any order.
TEST_P(HybridAttentionTest, OneScale) {
  for (bool full : {false, true})
    for (double scales : {60.0, 300.0})
      for (double largest : {1.0, 30.0}) {
        Options options;
        options.full = full;
        options.scales = scales;
        options.largest = largest;
        check(options, {90}, scales > 100 || largest > 1 ? 5e-4 : 1e-4);
      }
}

// Features of both signs, and rows of which all products are zero: the maximum
// must not be that of keys that weigh nothing.
TEST_P(HybridAttentionTest, SignsAndZeros) {
  for (bool full : {false, true}) {
    Options options;
    options.full = full;
    options.features0 = -0.05;
    check(options, {70}, 1e-4);

    KernelUnderTest kernel(getText(options), GetParam());
    SmallVector<Tensor> inputs = getInputs(options, 1, 70);
    inputs[0] = randomFloats({1, 70, 16}, 9, 6, 8);
    inputs[1] = randomFloats({1, 70, 8}, 10, -8, -6);
    inputs[3] = Tensor::floats({1, 70, 12}, std::vector<float>(70 * 12, 0.0f));
    kernel.check(inputs, 1e-3, 1);
  }
}

// Without far keys it is softmax attention. Sinks are before a query: with
// `full` there are keys behind it as well.
TEST_P(HybridAttentionTest, IsSoftmaxWhenShort) {
  for (bool full : {false, true})
    for (auto [window, sinks] : {std::pair(70, 0), {full ? 70 : 41, 30}}) {
      Options options;
      options.heads = 4;
      options.kvHeads = 2;
      options.headDim = options.valueDim = 16;
      options.window = window;
      options.sinks = sinks;
      options.full = full;
      options.scales = 5;
      std::string q = tokens(64), k = tokens(32);
      KernelUnderTest hybrid(getText(options), GetParam());
      KernelUnderTest softmax(
          llvm::formatv("attune.kernel @softmax(%q: {0}, %k: {1}, %v: {1}) -> "
                        "({0}) {{\n  %r = attune.attention %q, %k, %v {{heads "
                        "= 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f32{2}} "
                        ": ({0}, {1}, {1}) -> {0}\n  attune.yield %r : {0}\n}",
                        q, k, full ? "" : ", causal = #attune.causal<start>")
              .str(),
          GetParam());
      SmallVector<Tensor> inputs = getInputs(options, 2, 70);
      SmallVector<int64_t> shape = {2, 70, 64};
      std::vector<Tensor> results = hybrid.run(inputs, shape);
      std::vector<Tensor> expected =
          softmax.run(ArrayRef(inputs).take_front(3), shape);
      ASSERT_EQ(results.size(), 1u);
      ASSERT_EQ(expected.size(), 1u);
      for (int64_t i = 0; i < results[0].getNumElements(); ++i)
        ASSERT_NEAR(results[0].getFloat(i), expected[0].getFloat(i), 1e-5);
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, HybridAttentionTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
