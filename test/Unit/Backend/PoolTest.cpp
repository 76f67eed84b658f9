//===- PoolTest.cpp - Pooling kernels against the interpreter -------------===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

class PoolTest : public testing::TestWithParam<std::string> {};

std::string getText(llvm::StringRef mode, int64_t columns) {
  return llvm::formatv(
             "attune.kernel @pool(%x: tensor<?x?x{0}xf32>, %m: "
             "tensor<?x?xi64>) -> tensor<?x{0}xf32> {{\n"
             "  %0 = attune.pool %x, %m {{mode = #attune.pool_mode<{1}>} : "
             "(tensor<?x?x{0}xf32>, tensor<?x?xi64>) -> tensor<?x{0}xf32>\n"
             "  attune.yield %0 : tensor<?x{0}xf32>\n"
             "}",
             columns, mode)
      .str();
}

TEST_P(PoolTest, ModesAndShapes) {
  SmallVector<int64_t> columnCounts = {1, 8, 15, 32, 33, 64, 130, 384};
  // Drivers of GPUs take long to compile a kernel.
  if (StringRef(GetParam()).contains("opencl"))
    columnCounts = {15, 384};
  for (llvm::StringRef mode : {"mean", "max", "mean_sqrt"})
    for (int64_t columns : columnCounts) {
      KernelUnderTest kernel(getText(mode, columns), GetParam());
      for (auto [batch, length] :
           {std::pair(1, 1), {0, 2}, {2, 0}, {3, 7}, {2, 128}})
        kernel.check({randomFloats({batch, length, columns}, length),
                      randomIds({batch, length}, columns, 2)},
                     1e-5, batch);
      // No position left.
      kernel.check({randomFloats({1, 4, columns}, 1), randomIds({1, 4}, 1, 1)},
                   0);
    }
}

TEST_P(PoolTest, StridedInputAndEpilogue) {
  KernelUnderTest kernel(
      "attune.kernel @pool(%x: tensor<?x?x50xf32>, %m: tensor<?x?xi64>, "
      "%b: tensor<50xf32>) -> tensor<?x50xf32> {\n"
      "  %0 = attune.pool %x, %m {mode = #attune.pool_mode<mean>} : "
      "(tensor<?x?x50xf32>, tensor<?x?xi64>) -> tensor<?x50xf32>\n"
      "  %1 = attune.add %0, %b : (tensor<?x50xf32>, tensor<50xf32>) -> "
      "tensor<?x50xf32>\n"
      "  %2 = attune.tanh %1 : tensor<?x50xf32>\n"
      "  attune.yield %2 : tensor<?x50xf32>\n"
      "}",
      GetParam(), {64, 0, 0});
  kernel.check({randomFloats({3, 11, 50}, 1), randomIds({3, 11}, 2, 3),
                randomFloats(50, 3)},
               1e-5, 2);
}

INSTANTIATE_TEST_SUITE_P(Targets, PoolTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);

} // namespace
