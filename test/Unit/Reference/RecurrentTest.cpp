//===- RecurrentTest.cpp - State carried along a sequence -----------------===//
#include "TestSupport.h"

using namespace attune;

namespace {

/// ((i * factor) mod 17 - 8) / 8 for each position i.
Tensor pattern(llvm::ArrayRef<int64_t> shape, int64_t factor) {
  std::vector<double> values;
  for (int64_t i = 0, e = *countElements(shape); i < e; ++i)
    values.push_back(static_cast<double>((i * factor) % 17 - 8) / 8);
  return Tensor::doubles(shape, values);
}

/// The second half of the pattern of the bias: ONNX has both in one tensor.
Tensor secondBias(int64_t count) {
  return Tensor::doubles({count},
                         pattern({2 * count}, 11).toDoubles(count, count));
}

llvm::SmallVector<Tensor> evaluateAll(llvm::StringRef text,
                                      llvm::ArrayRef<Tensor> inputs) {
  InterpreterOptions options;
  options.keepDouble = true;
  return Program(text).run(inputs, options);
}

std::string functionOf(llvm::StringRef op, int64_t gates,
                       llvm::StringRef arguments, llvm::StringRef operands,
                       llvm::StringRef attributes, bool hasCell = false) {
  std::string columns = std::to_string(2 * gates);
  std::string input = "tensor<?x?x" + columns + "xf64>";
  std::string weight = "tensor<" + columns + "x2xf64>";
  std::string types = std::string("(tensor<?x?x2xf64>, tensor<?x2xf64>") +
                      (hasCell ? ", tensor<?x2xf64>)" : ")");
  std::string values = hasCell ? "%0, %1, %2" : "%0, %1";
  return "func.func @f(%x: " + input + ", %r: " + weight + arguments.str() +
         ") -> " + types + " {\n  " + values + " = attune." + op.str() +
         " %x, %r" + operands.str() + " {" + attributes.str() + "} : (" +
         input + ", " + weight + ") -> " + types + "\n  return " + values +
         " : " + llvm::StringRef(types).drop_front().drop_back().str() + "\n}";
}

constexpr llvm::StringLiteral kGruAttributes =
    "activations = [#attune.gate<sigmoid>, #attune.gate<tanh>]";

} // namespace

// Expected values are those of the reference implementation in the Python
// package onnx; inputs are the projections that it computes.
TEST(ReferenceRecurrent, Gru) {
  Tensor input = Tensor::doubles(
      {3, 2, 6}, {0.234375,  -0.421875, 0.25,      0.921875, 0.265625, -1.1875,
                  -0.796875, 0.421875,  -0.21875,  0.734375, 0.359375, -0.8125,
                  -1.828125, 1.265625,  -0.6875,   0.546875, 0.453125, -0.4375,
                  0.0625,    -0.28125,  0.171875,  0.890625, 0.28125,  -1.125,
                  -0.96875,  0.5625,    -0.296875, 0.703125, 0.375,    -0.75,
                  -2.0,      1.40625,   -0.765625, 0.515625, 0.46875,  -0.375});
  llvm::SmallVector<Tensor> inputs = {input, pattern({6, 2}, 7), secondBias(6),
                                      pattern({2, 2}, 13)};
  llvm::StringRef arguments = ", %b: tensor<6xf64>, %h: tensor<?x2xf64>";
  llvm::StringRef operands =
      " bias(%b : tensor<6xf64>) initial(%h : tensor<?x2xf64>)";
  auto results = evaluateAll(
      functionOf("gru", 3, arguments, operands, kGruAttributes), inputs);
  expectValues(results[0], {3, 2, 2},
               {-0.8194882610947904, -0.6171474264612344, 0.1605677480602301,
                -0.5427285965016013, -0.23858374250123823, -0.6620152018896625,
                0.12523587706854886, -0.7283499873890988, -0.05528430036183464,
                -0.7346863163250696, 0.1916335293090902, -0.7415789628248155});
  expectValues(results[1], {2, 2},
               {-0.05528430036183464, -0.7346863163250696, 0.1916335293090902,
                -0.7415789628248155});
  results =
      evaluateAll(functionOf("gru", 3, arguments, operands,
                             kGruAttributes.str() + ", linear_before_reset"),
                  inputs);
  expectValues(results[1], {2, 2},
               {0.036862672418515416, -0.6166114897141042, 0.28263259131837104,
                -0.722972386048643});
}

TEST(ReferenceRecurrent, LstmWithPeepholes) {
  Tensor input = Tensor::doubles(
      {3, 2, 8},
      {0.234375,  -0.421875, 0.25,      0.921875, 0.265625, -1.1875,  0.28125,
       0.953125,  -0.796875, 0.421875,  -0.21875, 0.734375, 0.359375, -0.8125,
       0.9375,    0.296875,  -1.828125, 1.265625, -0.6875,  0.546875, 0.453125,
       -0.4375,   1.59375,   -0.359375, 0.0625,   -0.28125, 0.171875, 0.890625,
       0.28125,   -1.125,    0.390625,  0.84375,  -0.96875, 0.5625,   -0.296875,
       0.703125,  0.375,     -0.75,     1.046875, 0.1875,   -2.0,     1.40625,
       -0.765625, 0.515625,  0.46875,   -0.375,   1.703125, -0.46875});
  auto results = evaluateAll(
      functionOf("lstm", 4,
                 ", %b: tensor<8xf64>, %h: tensor<?x2xf64>, %c: "
                 "tensor<?x2xf64>, %p: tensor<6xf64>",
                 " bias(%b : tensor<8xf64>) initial(%h : tensor<?x2xf64>) "
                 "cell(%c : tensor<?x2xf64>) peephole(%p : tensor<6xf64>)",
                 "activations = [#attune.gate<sigmoid>, #attune.gate<tanh>, "
                 "#attune.gate<tanh>]",
                 /*hasCell=*/true),
      {input, pattern({8, 2}, 7), secondBias(8), pattern({2, 2}, 13),
       pattern({2, 2}, 6), pattern({6}, 9)});
  expectValues(results[0], {3, 2, 2},
               {-0.6446396044951254, 0.02750881622315889, 0.14837507639499126,
                0.19260814767802908, -0.5439074879576439, -0.0890361442637739,
                0.061003466954078774, 0.3556997241745749, -0.6716450570687491,
                0.09478426637404005, 0.03105386159417003, 0.07984013348900067});
  expectValues(results[2], {2, 2},
               {-1.60754911663768, 0.199547057196174, 0.1317979528567564,
                0.15217749820283816});
}

TEST(ReferenceRecurrent, Rnn) {
  Tensor input = Tensor::doubles(
      {3, 2, 2}, {0.234375, -0.421875, -0.796875, 0.421875, -1.828125, 1.265625,
                  0.0625, -0.28125, -0.96875, 0.5625, -2.0, 1.40625});
  auto results = evaluateAll(
      functionOf("rnn", 1, ", %b: tensor<2xf64>, %h: tensor<?x2xf64>",
                 " bias(%b : tensor<2xf64>) initial(%h : tensor<?x2xf64>)",
                 "activations = [#attune.gate<tanh>]"),
      {input, pattern({2, 2}, 7), secondBias(2), pattern({2, 2}, 13)});
  expectValues(results[1], {2, 2},
               {-0.4426091847809761, 0.31004310766698445, -0.9914442697099262,
                0.9938030668862409});
}

// Of two sequences one has two of three steps: going backwards it begins with
// the second.
TEST(ReferenceRecurrent, LengthsAndReverse) {
  llvm::StringRef arguments = ", %n: tensor<?xi64>";
  llvm::StringRef operands = " lengths(%n : tensor<?xi64>)";
  // With a weight of 1 on the own unit and no activation: sums from the end.
  auto results = evaluateAll(
      functionOf(
          "rnn", 1, arguments, operands,
          "activations = [#attune.gate<affine>], alpha = array<f64: 1.0>, "
          "reverse"),
      {Tensor::doubles({3, 2, 2},
                       {1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400}),
       Tensor::doubles({2, 2}, {1, 0, 0, 1}), Tensor::integers({2}, {3, 2})});
  expectValues(results[0], {3, 2, 2},
               {111, 222, 33, 44, 110, 220, 30, 40, 100, 200, 0, 0}, 0);
  expectValues(results[1], {2, 2}, {111, 222, 33, 44}, 0);
}

TEST(ReferenceRecurrent, GatedDeltaRule) {
  auto results = evaluateAll(
      R"(
    func.func @f(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>, %v: tensor<?x?x4xf32>,
                 %g: tensor<?x?x4xf32>, %b: tensor<?x?x2xf32>, %p: tensor<?x2x2x2xf32>)
        -> (tensor<?x?x8xf32>, tensor<?x2x2x2xf32>) {
      %r, %s = attune.linear_attention gated_delta %q, %k, %v decay(%g : tensor<?x?x4xf32>)
          beta(%b : tensor<?x?x2xf32>) past(%p : tensor<?x2x2x2xf32>)
          {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
          : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x2x2xf32>)
      return %r, %s : tensor<?x?x8xf32>, tensor<?x2x2x2xf32>
    })",
      [] {
        auto map = [](Tensor tensor, double (*f)(double)) {
          std::vector<double> values = tensor.toDoubles();
          for (double &value : values)
            value = f(value);
          return Tensor::doubles(tensor.getShape(), values);
        };
        return llvm::SmallVector<Tensor>{
            pattern({1, 2, 8}, 3),
            map(pattern({1, 2, 4}, 5), [](double x) { return x / 2; }),
            pattern({1, 2, 4}, 7),
            map(pattern({1, 2, 4}, 6), [](double x) { return x < 0 ? x : -x; }),
            map(pattern({1, 2, 2}, 9), [](double x) { return x < 0 ? -x : x; }),
            pattern({1, 2, 2, 2}, 11)};
      }());
  expectValues(results[0], {1, 2, 8},
               {-0.10704940557479858, -0.2845783829689026, -0.03517090901732445,
                0.036001138389110565, 0.2133931964635849, -0.06651463359594345,
                -0.1692473590373993, 0.12959565222263336, -0.010276911780238152,
                0.03133617714047432, 0.015378355979919434, 0.302126944065094,
                -0.10400710254907608, 0.042071398347616196, 0.0711842030286789,
                -0.014316734857857227},
               1e-6);
  expectValues(results[1], {1, 2, 2, 2},
               {0.1004195585846901, 0.3142794966697693, -0.03200551122426987,
                0.4078291654586792, 0.08752773702144623, -0.07401243597269058,
                0.3796491026878357, -0.07635591924190521},
               1e-6);
}

TEST(ReferenceRecurrent, CausalConv) {
  auto results = evaluateAll(R"(
    func.func @f(%x: tensor<?x2x?xf32>, %w: tensor<2x3xf32>, %b: tensor<2xf32>, %p: tensor<?x2x2xf32>)
        -> (tensor<?x2x?xf32>, tensor<?x2x2xf32>) {
      %r, %s = attune.causal_conv %x, %w bias(%b : tensor<2xf32>) past(%p : tensor<?x2x2xf32>) {silu}
          : (tensor<?x2x?xf32>, tensor<2x3xf32>) -> (tensor<?x2x?xf32>, tensor<?x2x2xf32>)
      return %r, %s : tensor<?x2x?xf32>, tensor<?x2x2xf32>
    })",
                             {pattern({1, 2, 3}, 3), pattern({2, 3}, 5),
                              pattern({2}, 7), pattern({1, 2, 2}, 11)});
  expectValues(results[0], {1, 2, 3},
               {-0.15764328837394714, -0.2767476439476013, 0.09330463409423828,
                -0.27369388937950134, 0.44472941756248474,
                -0.13738493621349335},
               1e-6);
  expectValues(results[1], {1, 2, 2}, {-0.625, -0.25, 0.5, 0.875}, 0);
}

TEST(ReferenceRecurrent, StateOfAnotherBatch) {
  Program program(functionOf("rnn", 1, ", %h: tensor<?x2xf64>",
                             " initial(%h : tensor<?x2xf64>)",
                             "activations = [#attune.gate<tanh>]"));
  expectContains(program.fail({pattern({3, 2, 2}, 1), pattern({2, 2}, 1),
                               pattern({3, 2}, 1)}),
                 "expected an initial state of shape [2, 2], got [3, 2]");
}
