//===- LayoutTest.cpp - Look-ups, positions and transposes ----------------===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

class LayoutTest : public testing::TestWithParam<std::string> {};

TEST_P(LayoutTest, Embedding) {
  for (int64_t columns : {1, 7, 8, 16, 31, 64, 129, 384}) {
    KernelUnderTest kernel(
        llvm::formatv("attune.kernel @embedding(%i: tensor<?x?xi64>, %t: "
                      "tensor<11x{0}xf32>) -> tensor<?x?x{0}xf32> {{\n"
                      "  %0 = attune.embedding %i, %t : (tensor<?x?xi64>, "
                      "tensor<11x{0}xf32>) -> tensor<?x?x{0}xf32>\n"
                      "  attune.yield %0 : tensor<?x?x{0}xf32>\n"
                      "}",
                      columns)
            .str(),
        GetParam());
    Tensor table = randomFloats({11, columns}, 1);
    for (auto [batch, length] : {std::pair(1, 1), {0, 4}, {4, 0}, {3, 50}})
      kernel.check({randomIds({batch, length}, columns, 11), table}, 0, 2);
  }
}

TEST_P(LayoutTest, EmbeddingWithEpilogue) {
  KernelUnderTest kernel(
      "attune.kernel @embedding(%i: tensor<?xi64>, %t: tensor<5x20xf32>, "
      "%r: tensor<?x20xf32>) -> tensor<?x20xf32> {\n"
      "  %0 = attune.embedding %i, %t : (tensor<?xi64>, tensor<5x20xf32>) -> "
      "tensor<?x20xf32>\n"
      "  %1 = attune.add %0, %r : (tensor<?x20xf32>, tensor<?x20xf32>) -> "
      "tensor<?x20xf32>\n"
      "  attune.yield %1 : tensor<?x20xf32>\n"
      "}",
      GetParam());
  kernel.check({randomIds(13, 1, 5), randomFloats({5, 20}, 2),
                randomFloats({13, 20}, 3)},
               1e-6);
}

TEST_P(LayoutTest, Positions) {
  for (llvm::StringRef attributes :
       {"offset = 0 : i64", "offset = 7 : i64",
        "offset = 1 : i64, padding_id = 1 : i64",
        "offset = 0 : i64, padding_id = 0 : i64"}) {
    KernelUnderTest kernel(
        llvm::formatv("attune.kernel @positions(%i: tensor<?x?xi64>) -> "
                      "tensor<?x?xi64> {{\n"
                      "  %0 = attune.positions %i {{{0}} : tensor<?x?xi64>\n"
                      "  attune.yield %0 : tensor<?x?xi64>\n"
                      "}",
                      attributes)
            .str(),
        GetParam());
    for (auto [batch, length] :
         {std::pair(1, 1), {0, 3}, {3, 0}, {4, 33}, {2, 512}})
      kernel.check({randomIds({batch, length}, length, 3)}, 0, 2);
  }
}

TEST_P(LayoutTest, Transpose) {
  struct Case {
    SmallVector<int64_t> shape, permutation;
  };
  for (const Case &c :
       {Case{{13}, {0}}, Case{{1, 1}, {1, 0}}, Case{{16, 32}, {1, 0}},
        Case{{17, 33}, {1, 0}}, Case{{5, 100}, {1, 0}}, Case{{0, 4}, {1, 0}},
        Case{{2, 19, 3, 20}, {0, 2, 1, 3}}, Case{{2, 19, 3, 20}, {0, 2, 3, 1}},
        Case{{2, 3, 19, 40}, {0, 1, 3, 2}}, Case{{3, 18, 2, 17}, {3, 1, 0, 2}},
        Case{{2, 2, 2, 35}, {3, 2, 1, 0}}}) {
    std::string in, out, permutation;
    for (size_t i = 0; i < c.shape.size(); ++i) {
      in += "?x";
      out += "?x";
      permutation += (i ? ", " : "") + std::to_string(c.permutation[i]);
    }
    KernelUnderTest kernel(
        llvm::formatv("attune.kernel @transpose(%x: tensor<{0}f32>) -> "
                      "tensor<{1}f32> {{\n"
                      "  %0 = attune.transpose %x {{permutation = array<i64: "
                      "{2}>} : tensor<{0}f32> -> tensor<{1}f32>\n"
                      "  attune.yield %0 : tensor<{1}f32>\n"
                      "}",
                      in, out, permutation)
            .str(),
        GetParam());
    kernel.check({randomFloats(c.shape, 1)}, 0, 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, LayoutTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);

} // namespace
