//===- ContractionTest.cpp - Products of f64 and integers -----------------===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

class ContractionTest : public testing::TestWithParam<std::string> {
protected:
  void check(const char *left, const char *right, const char *sum,
             bool transposed) {
    std::string lhs = "tensor<?x?x?x" + std::string(left) + ">";
    std::string rhs = "tensor<?x?x?x" + std::string(right) + ">";
    std::string to = "tensor<?x?x?x" + std::string(sum) + ">";
    KernelUnderTest kernel(
        "attune.kernel @contraction(%x: " + lhs + ", %y: " + rhs + ") -> " +
            to + " {\n  %0 = attune.matmul %x, %y" +
            (transposed ? " {transpose_rhs}" : "") + " : (" + lhs + ", " + rhs +
            ") -> " + to + "\n  attune.yield %0 : " + to + "\n}",
        GetParam());
    struct Shape {
      int64_t batch, m, k, n;
    };
    const Shape shapes[] = {{1, 1, 1, 1},    {2, 0, 3, 4},  {2, 3, 0, 4},
                            {2, 3, 4, 0},    {2, 5, 17, 9}, {1, 4, 40, 33},
                            {3, 13, 66, 140}};
    for (auto [batch, m, k, n] : shapes) {
      SmallVector<int64_t> right_ = {batch, transposed ? n : k,
                                     transposed ? k : n};
      kernel.check({randomNumbers(left, {batch, m, k}, k, -128, 128),
                    randomNumbers(right, right_, n, -128, 128)},
                   1e-9, 2);
    }
  }
};

TEST_P(ContractionTest, ElementTypes) {
  for (bool transposed : {false, true}) {
    check("f64", "f64", "f64", transposed);
    check("i8", "i8", "i32", transposed);
    check("ui8", "i8", "i32", transposed);
    check("i8", "ui8", "i32", transposed);
    check("ui8", "ui8", "i32", transposed);
    check("i16", "i16", "i64", transposed);
    check("i32", "i32", "i32", transposed);
    check("i64", "i64", "i64", transposed);
    check("ui32", "ui32", "ui32", transposed);
    check("ui64", "ui64", "ui64", transposed);
    check("i32", "i32", "i8", transposed);
  }
}

TEST_P(ContractionTest, BatchesAreRepeated) {
  KernelUnderTest kernel(
      "attune.kernel @contraction(%x: tensor<?x1x?x9xi32>, %y: "
      "tensor<4x9x?xi32>) -> tensor<?x4x?x?xi32> {\n"
      "  %0 = attune.matmul %x, %y : (tensor<?x1x?x9xi32>, tensor<4x9x?xi32>) "
      "-> tensor<?x4x?x?xi32>\n"
      "  attune.yield %0 : tensor<?x4x?x?xi32>\n}",
      GetParam());
  kernel.check({randomNumbers("i32", {3, 1, 5, 9}, 1),
                randomNumbers("i32", {4, 9, 21}, 2)},
               0, 2);
}

INSTANTIATE_TEST_SUITE_P(Targets, ContractionTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
