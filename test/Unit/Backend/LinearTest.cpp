//===- LinearTest.cpp - Linear kernels against the interpreter ------------===//
#include "KernelTestSupport.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

/// Rows around the heights of register tiles (6 and 12) and of row blocks.
constexpr int64_t kRows[] = {0,  1,  2,  3,  5,  6,   7,   11,  12, 13,
                             24, 25, 64, 96, 97, 127, 128, 129, 301};

std::string linearText(int64_t n, int64_t k, StringRef leading = "?x",
                       StringRef epilogue = "", StringRef extra = "",
                       StringRef yield = "%0") {
  std::string x = llvm::formatv("tensor<{0}{1}xf32>", leading, k);
  std::string y = llvm::formatv("tensor<{0}{1}xf32>", leading, n);
  std::string w = llvm::formatv("tensor<{0}x{1}xf32>", n, k);
  std::string b = llvm::formatv("tensor<{0}xf32>", n);
  std::string text = llvm::formatv(
      "attune.kernel @linear(%x: {0}, %w: {1}, %b: {2}{3}) -> {4} {{\n"
      "  %0 = attune.linear %x, %w bias(%b : {2}) : ({0}, {1}) -> {4}\n"
      "{5}\n  attune.yield {6} : {4}\n}",
      x, w, b, extra, y, epilogue, yield);
  // Types in epilogues: Y the result's, B the bias's.
  std::string result;
  for (char c : text)
    result += c == 'Y' ? y : c == 'B' ? b : std::string(1, c);
  return result;
}

class LinearTest : public testing::TestWithParam<std::string> {
protected:
  /// GPUs have one schedule, and compile slowly on a CPU.
  static bool isGpu() { return StringRef(GetParam()).contains("opencl"); }
};

void checkRows(KernelUnderTest &kernel, int64_t n, int64_t k,
               ArrayRef<int64_t> rows, int threads = 1) {
  // Sums of about one, so that the tolerance means the same at any depth.
  double scale = 1.0 / std::sqrt(std::max<double>(k, 1));
  Tensor weight = randomFloats({n, k}, 1, -scale, scale);
  Tensor bias = randomFloats({n}, 2);
  for (int64_t m : rows)
    kernel.check({randomFloats({m, k}, m), weight, bias}, 1e-5, threads);
}

TEST_P(LinearTest, Rows) {
  for (auto [n, k] : {std::pair<int64_t, int64_t>(1, 1), {33, 17}, {64, 40}}) {
    KernelUnderTest kernel(linearText(n, k), GetParam());
    checkRows(kernel, n, k, kRows);
  }
}

TEST_P(LinearTest, ColumnsAndDepths) {
  SmallVector<int64_t> columns = {1,  7,  8,  9,  15, 16,  17, 31,
                                  32, 33, 47, 48, 80, 100, 385};
  if (isGpu())
    columns = {7, 64, 100};
  for (int64_t n : columns)
    for (int64_t k : {1, 5, 64}) {
      KernelUnderTest kernel(linearText(n, k), GetParam(), {},
                             Schedule().set("mr", 4));
      checkRows(kernel, n, k, {1, 7, 30});
    }
}

TEST_P(LinearTest, Large) {
  for (auto [n, k] : {std::pair<int64_t, int64_t>(1000, 384), {130, 1025}}) {
    KernelUnderTest kernel(linearText(n, k), GetParam());
    for (int threads : {1, 2, 3})
      checkRows(kernel, n, k, {1, 150}, threads);
  }
}

// A row stride that is a multiple of a page: rows are packed.
TEST_P(LinearTest, PageStride) {
  KernelUnderTest kernel(linearText(40, 2048), GetParam());
  checkRows(kernel, 40, 2048, {1, 12, 50}, 2);
}

TEST_P(LinearTest, NoColumnsOfInput) {
  KernelUnderTest kernel(linearText(20, 0), GetParam());
  checkRows(kernel, 20, 0, {1, 13});
}

TEST_P(LinearTest, Schedules) {
  if (isGpu())
    GTEST_SKIP() << "the knobs are those of CPUs";
  bool wide = StringRef(GetParam()).starts_with("x86-64-v4");
  int64_t panel = wide ? 32 : 24;
  SmallVector<Schedule> schedules = {
      Schedule().set("mr", 1).set("nv", 1).set("nc", 16),
      Schedule().set("mr", 4).set("nv", 1).set("nc", 32).set("mc", 8),
      Schedule().set("kc", 16).set("mc", 24),
      Schedule().set("kc", 10).set("packa", 1).set("unroll", 1),
      Schedule().set("packa", 1).set("nv", 2).set("nc", 64).set("mc", 7),
      Schedule().set("unroll", 8).set("kc", 24),
      Schedule()
          .set("mr", 4)
          .set("nv", panel / (wide ? 16 : 8))
          .set("panel", panel)
          .set("nc", 2 * panel),
      Schedule().set("panel", 48).set("nv", 1).set("nc", 48).set("kc", 33),
  };
  for (const Schedule &schedule : schedules)
    for (auto [n, k] : {std::pair<int64_t, int64_t>(75, 50), {96, 64}}) {
      KernelUnderTest kernel(linearText(n, k), GetParam(), {}, schedule);
      SCOPED_TRACE(schedule.str());
      checkRows(kernel, n, k, {1, 6, 29}, 2);
    }
}

TEST_P(LinearTest, StridedRows) {
  for (StringRef leading : {"?x", "?x?x", "?x3x"})
    for (int64_t n : {20, 64}) {
      int64_t k = 37;
      KernelUnderTest kernel(linearText(n, k, leading), GetParam(), {k + 5});
      for (int64_t rows : {1, 5, 14}) {
        SmallVector<int64_t> shape = {rows, 3, k};
        if (leading == "?x")
          shape = {rows, k};
        kernel.check({randomFloats(shape, rows), randomFloats({n, k}, 1),
                      randomFloats({n}, 2)},
                     1e-5, 2);
      }
    }
}

TEST_P(LinearTest, Ranks) {
  KernelUnderTest vector(linearText(33, 20, ""), GetParam());
  vector.check(
      {randomFloats({20}, 3), randomFloats({33, 20}, 1), randomFloats({33}, 2)},
      1e-5);
  KernelUnderTest deep(linearText(33, 20, "?x2x?x"), GetParam());
  for (auto [a, b] : {std::pair<int64_t, int64_t>(1, 1), {3, 5}, {0, 4}})
    deep.check({randomFloats({a, 2, b, 20}, 3), randomFloats({33, 20}, 1),
                randomFloats({33}, 2)},
               1e-5);
}

TEST_P(LinearTest, Epilogues) {
  struct Case {
    const char *epilogue, *extra, *yield;
    int64_t residuals;
  };
  // The last adds a vector of columns and multiplies by another product.
  const Case cases[] = {
      {"  %1 = attune.relu %0 : Y", "", "%1", 0},
      {"  %1 = attune.gelu %0 : Y", "", "%1", 0},
      {"  %1 = attune.gelu %0 {approximate = \"tanh\"} : Y", "", "%1", 0},
      {"  %1 = attune.add %0, %r : (Y, Y) -> Y", ", %r: Y", "%1", 1},
      {"  %1 = attune.silu %0 : Y\n"
       "  %2 = attune.mul %1, %r : (Y, Y) -> Y\n"
       "  %3 = attune.add %2, %b : (Y, B) -> Y\n"
       "  %4 = attune.scale %3 {factor = 0.5 : f32} : Y",
       ", %r: Y", "%4", 1},
      {"  %1 = attune.tanh %0 : Y\n  %2 = attune.add %1, %r : (Y, Y) -> Y\n"
       "  %3 = attune.mul %2, %s : (Y, Y) -> Y",
       ", %r: Y, %s: Y", "%3", 2}};
  SmallVector<int64_t> columns = {7, 32, 50};
  if (isGpu())
    columns = {50};
  for (const Case &c : cases)
    for (int64_t n : columns) {
      int64_t k = 24;
      KernelUnderTest kernel(
          linearText(n, k, "?x?x", c.epilogue, c.extra, c.yield), GetParam());
      for (auto [batch, length] :
           {std::pair<int64_t, int64_t>(1, 1), {2, 7}, {3, 33}}) {
        SmallVector<Tensor> inputs = {randomFloats({batch, length, k}, 5),
                                      randomFloats({n, k}, 1),
                                      randomFloats({n}, 2)};
        for (int64_t i = 0; i < c.residuals; ++i)
          inputs.push_back(randomFloats({batch, length, n}, 10 + i));
        kernel.check(inputs, 1e-5, 2);
      }
    }
}

// Operands that are repeated over rows, columns or one of the row dimensions.
TEST_P(LinearTest, BroadcastEpilogues) {
  for (int64_t n : {16, 21})
    for (StringRef shape : {"1x1x1x", "?x1x", "1x5x", "5x1x", "?x5x"}) {
      int64_t last = shape == "5x1x" ? 1 : n, k = 9;
      std::string type =
          shape == "5x1x"
              ? std::string("tensor<5x1xf32>")
              : llvm::formatv("tensor<{0}{1}xf32>",
                              shape == "1x1x1x" ? "1x1x" : shape, last)
                    .str();
      std::string epilogue =
          "  %1 = attune.add %0, %r : (Y, " + type + ") -> Y";
      KernelUnderTest kernel(
          linearText(n, k, "?x5x", epilogue, ", %r: " + type, "%1"),
          GetParam());
      int64_t batch = 3;
      SmallVector<int64_t> extents = {batch, 5, n};
      if (shape == "1x1x1x")
        extents = {1, 1, n};
      else if (shape == "?x1x")
        extents = {batch, 1, n};
      else if (shape == "1x5x")
        extents = {1, 5, n};
      else if (shape == "5x1x")
        extents = {5, 1};
      kernel.check({randomFloats({batch, 5, k}, 1), randomFloats({n, k}, 2),
                    randomFloats({n}, 3), randomFloats(extents, 4)},
                   1e-5);
    }
}

TEST_P(LinearTest, WithoutBias) {
  KernelUnderTest kernel(
      "attune.kernel @linear(%x: tensor<?x12xf32>, %w: tensor<19x12xf32>) -> "
      "tensor<?x19xf32> {\n"
      "  %0 = attune.linear %x, %w : (tensor<?x12xf32>, tensor<19x12xf32>) -> "
      "tensor<?x19xf32>\n"
      "  attune.yield %0 : tensor<?x19xf32>\n}",
      GetParam());
  for (int64_t m : {1, 13})
    kernel.check({randomFloats({m, 12}, 1), randomFloats({19, 12}, 2)}, 1e-5);
}

// Known numbers of rows, for which there may be code of their own.
TEST_P(LinearTest, StaticRows) {
  for (int64_t rows : {0, 1, 3, 4, 20})
    for (auto [n, k] : {std::pair<int64_t, int64_t>(50, 24), {128, 9}}) {
      std::string leading = std::to_string(rows) + "x";
      KernelUnderTest kernel(linearText(n, k, leading), GetParam());
      checkRows(kernel, n, k, {rows}, 2);
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, LinearTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);

} // namespace
