//===- InterpreterTest.cpp - Functions, kernels, observers ----------------===//
#include "TestSupport.h"

using namespace mlir;
using namespace attune;

/// An add and a relu, fused and in a kernel.
static const char kPhases[] = R"(
  attune.kernel @add_relu(%x: tensor<?x2xf32>, %y: tensor<2xf32>) -> tensor<?x2xf32>
      attributes {backend = "llvm", schedule = {unroll = 4 : i64}} {
    %0 = attune.add %x, %y : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    %1 = attune.relu %0 : tensor<?x2xf32>
    attune.yield %1 : tensor<?x2xf32>
  }
  func.func @plain(%x: tensor<?x2xf32>, %y: tensor<2xf32>) -> tensor<?x2xf32> {
    %0 = attune.add %x, %y : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    %1 = attune.relu %0 : tensor<?x2xf32>
    return %1 : tensor<?x2xf32>
  }
  func.func @fused(%x: tensor<?x2xf32>, %y: tensor<2xf32>) -> tensor<?x2xf32> {
    %0 = attune.fused(%a = %x, %b = %y) : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32> {
      %1 = attune.add %a, %b : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
      %2 = attune.relu %1 : tensor<?x2xf32>
      attune.yield %2 : tensor<?x2xf32>
    }
    %3 = attune.tanh %0 : tensor<?x2xf32>
    return %0 : tensor<?x2xf32>
  }
  func.func @launched(%x: tensor<?x2xf32>, %y: tensor<2xf32>) -> tensor<?x2xf32> {
    %0 = attune.launch @add_relu(%x, %y) : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    %1 = attune.launch @add_relu(%0, %y) : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    return %0 : tensor<?x2xf32>
  }
)";

static Tensor x() { return Tensor::floats({2, 2}, {-3, 1, 2, -1}); }
static Tensor y() { return Tensor::floats({2}, {1, 0.5}); }

TEST(Interpreter, EveryOpHasAModel) {
  // These declare or end something and are not executed.
  StringRef declarations[] = {"attune.kernel", "attune.object", "attune.weight",
                              "attune.yield"};
  Program program("");
  unsigned executed = 0;
  MLIRContext *context = program.getModule().getContext();
  context->getOrLoadDialect<AttuneDialect>();
  for (RegisteredOperationName name :
       context->getRegisteredOperationsByDialect("attune")) {
    if (llvm::is_contained(declarations, name.getStringRef()))
      continue;
    EXPECT_TRUE(name.hasInterface<ReferenceOpInterface>())
        << name.getStringRef().str();
    ++executed;
  }
  EXPECT_GT(executed, 0u);
}

TEST(Interpreter, PhasesAgree) {
  Program program(kPhases);
  for (StringRef function : {"plain", "fused", "launched", "add_relu"})
    expectValues(program.run({x(), y()}, {}, function).front(), {2, 2},
                 {0, 1.5, 3, 0}, 0);
}

TEST(Interpreter, SeveralResultsAndArgumentsThatPassThrough) {
  Program program(R"(
    func.func @f(%x: tensor<?xf32>, %i: tensor<?xi64>) -> (tensor<?xi64>, tensor<?xf32>, tensor<?xf32>) {
      %r = attune.relu %x : tensor<?xf32>
      return %i, %x, %r : tensor<?xi64>, tensor<?xf32>, tensor<?xf32>
    })");
  auto results =
      program.run({Tensor::floats({2}, {-1, 1}), Tensor::integers({1}, {7})});
  ASSERT_EQ(results.size(), 3u);
  expectIntegers(results[0], {1}, {7});
  expectValues(results[1], {2}, {-1, 1}, 0);
  expectValues(results[2], {2}, {0, 1}, 0);
}

TEST(Interpreter, ObserverSeesOpsInOrderWithResults) {
  Program program(kPhases);
  auto observe = [&](StringRef function) {
    std::vector<std::string> names;
    InterpreterOptions options;
    options.observer = [&](Operation *op, ArrayRef<Tensor> results) {
      names.push_back(op->getName().stripDialect().str());
      ASSERT_EQ(results.size(), 1u);
      EXPECT_EQ(results[0].getShape(), ArrayRef<int64_t>({2, 2}));
      if (names.back() == "add")
        EXPECT_EQ(results[0].getFloat(0), -2);
    };
    auto results = program.run({x(), y()}, options, function);
    EXPECT_EQ(results.size(), 1u);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(observe("plain"), (Names{"add", "relu"}));
  EXPECT_EQ(observe("fused"), (Names{"add", "relu", "fused", "tanh"}));
}

TEST(Interpreter, ObserverSeesEachLaunchOfAKernel) {
  Program program(kPhases);
  SmallVector<Tensor> launches;
  InterpreterOptions options;
  options.observer = [&](Operation *op, ArrayRef<Tensor> results) {
    if (isa<LaunchOp>(op))
      launches.push_back(results[0]);
  };
  program.run({x(), y()}, options, "launched");
  ASSERT_EQ(launches.size(), 2u);
  expectValues(launches[0], {2, 2}, {0, 1.5, 3, 0}, 0);
  expectValues(launches[1], {2, 2}, {1, 2, 4, 0.5}, 0);
}

TEST(Interpreter, TensorsAreReleasedAfterTheirLastUse) {
  Program program(R"(
    attune.weight @w : tensor<2x2xf32> from [#attune.piece<"w.bin", 0, f32, 4>]
    func.func @f(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
      %w = attune.load_weight @w : tensor<2x2xf32>
      %0 = attune.linear %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
      %1 = attune.relu %0 : tensor<?x2xf32>
      return %1 : tensor<?x2xf32>
    })");
  std::weak_ptr<std::vector<float>> watch;
  CallbackWeights weights([&](WeightOp) -> llvm::Expected<Tensor> {
    auto values = std::make_shared<std::vector<float>>(4, 1.0f);
    watch = values;
    return Tensor::view({2, 2}, *values, values);
  });
  std::vector<bool> alive;
  InterpreterOptions options;
  options.observer = [&](Operation *, ArrayRef<Tensor>) {
    alive.push_back(!watch.expired());
  };
  auto module = program.getModule();
  auto results = Interpreter(module, weights, options).run("f", x());
  ASSERT_TRUE(static_cast<bool>(results));
  EXPECT_EQ(alive, (std::vector<bool>{true, true, false}));
}

TEST(Interpreter, ModesDifferByRounding) {
  Program program(R"(
    func.func @f(%x: tensor<1xf32>) -> tensor<1xf32> {
      %0 = attune.scale %x {factor = 1.00000012 : f32} : tensor<1xf32>
      %1 = attune.scale %x {factor = -1.0 : f32} : tensor<1xf32>
      %2 = attune.mul %0, %0 : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
      %3 = attune.add %2, %1 : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
      return %3 : tensor<1xf32>
    })");
  // (1 + u)^2 - 1 with u = 2^-23 is 2 u + u^2; f32 loses the square.
  double u = 0x1p-23;
  Tensor one = Tensor::floats({1}, {1});
  EXPECT_EQ(program.run(one).front().getFloat(0), 2 * u);
  InterpreterOptions options;
  options.keepDouble = true;
  EXPECT_EQ(program.run(one, options).front().getFloat(0), 2 * u + u * u);
}

TEST(Interpreter, Inputs) {
  Program program(R"(
    func.func @f(%i: tensor<?x?xi64> {attune.name = "input_ids", attune.dims = ["batch", "length"], attune.limit = 10 : i64},
                 %x: tensor<?x?x2xf32> {attune.name = "states", attune.dims = ["batch", "length", ""]},
                 %y: tensor<2xf32>) -> tensor<?x?xi64> {
      return %i : tensor<?x?xi64>
    })");
  Tensor ids = Tensor::integers({1, 2}, {0, 9});
  Tensor states = randomTensor({1, 2, 2}, 1);
  program.run({ids, states, y()});

  expectContains(program.fail({ids, states}), "expected 3 inputs, got 2");
  expectContains(program.fail({states, states, y()}),
                 "expected input 'input_ids' of type tensor<?x?xi64>, got f64 "
                 "[1, 2, 2]");
  expectContains(program.fail({ids, states, randomTensor({3}, 1)}),
                 "expected input 2 of type tensor<2xf32>, got f64 [3]");
  expectContains(program.fail({ids, randomTensor({1, 3, 2}, 1), y()}),
                 "expected one value of 'length', got 2 at input 'input_ids' "
                 "and 3 at input 'states'");
  for (int64_t id : {10, -1})
    expectContains(
        program.fail({Tensor::integers({1, 2}, {0, id}), states, y()}),
        "expected values of input 'input_ids' in [0, 10), got " +
            std::to_string(id));
  expectContains(program.fail({}, "g"), "the module has no function @g");
}

TEST(Interpreter, ResultsMustFitTheirTypes) {
  // The verifier lets a dynamic extent become a static one; at run time it has
  // to be that.
  Program program(R"(
    func.func @f(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<3xf32> {
      %r = attune.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<3xf32>
      return %r : tensor<3xf32>
    })");
  Tensor three = randomTensor({3}, 1), two = randomTensor({2}, 1);
  program.run({three, three});
  expectContains(program.fail({two, two}),
                 "'attune.add': expected result 0 of type tensor<3xf32>, got "
                 "f32 [2]");
}

TEST(Interpreter, WhatItCannotRun) {
  Program program(R"(
    func.func private @declared(tensor<?xf32>) -> tensor<?xf32>
    func.func @calls(%x: tensor<?xf32>) -> tensor<?xf32> {
      %r = call @declared(%x) : (tensor<?xf32>) -> tensor<?xf32>
      return %r : tensor<?xf32>
    }
    attune.kernel @relu(%x: tensor<?xf32>) -> tensor<?xf32> {
      %0 = attune.relu %x : tensor<?xf32>
      attune.yield %0 : tensor<?xf32>
    }
    func.func @planned(%x: memref<?xf32>, %y: memref<?xf32>) {
      attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
      return
    })");
  Tensor one = Tensor::floats({1}, {1});
  expectContains(program.fail(one, "declared"),
                 "@declared cannot be interpreted: expected a body of one "
                 "block");
  expectContains(program.fail(one, "calls"),
                 "test.mlir:4:12: 'func.call': has no reference model");
  expectContains(program.fail({one, one}, "planned"),
                 "expected input 0 of type memref<?xf32>, got f32 [1]");
}
