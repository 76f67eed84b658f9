//===- LinearEmitter.h - Products with packed weights, emitted --*- C++ -*-===//
//
// A task computes a block of rows by a group of columns. In it, register tiles
// go down the rows of one strip of columns after the other, so that the strip's
// part of the weight stays in the caches while it is used. The epilogue runs on
// a tile when its sums are complete.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_LINEAREMITTER_H
#define ATTUNE_LIB_BACKEND_LLVM_LINEAREMITTER_H

#include "IndexMath.h"
#include "MicroKernel.h"
#include "attune/Backend/LLVM/LinearSchedule.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "llvm/Support/MathExtras.h"

namespace attune {

/// Emits the two functions of one kernel.
class LinearEmitter {
public:
  LinearEmitter(KernelEmission &emission, mlir::OpBuilder &builder,
                LinearOp linear, const LinearSchedule &schedule);

  void emitGrid();
  void emitTask();

private:
  /// A block of rows of the input as the inner loops read it.
  struct Rows {
    mlir::Value first;   // index of the first row
    mlir::Value count;   // index
    mlir::Value address; // of the first row at the run's start
    int64_t stride = 0;  // elements between rows
  };

  mlir::Value getInput(mlir::func::FuncOp function) {
    auto argument = mlir::cast<mlir::BlockArgument>(linear.getInput());
    return emission.getInput(function, argument.getArgNumber());
  }
  /// The number of rows, from the input's leading extents.
  mlir::Value emitNumRows(mlir::func::FuncOp function) {
    mlir::Value input = getInput(function);
    int64_t rank = mlir::cast<mlir::MemRefType>(input.getType()).getRank();
    return math.extents(input, 0, rank - 1);
  }
  /// Tiles that cover all rows from above, of heights that differ by one.
  mlir::Value emitTilesDown(mlir::Value numRows) {
    return math.ceilDiv(numRows, math.constant(tile.rows));
  }
  mlir::Value emitNumBlocks(mlir::Value tilesDown) {
    return math.ceilDiv(tilesDown, math.constant(tilesPerBlock));
  }
  /// Few rows are shared out by columns: more groups than nc asks for.
  mlir::Value emitNumGroups(mlir::Value numBlocks) {
    mlir::Value wanted = math.ceilDiv(math.constant(schedule.tasks),
                                      math.max(numBlocks, math.constant(1)));
    return math.min(math.max(wanted, math.constant(leastGroups)),
                    math.constant(numTiles));
  }
  bool packsRows();
  /// Cache lines, an odd number of them: rows spread over all sets.
  int64_t getPackedStride() { return (llvm::divideCeil(runOfK, 16) | 1) * 16; }
  int64_t getTileBytes();
  int64_t getPackedBytes();

  void emitRun(const RegionEmitter &epilogue, const Rows &rows,
               mlir::Value firstTile, mlir::Value endTile, int64_t run);
  void emitStrip(const RegionEmitter &epilogue, const Rows &rows,
                 mlir::Value stripIndex, mlir::Value firstTile, int64_t run,
                 int64_t numColumns);
  void emitEpilogue(const RegionEmitter &epilogue, mlir::Value address,
                    mlir::Value firstRow, mlir::Value numRows,
                    mlir::Value firstColumn, int64_t numColumns);
  Rows packRows(const Rows &rows, int64_t run);
  void prefetchNext(TileOperands &operands, mlir::Value b,
                    mlir::Value tileIndex);

  // From the kernel and its schedule. A strip is one register tile wide; K is
  // cut into runs of equal length.
  KernelEmission &emission;
  mlir::OpBuilder &builder;
  LinearOp linear;
  const LinearSchedule &schedule;
  mlir::Location loc;
  IndexMath math;
  TileShape tile;
  int64_t n, k, columns, numTiles, tilesPerGroup, tilesPerBlock, leastGroups,
      runOfK, numRuns;
  // Addresses: the packed weight; in scratch memory the tiles and packed rows.
  mlir::Value weight, tiles, packed;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_LINEAREMITTER_H
