//===- NormTest.cpp - Norm and softmax kernels against the interpreter ----===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

/// Around the lengths of vectors and of unrolled steps.
constexpr int64_t kWidths[] = {1,  2,  7,  8,  9,  15, 16,  17,  31,
                               32, 33, 63, 64, 65, 96, 127, 384, 1001};

std::string format(const char *text, int64_t columns) {
  std::string result;
  for (; *text; ++text)
    if (*text == 'N')
      result += std::to_string(columns);
    else
      result += *text;
  return result;
}

class NormTest : public testing::TestWithParam<std::string> {
protected:
  /// Widths that are compiled one by one: compilers of GPUs take their time.
  static ArrayRef<int64_t> getStaticWidths() {
    static constexpr int64_t few[] = {1, 31, 64, 1001};
    bool isGpu = StringRef(GetParam()).count('/') == 2;
    return isGpu ? ArrayRef(few) : ArrayRef(kWidths);
  }
};

TEST_P(NormTest, LayerNorm) {
  for (int64_t columns : getStaticWidths()) {
    KernelUnderTest kernel(
        format("attune.kernel @layer_norm(%x: tensor<?x?xNxf32>, "
               "%g: tensor<Nxf32>, %b: tensor<Nxf32>) -> tensor<?x?xNxf32> {\n"
               "  %0 = attune.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f64} : "
               "tensor<?x?xNxf32>, tensor<Nxf32>, tensor<Nxf32>\n"
               "  attune.yield %0 : tensor<?x?xNxf32>\n"
               "}",
               columns),
        GetParam());
    Tensor gamma = randomFloats(columns, 1, 0.5, 1.5);
    Tensor beta = randomFloats(columns, 2);
    for (auto [batch, length] : {std::pair(1, 1), {0, 3}, {2, 0}, {3, 5}})
      kernel.check(
          {randomFloats({batch, length, columns}, columns), gamma, beta}, 1e-4);
    // A mean far from zero.
    kernel.check({randomFloats({1, 3, columns}, 7, 900, 1000), gamma, beta},
                 2e-3);
    kernel.check({randomFloats({1, 150, columns}, 8), gamma, beta}, 1e-4, 3);
  }
}

// Residual and bias before, another sum after.
TEST_P(NormTest, LayerNormWithNeighbours) {
  for (int64_t columns : {5, 16, 100, 384}) {
    KernelUnderTest kernel(
        format("attune.kernel @layer_norm(%x: tensor<?x?xNxf32>, "
               "%r: tensor<?x?xNxf32>, %c: tensor<Nxf32>, %g: tensor<Nxf32>, "
               "%b: tensor<Nxf32>) -> tensor<?x?xNxf32> {\n"
               "  %0 = attune.add %x, %c : (tensor<?x?xNxf32>, tensor<Nxf32>) "
               "-> tensor<?x?xNxf32>\n"
               "  %1 = attune.add %0, %r : (tensor<?x?xNxf32>, "
               "tensor<?x?xNxf32>) -> tensor<?x?xNxf32>\n"
               "  %2 = attune.layer_norm %1, %g, %b {epsilon = 1.0e-12 : f64} "
               ": tensor<?x?xNxf32>, tensor<Nxf32>, tensor<Nxf32>\n"
               "  %3 = attune.gelu %2 : tensor<?x?xNxf32>\n"
               "  attune.yield %3 : tensor<?x?xNxf32>\n"
               "}",
               columns),
        GetParam(), {columns + 3, 0, 0, 0, 0});
    for (auto [batch, length] : {std::pair(1, 1), {2, 17}})
      kernel.check({randomFloats({batch, length, columns}, 1),
                    randomFloats({batch, length, columns}, 2),
                    randomFloats(columns, 3), randomFloats(columns, 4),
                    randomFloats(columns, 5)},
                   1e-4, 2);
  }
}

// A kernel may yield what the norm reads beside the norm.
TEST_P(NormTest, LayerNormAndItsInput) {
  KernelUnderTest kernel(
      format("attune.kernel @layer_norm(%x: tensor<?xNxf32>, "
             "%r: tensor<?xNxf32>, %g: tensor<Nxf32>, %b: tensor<Nxf32>) -> "
             "(tensor<?xNxf32>, tensor<?xNxf32>) {\n"
             "  %0 = attune.add %x, %r : (tensor<?xNxf32>, tensor<?xNxf32>) -> "
             "tensor<?xNxf32>\n"
             "  %1 = attune.layer_norm %0, %g, %b {epsilon = 1.0e-5 : f64} : "
             "tensor<?xNxf32>, tensor<Nxf32>, tensor<Nxf32>\n"
             "  attune.yield %1, %0 : tensor<?xNxf32>, tensor<?xNxf32>\n"
             "}",
             45),
      GetParam());
  for (int64_t rows : {1, 200})
    kernel.check({randomFloats({rows, 45}, 1), randomFloats({rows, 45}, 2),
                  randomFloats(45, 3), randomFloats(45, 4)},
                 1e-5, 2);
}

// Rounding in the mean must not be taken for variance.
TEST_P(NormTest, LayerNormOfEqualElements) {
  KernelUnderTest kernel(
      format("attune.kernel @layer_norm(%x: tensor<?xNxf32>, "
             "%g: tensor<Nxf32>, %b: tensor<Nxf32>) -> tensor<?xNxf32> {\n"
             "  %0 = attune.layer_norm %x, %g, %b {epsilon = 1.0e-12 : f64} : "
             "tensor<?xNxf32>, tensor<Nxf32>, tensor<Nxf32>\n"
             "  attune.yield %0 : tensor<?xNxf32>\n"
             "}",
             77),
      GetParam());
  Tensor x = Tensor::floats({1, 77}, std::vector<float>(77, 3.3f));
  kernel.check({x, randomFloats(77, 1), randomFloats(77, 2)}, 1e-5);
}

TEST_P(NormTest, RmsNorm) {
  for (int64_t columns : getStaticWidths()) {
    KernelUnderTest kernel(
        format("attune.kernel @rms_norm(%x: tensor<?x?xNxf32>, "
               "%g: tensor<Nxf32>) -> tensor<?x?xNxf32> {\n"
               "  %0 = attune.rms_norm %x, %g {epsilon = 1.0e-6 : f64} : "
               "tensor<?x?xNxf32>, tensor<Nxf32>\n"
               "  attune.yield %0 : tensor<?x?xNxf32>\n"
               "}",
               columns),
        GetParam());
    Tensor gamma = randomFloats(columns, 1, 0.5, 1.5);
    for (auto [batch, length] : {std::pair(1, 1), {0, 3}, {2, 0}, {3, 5}})
      kernel.check({randomFloats({batch, length, columns}, columns), gamma},
                   2e-6);
    kernel.check({randomFloats({1, 3, columns}, 7, 900, 1000), gamma}, 2e-6);
    // Rows of zeros, and of less than the epsilon.
    kernel.check({randomFloats({1, 2, columns}, 8, 0, 1e-30), gamma}, 2e-6);
    kernel.check({randomFloats({1, 150, columns}, 9), gamma}, 2e-6, 3);
  }
}

// A residual before, whose sum is a result too; an activation behind.
TEST_P(NormTest, RmsNormWithNeighbours) {
  for (int64_t columns : {5, 16, 100, 384}) {
    KernelUnderTest kernel(
        format("attune.kernel @rms_norm(%x: tensor<?xNxf32>, "
               "%r: tensor<?xNxf32>, %g: tensor<Nxf32>) -> "
               "(tensor<?xNxf32>, tensor<?xNxf32>) {\n"
               "  %0 = attune.add %x, %r : (tensor<?xNxf32>, "
               "tensor<?xNxf32>) -> tensor<?xNxf32>\n"
               "  %1 = attune.rms_norm %0, %g {epsilon = 1.0e-5 : f64} : "
               "tensor<?xNxf32>, tensor<Nxf32>\n"
               "  %2 = attune.gelu %1 : tensor<?xNxf32>\n"
               "  attune.yield %2, %0 : tensor<?xNxf32>, tensor<?xNxf32>\n"
               "}",
               columns),
        GetParam(), {columns + 3, 0, 0});
    for (int64_t rows : {1, 200})
      kernel.check({randomFloats({rows, columns}, 1),
                    randomFloats({rows, columns}, 2), randomFloats(columns, 3)},
                   1e-5, 2);
  }
}

TEST_P(NormTest, L2Normalize) {
  for (int64_t columns : getStaticWidths()) {
    KernelUnderTest kernel(
        format("attune.kernel @l2(%x: tensor<?xNxf32>) -> tensor<?xNxf32> {\n"
               "  %0 = attune.l2_normalize %x {epsilon = 1.0e-12 : f64} : "
               "tensor<?xNxf32>\n"
               "  attune.yield %0 : tensor<?xNxf32>\n"
               "}",
               columns),
        GetParam());
    for (int64_t rows : {0, 1, 5})
      kernel.check({randomFloats({rows, columns}, rows)}, 1e-6);
    kernel.check({randomFloats({2, columns}, 1, 0, 1e-30)}, 1e-6);
  }
}

TEST_P(NormTest, Softmax) {
  KernelUnderTest kernel(
      "attune.kernel @softmax(%x: tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32> "
      "{\n"
      "  %0 = attune.scale %x {factor = 3.0 : f32} : tensor<?x2x?x?xf32>\n"
      "  %1 = attune.softmax %0 : tensor<?x2x?x?xf32>\n"
      "  attune.yield %1 : tensor<?x2x?x?xf32>\n"
      "}",
      GetParam());
  for (int64_t columns : kWidths)
    kernel.check({randomFloats({2, 2, 3, columns}, columns, -5, 5)}, 1e-6);
  kernel.check({randomFloats({1, 2, 0, 5}, 1)}, 1e-6);
  kernel.check({randomFloats({1, 2, 4, 0}, 1)}, 1e-6);
  // The products with the factor are rounded before their difference is taken.
  kernel.check({randomFloats({3, 2, 70, 70}, 1, -100, 100)}, 2e-5, 3);
}

TEST_P(NormTest, SoftmaxOfExcludedRows) {
  KernelUnderTest kernel("attune.kernel @softmax(%x: tensor<?x?xf32>) -> "
                         "tensor<?x?xf32> {\n"
                         "  %0 = attune.softmax %x : tensor<?x?xf32>\n"
                         "  attune.yield %0 : tensor<?x?xf32>\n"
                         "}",
                         GetParam());
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x(2 * 19, -infinity);
  x[19 + 3] = 2.0f;
  x[19 + 18] = 1.0f;
  kernel.check({Tensor::floats({2, 19}, x)}, 1e-6);
}

TEST_P(NormTest, Mask) {
  KernelUnderTest kernel(
      "attune.kernel @mask(%x: tensor<?x3x?x?xf32>, %m: tensor<?x?xi64>) -> "
      "tensor<?x3x?x?xf32> {\n"
      "  %0 = attune.mask %x, %m : tensor<?x3x?x?xf32>, tensor<?x?xi64>\n"
      "  attune.yield %0 : tensor<?x3x?x?xf32>\n"
      "}",
      GetParam());
  for (int64_t keys : kWidths)
    kernel.check(
        {randomFloats({2, 3, 4, keys}, keys), randomIds({2, keys}, keys, 2)}, 0,
        keys > 100 ? 2 : 1);
  kernel.check({randomFloats({0, 3, 4, 5}, 1), randomIds({0, 5}, 1, 2)}, 0);
}

INSTANTIATE_TEST_SUITE_P(Targets, NormTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);

} // namespace
