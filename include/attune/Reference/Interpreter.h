//===- Interpreter.h - Runs attune IR in plain loops ------------*- C++ -*-===//
//
// What the ops mean, executable: compiled kernels are tested against this. It
// runs functions of the phases import, fuse and kernels, that is, on tensors;
// ops say what they do through ReferenceOpInterface.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_REFERENCE_INTERPRETER_H
#define ATTUNE_REFERENCE_INTERPRETER_H

#include "attune/Reference/ReferenceOpInterface.h"
#include "attune/Reference/Tensor.h"
#include "attune/Reference/WeightProvider.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <vector>

namespace attune {
class ShapeAttr;

struct InterpreterOptions {
  /// Keep the values of float tensors as f64, so that no intermediate is
  /// rounded. Results are f64 then. Sums are accumulated in double either way.
  bool keepDouble = false;

  /// Values of the model's symbols. Functions add those that `attune.dims` name
  /// at their inputs; kernels that are run by themselves have no others.
  llvm::StringMap<int64_t> symbols = {};

  /// Called after each op with its results, in order of execution. Ops within
  /// a fused op or a launched kernel come before the op around them;
  /// terminators are left out. The tensors may be kept: copies share their
  /// elements.
  std::function<void(mlir::Operation *op, llvm::ArrayRef<Tensor> results)>
      observer;
};

/// Interprets functions and kernels of one module, which must verify and whose
/// context must have the models of registerReferenceModels. One thread at a
/// time.
class Interpreter {
public:
  Interpreter(mlir::ModuleOp module, WeightProvider &weights,
              InterpreterOptions options = {})
      : module(module), weights(weights), options(std::move(options)) {}

  /// Runs a function, or a kernel, by its name. Inputs are one a parameter:
  /// floats for float parameters, integers for integers and bools; they are
  /// rounded or wrapped to the parameter's type. Tensors that are no longer
  /// needed are released on the way.
  ///
  /// UserErrors: no such function, or one without body or with several blocks;
  /// inputs of the wrong number, type or shape, of extents that
  /// disagree with each other (by attune.dims) or with values beyond
  /// attune.limit; ops without a reference model; extents or ids that do not
  /// fit at run time.
  llvm::Expected<llvm::SmallVector<Tensor>> run(llvm::StringRef function,
                                                llvm::ArrayRef<Tensor> inputs);

  /// For models of ops ------------------------------------------------------

  /// A tensor of f32 as this interpreter keeps it.
  Tensor store(llvm::ArrayRef<int64_t> shape, std::vector<double> values);
  /// A tensor of any element type from values in double, as this interpreter
  /// keeps it: see conform() in ElementTypes.h. Integers beyond 2^53 need
  /// Tensor::integers.
  Tensor store(mlir::Type element, llvm::ArrayRef<int64_t> shape,
               std::vector<double> values);

  /// Runs a block on one tensor an argument and appends what its terminator
  /// returns.
  llvm::Error runBlock(mlir::Block &block,
                       llvm::ArrayRef<const Tensor *> arguments,
                       llvm::SmallVectorImpl<Tensor> &results);

  /// The extents that an attribute of `op` gives as polynomials of the model's
  /// symbols. UserErrors: symbols without a value, sums beyond 64 bits.
  llvm::Expected<llvm::SmallVector<int64_t, 4>> evaluate(mlir::Operation *op,
                                                         ShapeAttr extents);

  WeightProvider &getWeights() { return weights; }
  mlir::SymbolTableCollection &getSymbols() { return symbols; }

private:
  /// Remembers the extents that `attune.dims` name.
  void bindSymbols(mlir::FunctionOpInterface function,
                   llvm::ArrayRef<Tensor> inputs);
  llvm::Error runOp(mlir::Operation &op,
                    llvm::ArrayRef<const Tensor *> operands,
                    llvm::SmallVectorImpl<Tensor> &results);
  /// Rounds floats and wraps integers as `type` asks for, so that models of
  /// ops need not.
  Tensor conformResult(const Tensor &tensor, mlir::Type type) const;

  mlir::ModuleOp module;
  WeightProvider &weights;
  InterpreterOptions options;
  mlir::SymbolTableCollection symbols;
};

} // namespace attune

#endif // ATTUNE_REFERENCE_INTERPRETER_H
