//===- TestSupport.h - Runs small programs in tests -------------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_REFERENCE_TESTSUPPORT_H
#define ATTUNE_TEST_UNIT_REFERENCE_TESTSUPPORT_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Reference/Interpreter.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

namespace attune {

/// A module parsed from text; a test fails when it does not parse.
class Program {
public:
  explicit Program(llvm::StringRef text);

  mlir::ModuleOp getModule() { return *module; }
  WeightOp getWeight(llvm::StringRef name) {
    return module->lookupSymbol<WeightOp>(name);
  }

  /// Runs a function, @f when none is named.
  llvm::Expected<llvm::SmallVector<Tensor>>
  tryRun(llvm::ArrayRef<Tensor> inputs, InterpreterOptions options = {},
         llvm::StringRef function = "f");

  /// The results; a test fails on an error.
  llvm::SmallVector<Tensor> run(llvm::ArrayRef<Tensor> inputs,
                                InterpreterOptions options = {},
                                llvm::StringRef function = "f");
  /// The message of the error; a test fails without one.
  std::string fail(llvm::ArrayRef<Tensor> inputs,
                   llvm::StringRef function = "f");

  NamedWeights weights;

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// The first result of function @f in `text`, in double mode.
Tensor evaluate(llvm::StringRef text, llvm::ArrayRef<Tensor> inputs);
/// The message with which function @f in `text` fails.
std::string evaluateError(llvm::StringRef text, llvm::ArrayRef<Tensor> inputs);

/// Random f64 values of a shape.
Tensor randomTensor(llvm::ArrayRef<int64_t> shape, uint64_t seed);

/// Elements within `tolerance` of those expected, where NaN equals NaN and an
/// infinity itself, and equal shapes.
void expectNear(const Tensor &actual, const Tensor &expected, double tolerance);
void expectValues(const Tensor &actual, llvm::ArrayRef<int64_t> shape,
                  std::vector<double> expected, double tolerance = 1e-12);
void expectIntegers(const Tensor &actual, llvm::ArrayRef<int64_t> shape,
                    std::vector<int64_t> expected);
/// That `text` has `part` in it.
void expectContains(llvm::StringRef text, llvm::StringRef part);

} // namespace attune

#endif // ATTUNE_TEST_UNIT_REFERENCE_TESTSUPPORT_H
