//===- RegionEmitter.h - A kernel's region on vectors -----------*- C++ -*-===//
//
// Evaluates values of a kernel's region at one position: lanes of
// consecutive columns in one row. Families use it for the prologue (what the
// anchor reads) and the epilogue (what follows the anchor), so that any
// elementwise op can join any kernel.
//
// Positions live in the space of the kernel's first result: its last dimension
// gives the columns, all others together, in row-major order, the rows. Block
// arguments are loaded from their buffers, contiguous or strided; arguments of
// lower rank or with static extents of one are repeated as NumPy does.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_REGIONEMITTER_H
#define ATTUNE_BACKEND_LLVM_REGIONEMITTER_H

#include "attune/Backend/LLVM/KernelFamily.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace attune {

/// Where the elements of one vector lie.
struct VectorPosition {
  mlir::Value row;    ///< index: number of the row
  mlir::Value column; ///< index: the first column
  int64_t lanes = 1;  ///< elements of the vector
  mlir::Value mask;   ///< vector<lanes x i1>: lanes that exist; null: all
};

/// Values that are known at a position, such as the anchor's result.
using KnownVectors = llvm::SmallDenseMap<mlir::Value, mlir::Value, 4>;

class RegionEmitter {
public:
  /// Emits the extents of the space at the builder's insertion point, which
  /// must dominate all uses: the start of `function` (task or grid).
  RegionEmitter(const KernelEmission &emission, mlir::func::FuncOp function,
                mlir::OpBuilder &builder);

  /// The number of rows and of columns (index).
  mlir::Value getRows() const { return rows; }
  mlir::Value getColumns() const { return columns; }

  /// The value of the region at a position: vector<lanes x element type>.
  /// Values in `known` are taken from there. Null when an op on the way cannot
  /// be evaluated (supportsValue tells before).
  mlir::Value emit(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value value, const VectorPosition &position,
                   KnownVectors known = KnownVectors()) const;

  /// Emits what the kernel yields, at a position, and stores it into the
  /// output buffers: the whole epilogue.
  void emitResults(mlir::OpBuilder &builder, mlir::Location loc,
                   const VectorPosition &position,
                   const KnownVectors &known) const;

  /// Stores a vector into the buffer of result `index`.
  void store(mlir::OpBuilder &builder, mlir::Location loc, unsigned index,
             const VectorPosition &position, mlir::Value vector) const;

  /// Success when everything that `value` is computed from, down to block
  /// arguments and `known`, is elementwise and can be emitted; else the reason
  /// is written.
  static llvm::LogicalResult
  supportsValue(mlir::Value value, mlir::ValueRange known, std::string &reason);

  /// supportsValue of all that the kernel yields.
  static llvm::LogicalResult
  supportsResults(KernelOp kernel, mlir::ValueRange known, std::string &reason);

private:
  /// The buffer to access and its indices at a position.
  struct Place {
    mlir::Value buffer;
    llvm::SmallVector<mlir::Value> indices;
    bool broadcast = false; ///< one element serves all lanes
  };
  Place locate(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value buffer,
               llvm::ArrayRef<int64_t> shape,
               const VectorPosition &position) const;
  mlir::Value load(mlir::OpBuilder &builder, mlir::Location loc,
                   unsigned argument, const VectorPosition &position) const;

  const KernelEmission &emission;
  mlir::func::FuncOp function;
  llvm::SmallVector<int64_t> space;       // extents of the first result
  llvm::SmallVector<mlir::Value> leading; // its row dimensions (index)
  mlir::Value rows, columns;
  /// Buffers of full shape as matrices of rows.
  llvm::SmallDenseMap<mlir::Value, mlir::Value> collapsed;
};

/// A mask whose first `count` (index) lanes are set.
mlir::Value createTailMask(mlir::OpBuilder &builder, mlir::Location loc,
                           int64_t lanes, mlir::Value count);

/// The body of a loop over vectors: is given the first column, the mask (null
/// for a full vector) and the carried values, and returns their new values.
using VectorLoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &, mlir::Location, mlir::Value column, mlir::Value mask,
    mlir::ValueRange carried)>;

/// Emits a loop over [0, columns) in steps of `lanes`: full vectors, then, when
/// `columns` is not known to be a multiple of `lanes`, one masked vector. The
/// body is called once for each of the two. Returns the carried values.
llvm::SmallVector<mlir::Value>
emitVectorLoop(mlir::OpBuilder &builder, mlir::Location loc,
               mlir::Value columns, int64_t lanes, mlir::ValueRange init,
               VectorLoopBody body);

/// As above, with `unroll` full vectors an iteration while they last.
llvm::SmallVector<mlir::Value>
emitVectorLoop(mlir::OpBuilder &builder, mlir::Location loc,
               mlir::Value columns, int64_t lanes, int64_t unroll,
               mlir::ValueRange init, VectorLoopBody body);

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_REGIONEMITTER_H
