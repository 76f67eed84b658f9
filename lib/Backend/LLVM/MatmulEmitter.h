//===- MatmulEmitter.h - Products of two activations, emitted ---*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_MATMULEMITTER_H
#define ATTUNE_LIB_BACKEND_LLVM_MATMULEMITTER_H

#include "IndexMath.h"
#include "Pointers.h"
#include "attune/Backend/LLVM/MatmulSchedule.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "llvm/Support/MathExtras.h"

namespace attune {

/// Emits the two functions of one kernel.
class MatmulEmitter {
public:
  MatmulEmitter(KernelEmission &emission, mlir::OpBuilder &builder,
                MatmulOp matmul)
      : emission(emission), builder(builder), matmul(matmul),
        schedule(emission.schedule, emission.target), loc(matmul.getLoc()),
        math(builder, loc), lanes(emission.target.getLanes()),
        columns(schedule.nv * lanes) {}

  void emitGrid();
  void emitTask();

private:
  /// One operand as a strided matrix of the task's batch.
  struct Matrix {
    mlir::Value address;   // of its first element
    mlir::Value rowStride; // index: between rows, of k or n for the right side
    mlir::Value columnStride; // index
    bool hasUnitColumns = false;
  };

  /// Starts a function with the extents and the numbers of tasks.
  void enter(mlir::func::FuncOp function);
  Matrix getMatrix(mlir::Value operand, mlir::Value batch);
  /// The run [firstK, firstK + countK) of columns of the right-hand side as
  /// panels of one tile's width, kc steps apart.
  void packRight(const Matrix &right, mlir::Value firstK, mlir::Value countK,
                 mlir::Value firstColumn, mlir::Value countColumns);
  void packVectors(const Matrix &right, mlir::Value firstK, mlir::Value countK,
                   mlir::Value firstColumn, mlir::Value countColumns);
  void packTransposed(const Matrix &right, mlir::Value firstK,
                      mlir::Value countK, mlir::Value firstColumn,
                      mlir::Value countColumns);
  void packLeft(const Matrix &left, mlir::Value firstRow, mlir::Value countRows,
                mlir::Value firstK, mlir::Value countK);
  mlir::Value loadStrided(mlir::Value address, mlir::Value stride,
                          mlir::Value count);
  mlir::Value loadMasked(mlir::Value address, mlir::Value count);
  mlir::Value elementAt(const Matrix &matrix, mlir::Value row,
                        mlir::Value column) {
    mlir::Value offset = math.add(math.mul(row, matrix.rowStride),
                                  math.mul(column, matrix.columnStride));
    return advance(builder, loc, matrix.address, offset);
  }

  /// Cache lines, an odd number of them: rows spread over all sets.
  int64_t getLeftStride() const {
    return (llvm::divideCeil(schedule.kc, 16) | 1) * 16;
  }

  KernelEmission &emission;
  mlir::OpBuilder &builder;
  MatmulOp matmul;
  MatmulSchedule schedule;
  mlir::Location loc;
  IndexMath math;
  int64_t lanes, columns;
  llvm::SmallVector<mlir::Value> batchExtents;
  mlir::Value batches, m, n, k, numBlocks, numGroups;
  // In scratch memory: sums of all tiles of a task, and the packed operands.
  mlir::Value partials, packedRight, packedLeft;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_MATMULEMITTER_H
