//===- ElementTest.cpp - Kernels of elementwise and indexed ops -----------===//
//
// Every op on many element types and shapes against the interpreter.
//
//===----------------------------------------------------------------------===//
#include "KernelTestSupport.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr llvm::StringLiteral kIntegers[] = {"i8",  "i16",  "i32",  "i64",
                                             "ui8", "ui16", "ui32", "ui64"};
constexpr llvm::StringLiteral kFloats[] = {"f32", "f64"};

double toleranceOf(llvm::StringRef element) {
  return element == "f64" ? 1e-13 : 2e-6;
}

/// Random numbers that the type has.
Tensor numbersOf(llvm::StringRef element, llvm::ArrayRef<int64_t> shape,
                 uint64_t seed, double low = -20, double high = 20) {
  Tensor numbers = randomNumbers(element, shape, seed, low, high);
  return element == "f32" ? numbers.castFloat(ElementType::F32) : numbers;
}

/// "tensor<?x3xf32>" from "?x3" and "f32"; "" is a scalar.
std::string tensor(llvm::StringRef shape, llvm::StringRef element) {
  return ("tensor<" + shape + (shape.empty() ? "" : "x") + element + ">").str();
}

/// The largest and least numbers of a type and some around zero.
Tensor edgeNumbers(llvm::StringRef element) {
  if (element.starts_with("f"))
    return Tensor::doubles({10}, {0.0, -0.0, 1.0, -1.0, kNaN, kInfinity,
                                  -kInfinity, 2.5, -3.5, 1e-3});
  bool isUnsigned = element.consume_front("u");
  unsigned width = 0;
  element.drop_front().getAsInteger(10, width);
  int64_t high =
      isUnsigned ? static_cast<int64_t>(llvm::maskTrailingOnes<uint64_t>(width))
                 : llvm::maxIntN(width);
  int64_t low = isUnsigned ? 0 : llvm::minIntN(width);
  int64_t minusOne = isUnsigned ? high : -1;
  return Tensor::integers({10}, {0, 1, minusOne, low, high, low + 1, high - 1,
                                 2, 7, isUnsigned ? 100 : -7});
}

/// Each number against each other, along two dimensions.
std::pair<Tensor, Tensor> allPairs(const Tensor &numbers) {
  int64_t n = numbers.getNumElements();
  return {numbers.reshape({n, 1}), numbers.reshape({1, n})};
}

class ElementTest : public testing::TestWithParam<std::string> {
protected:
  /// A kernel of one op: `op` as it stands behind the equals sign.
  std::unique_ptr<KernelUnderTest> make(llvm::ArrayRef<std::string> arguments,
                                        llvm::StringRef op,
                                        llvm::StringRef result) {
    return makeOf(arguments, ("  %0 = " + op + "\n").str(), "%0", result);
  }
  std::unique_ptr<KernelUnderTest> makeOf(llvm::ArrayRef<std::string> arguments,
                                          llvm::StringRef body,
                                          llvm::StringRef yielded,
                                          llvm::StringRef result) {
    std::string text = "attune.kernel @k(";
    for (auto [i, type] : llvm::enumerate(arguments))
      text += (i ? ", %" : "%") + std::string(1, char('a' + i)) + ": " + type;
    text += (") -> " + result + " {\n" + body + "  attune.yield " + yielded +
             " : " + result + "\n}")
                .str();
    return std::make_unique<KernelUnderTest>(text, GetParam());
  }

  void checkBinary(llvm::StringRef op, llvm::StringRef element,
                   llvm::StringRef result, double low = -20, double high = 20) {
    SCOPED_TRACE((op + " of " + element).str());
    auto kernel =
        make({tensor("?x?", element), tensor("?x?", element)},
             (op + " %a, %b : (" + tensor("?x?", element) + ", " +
              tensor("?x?", element) + ") -> " + tensor("?x?", result))
                 .str(),
             tensor("?x?", result));
    for (auto shape :
         {std::array<int64_t, 2>{3, 17}, {1, 1}, {0, 4}, {5, 0}, {2, 100}})
      kernel->check({numbersOf(element, shape, 1, low, high),
                     numbersOf(element, shape, 2, low, high)},
                    toleranceOf(element));
    auto repeated =
        make({tensor("?x1", element), tensor("1x?", element)},
             (op + " %a, %b : (" + tensor("?x1", element) + ", " +
              tensor("1x?", element) + ") -> " + tensor("?x?", result))
                 .str(),
             tensor("?x?", result));
    if (element != "i1") {
      auto [column, row] = allPairs(edgeNumbers(element));
      repeated->check({column, row}, toleranceOf(element));
    }
    auto scalar = make({tensor("", element), tensor("", element)},
                       (op + " %a, %b : (" + tensor("", element) + ", " +
                        tensor("", element) + ") -> " + tensor("", result))
                           .str(),
                       tensor("", result));
    scalar->check({numbersOf(element, {}, 3, low, high),
                   numbersOf(element, {}, 4, low, high)},
                  toleranceOf(element));
  }

  void checkUnary(llvm::StringRef kind, llvm::StringRef element,
                  llvm::StringRef result, double low, double high) {
    SCOPED_TRACE((kind + " of " + element).str());
    for (llvm::StringRef shape : {"?x?", ""}) {
      auto kernel =
          make({tensor(shape, element)},
               ("attune.unary " + kind + " %a : " + tensor(shape, element) +
                " -> " + tensor(shape, result))
                   .str(),
               tensor(shape, result));
      if (shape.empty()) {
        kernel->check({numbersOf(element, {}, 1, low, high)},
                      toleranceOf(element));
        continue;
      }
      for (auto extents : {std::array<int64_t, 2>{3, 17}, {0, 4}, {2, 0}})
        kernel->check({numbersOf(element, extents, 5, low, high)},
                      toleranceOf(element));
      if (element != "i1")
        kernel->check({edgeNumbers(element).reshape({2, 5})},
                      toleranceOf(element));
    }
  }
};

TEST_P(ElementTest, Sums) {
  for (llvm::StringRef op : {"attune.add", "attune.mul"}) {
    for (llvm::StringRef element : kFloats)
      checkBinary(op, element, element);
    for (llvm::StringRef element : kIntegers)
      checkBinary(op, element, element);
    checkBinary(op, "i1", "i1");
  }
}

TEST_P(ElementTest, BinaryOfFloats) {
  for (llvm::StringRef element : kFloats) {
    for (llvm::StringRef kind : {"sub", "div", "min", "max", "mod", "fmod"})
      checkBinary(("attune.binary " + kind).str(), element, element);
    checkBinary("attune.binary pow", element, element, 0.1, 4);
  }
}

TEST_P(ElementTest, BinaryOfIntegers) {
  for (llvm::StringRef element : kIntegers)
    for (llvm::StringRef kind :
         {"sub", "div", "min", "max", "mod", "fmod", "pow", "bitwise_and",
          "bitwise_or", "bitwise_xor"})
      checkBinary(("attune.binary " + kind).str(), element, element);
  for (llvm::StringRef element : {"ui8", "ui16", "ui32", "ui64"})
    for (llvm::StringRef kind : {"shift_left", "shift_right"})
      checkBinary(("attune.binary " + kind).str(), element, element, 0, 70);
  for (llvm::StringRef kind :
       {"and", "or", "xor", "bitwise_and", "bitwise_or", "bitwise_xor"})
    checkBinary(("attune.binary " + kind).str(), "i1", "i1");
}

TEST_P(ElementTest, Compare) {
  for (llvm::StringRef kind : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    std::string op = ("attune.compare " + kind).str();
    for (llvm::StringRef element :
         {"f32", "f64", "i8", "ui8", "i32", "i64", "ui64", "i1"})
      checkBinary(op, element, "i1", -3, 3);
  }
}

TEST_P(ElementTest, UnaryOfFloats) {
  for (llvm::StringRef element : kFloats) {
    for (llvm::StringRef kind :
         {"neg", "abs", "sign", "reciprocal", "exp", "erf", "sigmoid", "sin",
          "cos", "atan", "asinh", "ceil", "floor", "round_even"})
      checkUnary(kind, element, element, -9.5, 9.5);
    for (llvm::StringRef kind : {"sinh", "cosh", "tan"})
      checkUnary(kind, element, element, -1.2, 1.2);
    for (llvm::StringRef kind : {"asin", "acos", "atanh"})
      checkUnary(kind, element, element, -0.9, 0.9);
    for (llvm::StringRef kind : {"log", "sqrt", "acosh"})
      checkUnary(kind, element, element, 1.1, 30);
    for (llvm::StringRef kind :
         {"is_nan", "is_inf", "is_positive_inf", "is_negative_inf"})
      checkUnary(kind, element, "i1", -1, 1);
  }
}

TEST_P(ElementTest, UnaryOfIntegers) {
  for (llvm::StringRef element : kIntegers)
    for (llvm::StringRef kind : {"neg", "abs", "sign", "bitwise_not"})
      checkUnary(kind, element, element, -20, 20);
  for (llvm::StringRef kind : {"logical_not", "bitwise_not"})
    checkUnary(kind, "i1", "i1", 0, 1);
}

TEST_P(ElementTest, Where) {
  for (llvm::StringRef element : {"f32", "f64", "i8", "ui16", "i64", "i1"}) {
    auto kernel =
        make({tensor("?x1x1x?", "i1"), tensor("?x2x?x?", element),
              tensor("", element)},
             ("attune.where %a, %b, %c : (" + tensor("?x1x1x?", "i1") + ", " +
              tensor("?x2x?x?", element) + ", " + tensor("", element) +
              ") -> " + tensor("?x2x?x?", element)),
             tensor("?x2x?x?", element));
    for (auto shape : {std::array<int64_t, 4>{2, 2, 3, 9},
                       {1, 2, 1, 1},
                       {0, 2, 3, 3},
                       {2, 2, 3, 0}})
      kernel->check({numbersOf("i1", {shape[0], 1, 1, shape[3]}, 1),
                     numbersOf(element, shape, 2), numbersOf(element, {}, 3)},
                    0, 2);
  }
}

TEST_P(ElementTest, Casts) {
  llvm::SmallVector<llvm::StringRef> all{"f32", "f64", "i1"};
  all.append(std::begin(kIntegers), std::end(kIntegers));
  Tensor huge = Tensor::doubles({10}, {1e30, -1e30, 3e9, -3e9, 255.9, -0.9,
                                       127.5, kNaN, kInfinity, 2e19});
  for (llvm::StringRef from : all)
    for (llvm::StringRef to : all)
      for (bool saturate : {false, true}) {
        if (saturate && to.starts_with("f"))
          continue;
        SCOPED_TRACE((from + " to " + to).str());
        auto kernel = make({tensor("?", from)},
                           ("attune.cast %a " +
                            std::string(saturate ? "{saturate} : " : ": ") +
                            tensor("?", from) + " -> " + tensor("?", to)),
                           tensor("?", to));
        kernel->check({numbersOf(from, {37}, 7, -200, 200)}, 1e-6);
        kernel->check({numbersOf(from, {0}, 7)}, 1e-6);
        if (from != "i1")
          kernel->check({edgeNumbers(from)}, 1e-6);
        if (from.starts_with("f"))
          kernel->check(
              {from == "f32" ? huge.castFloat(ElementType::F32) : huge}, 1e-6);
      }
}

/// Halves and ties between them, from f32 and f64, come out exactly.
TEST_P(ElementTest, CastsToHalf) {
  std::vector<double> values = {0.0,     -0.0, 1.0,  65504.0,   65519.0,
                                65520.0, 1e9,  -1e9, kInfinity, kNaN,
                                1e-8,    6e-8, 3e-8};
  for (int exponent : {-30, -20, -14, -3, 0, 5, 14})
    for (int i = 0; i < 40; ++i) {
      double step = std::ldexp(1.0, exponent);
      // Ties of f16 (11 bits) and bf16 (8 bits), and what lies just beside:
      // closer than f32 can tell for f64.
      for (double bits : {0x1p-11, 0x1p-8})
        for (double nudge : {0.0, 0x1p-40, -0x1p-40, 0x1p-22})
          values.push_back(step * (1 + i * bits + nudge));
    }
  int64_t count = values.size();
  Tensor numbers = Tensor::doubles({count}, values);
  for (llvm::StringRef half : {"f16", "bf16"})
    for (llvm::StringRef from : kFloats) {
      std::string in = tensor("?", from), mid = tensor("?", half);
      auto kernel = makeOf({in},
                           "  %0 = attune.cast %a : " + in + " -> " + mid +
                               "\n  %1 = attune.cast %0 : " + mid + " -> " +
                               tensor("?", "f64") + "\n",
                           "%1", tensor("?", "f64"));
      SCOPED_TRACE((from + " to " + half).str());
      kernel->check(
          {from == "f32" ? numbers.castFloat(ElementType::F32) : numbers}, 0);
    }
}

TEST_P(ElementTest, Broadcasts) {
  // Several ops, each repeated another way, in one kernel.
  for (llvm::StringRef element : {"f32", "i32"}) {
    std::string a = tensor("?x1x?", element), b = tensor("3x1", element),
                c = tensor("1", element), r = tensor("?x3x?", element);
    auto kernel =
        makeOf({a, b, c},
               "  %0 = attune.binary sub %b, %c : (" + b + ", " + c + ") -> " +
                   b + "\n  %1 = attune.mul %a, %0 : (" + a + ", " + b +
                   ") -> " + r + "\n  %2 = attune.add %1, %1 : (" + r + ", " +
                   r + ") -> " + r + "\n",
               "%2", r);
    for (auto shape :
         {std::array<int64_t, 3>{2, 1, 33}, {1, 1, 1}, {0, 1, 3}, {2, 1, 0}})
      kernel->check({numbersOf(element, shape, 1),
                     numbersOf(element, {3, 1}, 2), numbersOf(element, {1}, 3)},
                    1e-5, 3);
  }
}

TEST_P(ElementTest, Constants) {
  make({}, "attune.constant dense<[1, -2, 3]> : tensor<3xi64>", "tensor<3xi64>")
      ->check({}, 0);
  make({}, "attune.constant dense<[true, false, true]> : tensor<3xi1>",
       "tensor<3xi1>")
      ->check({}, 0);
  make({}, "attune.constant dense<[250, 3]> : tensor<2xui8>", "tensor<2xui8>")
      ->check({}, 0);
  make({}, "attune.constant dense<2.5> : tensor<2x3xf32>", "tensor<2x3xf32>")
      ->check({}, 0);
  make({}, "attune.constant dense<7> : tensor<i32>", "tensor<i32>")
      ->check({}, 0);
  make({}, "attune.constant dense<[[1.0, 2.0], [3.0, 4.5]]> : tensor<2x2xf64>",
       "tensor<2x2xf64>")
      ->check({}, 0);
  make({}, "attune.constant dense<> : tensor<0xf32>", "tensor<0xf32>")
      ->check({}, 0);
  make({}, "attune.extents <\"3\", \"12\"> : tensor<2xi64>", "tensor<2xi64>")
      ->check({}, 0);
  // As an operand that is the same everywhere: vector code.
  makeOf({"tensor<?x9xf32>"},
         "  %0 = attune.constant dense<0.25> : tensor<f32>\n"
         "  %1 = attune.binary max %a, %0 : (tensor<?x9xf32>, tensor<f32>) -> "
         "tensor<?x9xf32>\n"
         "  %2 = attune.binary pow %1, %0 : (tensor<?x9xf32>, tensor<f32>) -> "
         "tensor<?x9xf32>\n",
         "%2", "tensor<?x9xf32>")
      ->check({randomFloats({4, 9}, 1)}, 1e-6);
}

TEST_P(ElementTest, VectorComparison) {
  makeOf({"tensor<?x?xf32>", "tensor<?x?xf32>"},
         "  %0 = attune.compare lt %a, %b : (tensor<?x?xf32>, tensor<?x?xf32>) "
         "-> tensor<?x?xi1>\n"
         "  %1 = attune.unary logical_not %0 : tensor<?x?xi1> -> "
         "tensor<?x?xi1>\n"
         "  %2 = attune.where %1, %a, %b : (tensor<?x?xi1>, tensor<?x?xf32>, "
         "tensor<?x?xf32>) -> tensor<?x?xf32>\n",
         "%2", "tensor<?x?xf32>")
      ->check({randomFloats({3, 21}, 1), randomFloats({3, 21}, 2)}, 0);
}

TEST_P(ElementTest, Iota) {
  for (llvm::StringRef element : kIntegers) {
    auto kernel =
        make({},
             ("attune.iota <\"n\"> {start = 3 : " + element +
              ", step = 2 : " + element + "} : " + tensor("?", element))
                 .str(),
             tensor("?", element));
    for (int64_t n : {0, 1, 200}) {
      kernel->symbols["n"] = n;
      kernel->check({}, 0);
    }
  }
  for (llvm::StringRef element : kFloats)
    make({},
         ("attune.iota <\"31\"> {start = 0.5 : " + element +
          ", step = -0.1 : " + element + "} : " + tensor("31", element))
             .str(),
         tensor("31", element))
        ->check({}, 1e-7);
}

TEST_P(ElementTest, Expand) {
  for (llvm::StringRef element : {"f32", "i64", "i1", "ui8"}) {
    auto kernel =
        make({tensor("?x1x?", element)},
             ("attune.expand %a, <\"n\", \"b\", \"4\", "
              "\"m\"> : " +
              tensor("?x1x?", element) + " -> " + tensor("?x?x4x?", element)),
             tensor("?x?x4x?", element));
    for (auto [n, b, m] : {std::tuple<int64_t, int64_t, int64_t>{2, 3, 5},
                           {1, 1, 1},
                           {0, 2, 3},
                           {2, 2, 0}}) {
      kernel->symbols["n"] = n;
      kernel->symbols["b"] = b;
      kernel->symbols["m"] = m;
      kernel->check({numbersOf(element, {b, 1, m}, 1)}, 0, 2);
    }
  }
}

TEST_P(ElementTest, Concat) {
  for (llvm::StringRef element : {"f32", "i64", "i1", "f64"})
    for (int64_t axis : {0, 1, 2}) {
      std::string type = tensor("?x?x?", element);
      auto kernel = make(
          {type, type, type},
          "attune.concat %a, %b, %c {axis = " + std::to_string(axis) +
              " : i64} : (" + type + ", " + type + ", " + type + ") -> " + type,
          type);
      for (int64_t middle : {0, 1, 7}) {
        llvm::SmallVector<Tensor> inputs;
        for (int64_t extent : {int64_t(3), middle, int64_t(2)}) {
          std::array<int64_t, 3> shape = {2, 3, 5};
          shape[axis] = extent;
          inputs.push_back(numbersOf(element, shape, extent + 1));
        }
        kernel->check(inputs, 0, 2);
      }
    }
}

TEST_P(ElementTest, Extract) {
  std::string type = tensor("?x9x?", "f32");
  auto kernel = make({type},
                     "attune.extract %a from <\"0\", \"8\", "
                     "\"1\"> sizes <\"n\", \"4\", \"2*m\"> {steps "
                     "= array<i64: 1, -2, 3>} : " +
                         type + " -> " + tensor("?x4x?", "f32"),
                     tensor("?x4x?", "f32"));
  for (auto [n, m] : {std::pair<int64_t, int64_t>{2, 3}, {0, 1}, {1, 0}}) {
    kernel->symbols["n"] = n;
    kernel->symbols["m"] = m;
    kernel->check({randomFloats({n, 9, 6 * m + 2}, 1)}, 0);
  }
  // Offsets that come at run time.
  auto moved = make({"tensor<?x?xi64>", "tensor<2xi64>"},
                    "attune.extract %a from <\"0\", \"n - 1\"> at(%b : "
                    "tensor<2xi64>) sizes <\"2\", \"n\"> {steps = "
                    "array<i64: 1, -1>} : tensor<?x?xi64> -> tensor<2x?xi64>",
                    "tensor<2x?xi64>");
  for (int64_t n : {1, 5, 30}) {
    moved->symbols["n"] = n;
    moved->check({randomIds({2, n}, 1, 100), Tensor::integers({2}, {0, n - 1})},
                 0);
  }
}

TEST_P(ElementTest, Pad) {
  for (llvm::StringRef mode : {"constant", "reflect", "edge", "wrap"})
    for (llvm::StringRef element : {"f32", "i32", "i1"}) {
      SCOPED_TRACE((mode + " " + element).str());
      std::string type = tensor("?x?", element);
      std::string value =
          mode == "constant" ? " value(%b : " + tensor("", element) + ")" : "";
      llvm::SmallVector<std::string> arguments{type};
      if (!value.empty())
        arguments.push_back(tensor("", element));
      auto kernel = make(arguments,
                         ("attune.pad " + mode + " %a" + value +
                          " {low = array<i64: 2, -1>, high = array<i64: 0, 4>} "
                          ": " +
                          type + " -> " + type)
                             .str(),
                         type);
      for (auto shape :
           {std::array<int64_t, 2>{3, 9}, {1, 2}, {0, 5}, {4, 1}}) {
        llvm::SmallVector<Tensor> inputs{numbersOf(element, shape, 1)};
        if (!value.empty())
          inputs.push_back(numbersOf(element, {}, 9));
        kernel->check(inputs, 0);
      }
    }
}

TEST_P(ElementTest, Gather) {
  for (llvm::StringRef element : {"f32", "i64", "ui8", "i1"})
    for (int64_t axis : {0, 1, 2}) {
      std::string input = tensor("?x?x?", element),
                  result = tensor("?x?x?x?", element);
      auto kernel =
          make({input, "tensor<?x?xi64>"},
               "attune.gather %a, %b {axis = " + std::to_string(axis) +
                   " : i64} : (" + input + ", tensor<?x?xi64>) -> " + result,
               result);
      // From the end, and beyond both.
      Tensor indices = Tensor::integers({2, 3}, {0, -1, 2, -3, 100, -100});
      kernel->check({numbersOf(element, {3, 4, 5}, 1), indices}, 0, 2);
      kernel->check(
          {numbersOf(element, {3, 1, 3}, 1), Tensor::integers({0, 2}, {})}, 0);
      std::array<int64_t, 3> empty = {2, 2, 2};
      empty[axis] = 0;
      kernel->check({numbersOf(element, empty, 1), indices}, 0);
    }
  auto scalar =
      make({"tensor<7x3xf32>", "tensor<i64>"},
           "attune.gather %a, %b {axis = 0 : i64} : (tensor<7x3xf32>, "
           "tensor<i64>) -> tensor<3xf32>",
           "tensor<3xf32>");
  scalar->check({randomFloats({7, 3}, 1), Tensor::integers({}, {-2})}, 0);
}

TEST_P(ElementTest, GatherElements) {
  for (int64_t axis : {0, 1}) {
    auto kernel =
        make({"tensor<?x?xf32>", "tensor<?x?xi64>"},
             "attune.gather_elements %a, %b {axis = " + std::to_string(axis) +
                 " : i64} : (tensor<?x?xf32>, tensor<?x?xi64>) -> "
                 "tensor<?x?xf32>",
             "tensor<?x?xf32>");
    kernel->check({randomFloats({3, 4}, 1),
                   Tensor::integers({2, 4}, {0, -1, 2, 9, -9, 1, 1, 0})},
                  0);
    kernel->check({randomFloats({3, 4}, 1), Tensor::integers({0, 4}, {})}, 0);
  }
}

TEST_P(ElementTest, GatherND) {
  auto kernel = make({"tensor<?x?x?xf32>", "tensor<?x2xi64>"},
                     "attune.gather_nd %a, %b {batch_dims = 0 : i64} : "
                     "(tensor<?x?x?xf32>, tensor<?x2xi64>) -> tensor<?x?xf32>",
                     "tensor<?x?xf32>");
  kernel->check({randomFloats({3, 4, 5}, 1),
                 Tensor::integers({3, 2}, {0, 0, -1, 3, 8, -8})},
                0);
  kernel->check({randomFloats({0, 4, 5}, 1), Tensor::integers({1, 2}, {0, 0})},
                0);
  auto batched =
      make({"tensor<?x?x?xi32>", "tensor<?x?x1xi64>"},
           "attune.gather_nd %a, %b {batch_dims = 1 : i64} : "
           "(tensor<?x?x?xi32>, tensor<?x?x1xi64>) -> tensor<?x?x?xi32>",
           "tensor<?x?x?xi32>");
  batched->check({numbersOf("i32", {2, 4, 5}, 1),
                  Tensor::integers({2, 3, 1}, {0, 1, -1, 3, 2, 7})},
                 0, 2);
}

TEST_P(ElementTest, Rotary) {
  for (llvm::StringRef interleaved : {"", ", interleaved"})
    for (int64_t half : {8, 5})
      for (bool isShared : {true, false}) {
        std::string table = tensor(
            (llvm::Twine(isShared ? "1" : "?") + "x?x" + llvm::Twine(half))
                .str(),
            "f32");
        auto kernel =
            make({"tensor<?x?x48xf32>", table, table},
                 ("attune.rotary %a, %b, %c {heads = 3 : i64" + interleaved +
                  "} : tensor<?x?x48xf32>, " + table + ", " + table)
                     .str(),
                 "tensor<?x?x48xf32>");
        for (auto [batch, length] :
             {std::pair<int64_t, int64_t>{2, 3}, {1, 1}, {0, 2}})
          kernel->check({randomFloats({batch, length, 48}, 1),
                         randomFloats({isShared ? 1 : batch, length, half}, 2),
                         randomFloats({isShared ? 1 : batch, length, half}, 3)},
                        1e-6, 2);
      }
}

TEST_P(ElementTest, Transpose) {
  for (llvm::StringRef element : {"f32", "f64", "i64", "ui8", "i1", "i16"}) {
    std::string type = tensor("?x?x?", element);
    for (llvm::StringRef permutation : {"2, 0, 1", "1, 0, 2", "0, 1, 2"}) {
      auto kernel =
          make({type},
               ("attune.transpose %a {permutation = array<i64: " + permutation +
                ">} : " + type + " -> " + type)
                   .str(),
               type);
      for (auto shape :
           {std::array<int64_t, 3>{2, 3, 17}, {1, 1, 1}, {0, 2, 3}, {4, 3, 0}})
        kernel->check({numbersOf(element, shape, 1)}, 0, 2);
    }
    make({tensor("", element)},
         ("attune.transpose %a {permutation = array<i64>} : " +
          tensor("", element) + " -> " + tensor("", element)),
         tensor("", element))
        ->check({numbersOf(element, {}, 1)}, 0);
  }
}

TEST_P(ElementTest, HighRank) {
  std::string type = tensor("2x?x1x2x?x2x1x3", "i32");
  make({type, type},
       "attune.binary max %a, %b : (" + type + ", " + type + ") -> " + type,
       type)
      ->check({numbersOf("i32", {2, 3, 1, 2, 2, 2, 1, 3}, 1),
               numbersOf("i32", {2, 3, 1, 2, 2, 2, 1, 3}, 2)},
              0, 2);
}

/// A causal mask from nothing but extents, as decoders have it.
TEST_P(ElementTest, FusedMask) {
  auto kernel = makeOf(
      {"tensor<?x2x?x?xf32>", "tensor<?x?xi64>"},
      "  %0 = attune.iota <\"n\"> {start = 0 : i64, step = 1 : "
      "i64} : tensor<?xi64>\n"
      "  %1 = attune.expand %0, <\"n\", \"n\"> : tensor<?xi64> -> "
      "tensor<?x?xi64>\n"
      "  %2 = attune.compare le %1, %b : (tensor<?x?xi64>, tensor<?x?xi64>) -> "
      "tensor<?x?xi1>\n"
      "  %3 = attune.constant dense<-1.0e9> : tensor<f32>\n"
      "  %4 = attune.where %2, %a, %3 : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, "
      "tensor<f32>) -> tensor<?x2x?x?xf32>\n",
      "%4", "tensor<?x2x?x?xf32>");
  for (int64_t n : {1, 3, 20}) {
    kernel->symbols["n"] = n;
    kernel->check({randomFloats({2, 2, n, n}, 1), randomIds({n, n}, 2, n)}, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, ElementTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
