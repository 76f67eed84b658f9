//===- ModelBuilder.h - Emits ops and declares weights ----------*- C++ -*-===//
//
// What the importers of encoders (and of whatever comes beside them) have in
// common: typed creation of ops, weights by role, locations by module path.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_FRONTEND_MODELBUILDER_H
#define ATTUNE_LIB_FRONTEND_MODELBUILDER_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Model/LoadModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/SymbolTable.h"

namespace attune {

/// One argument of the entry function.
struct ModelInput {
  std::string name;
  mlir::RankedTensorType type;
  /// The symbol of each extent, "" for static ones.
  llvm::SmallVector<llvm::StringRef> dims;
  /// Exclusive upper bound of the values of integers; 0: none.
  int64_t limit = 0;
  /// "zeros", "ones", or "" for inputs that callers must give.
  llvm::StringRef whenAbsent;
};

/// One result of the entry function.
struct ModelOutput {
  mlir::Value value;
  /// "last_hidden_state".
  std::string name;
  /// The symbol of each extent, "" for static ones.
  llvm::SmallVector<llvm::StringRef> dims;
};

class ModelBuilder {
public:
  ModelBuilder(mlir::MLIRContext &context, const LoadedModel &model);

  /// The description of an input of ids [batch, length].
  ModelInput idInput(llvm::StringRef name, int64_t limit,
                     llvm::StringRef whenAbsent = "");
  /// Starts @forward.
  llvm::SmallVector<mlir::Value>
  beginForward(llvm::ArrayRef<ModelInput> inputs);
  /// Ends @forward with its results and hands the module over.
  mlir::OwningOpRef<mlir::ModuleOp>
  endForward(llvm::ArrayRef<ModelOutput> outputs);

  /// Ops created from now on belong to the part of the model at `path`.
  void enter(const llvm::Twine &path);
  /// enter(path) for the part that the weight of `role` belongs to: its name
  /// without the last `levels` components. `layer` counts applied layers.
  void enter(WeightRole role, int64_t layer = 0, unsigned levels = 1);

  /// Loads a weight that the model has.
  mlir::Value weight(WeightRole role, int64_t layer = 0);
  /// A table of which rows below `first` are left out.
  mlir::Value weightRows(WeightRole role, int64_t first);
  /// Declares and loads a matrix that no file holds.
  mlir::Value computedTable(const llvm::Twine &name, int64_t rows,
                            llvm::ArrayRef<float> values);
  /// Loads one row of a table, as a vector.
  mlir::Value weightRow(WeightRole role, int64_t row);

  /// x W^T + b, as product and sum; without the sum when the model has no
  /// such bias. Enters the weight's part of the model.
  mlir::Value linear(mlir::Value input, WeightRole weight, WeightRole bias,
                     int64_t layer = 0);
  /// The model's norm with the weights of these roles. Enters their part.
  mlir::Value norm(mlir::Value input, WeightRole gamma, WeightRole beta,
                   int64_t layer = 0);
  mlir::Value activation(Activation kind, mlir::Value input);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value unary(UnaryKind kind, mlir::Value input);
  /// The input itself when the factor is 1.
  mlir::Value scale(mlir::Value input, double factor);
  mlir::Value embedding(mlir::Value ids, mlir::Value table);
  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs, bool transposeRhs);
  /// `shape` as attune.reshape has it, with extents of 0 and of 1 and more.
  mlir::Value reshape(mlir::Value input, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value input, llvm::ArrayRef<int64_t> permutation);
  /// `first` and `second` one behind the other in dimension `axis`, which is
  /// dynamic.
  mlir::Value concat(mlir::Value first, mlir::Value second, int64_t axis);
  /// input[:, 0].
  mlir::Value firstPosition(mlir::Value input);

  /// Sets the largest values of symbols, and the smallest of those that may be
  /// 0.
  void setLimits(llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> largest,
                 llvm::ArrayRef<llvm::StringRef> mayBeZero = {});

  mlir::OpBuilder &ops() { return builder; }
  mlir::Location loc() const { return location; }
  const ModelDescription &description() const { return model.description; }

private:
  /// The symbol of `count` elements of `entry` from element `begin` on.
  mlir::Value load(const TensorEntry &entry, llvm::ArrayRef<int64_t> shape,
                   int64_t begin, const llvm::Twine &name);
  PieceAttr makePiece(const TensorEntry &entry, int64_t begin, int64_t count);
  /// `file` relative to the model's directory.
  std::string relativeFile(llvm::StringRef file) const;

  const LoadedModel &model;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OpBuilder builder;
  mlir::SymbolTable symbols;
  mlir::func::FuncOp forward;
  mlir::Location location;
  /// The symbol of each tensor (or part of one), by its name.
  llvm::StringMap<mlir::StringAttr> declared;
};

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_MODELBUILDER_H
