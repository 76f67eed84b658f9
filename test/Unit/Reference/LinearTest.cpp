//===- LinearTest.cpp - Products of matrices ------------------------------===//
#include "TestSupport.h"

using namespace attune;

TEST(ReferenceLinear, HandComputed) {
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x2xf32>, %w: tensor<3x2xf32>, %b: tensor<3xf32>) -> tensor<?x3xf32> {
      %r = attune.linear %x, %w bias(%b : tensor<3xf32>) : (tensor<?x2xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
      return %r : tensor<?x3xf32>
    })",
                      {Tensor::doubles({2, 2}, {1, 2, 3, 4}),
                       Tensor::doubles({3, 2}, {1, 0, 0, 1, 10, 100}),
                       Tensor::doubles({3}, {0.5, 0, -1})});
  expectValues(r, {2, 3}, {1.5, 2, 209, 3.5, 4, 429}, 0);
}

TEST(ReferenceLinear, OddShapesAgreeWithPlainSums) {
  // One column more and one less than the width of a panel, all ranks.
  for (int64_t columns : {1, 15, 16, 17, 33}) {
    int64_t inner = 37;
    std::string n = std::to_string(columns);
    Tensor x = randomTensor({2, 3, inner}, 1);
    Tensor w = randomTensor({columns, inner}, 2);
    Tensor r = evaluate(
        "func.func @f(%x: tensor<?x?x37xf32>, %w: tensor<" + n +
            "x37xf32>) -> tensor<?x?x" + n +
            "xf32> {\n"
            "  %r = attune.linear %x, %w : (tensor<?x?x37xf32>, tensor<" +
            n + "x37xf32>) -> tensor<?x?x" + n +
            "xf32>\n"
            "  return %r : tensor<?x?x" +
            n + "xf32>\n}",
        {x, w});
    std::vector<double> expected;
    for (int64_t m = 0; m < 6; ++m)
      for (int64_t c = 0; c < columns; ++c) {
        double sum = 0;
        for (int64_t k = 0; k < inner; ++k)
          sum += x.getFloat(m * inner + k) * w.getFloat({c, k});
        expected.push_back(sum);
      }
    expectValues(r, {2, 3, columns}, expected, 1e-14);
  }
}

TEST(ReferenceLinear, NoRows) {
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x2xf32>, %w: tensor<3x2xf32>) -> tensor<?x3xf32> {
      %r = attune.linear %x, %w : (tensor<?x2xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
      return %r : tensor<?x3xf32>
    })",
                      {Tensor::doubles({0, 2}, {}), randomTensor({3, 2}, 1)});
  EXPECT_EQ(r.getNumElements(), 0);
}

TEST(ReferenceLinear, SumsAreNotRoundedOnTheWay) {
  // In f32 the ones vanish beside 1e8; in double they are kept.
  Program program(R"(
    func.func @f(%x: tensor<1x4xf32>, %w: tensor<1x4xf32>) -> tensor<1x1xf32> {
      %r = attune.linear %x, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
      return %r : tensor<1x1xf32>
    })");
  Tensor r = program
                 .run({Tensor::floats({1, 4}, {1e8f, 1, 1, -1e8f}),
                       Tensor::floats({1, 4}, {1, 1, 1, 1})})
                 .front();
  EXPECT_EQ(r.getFloat(0), 2);
}

TEST(ReferenceLinear, WrongColumns) {
  std::string message =
      evaluateError(R"(
    func.func @f(%x: tensor<?x?xf32>, %w: tensor<3x2xf32>) -> tensor<?x3xf32> {
      %r = attune.linear %x, %w : (tensor<?x?xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
      return %r : tensor<?x3xf32>
    })",
                    {randomTensor({4, 5}, 1), randomTensor({3, 2}, 1)});
  expectContains(message, "expected 2 input columns as the weight has, got "
                          "shape [4, 5]");
}

TEST(ReferenceMatmul, HandComputed) {
  Tensor x = Tensor::doubles({2, 2}, {1, 2, 3, 4});
  Tensor y = Tensor::doubles({2, 2}, {5, 6, 7, 8});
  expectValues(evaluate(R"(
    func.func @f(%x: tensor<?x2xf32>, %y: tensor<2x?xf32>) -> tensor<?x?xf32> {
      %r = attune.matmul %x, %y : (tensor<?x2xf32>, tensor<2x?xf32>) -> tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    })",
                        {x, y}),
               {2, 2}, {19, 22, 43, 50}, 0);
  expectValues(evaluate(R"(
    func.func @f(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>) -> tensor<?x?xf32> {
      %r = attune.matmul %x, %y {transpose_rhs} : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    })",
                        {x, y}),
               {2, 2}, {17, 23, 39, 53}, 0);
}

TEST(ReferenceMatmul, LeadingDimensionsBroadcast) {
  Tensor x = randomTensor({2, 1, 3, 5}, 1), y = randomTensor({4, 5, 7}, 2);
  Tensor r = evaluate(R"(
    func.func @f(%x: tensor<?x1x?x5xf32>, %y: tensor<4x5x?xf32>) -> tensor<?x4x?x?xf32> {
      %r = attune.matmul %x, %y : (tensor<?x1x?x5xf32>, tensor<4x5x?xf32>) -> tensor<?x4x?x?xf32>
      return %r : tensor<?x4x?x?xf32>
    })",
                      {x, y});
  ASSERT_EQ(r.getShape(), llvm::ArrayRef<int64_t>({2, 4, 3, 7}));
  forEachIndex(r.getShape(), [&](llvm::ArrayRef<int64_t> i) {
    double sum = 0;
    for (int64_t k = 0; k < 5; ++k)
      sum += x.getFloat({i[0], 0, i[2], k}) * y.getFloat({i[1], k, i[3]});
    EXPECT_NEAR(r.getFloat(i), sum, 1e-14);
  });
}

TEST(ReferenceMatmul, ExtentsThatDoNotFit) {
  llvm::StringRef text = R"(
    func.func @f(%x: tensor<?x?x?xf32>, %y: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> {
      %r = attune.matmul %x, %y {transpose_rhs} : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
      return %r : tensor<?x?x?xf32>
    })";
  expectContains(evaluateError(text, {randomTensor({2, 3, 4}, 1),
                                      randomTensor({2, 3, 5}, 1)}),
                 "product with the transposed, got shapes [2, 3, 4] and [2, 3, "
                 "5]");
  expectContains(evaluateError(text, {randomTensor({2, 3, 4}, 1),
                                      randomTensor({3, 3, 4}, 1)}),
                 "got shapes [2, 3, 4] and [3, 3, 4]");
}
