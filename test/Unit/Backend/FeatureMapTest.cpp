//===- FeatureMapTest.cpp - Feature maps against the interpreter ----------===//
#include "KernelTestSupport.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

const char *const kMaps[] = {
    "identity",         "elu1", "relu",    "exp",     "favor",
    "favor_hyperbolic", "dpfp", "taylor2", "softmax", "softmax_halves"};

struct Options {
  std::string map = "identity";
  int64_t heads = 2, headDim = 8;
  int64_t rows = 0; ///< of a projection; 0: none
  int64_t mix = 0;  ///< features after a mix; 0: none
  bool shared = false, bias = false, tilt = false, logScale = false;
  std::string attributes = ", scale = 0.7 : f64";
  int64_t order = 1;

  int64_t getRows() const { return rows ? rows : headDim; }
  int64_t getNumber() const {
    std::optional<int64_t> number = FeatureMapOp::countFeatures(
        *symbolizeFeatureMap(map), getRows(), order);
    return *number;
  }
  int64_t getFeatures() const { return mix ? mix : getNumber(); }
};

class FeatureMapTest : public testing::TestWithParam<std::string> {
protected:
  struct Weight {
    std::string name;
    SmallVector<int64_t> shape;
  };

  static std::vector<Weight> getWeights(const Options &options) {
    int64_t heads = options.shared ? 1 : options.heads;
    std::vector<Weight> weights;
    if (options.rows)
      weights.push_back({"projection", {heads, options.rows, options.headDim}});
    if (options.bias)
      weights.push_back({"bias", {heads, options.getRows()}});
    if (options.mix)
      weights.push_back({"mix", {heads, options.mix, options.getNumber()}});
    if (options.tilt)
      weights.push_back({"tilt", {heads, options.headDim}});
    return weights;
  }

  static std::string getText(const Options &options) {
    auto tokens = [](int64_t columns) {
      return llvm::formatv("tensor<?x?x{0}xf32>", columns).str();
    };
    std::string input = tokens(options.heads * options.headDim);
    std::string arguments = "%x: " + input, operands;
    for (const Weight &weight : getWeights(options)) {
      std::string type = "tensor<";
      for (int64_t extent : weight.shape)
        type += std::to_string(extent) + "x";
      type += "f32>";
      arguments += ", %" + weight.name + ": " + type;
      operands += " " + weight.name + "(%" + weight.name + " : " + type + ")";
    }
    std::string types = tokens(options.heads * options.getFeatures());
    std::string values = "%f";
    if (options.logScale) {
      types += ", " + tokens(options.heads);
      values += ", %s";
    }
    std::string order;
    if (options.order != 1)
      order = llvm::formatv(", order = {0} : i64", options.order);
    return llvm::formatv(
        "attune.kernel @feature_map({0}) -> ({1}) {{\n"
        "  {2} = attune.feature_map {3} %x{4} {{heads = {5} : i64{6}{7}} : "
        "{8} -> {1}\n  attune.yield {2} : {1}\n}",
        arguments, types, values, options.map, operands, options.heads,
        options.attributes, order, input);
  }

  void check(const Options &options, ArrayRef<int64_t> lengths,
             double largest = 1, double tolerance = 2e-5, int64_t pitch = 0) {
    SCOPED_TRACE(getText(options));
    KernelUnderTest kernel(getText(options), GetParam(), pitch);
    int64_t batch = 1;
    for (int64_t length : lengths) {
      SCOPED_TRACE("length " + std::to_string(length));
      SmallVector<Tensor> inputs = {
          randomFloats({batch, length, options.heads * options.headDim}, 1,
                       -largest, largest)};
      uint64_t seed = 2;
      for (const Weight &weight : getWeights(options))
        inputs.push_back(randomFloats(weight.shape, seed++));
      kernel.check(inputs, tolerance, 3);
      // One, two, one, ...: a batch and a single one.
      batch = 3 - batch;
    }
  }
};

TEST_P(FeatureMapTest, MapsOfHeads) {
  for (const char *map : kMaps)
    for (int64_t headDim : {3, 33, 64}) {
      Options options;
      options.map = map;
      options.headDim = headDim;
      options.order = options.map == "dpfp" ? 3 : 1;
      check(options, {1, 2, 33});
      options.logScale = true;
      check(options, {0, 31});
    }
}

TEST_P(FeatureMapTest, MapsOfProjections) {
  for (const char *map : kMaps)
    for (auto [headDim, rows] : {std::pair(3, 5), {33, 17}, {64, 256}}) {
      Options options;
      options.map = map;
      options.headDim = headDim;
      // Its features are many.
      options.rows = options.map == "taylor2" ? std::min(rows, 20) : rows;
      options.shared = rows == 17;
      options.bias = rows != 17;
      options.logScale = rows != 5;
      options.tilt = rows == 256;
      options.attributes = ", scale = 0.35 : f64";
      check(options, {1, 2, 3, 31, 32, 33}, 1, 1e-4);
    }
}

TEST_P(FeatureMapTest, LongSequences) {
  for (const char *map : {"favor", "dpfp", "softmax"}) {
    Options options;
    options.map = map;
    options.heads = 3;
    options.headDim = 16;
    options.rows = 24;
    options.logScale = options.shared = true;
    check(options, {1000});
  }
}

TEST_P(FeatureMapTest, NormsAndEpsilon) {
  for (const char *map : kMaps)
    for (const char *norm : {"sum", "l2"}) {
      Options options;
      options.map = map;
      options.headDim = 19;
      // Sums of both signs may be near zero.
      bool isSigned = options.map == "identity" || options.map == "taylor2";
      if (isSigned && StringRef(norm) == "sum")
        continue;
      options.attributes =
          llvm::formatv(", scale = 0.9 : f64, epsilon = 0.01 : f64, norm = "
                        "#attune.feature_norm<{0}>",
                        norm);
      check(options, {5});
      options.logScale = options.tilt = true;
      check(options, {9});
    }
}

TEST_P(FeatureMapTest, Mixes) {
  for (const char *map : kMaps)
    for (auto [mix, shared] : {std::pair(1, true), {32, false}, {45, true}}) {
      Options options;
      options.map = map;
      options.headDim = 13;
      options.mix = mix;
      options.shared = shared;
      options.logScale = mix == 32;
      options.attributes = mix == 45 ? ", norm = #attune.feature_norm<l2>, "
                                       "norm_epsilon = 1.0e-3 : f64"
                                     : "";
      check(options, {1, 2, 40}, 1, 1e-4);
    }
}

TEST_P(FeatureMapTest, RowsWithPitch) {
  Options options;
  options.map = "favor";
  options.rows = 9;
  options.logScale = true;
  check(options, {1, 7, 70}, 1, 2e-5, /*pitch=*/23);
}

// Exponents of hundreds: the interpreter divides by the largest, too.
TEST_P(FeatureMapTest, LargeExponents) {
  for (const char *map :
       {"exp", "favor", "favor_hyperbolic", "softmax", "softmax_halves"}) {
    Options options;
    options.map = map;
    options.headDim = 10;
    options.rows = 12;
    options.logScale = true;
    options.attributes = "";
    // Sums of squares of hundreds of thousands have few digits behind the
    // point.
    check(options, {20}, 300, 2e-3);
  }
}

// Whatever is finite gives numbers, also where sums leave the range of f32.
TEST_P(FeatureMapTest, NoNaN) {
  for (const char *map :
       {"exp", "favor", "favor_hyperbolic", "softmax", "softmax_halves"})
    for (double largest : {1e20, 3e38}) {
      Options options;
      options.map = map;
      options.rows = 12;
      options.logScale = options.tilt = true;
      options.attributes = "";
      KernelUnderTest kernel(getText(options), GetParam());
      SmallVector<Tensor> inputs = {
          randomFloats({1, 30, 16}, 1, -largest, largest),
          randomFloats({2, 12, 8}, 2, -largest, largest),
          randomFloats({2, 8}, 3)};
      std::vector<Tensor> results =
          kernel.run(inputs, {{1, 30, 2 * options.getFeatures()}, {1, 30, 2}});
      ASSERT_EQ(results.size(), 2u);
      for (const Tensor &tensor : results)
        for (int64_t i = 0; i < tensor.getNumElements(); ++i)
          ASSERT_TRUE(std::isfinite(tensor.getFloat(i)))
              << map << " " << largest << " element " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, FeatureMapTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
