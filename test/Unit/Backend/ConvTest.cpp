//===- ConvTest.cpp - Convolutions and pooling over windows ---------------===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

struct WindowCase {
  SmallVector<int64_t> input, kernel, strides, low, high, dilations;

  int64_t count(size_t i) const {
    int64_t room =
        input[i] + low[i] + high[i] - ((kernel[i] - 1) * dilations[i] + 1);
    return room < 0 ? 0 : room / strides[i] + 1;
  }
};

const WindowCase kCases[] = {
    {{1}, {1}, {1}, {0}, {0}, {1}},
    {{40}, {1}, {1}, {0}, {0}, {1}},
    {{2}, {5}, {1}, {0}, {0}, {1}},
    {{50}, {3}, {1}, {1}, {1}, {1}},
    {{50}, {4}, {2}, {3}, {0}, {2}},
    {{0}, {2}, {1}, {1}, {2}, {1}},
    {{6, 7}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {1, 1}},
    {{9, 19}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {{9, 40}, {3, 5}, {2, 1}, {0, 2}, {1, 2}, {2, 3}},
    {{32, 32}, {8, 8}, {8, 8}, {0, 0}, {0, 0}, {1, 1}},
    {{5, 6, 17}, {2, 3, 2}, {1, 2, 1}, {1, 0, 1}, {0, 1, 1}, {2, 1, 1}},
};

std::string extents(ArrayRef<int64_t> list) {
  std::string text;
  for (int64_t extent : list)
    text += std::to_string(extent) + "x";
  return text;
}

std::string attribute(StringRef name, ArrayRef<int64_t> list) {
  std::string text = name.str() + " = array<i64";
  for (size_t i = 0; i < list.size(); ++i)
    text += (i ? ", " : ": ") + std::to_string(list[i]);
  return text + ">";
}

std::string attributes(const WindowCase &c) {
  return attribute("strides", c.strides) + ", " + attribute("low", c.low) +
         ", " + attribute("high", c.high) + ", " +
         attribute("dilations", c.dilations);
}

std::string results(const WindowCase &c) {
  SmallVector<int64_t> counts;
  for (size_t i = 0; i < c.input.size(); ++i)
    counts.push_back(c.count(i));
  return extents(counts);
}

SmallVector<int64_t> join(int64_t a, int64_t b, ArrayRef<int64_t> rest) {
  SmallVector<int64_t> shape = {a, b};
  llvm::append_range(shape, rest);
  return shape;
}

class ConvTest : public testing::TestWithParam<std::string> {
protected:
  void checkConv(const WindowCase &c, StringRef element, int64_t groups,
                 int64_t channels, int64_t out, bool bias) {
    std::string type = element.str() + ">";
    std::string x = "tensor<?x" + std::to_string(groups * channels) + "x" +
                    extents(c.input) + type;
    std::string w =
        "tensor<" + extents(join(groups * out, channels, c.kernel)) + type;
    std::string b = "tensor<" + std::to_string(groups * out) + "x" + type;
    std::string r =
        "tensor<?x" + std::to_string(groups * out) + "x" + results(c) + type;
    KernelUnderTest kernel(
        "attune.kernel @conv(%x: " + x + ", %w: " + w +
            (bias ? ", %b: " + b : "") + ") -> " + r +
            " {\n  %0 = attune.conv %x, %w" +
            (bias ? " bias(%b : " + b + ")" : "") + " {" + attributes(c) +
            ", groups = " + std::to_string(groups) + " : i64} : (" + x + ", " +
            w + ") -> " + r + "\n  attune.yield %0 : " + r + "\n}",
        GetParam());
    for (int64_t batch : {1, 0, 3}) {
      SmallVector<Tensor> inputs = {
          randomNumbers(element, join(batch, groups * channels, c.input), 1, -2,
                        2),
          randomNumbers(element, join(groups * out, channels, c.kernel), 2, -2,
                        2)};
      if (bias)
        inputs.push_back(randomNumbers(element, {groups * out}, 3));
      kernel.check(inputs, 2e-5, batch + 1);
    }
  }
};

TEST_P(ConvTest, Windows) {
  for (const WindowCase &c : kCases) {
    checkConv(c, "f32", 1, 3, 12, true);
    checkConv(c, "f32", 3, 2, 1, false);
  }
}

TEST_P(ConvTest, ElementTypes) {
  for (const char *element : {"f64", "i32", "i64", "i8", "ui8"})
    for (size_t i : {3, 7, 10})
      checkConv(kCases[i], element, 2, 2, 3, true);
}

TEST_P(ConvTest, PoolWindow) {
  for (const WindowCase &c : kCases)
    for (const char *element : {"f32", "f64", "i8", "ui8", "i64"})
      for (const char *kind : {"max", "mean", "sum"})
        for (const char *flags : {"", ", count_padding"}) {
          if (StringRef(kind) == "mean" ? *element != 'f' : *flags)
            continue;
          std::string x = "tensor<?x?x" + extents(c.input) + element + ">";
          std::string r = "tensor<?x?x" + results(c) + element + ">";
          KernelUnderTest kernel("attune.kernel @pool(%x: " + x + ") -> " + r +
                                     " {\n  %0 = attune.pool_window " + kind +
                                     " %x {" + attribute("kernel", c.kernel) +
                                     ", " + attributes(c) + flags + "} : " + x +
                                     " -> " + r + "\n  attune.yield %0 : " + r +
                                     "\n}",
                                 GetParam());
          kernel.check(randomNumbers(element, join(2, 3, c.input), 1), 1e-4, 2);
        }
}

INSTANTIATE_TEST_SUITE_P(Targets, ConvTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
