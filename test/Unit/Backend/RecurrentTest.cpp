//===- RecurrentTest.cpp - State along a sequence, against the interpreter ===//
#include "KernelTestSupport.h"

using namespace mlir;
using namespace attune;

namespace {

class RecurrentTest : public testing::TestWithParam<std::string> {
protected:
  struct Options {
    std::string element = "f32", activations, attributes;
    bool bias = false, lengths = false, initial = false, cell = false,
         peephole = false;
  };

  /// Compiles `name` with `gates` gates of `hidden` units and runs it on a few
  /// sequences.
  void check(StringRef name, int64_t gates, int64_t hidden,
             const Options &options) {
    std::string h = std::to_string(hidden);
    std::string g = std::to_string(gates * hidden);
    auto tensor = [&](std::string shape) {
      return "tensor<" + shape + "x" + options.element + ">";
    };
    std::string input = tensor("?x?x" + g), recurrent = tensor(g + "x" + h);
    std::string state = tensor("?x" + h), all = tensor("?x?x" + h);
    std::string arguments = "%x: " + input + ", %r: " + recurrent, operands;
    auto add = [&](bool has, StringRef keyword, std::string type) {
      if (!has)
        return;
      std::string value = "%" + keyword.str();
      arguments += ", " + value + ": " + type;
      operands += " " + keyword.str() + "(" + value + " : " + type + ")";
    };
    add(options.bias, "bias", tensor(g));
    add(options.lengths, "lengths", "tensor<?xi64>");
    add(options.initial, "initial", state);
    add(options.cell, "cell", state);
    add(options.peephole, "peephole", tensor(std::to_string(3 * hidden)));
    bool isLstm = name == "lstm";
    std::string types = all + ", " + state + (isLstm ? ", " + state : "");
    std::string values = isLstm ? "%0, %1, %2" : "%0, %1";
    std::string activations;
    SmallVector<StringRef> names;
    StringRef(options.activations).split(names, ' ');
    for (StringRef each : names)
      activations += (activations.empty() ? "" : ", ") +
                     ("#attune.gate<" + each.str() + ">");
    KernelUnderTest kernel(
        "attune.kernel @" + name.str() + "(" + arguments + ") -> (" + types +
            ") {\n  " + values + " = attune." + name.str() + " %x, %r" +
            operands + " {activations = [" + activations + "]" +
            options.attributes + "} : (" + input + ", " + recurrent + ") -> (" +
            types + ")\n  attune.yield " + values + " : " + types + "\n}",
        GetParam());
    for (auto [steps, batch] : {std::pair(1, 1), {0, 2}, {3, 0}, {7, 3}}) {
      StringRef e = options.element;
      SmallVector<Tensor> inputs = {
          randomNumbers(e, {steps, batch, gates * hidden}, 1, -1, 1),
          randomNumbers(e, {gates * hidden, hidden}, 2, -0.3, 0.3)};
      if (options.bias)
        inputs.push_back(randomNumbers(e, {gates * hidden}, 3, -1, 1));
      if (options.lengths)
        inputs.push_back(randomIds({batch}, 4, steps + 1));
      if (options.initial)
        inputs.push_back(randomNumbers(e, {batch, hidden}, 5, -1, 1));
      if (options.cell)
        inputs.push_back(randomNumbers(e, {batch, hidden}, 6, -1, 1));
      if (options.peephole)
        inputs.push_back(randomNumbers(e, {3 * hidden}, 7, -1, 1));
      kernel.check(inputs, options.element == "f64" ? 1e-10 : 2e-5, 2);
    }
  }
};

TEST_P(RecurrentTest, Gru) {
  for (int64_t hidden : {1, 5, 16, 37, 64})
    for (const char *attributes : {"", ", linear_before_reset", ", reverse"}) {
      Options options{"f32", "sigmoid tanh", attributes};
      check("gru", 3, hidden, options);
      options.bias = options.lengths = options.initial = true;
      check("gru", 3, hidden, options);
    }
  Options wide{"f64", "sigmoid tanh",
               ", linear_before_reset, clip = 0.5 : f64"};
  wide.bias = wide.lengths = true;
  check("gru", 3, 19, wide);
}

TEST_P(RecurrentTest, Lstm) {
  for (int64_t hidden : {1, 5, 16, 37, 64})
    for (const char *attributes :
         {"", ", coupled", ", reverse, clip = 0.4 : f64"}) {
      Options options{"f32", "sigmoid tanh tanh", attributes};
      check("lstm", 4, hidden, options);
      options.bias = options.lengths = options.initial = options.cell =
          options.peephole = true;
      check("lstm", 4, hidden, options);
    }
  Options wide{"f64", "sigmoid tanh softsign", ""};
  wide.peephole = wide.cell = true;
  check("lstm", 4, 19, wide);
}

TEST_P(RecurrentTest, RnnWithEachActivation) {
  for (const char *activation :
       {"sigmoid", "tanh", "relu", "affine", "leaky_relu", "thresholded_relu",
        "scaled_tanh", "hard_sigmoid", "elu", "softsign", "softplus"})
    for (const char *element : {"f32", "f64"}) {
      Options options{element, activation,
                      ", alpha = array<f64: 0.3>, beta = array<f64: 0.6>"};
      options.initial = true;
      check("rnn", 1, 21, options);
    }
  Options reversed{"f32", "tanh", ", reverse"};
  reversed.lengths = true;
  check("rnn", 1, 40, reversed);
}

TEST_P(RecurrentTest, CausalConv) {
  for (int64_t kernel : {1, 2, 4, 7})
    for (bool full : {false, true}) {
      std::string k = std::to_string(kernel);
      std::string x = "tensor<?x6x?xf32>", w = "tensor<6x" + k + "xf32>",
                  b = "tensor<6xf32>",
                  s = "tensor<?x6x" + std::to_string(kernel - 1) + "xf32>";
      KernelUnderTest test(
          "attune.kernel @causal_conv(%x: " + x + ", %w: " + w +
              (full ? ", %b: " + b + ", %p: " + s : "") + ") -> (" + x + ", " +
              s + ") {\n  %0, %1 = attune.causal_conv %x, %w" +
              (full ? " bias(%b : " + b + ") past(%p : " + s + ") {silu}"
                    : "") +
              " : (" + x + ", " + w + ") -> (" + x + ", " + s +
              ")\n  attune.yield %0, %1 : " + x + ", " + s + "\n}",
          GetParam());
      for (auto [batch, length] :
           {std::pair(1, 1), {0, 2}, {2, 0}, {2, 3}, {3, 41}}) {
        SmallVector<Tensor> inputs = {randomFloats({batch, 6, length}, 1),
                                      randomFloats({6, kernel}, 2)};
        if (full) {
          inputs.push_back(randomFloats(6, 3));
          inputs.push_back(randomFloats({batch, 6, kernel - 1}, 4));
        }
        test.check(inputs, 1e-5, 2);
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, RecurrentTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

} // namespace
