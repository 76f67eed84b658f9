//===- MicroKernel.h - Register tiles of a matrix product -------*- C++ -*-===//
//
// The inner loops of every matrix product: a tile of rows x vectors stays in
// registers over a run of K. They are functions of the module, shared by all
// kernels that use the same tile: their time is in their loops, so a call costs
// nothing, and a model compiles each of them once.
//
// Operands, in elements of f32:
//
//   a     rows x k, rows `aStride` apart, columns contiguous
//   b     panels as #attune.panels stores them: [panels][k][panel]; the first
//         vector of the tile starts at `b`, panels are `bStride` apart
//   tile  [rows][vectors * lanes]: the result; added to when `accumulate`
//
// Strides are constants in the code: were they in registers, a dozen row
// pointers would not fit, and LLVM would load a row's elements for all steps at
// once to save pointers, and spill them.
//
// Every iteration prefetches `unroll` cache lines from `prefetch` on, which
// moves on by `prefetchStep` bytes: what the next strip of tiles reads of b
// arrives while this one computes.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_MICROKERNEL_H
#define ATTUNE_LIB_BACKEND_LLVM_MICROKERNEL_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace attune {

/// The shape of register tiles; `rows` is the largest number of rows.
struct TileShape {
  int64_t rows = 1;
  int64_t vectors = 1; ///< vectors side by side
  int64_t lanes = 8;   ///< f32 elements of a vector
  int64_t panel = 16;  ///< columns of a panel of b
  int64_t unroll = 4;  ///< steps of k in one iteration
  int64_t aStride = 0; ///< elements between rows of a
  int64_t bStride = 0; ///< elements between panels of b

  int64_t getColumns() const { return vectors * lanes; }
  /// Bytes that one iteration prefetches.
  int64_t getPrefetchBytes() const { return unroll * 64; }
};

/// Operands of one tile: pointers, and i64 for the rest (accumulate: i1).
struct TileOperands {
  mlir::Value rows; ///< 1 .. TileShape::rows
  mlir::Value a, b, k, tile, accumulate;
  mlir::Value prefetch, prefetchStep; ///< null: nothing to prefetch
};

/// Emits a call that computes one tile, and the functions it needs where the
/// module lacks them.
void emitTile(mlir::OpBuilder &builder, mlir::Location loc,
              mlir::ModuleOp module, const TileShape &shape,
              const TileOperands &operands);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_MICROKERNEL_H
