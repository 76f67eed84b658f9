//===- MemoryPlan.h - Which memory every value lives in ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_MEMORYPLAN_H
#define ATTUNE_LIB_COMPILER_MEMORYPLAN_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace attune {

/// A part of the arena that values with disjoint lives share.
struct ArenaSlot {
  DimExpr bytes; ///< enough for each of the values
  llvm::SmallVector<mlir::Value> holds;
  bool free = false; ///< no value that is alive lies in it
};

/// Decides where every value of a function of launches on tensors lives: in a
/// buffer of the caller (arguments, results) or in a slot of the arena. Views
/// lie where their operand does.
class MemoryPlan {
public:
  /// With `keepAll` no two values share a slot.
  MemoryPlan(mlir::func::FuncOp function, bool keepAll)
      : function(function), keepAll(keepAll) {}

  /// Makes the plan; failures are reported at the op that cannot be planned.
  llvm::LogicalResult make();

  mlir::func::FuncOp function;
  bool keepAll;
  /// Names of dynamic extents, in order of their first appearance.
  llvm::SmallVector<std::string> symbols;
  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
  /// Values that are results of the function, with their numbers.
  llvm::DenseMap<mlir::Value, unsigned> results;
  /// The slot of every other value that a launch computes.
  llvm::DenseMap<mlir::Value, unsigned> slotOf;
  llvm::SmallVector<ArenaSlot> slots;

private:
  void findSymbols();
  llvm::LogicalResult inferShapes();
  /// An error at `op` when a shape has symbols that no input gives.
  llvm::LogicalResult checkSymbols(mlir::Operation &op,
                                   llvm::ArrayRef<DimExpr> shape);
  llvm::LogicalResult placeResults();
  void assignSlots();
  unsigned takeSlot(mlir::Value value, const DimExpr &bytes);
  DimExpr getBytes(mlir::Value value);
};

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_MEMORYPLAN_H
