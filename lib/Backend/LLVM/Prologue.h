//===- Prologue.h - An anchor's operand at any position ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_PROLOGUE_H
#define ATTUNE_LIB_BACKEND_LLVM_PROLOGUE_H

#include "NumberMath.h"
#include "attune/Backend/LLVM/KernelFamily.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace attune {

/// Evaluates the operand of an anchor whose result has another shape: an
/// operand of the kernel, of any element type, or what elementwise ops of f32
/// compute from several.
class Prologue {
public:
  /// Success when `value` can be evaluated and the kernel yields the results of
  /// its anchor, in order.
  static llvm::LogicalResult supports(KernelOp kernel, mlir::Value value,
                                      std::string &reason);
  /// Whether neighbouring dimensions of `value` lie in memory as one: nothing
  /// that it is computed from is repeated.
  static bool canJoinDims(mlir::Value value);

  /// Emits at the start of `function` what later loads use.
  Prologue(const KernelEmission &emission, mlir::func::FuncOp function,
           mlir::OpBuilder &builder, mlir::Value value);

  /// The operand's own extents.
  llvm::ArrayRef<mlir::Value> getExtents() const { return extents; }
  /// Indices of loads are those of a shape of these extents from now on, which
  /// joins dimensions (canJoinDims).
  void setExtents(llvm::ArrayRef<mlir::Value> joined);

  /// Neighbouring elements along the last dimension (see NumberMath::load).
  mlir::Value load(const NumberMath &number,
                   llvm::ArrayRef<mlir::Value> indices,
                   mlir::Value mask = {}) const;

private:
  mlir::Value loadArgument(mlir::BlockArgument argument,
                           const NumberMath &number,
                           llvm::ArrayRef<mlir::Value> indices,
                           mlir::Value mask) const;

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value value;
  llvm::SmallDenseMap<mlir::Value, mlir::Value, 4> buffers; // by argument
  llvm::SmallVector<mlir::Value> extents;
  bool joined = false;
};

/// The operand of a reduction. Dimensions are joined into runs that are
/// reduced or kept, as far as memory allows. The last run, reduced or not, is
/// what vectors run along.
class ReducedOperand {
public:
  ReducedOperand(mlir::Value value, llvm::ArrayRef<int64_t> axes);

  bool isLastReduced() const { return !runs.empty() && runs.back().reduced; }
  bool hasDims() const { return !runs.empty(); }

  /// Emits at the start of `function` the extents below and what loads use.
  void prepare(const KernelEmission &emission, mlir::func::FuncOp function,
               mlir::OpBuilder &builder);

  /// Elements at the indices of the kept runs and of the reduced runs, each
  /// without the last run, whose index is `last`.
  mlir::Value load(const NumberMath &number,
                   llvm::ArrayRef<mlir::Value> keptIndices,
                   llvm::ArrayRef<mlir::Value> reducedIndices, mlir::Value last,
                   mlir::Value mask = {}) const;

  /// Extents of kept runs without the last run of all, and their product.
  llvm::SmallVector<mlir::Value> kept;
  mlir::Value rows;
  /// Extents of reduced runs and their product: elements of a result.
  llvm::SmallVector<mlir::Value> reduced;
  mlir::Value count;
  /// The extent of the last run of all when it is kept, else one.
  mlir::Value columns;

private:
  struct Run {
    bool reduced;
    llvm::SmallVector<int64_t> dims;
  };
  mlir::Value value;
  bool joins;
  llvm::SmallVector<Run> runs;
  std::optional<Prologue> prologue;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_PROLOGUE_H
