//===- ReduceTest.cpp - Reductions against the interpreter ----------------===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

const char *const kNumbers[] = {"f32", "f64", "i8",   "i16",  "i32",
                                "i64", "ui8", "ui16", "ui32", "ui64"};

std::string textOf(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (extent < 0 ? "?" : std::to_string(extent)) + "x";
  return text;
}

/// `dynamic` bits say which extents the kernel does not know.
SmallVector<int64_t> hide(ArrayRef<int64_t> shape, unsigned dynamic) {
  SmallVector<int64_t> result(shape);
  for (size_t i = 0; i < shape.size(); ++i)
    if (dynamic >> i & 1)
      result[i] = -1;
  return result;
}

SmallVector<int64_t> drop(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes,
                          bool keepDims) {
  SmallVector<int64_t> result;
  for (size_t i = 0; i < shape.size(); ++i)
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      result.push_back(shape[i]);
    else if (keepDims)
      result.push_back(1);
  return result;
}

std::string listText(ArrayRef<int64_t> values) {
  std::string text = "array<i64";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : ": ") + std::to_string(values[i]);
  return text + ">";
}

class ReduceTest : public testing::TestWithParam<std::string> {
protected:
  void checkReduce(StringRef kind, StringRef element, ArrayRef<int64_t> shape,
                   ArrayRef<int64_t> axes, unsigned dynamic, bool keepDims,
                   double tolerance, int threads = 1) {
    SmallVector<int64_t> known = hide(shape, dynamic);
    std::string from = "tensor<" + textOf(known) + element.str() + ">";
    std::string to =
        "tensor<" + textOf(drop(known, axes, keepDims)) + element.str() + ">";
    KernelUnderTest kernel(
        "attune.kernel @reduce(%x: " + from + ") -> " + to +
            " {\n  %0 = attune.reduce " + kind.str() +
            " %x {axes = " + listText(axes) + (keepDims ? ", keep_dims" : "") +
            "} : " + from + " -> " + to + "\n  attune.yield %0 : " + to + "\n}",
        GetParam());
    // Products of many numbers overflow soon.
    double limit = kind == "prod" ? 1.5 : 20;
    kernel.check(randomNumbers(element, shape, shape.size() + axes.size(),
                               -limit, limit),
                 tolerance, threads);
  }
};

TEST_P(ReduceTest, AxesAndShapes) {
  struct Case {
    SmallVector<int64_t> shape, axes;
  };
  const Case cases[] = {{{}, {}},
                        {{5}, {}},
                        {{5}, {0}},
                        {{1}, {0}},
                        {{1001}, {0}},
                        {{0}, {0}},
                        {{3, 0}, {1}},
                        {{0, 3}, {1}},
                        {{0, 70}, {0}},
                        {{7, 130}, {0}},
                        {{7, 130}, {1}},
                        {{7, 130}, {0, 1}},
                        {{300, 3}, {0}},
                        {{2, 3, 33}, {1}},
                        {{2, 3, 33}, {0, 2}},
                        {{2, 3, 4, 65}, {1, 2}},
                        {{2, 3, 4, 65}, {2, 3}},
                        {{2, 3, 4, 65}, {0, 3}},
                        {{2, 3, 4, 5, 6}, {0, 2, 4}},
                        {{2, 1, 2, 1, 3, 1, 2, 9}, {1, 2, 6}},
                        {{2, 1, 2, 1, 3, 1, 2, 9}, {0, 3, 5, 7}}};
  for (const Case &c : cases)
    for (const char *kind : {"sum", "mean", "max"})
      checkReduce(kind, "f32", c.shape, c.axes, kind[0] == 's' ? 0xAB : 0,
                  kind[1] == 'e', 1e-5, 2);
}

TEST_P(ReduceTest, ElementTypes) {
  for (const char *element : kNumbers)
    for (const char *kind : {"sum", "mean", "max", "min", "prod"}) {
      checkReduce(kind, element, {3, 5, 77}, {2}, 1, true, 1e-5);
      checkReduce(kind, element, {3, 5, 77}, {0, 1}, 5, false, 1e-5);
      checkReduce(kind, element, {2, 0, 3}, {1}, 2, false, 0);
    }
  for (const char *kind : {"max", "min"}) {
    checkReduce(kind, "i1", {3, 4, 5}, {1}, 0, true, 0);
    checkReduce(kind, "i1", {3, 4, 5}, {1, 2}, 7, false, 0);
  }
}

TEST_P(ReduceTest, NaNStays) {
  for (const char *kind : {"max", "min", "sum"})
    for (int64_t axis : {0, 1}) {
      std::string to = axis ? "tensor<3xf32>" : "tensor<41xf32>";
      KernelUnderTest kernel(
          "attune.kernel @reduce(%x: tensor<3x41xf32>) -> " + to +
              " {\n  %0 = attune.reduce " + kind + " %x {axes = array<i64: " +
              std::to_string(axis) + ">} : tensor<3x41xf32> -> " + to +
              "\n  attune.yield %0 : " + to + "\n}",
          GetParam());
      std::vector<double> values = randomValues(3 * 41, 1);
      values[5] = values[41 + 40] = std::numeric_limits<double>::quiet_NaN();
      values[7] = -std::numeric_limits<double>::infinity();
      kernel.check(Tensor::doubles({3, 41}, values), 1e-5);
    }
}

// Products, and a vector that is repeated, before the sum.
TEST_P(ReduceTest, Prologue) {
  for (const char *axis : {"0", "1", "2", "1, 2"}) {
    SmallVector<StringRef> axes;
    StringRef(axis).split(axes, ", ");
    std::string to = axes.size() == 2 ? "tensor<?x1x1xf32>"
                     : axes[0] == "0" ? "tensor<1x?x37xf32>"
                     : axes[0] == "1" ? "tensor<?x1x37xf32>"
                                      : "tensor<?x?x1xf32>";
    KernelUnderTest kernel(
        "attune.kernel @reduce(%x: tensor<?x?x37xf32>, %y: tensor<?x?x37xf32>, "
        "%b: tensor<37xf32>) -> " +
            to +
            " {\n"
            "  %0 = attune.add %x, %b : (tensor<?x?x37xf32>, tensor<37xf32>) "
            "-> tensor<?x?x37xf32>\n"
            "  %1 = attune.mul %0, %y : (tensor<?x?x37xf32>, "
            "tensor<?x?x37xf32>) -> tensor<?x?x37xf32>\n"
            "  %c = attune.constant dense<0.75> : tensor<f32>\n"
            "  %t = attune.tanh %1 : tensor<?x?x37xf32>\n"
            "  %2 = attune.mul %t, %c : (tensor<?x?x37xf32>, tensor<f32>) -> "
            "tensor<?x?x37xf32>\n"
            "  %3 = attune.reduce sum %2 {axes = array<i64: " +
            axis + ">, keep_dims} : tensor<?x?x37xf32> -> " + to +
            "\n  attune.yield %3 : " + to + "\n}",
        GetParam());
    for (auto [batch, length] : {std::pair(1, 1), {0, 3}, {2, 0}, {3, 7}})
      kernel.check({randomFloats({batch, length, 37}, 1),
                    randomFloats({batch, length, 37}, 2), randomFloats(37, 3)},
                   1e-5, 2);
  }
}

TEST_P(ReduceTest, ArgReduce) {
  for (const char *element : {"f32", "f64", "i8", "ui8", "i32", "i64", "ui64"})
    for (const char *kind : {"max", "min"})
      for (const char *flags : {"", ", select_last"})
        for (int64_t axis : {0, 1, 2}) {
          SmallVector<int64_t> shape = {3, 5, 70}, known = {-1, 5, -1};
          std::string from = "tensor<" + textOf(known) + element + ">";
          std::string to =
              "tensor<" + textOf(drop(known, axis, false)) + "i64>";
          KernelUnderTest kernel("attune.kernel @arg_reduce(%x: " + from +
                                     ") -> " + to +
                                     " {\n  %0 = attune.arg_reduce " + kind +
                                     " %x {axis = " + std::to_string(axis) +
                                     " : i64" + flags + "} : " + from + " -> " +
                                     to + "\n  attune.yield %0 : " + to + "\n}",
                                 GetParam());
          // Few different values, so that many are equal.
          Tensor input = randomNumbers(element, shape, axis, -2, 2);
          if (input.isFloat()) {
            std::vector<double> values = input.toDoubles();
            for (double &value : values)
              value = std::floor(value);
            values[9] = values[12] = values[700] =
                std::numeric_limits<double>::quiet_NaN();
            input = Tensor::doubles(shape, values);
          }
          kernel.check(input, 0, 2);
          kernel.check(randomNumbers(element, {2, 5, 1}, 4), 0);
        }
}

TEST_P(ReduceTest, Cumulate) {
  for (const char *element : kNumbers)
    for (const char *kind : {"sum", "prod"})
      for (const char *flags :
           {"", ", exclusive", ", reverse", ", exclusive, reverse"})
        for (int64_t axis : {0, 2}) {
          std::string type = "tensor<?x3x?x" + std::string(element) + ">";
          KernelUnderTest kernel(
              "attune.kernel @cumulate(%x: " + type + ") -> " + type +
                  " {\n  %0 = attune.cumulate " + kind +
                  " %x {axis = " + std::to_string(axis) + " : i64" + flags +
                  "} : " + type + "\n  attune.yield %0 : " + type + "\n}",
              GetParam());
          kernel.check(randomNumbers(element, {4, 3, 39}, axis, -3, 3), 1e-5);
          kernel.check(randomNumbers(element, {2, 3, 0}, axis), 0);
        }
}

TEST_P(ReduceTest, TopK) {
  for (const char *element : {"f32", "f64", "i8", "ui8", "i64", "ui64"})
    for (const char *flags : {"", ", smallest"})
      for (int64_t k : {0, 1, 2, 5, 23})
        for (int64_t axis : {1, 2}) {
          SmallVector<int64_t> known = {-1, 23, -1}, to = known;
          to[axis] = k;
          std::string from = "tensor<" + textOf(known) + element + ">";
          std::string values = "tensor<" + textOf(to) + element + ">";
          std::string indices = "tensor<" + textOf(to) + "i64>";
          KernelUnderTest kernel(
              "attune.kernel @top_k(%x: " + from + ") -> (" + values + ", " +
                  indices + ") {\n  %0, %1 = attune.top_k %x {axis = " +
                  std::to_string(axis) + " : i64, k = " + std::to_string(k) +
                  " : i64" + flags + "} : " + from + " -> " + values + ", " +
                  indices + "\n  attune.yield %0, %1 : " + values + ", " +
                  indices + "\n}",
              GetParam());
          Tensor input = randomNumbers(element, {2, 23, 24}, k, -5, 5);
          if (input.isFloat()) {
            std::vector<double> numbers = input.toDoubles();
            for (double &number : numbers)
              number = std::floor(number);
            numbers[3] = numbers[100] =
                std::numeric_limits<double>::quiet_NaN();
            input = Tensor::doubles({2, 23, 24}, numbers);
          }
          kernel.check(input, 0, 2);
        }
}

INSTANTIATE_TEST_SUITE_P(Targets, ReduceTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
