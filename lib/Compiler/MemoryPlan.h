//===- MemoryPlan.h - Which memory every value lives in ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_MEMORYPLAN_H
#define ATTUNE_LIB_COMPILER_MEMORYPLAN_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace attune {

/// A part of the arena that values with disjoint lives share.
struct MemorySlot {
  DimExpr bytes;
  llvm::SmallVector<mlir::Value> holds;
  bool free = false;
};

/// Where every value of a function lives.
class MemoryPlan {
public:
  MemoryPlan(mlir::func::FuncOp function, bool keepAll)
      : function(function), keepAll(keepAll) {}

  llvm::LogicalResult make() {
    if (!llvm::hasSingleElement(function.getBody()))
      return function.emitError("expected a function of one block");
    if (llvm::failed(inferShapes()) || llvm::failed(placeResults()))
      return llvm::failure();
    assignSlots();
    return llvm::success();
  }

  mlir::func::FuncOp function;
  bool keepAll;
  llvm::SmallVector<std::string> symbols; // in order of their first appearance
  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
  llvm::DenseMap<mlir::Value, unsigned>
      results; // values that are the function's results
  llvm::DenseMap<mlir::Value, unsigned> slotOf;
  llvm::SmallVector<MemorySlot> slots;

private:
  /// The value whose memory `value` shows.
  static mlir::Value getRoot(mlir::Value value) {
    while (auto view = value.getDefiningOp<ViewOpInterface>())
      value = view->getOperand(0);
    return value;
  }

  llvm::LogicalResult inferShapes();
  llvm::LogicalResult placeResults();
  void assignSlots();
  unsigned takeSlot(mlir::Value value, const DimExpr &bytes);
  DimExpr getBytes(mlir::Value value) {
    auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    return getNumElements(shapes[value]) *
           static_cast<int64_t>(type.getElementTypeBitWidth() / 8);
  }
};

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_MEMORYPLAN_H
