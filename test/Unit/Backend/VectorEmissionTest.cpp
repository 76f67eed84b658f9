//===- VectorEmissionTest.cpp - Vector code of elementwise ops ------------===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

class VectorEmissionTest : public testing::TestWithParam<std::string> {};

TEST_P(VectorEmissionTest, Unary) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (llvm::StringRef op :
       {"attune.relu %x", "attune.gelu %x",
        "attune.gelu %x {approximate = \"tanh\"}", "attune.quick_gelu %x",
        "attune.silu %x", "attune.tanh %x",
        "attune.scale %x {factor = -0.3 : f32}"}) {
    SCOPED_TRACE(op.str());
    KernelUnderTest kernel(
        llvm::formatv("attune.kernel @unary(%x: tensor<?x?xf32>) -> "
                      "tensor<?x?xf32> {{\n"
                      "  %0 = {0} : tensor<?x?xf32>\n"
                      "  attune.yield %0 : tensor<?x?xf32>\n"
                      "}",
                      op)
            .str(),
        GetParam());
    for (int64_t columns : {0, 1, 7, 8, 17, 64, 100})
      kernel.check({randomFloats({3, columns}, columns, -8, 8)}, 5e-7);
    kernel.check({randomFloats({9, 1000}, 1, -100, 100)}, 5e-7);
    kernel.check({randomFloats({9, 1000}, 2, -1e-3, 1e-3)}, 5e-7);
    kernel.check(
        {Tensor::floats({2, 3}, {0.0f, -0.0f, 1e30f, nan, infinity, 1e-40f})},
        5e-7);
  }
}

TEST_P(VectorEmissionTest, Binary) {
  for (llvm::StringRef op : {"add", "mul"}) {
    KernelUnderTest kernel(
        llvm::formatv(
            "attune.kernel @binary(%x: tensor<?x?x20xf32>, %y: "
            "tensor<?x1x20xf32>, %z: tensor<20xf32>) -> tensor<?x?x20xf32> {{\n"
            "  %0 = attune.{0} %x, %y : (tensor<?x?x20xf32>, "
            "tensor<?x1x20xf32>) -> tensor<?x?x20xf32>\n"
            "  %1 = attune.{0} %0, %z : (tensor<?x?x20xf32>, tensor<20xf32>) "
            "-> tensor<?x?x20xf32>\n"
            "  attune.yield %1 : tensor<?x?x20xf32>\n"
            "}",
            op)
            .str(),
        GetParam());
    kernel.check({randomFloats({3, 5, 20}, 1), randomFloats({3, 1, 20}, 2),
                  randomFloats(20, 3)},
                 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, VectorEmissionTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);

} // namespace
