//===- TestSupport.cpp - Runs small programs in tests ---------------------===//
#include "TestSupport.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace mlir;
using namespace attune;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registry.insert<AttuneDialect, func::FuncDialect>();
  registerReferenceModels(registry);
  return registry;
}

Program::Program(StringRef text)
    : context(makeRegistry(), MLIRContext::Threading::DISABLED),
      module(parseSourceString<ModuleOp>(text, ParserConfig(&context),
                                         "test.mlir")) {
  EXPECT_TRUE(module) << text.str();
  if (!module)
    module = ModuleOp::create(UnknownLoc::get(&context));
}

llvm::Expected<SmallVector<Tensor>> Program::tryRun(ArrayRef<Tensor> inputs,
                                                    InterpreterOptions options,
                                                    StringRef function) {
  Interpreter interpreter(*module, weights, std::move(options));
  return interpreter.run(function, inputs);
}

SmallVector<Tensor> Program::run(ArrayRef<Tensor> inputs,
                                 InterpreterOptions options,
                                 StringRef function) {
  auto results = tryRun(inputs, std::move(options), function);
  if (results)
    return *results;
  ADD_FAILURE() << llvm::toString(results.takeError());
  return {Tensor()};
}

std::string Program::fail(ArrayRef<Tensor> inputs, StringRef function) {
  auto results = tryRun(inputs, {}, function);
  if (!results)
    return llvm::toString(results.takeError());
  ADD_FAILURE() << "expected an error";
  return "";
}

Tensor attune::evaluate(StringRef text, ArrayRef<Tensor> inputs) {
  InterpreterOptions options;
  options.keepDouble = true;
  return Program(text).run(inputs, options).front();
}

std::string attune::evaluateError(StringRef text, ArrayRef<Tensor> inputs) {
  return Program(text).fail(inputs);
}

Tensor attune::randomTensor(ArrayRef<int64_t> shape, uint64_t seed) {
  return Tensor::doubles(shape, randomValues(*countElements(shape), seed));
}

void attune::expectNear(const Tensor &actual, const Tensor &expected,
                        double tolerance) {
  ASSERT_EQ(actual.getShape(), expected.getShape());
  for (int64_t i = 0; i < actual.getNumElements(); ++i) {
    double a = actual.getFloat(i), e = expected.getFloat(i);
    if (a == e || (std::isnan(a) && std::isnan(e)))
      continue;
    ASSERT_LE(std::abs(a - e), tolerance)
        << "at position " << i << ": " << a << ", expected " << e;
  }
}

void attune::expectValues(const Tensor &actual, ArrayRef<int64_t> shape,
                          std::vector<double> expected, double tolerance) {
  ASSERT_EQ(actual.getShape(), shape);
  expectNear(actual, Tensor::doubles(shape, std::move(expected)), tolerance);
}

void attune::expectIntegers(const Tensor &actual, ArrayRef<int64_t> shape,
                            std::vector<int64_t> expected) {
  ASSERT_EQ(actual.getElementType(), ElementType::I64);
  EXPECT_EQ(actual.getShape(), shape);
  EXPECT_EQ(actual.getIntegers().vec(), expected);
}

void attune::expectContains(StringRef text, StringRef part) {
  EXPECT_TRUE(text.contains(part))
      << "'" << text.str() << "' does not have '" << part.str() << "'";
}
