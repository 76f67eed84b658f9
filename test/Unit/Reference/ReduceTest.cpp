//===- ReduceTest.cpp - Reductions, scatters, windows ---------------------===//
#include "TestSupport.h"

#include <limits>

using namespace attune;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One op on one argument.
Tensor apply(llvm::StringRef op, llvm::StringRef attributes,
             llvm::StringRef from, llvm::StringRef to, const Tensor &input) {
  return evaluate("func.func @f(%x: " + from.str() + ") -> " + to.str() +
                      " {\n  %0 = attune." + op.str() + " %x {" +
                      attributes.str() + "} : " + from.str() +
                      (from == to && op.starts_with("cumulate")
                           ? std::string()
                           : " -> " + to.str()) +
                      "\n  return %0 : " + to.str() + "\n}",
                  input);
}

} // namespace

TEST(ReferenceReduce, KindsAndAxes) {
  Tensor x = Tensor::doubles({2, 3}, {1, 2, 6, -1, 5, 2});
  auto reduce = [&](llvm::StringRef kind) {
    return apply("reduce " + kind.str(), "axes = array<i64: 1>, keep_dims",
                 "tensor<?x3xf32>", "tensor<?x1xf32>", x);
  };
  expectValues(reduce("sum"), {2, 1}, {9, 6}, 0);
  expectValues(reduce("mean"), {2, 1}, {3, 2}, 0);
  expectValues(reduce("max"), {2, 1}, {6, 5}, 0);
  expectValues(reduce("min"), {2, 1}, {1, -1}, 0);
  expectValues(reduce("prod"), {2, 1}, {12, -10}, 0);
  expectValues(apply("reduce sum", "axes = array<i64: 0, 1>", "tensor<?x3xf32>",
                     "tensor<f32>", x),
               {}, {15}, 0);
}

TEST(ReferenceReduce, WithoutElements) {
  Tensor x = Tensor::doubles({0, 2}, {});
  auto reduce = [&](llvm::StringRef kind) {
    return apply("reduce " + kind.str(), "axes = array<i64: 0>",
                 "tensor<?x2xf32>", "tensor<2xf32>", x);
  };
  expectValues(reduce("sum"), {2}, {0, 0}, 0);
  expectValues(reduce("prod"), {2}, {1, 1}, 0);
  expectValues(reduce("mean"), {2}, {kNaN, kNaN}, 0);
  expectValues(reduce("max"), {2}, {-kInfinity, -kInfinity}, 0);
  expectIntegers(apply("reduce max", "axes = array<i64: 0>", "tensor<?x1xi8>",
                       "tensor<1xi8>", Tensor::integers({0, 1}, {})),
                 {1}, {-128});
  expectIntegers(apply("reduce min", "axes = array<i64: 0>", "tensor<?x1xui8>",
                       "tensor<1xui8>", Tensor::integers({0, 1}, {})),
                 {1}, {255});
}

TEST(ReferenceReduce, Integers) {
  expectIntegers(apply("reduce sum", "axes = array<i64: 0>", "tensor<3xi8>",
                       "tensor<i8>", Tensor::integers({3}, {100, 100, 3})),
                 {}, {-53}); // wraps
  expectIntegers(apply("reduce mean", "axes = array<i64: 0>", "tensor<2xi8>",
                       "tensor<i8>", Tensor::integers({2}, {-100, -101})),
                 {}, {-100}); // truncates, without overflow
  expectIntegers(apply("reduce max", "axes = array<i64: 0>", "tensor<2xui64>",
                       "tensor<ui64>", Tensor::integers({2}, {-1, 5})),
                 {}, {-1}); // 2^64 - 1
  expectIntegers(apply("reduce max", "axes = array<i64: 0>", "tensor<2xi1>",
                       "tensor<i1>", Tensor::integers({2}, {0, 1})),
                 {}, {1});
}

TEST(ReferenceReduce, ArgReduce) {
  Tensor x = Tensor::doubles({2, 4}, {1, 7, 7, 0, 2, kNaN, 9, kNaN});
  auto find = [&](llvm::StringRef kind, llvm::StringRef attributes) {
    return apply("arg_reduce " + kind.str(),
                 "axis = 1 : i64" + attributes.str(), "tensor<?x4xf32>",
                 "tensor<?xi64>", x);
  };
  expectIntegers(find("max", ""), {2}, {1, 1});
  expectIntegers(find("max", ", select_last"), {2}, {2, 3});
  expectIntegers(find("min", ""), {2}, {3, 1});
}

TEST(ReferenceReduce, Cumulate) {
  Tensor x = Tensor::doubles({4}, {1, 2, 3, 4});
  auto sum = [&](llvm::StringRef attributes) {
    return apply("cumulate sum", "axis = 0 : i64" + attributes.str(),
                 "tensor<?xf32>", "tensor<?xf32>", x);
  };
  expectValues(sum(""), {4}, {1, 3, 6, 10}, 0);
  expectValues(sum(", exclusive"), {4}, {0, 1, 3, 6}, 0);
  expectValues(sum(", reverse"), {4}, {10, 9, 7, 4}, 0);
  expectValues(sum(", reverse, exclusive"), {4}, {9, 7, 4, 0}, 0);
}

TEST(ReferenceReduce, TopK) {
  Program program(R"(
    func.func @f(%x: tensor<?xf32>) -> (tensor<3xf32>, tensor<3xi64>, tensor<3xf32>) {
      %0, %1 = attune.top_k %x {axis = 0 : i64, k = 3 : i64} : tensor<?xf32> -> tensor<3xf32>, tensor<3xi64>
      %2, %3 = attune.top_k %x {axis = 0 : i64, k = 3 : i64, smallest} : tensor<?xf32> -> tensor<3xf32>, tensor<3xi64>
      return %0, %1, %2 : tensor<3xf32>, tensor<3xi64>, tensor<3xf32>
    })");
  auto results = program.run(Tensor::floats({6}, {1, 5, 2, 5, -3, 4}));
  expectValues(results[0], {3}, {5, 5, 4}, 0);
  expectIntegers(results[1], {3}, {1, 3, 5});
  expectValues(results[2], {3}, {-3, 1, 2}, 0);
  expectContains(program.fail(Tensor::floats({2}, {1, 2})),
                 "expected 3 elements or more to choose from, got shape [2]");
}

TEST(ReferenceScatter, Elements) {
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<2x3xf32>, %i: tensor<?x2xi64>, %u: tensor<?x2xf32>) -> tensor<2x3xf32> {
      %0 = attune.scatter_elements add %x, %i, %u {axis = 1 : i64}
          : (tensor<2x3xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<2x3xf32>
      return %0 : tensor<2x3xf32>
    })",
                      {Tensor::doubles({2, 3}, {0, 1, 2, 3, 4, 5}),
                       Tensor::integers({2, 2}, {-1, 2, 0, 7}),
                       Tensor::doubles({2, 2}, {10, 20, 30, 40})});
  expectValues(r, {2, 3}, {0, 1, 32, 33, 4, 5}, 0);
}

TEST(ReferenceScatter, Slices) {
  llvm::StringRef text = R"(
    func.func @f(%x: tensor<3x2xi32>, %i: tensor<?x1xi64>, %u: tensor<?x2xi32>) -> tensor<3x2xi32> {
      %0 = attune.scatter_nd replace %x, %i, %u
          : (tensor<3x2xi32>, tensor<?x1xi64>, tensor<?x2xi32>) -> tensor<3x2xi32>
      return %0 : tensor<3x2xi32>
    })";
  Tensor x = Tensor::integers({3, 2}, {1, 2, 3, 4, 5, 6});
  // The last of several updates of one slice stays; one is out of range.
  expectIntegers(
      evaluate(text, {x, Tensor::integers({4, 1}, {0, -1, 0, 3}),
                      Tensor::integers({4, 2}, {7, 7, 8, 8, 9, 9, 0, 0})}),
      {3, 2}, {9, 9, 3, 4, 8, 8});
  expectContains(evaluateError(text, {x, Tensor::integers({1, 1}, {0}),
                                      Tensor::integers({2, 2}, {1, 1, 1, 1})}),
                 "expected updates of shape [1, 2], got [2, 2]");
}

TEST(ReferenceConv, GroupsPaddingAndBias) {
  // Two groups of one channel; the first sums neighbours, the second takes the
  // difference of every other one.
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x2x4xf32>, %w: tensor<2x1x2xf32>, %b: tensor<2xf32>) -> tensor<?x2x5xf32> {
      %0 = attune.conv %x, %w bias(%b : tensor<2xf32>) {strides = array<i64: 1>, low = array<i64: 1>,
           high = array<i64: 1>, dilations = array<i64: 1>, groups = 2 : i64}
          : (tensor<?x2x4xf32>, tensor<2x1x2xf32>) -> tensor<?x2x5xf32>
      return %0 : tensor<?x2x5xf32>
    })",
                      {Tensor::doubles({1, 2, 4}, {1, 2, 3, 4, 5, 7, 9, 12}),
                       Tensor::doubles({2, 1, 2}, {1, 1, -1, 1}),
                       Tensor::doubles({2}, {0.5, 0})});
  expectValues(r, {1, 2, 5}, {1.5, 3.5, 5.5, 7.5, 4.5, 5, 2, 2, 3, -12}, 0);
}

TEST(ReferenceConv, StridesAndDilations) {
  Tensor r =
      evaluate(R"(
    func.func @f(%x: tensor<?x1x3x3xf32>, %w: tensor<1x1x2x2xf32>) -> tensor<?x1x1x1xf32> {
      %0 = attune.conv %x, %w {strides = array<i64: 2, 2>, low = array<i64: 0, 0>,
           high = array<i64: 0, 0>, dilations = array<i64: 2, 2>, groups = 1 : i64}
          : (tensor<?x1x3x3xf32>, tensor<1x1x2x2xf32>) -> tensor<?x1x1x1xf32>
      return %0 : tensor<?x1x1x1xf32>
    })",
               {Tensor::doubles({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}),
                Tensor::doubles({1, 1, 2, 2}, {1, 10, 100, 1000})});
  expectValues(r, {1, 1, 1, 1}, {1 + 30 + 700 + 9000}, 0);
}

TEST(ReferenceConv, PoolWindow) {
  Tensor x = Tensor::doubles({1, 1, 4}, {1, 2, 3, 6});
  auto pool = [&](llvm::StringRef kind, llvm::StringRef flags) {
    return apply(
        "pool_window " + kind.str(),
        "kernel = array<i64: 2>, strides = array<i64: 2>, low = "
        "array<i64: 1>, high = array<i64: 1>, dilations = array<i64: 1>" +
            flags.str(),
        "tensor<?x?x4xf32>", "tensor<?x?x3xf32>", x);
  };
  expectValues(pool("max", ""), {1, 1, 3}, {1, 3, 6}, 0);
  expectValues(pool("sum", ""), {1, 1, 3}, {1, 5, 6}, 0);
  expectValues(pool("mean", ""), {1, 1, 3}, {1, 2.5, 6}, 0);
  expectValues(pool("mean", ", count_padding"), {1, 1, 3}, {0.5, 2.5, 3}, 0);
}

TEST(ReferenceMatmul, IntegersOfBothSigns) {
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<1x2xui8>, %y: tensor<2x1xi8>) -> tensor<1x1xi32> {
      %0 = attune.matmul %x, %y : (tensor<1x2xui8>, tensor<2x1xi8>) -> tensor<1x1xi32>
      return %0 : tensor<1x1xi32>
    })",
                      {Tensor::integers({1, 2}, {200, 3}),
                       Tensor::integers({2, 1}, {-100, 7})});
  expectIntegers(r, {1, 1}, {-19979});
}
