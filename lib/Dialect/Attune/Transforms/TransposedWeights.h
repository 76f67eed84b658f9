//===- TransposedWeights.h - Weights declared the other way -----*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_TRANSPOSEDWEIGHTS_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_TRANSPOSEDWEIGHTS_H

#include "Common.h"
#include "mlir/IR/Builders.h"

namespace attune {

/// Declares matrices again as their transposes, which read the same bytes of
/// the model's files. Each is declared once.
class TransposedWeights {
public:
  explicit TransposedWeights(mlir::ModuleOp module)
      : module(module), symbols(module) {}

  /// The transpose `[N, K]` of what `load` loads, `[K, N]`, loaded in front of
  /// the builder's place; null where the bytes of the files cannot be read as
  /// that, or have a layout already.
  mlir::Value load(mlir::OpBuilder &builder, LoadWeightOp load);

  /// Erases what was declared anew and is not loaded any more.
  void eraseUnused();

private:
  WeightOp declare(WeightOp weight);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::DenseMap<mlir::Operation *, WeightOp> transposes;
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_TRANSPOSEDWEIGHTS_H
