//===- ElementRegion.h - A kernel's region element by element ---*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_ELEMENTREGION_H
#define ATTUNE_LIB_BACKEND_LLVM_ELEMENTREGION_H

#include "attune/Backend/LLVM/ElementEmission.h"
#include "attune/Backend/LLVM/KernelFamily.h"
#include "llvm/ADT/DenseMap.h"

namespace attune {

/// Evaluates values of a kernel's region at given indices, as scalars: block
/// arguments are loaded from their buffers, ops asked for their elements.
class ElementRegion {
public:
  /// Emits what is shared at the builder's insertion point, the start of
  /// `function` (task or grid).
  ElementRegion(const KernelEmission &emission, mlir::func::FuncOp function,
                mlir::OpBuilder &builder);

  /// The extents of the kernel's first result; rows are all but the last.
  llvm::ArrayRef<mlir::Value> getExtents() const { return extents; }
  mlir::Value getRows() const { return rows; }
  mlir::Value getColumns() const { return columns; }
  /// The indices of the first result but the last, for the number of a row.
  llvm::SmallVector<mlir::Value> emitRowIndices(mlir::OpBuilder &builder,
                                                mlir::Value row) const;

  /// Emits all that the kernel yields at `indices` and stores it.
  void emitResults(mlir::OpBuilder &builder, mlir::Location loc,
                   llvm::ArrayRef<mlir::Value> indices);

  /// Success when the region can be emitted without computing anything very
  /// often; else the reason is written.
  static llvm::LogicalResult supports(KernelOp kernel, std::string &reason);

private:
  class Reader;
  /// An element that has been emitted and may be used again.
  struct Known {
    mlir::Value value;
    llvm::SmallVector<mlir::Value> indices;
    mlir::Value element;
  };

  mlir::Value emit(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value value, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value findExtent(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value value, int64_t dim) const;

  const KernelEmission &emission;
  mlir::func::FuncOp function;
  llvm::SmallVector<mlir::Value> extents;
  mlir::Value rows, columns, zero;
  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
  llvm::SmallVector<Known> known;
};

/// Loads the scalar at `indices` of a buffer, and stores one. Bools are bytes:
/// zero or not, written as 0 and 1.
mlir::Value loadElement(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value buffer,
                        llvm::ArrayRef<mlir::Value> indices);
void storeElement(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value element, mlir::Value buffer,
                  llvm::ArrayRef<mlir::Value> indices);

/// Marks a loop whose body LLVM is to make vectors of.
void markForVectors(mlir::Operation *loop);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_ELEMENTREGION_H
