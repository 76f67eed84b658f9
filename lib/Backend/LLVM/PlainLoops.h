//===- PlainLoops.h - Loop nests over memrefs -------------------*- C++ -*-===//
//
// What families share that walk over tensors of any rank in plain loops, and
// whose tasks are runs of independent items.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_PLAINLOOPS_H
#define ATTUNE_LIB_BACKEND_LLVM_PLAINLOOPS_H

#include "IndexMath.h"
#include "attune/Backend/LLVM/KernelFamily.h"

namespace attune {

/// Emits loops over [0, extent) for each extent, the first outermost; the body
/// is given the indices and the carried values.
llvm::SmallVector<mlir::Value>
emitNest(mlir::OpBuilder &builder, mlir::Location loc,
         llvm::ArrayRef<mlir::Value> extents, mlir::ValueRange init,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(
             llvm::ArrayRef<mlir::Value> indices, mlir::ValueRange carried)>
             body);

/// The row-major index `linear` as one index an extent.
llvm::SmallVector<mlir::Value>
emitDelinearize(mlir::OpBuilder &builder, mlir::Location loc,
                mlir::Value linear, llvm::ArrayRef<mlir::Value> extents);

/// The extents of a memref.
llvm::SmallVector<mlir::Value>
emitExtents(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref);
/// The product of extents; one of none.
mlir::Value emitProduct(mlir::OpBuilder &builder, mlir::Location loc,
                        llvm::ArrayRef<mlir::Value> extents);

/// The elements of a contiguous memref under other extents (as many of them),
/// at least one.
mlir::Value emitReshape(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value memref,
                        llvm::ArrayRef<mlir::Value> extents);

/// A contiguous memref as [outer, extent of `axis`, inner].
mlir::Value emitAxisView(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value memref, int64_t axis);

/// How many independent items a kernel has, and how many a task takes (at
/// least one).
struct ItemCounts {
  mlir::Value items, itemsOfTask;
};

/// Fills both functions of a kernel. `counts` is called at the start of the
/// grid's function, then at that of the task's, where it also prepares what
/// `body`, the code of one item, uses.
void emitItems(KernelEmission &emission, mlir::OpBuilder &builder,
               llvm::function_ref<ItemCounts(mlir::func::FuncOp)> counts,
               llvm::function_ref<void(mlir::Value item)> body);

/// Items of a task that together make about 16384 steps of `each` (index).
mlir::Value emitItemsOfTask(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value each);

/// Whether all operands of the anchor are operands of the kernel and its
/// results, in order, what the kernel yields: families that take no
/// neighbours.
llvm::LogicalResult supportsAnchorAlone(KernelOp kernel, std::string &reason);

/// The buffer of an anchor's operand that is an operand of the kernel.
mlir::Value getOperandBuffer(const KernelEmission &emission,
                             mlir::func::FuncOp function, mlir::Value operand);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_PLAINLOOPS_H
