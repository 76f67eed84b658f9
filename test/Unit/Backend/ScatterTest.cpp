//===- ScatterTest.cpp - Scatters against the interpreter -----------------===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

class ScatterTest : public testing::TestWithParam<std::string> {};

/// Indices of which some are negative and some out of range.
Tensor indicesFor(ArrayRef<int64_t> shape, uint64_t seed, int64_t extent) {
  return randomNumbers("i64", shape, seed, -extent - 2, extent + 2);
}

TEST_P(ScatterTest, Elements) {
  for (const char *element : {"f32", "f64", "i8", "ui16", "i32", "i64"})
    for (const char *mode : {"replace", "add", "mul", "max", "min"})
      for (int64_t axis : {0, 1, 2}) {
        std::string full = "tensor<?x6x?x" + std::string(element) + ">";
        std::string indices = "tensor<?x?x3xi64>";
        std::string updates = "tensor<?x?x3x" + std::string(element) + ">";
        KernelUnderTest kernel(
            "attune.kernel @scatter(%x: " + full + ", %i: " + indices +
                ", %u: " + updates + ") -> " + full +
                " {\n  %0 = attune.scatter_elements " + mode +
                " %x, %i, %u {axis = " + std::to_string(axis) + " : i64} : (" +
                full + ", " + indices + ", " + updates + ") -> " + full +
                "\n  attune.yield %0 : " + full + "\n}",
            GetParam());
        SmallVector<int64_t> shape = {5, 6, 37};
        for (auto [a, b] : {std::pair(5, 6), {2, 4}, {0, 3}})
          kernel.check({randomNumbers(element, shape, 1),
                        indicesFor({a, b, 3}, 2, shape[axis]),
                        randomNumbers(element, {a, b, 3}, 3, -4, 4)},
                       1e-5, 2);
      }
}

TEST_P(ScatterTest, Slices) {
  for (const char *element : {"f32", "i8", "i1", "ui64"})
    for (const char *mode : {"replace", "add", "max"}) {
      if (StringRef(element) == "i1" && StringRef(mode) == "add")
        continue;
      for (int64_t depth : {1, 2, 3}) {
        std::string full = "tensor<4x?x19x" + std::string(element) + ">";
        std::string indices = "tensor<?x2x" + std::to_string(depth) + "xi64>";
        std::string updates = "tensor<?x2x" +
                              std::string(depth == 1   ? "?x19x"
                                          : depth == 2 ? "19x"
                                                       : "") +
                              element + ">";
        KernelUnderTest kernel(
            "attune.kernel @scatter(%x: " + full + ", %i: " + indices +
                ", %u: " + updates + ") -> " + full +
                " {\n  %0 = attune.scatter_nd " + mode + " %x, %i, %u : (" +
                full + ", " + indices + ", " + updates + ") -> " + full +
                "\n  attune.yield %0 : " + full + "\n}",
            GetParam());
        for (int64_t count : {0, 1, 7}) {
          SmallVector<int64_t> shape = {count, 2};
          if (depth == 1)
            shape.push_back(3);
          if (depth <= 2)
            shape.push_back(19);
          kernel.check({randomNumbers(element, {4, 3, 19}, 1),
                        indicesFor({count, 2, depth}, 2, 3),
                        randomNumbers(element, shape, 3)},
                       1e-5, 2);
        }
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, ScatterTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
