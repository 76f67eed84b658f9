//===- MatmulTest.cpp - Matmul and elementwise kernels --------------------===//
#include "KernelTestSupport.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attune;

namespace {

std::string matmulText(StringRef lhs, StringRef rhs, StringRef result,
                       bool transposed) {
  return llvm::formatv(
      "attune.kernel @matmul(%a: tensor<{0}xf32>, %b: tensor<{1}xf32>) -> "
      "tensor<{2}xf32> {{\n"
      "  %0 = attune.matmul %a, %b {3} : (tensor<{0}xf32>, tensor<{1}xf32>) "
      "-> tensor<{2}xf32>\n"
      "  attune.yield %0 : tensor<{2}xf32>\n}",
      lhs, rhs, result, transposed ? "{transpose_rhs}" : "");
}

class MatmulTest : public testing::TestWithParam<std::string> {};

TEST_P(MatmulTest, Extents) {
  for (bool transposed : {false, true}) {
    KernelUnderTest kernel(matmulText("?x?", "?x?", "?x?", transposed),
                           GetParam());
    for (int64_t m : {0, 1, 5, 13, 97})
      for (int64_t n : {0, 1, 15, 16, 33, 130})
        for (int64_t k : {0, 1, 15, 17, 64}) {
          SmallVector<int64_t> right = {k, n};
          if (transposed)
            right = {n, k};
          kernel.check({randomFloats({m, k}, 1), randomFloats(right, 2)}, 1e-5);
        }
    // Several runs of k, several threads.
    SmallVector<int64_t> right = {600, 50};
    if (transposed)
      right = {50, 600};
    kernel.check(
        {randomFloats({100, 600}, 3), randomFloats(right, 4, -0.05, 0.05)},
        1e-5, 3);
  }
}

TEST_P(MatmulTest, Heads) {
  KernelUnderTest scores(matmulText("?x4x?x8", "?x4x?x8", "?x4x?x?", true),
                         GetParam());
  KernelUnderTest context(matmulText("?x4x?x?", "?x4x?x8", "?x4x?x8", false),
                          GetParam());
  for (auto [batch, queries, keys] :
       {std::tuple<int64_t, int64_t, int64_t>(1, 1, 1),
        {2, 5, 19},
        {3, 20, 3}}) {
    scores.check({randomFloats({batch, 4, queries, 8}, 1),
                  randomFloats({batch, 4, keys, 8}, 2)},
                 1e-5, 2);
    context.check({randomFloats({batch, 4, queries, keys}, 3),
                   randomFloats({batch, 4, keys, 8}, 4)},
                  1e-5, 2);
  }
}

TEST_P(MatmulTest, BroadcastBatches) {
  KernelUnderTest right(matmulText("?x3x?x9", "9x11", "?x3x?x11", false),
                        GetParam());
  right.check({randomFloats({2, 3, 5, 9}, 1), randomFloats({9, 11}, 2)}, 1e-5);
  KernelUnderTest both(matmulText("2x1x?x9", "3x?x9", "2x3x?x?", true),
                       GetParam());
  both.check({randomFloats({2, 1, 4, 9}, 1), randomFloats({3, 7, 9}, 2)}, 1e-5);
}

TEST_P(MatmulTest, Strided) {
  for (bool transposed : {false, true}) {
    KernelUnderTest kernel(matmulText("?x?x20",
                                      transposed ? "?x?x20" : "?x20x?", "?x?x?",
                                      transposed),
                           GetParam(), {23, 50});
    SmallVector<int64_t> right = {2, 20, 31};
    if (transposed)
      right = {2, 31, 20};
    kernel.check({randomFloats({2, 13, 20}, 1), randomFloats(right, 2)}, 1e-5);
  }
}

TEST_P(MatmulTest, Schedules) {
  for (const Schedule &schedule :
       {Schedule().set("mr", 3).set("nv", 1).set("nc", 16).set("mc", 5).set(
            "kc", 16),
        Schedule().set("unroll", 1).set("kc", 48)})
    for (bool transposed : {false, true}) {
      KernelUnderTest kernel(matmulText("?x?", "?x?", "?x?", transposed),
                             GetParam(), {}, schedule);
      SmallVector<int64_t> right = {50, 37};
      if (transposed)
        right = {37, 50};
      kernel.check({randomFloats({21, 50}, 1), randomFloats(right, 2)}, 1e-5,
                   2);
    }
}

class ElementwiseTest : public testing::TestWithParam<std::string> {};

TEST_P(ElementwiseTest, Shapes) {
  const char *text =
      "attune.kernel @sum(%x: tensor<?x?x?xf32>, %y: tensor<?x?x?xf32>) -> "
      "tensor<?x?x?xf32> {\n"
      "  %0 = attune.relu %x : tensor<?x?x?xf32>\n"
      "  %1 = attune.add %0, %y : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> "
      "tensor<?x?x?xf32>\n"
      "  attune.yield %1 : tensor<?x?x?xf32>\n}";
  for (int64_t pitch : {0, 70}) {
    KernelUnderTest kernel(text, GetParam(), {pitch, 0});
    for (int64_t columns : {1, 7, 8, 16, 33, 64})
      for (auto [a, b] :
           {std::pair<int64_t, int64_t>(1, 1), {0, 2}, {3, 5}, {40, 50}})
        kernel.check({randomFloats({a, b, columns}, 1),
                      randomFloats({a, b, columns}, 2)},
                     1e-6, 2);
  }
}

TEST_P(ElementwiseTest, SeveralResultsAndScalars) {
  KernelUnderTest kernel(
      "attune.kernel @two(%x: tensor<?x24xf32>, %s: tensor<f32>, "
      "%c: tensor<24xf32>, %r: tensor<?x1xf32>) -> "
      "(tensor<?x24xf32>, tensor<?x24xf32>) {\n"
      "  %0 = attune.mul %x, %s : (tensor<?x24xf32>, tensor<f32>) -> "
      "tensor<?x24xf32>\n"
      "  %1 = attune.add %0, %c : (tensor<?x24xf32>, tensor<24xf32>) -> "
      "tensor<?x24xf32>\n"
      "  %2 = attune.mul %1, %r : (tensor<?x24xf32>, tensor<?x1xf32>) -> "
      "tensor<?x24xf32>\n"
      "  attune.yield %2, %0 : tensor<?x24xf32>, tensor<?x24xf32>\n}",
      GetParam());
  for (int64_t rows : {1, 9})
    kernel.check({randomFloats({rows, 24}, 1), randomFloats({}, 2),
                  randomFloats({24}, 3), randomFloats({rows, 1}, 4)},
                 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Targets, MatmulTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);
INSTANTIATE_TEST_SUITE_P(Targets, ElementwiseTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);

} // namespace
