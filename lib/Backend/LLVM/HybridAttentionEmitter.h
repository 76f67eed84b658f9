//===- HybridAttentionEmitter.h - Near keys exactly, others by a state ----===//
//
// One task is one head of one batch element. As in AttentionEmitter.h all work
// is transposed: a block of queries lies across the lanes of vectors, keys,
// values, features and the state are read as they are, one broadcast element
// at a time.
//
//   for each block of queries [q0, q0 + QB):
//     take the keys that are far behind all of its queries into the state
//     O^T = state^T features(Q)^T, with the maximum of its log scales
//     with `full`: likewise the state of the keys far ahead of all queries
//     online softmax over what is left in blocks of keys: sinks, and the keys
//     around, some of which may be far from some of the queries
//   O = (O^T / sum)^T
//
// A weight is factor * e^exponent: 1 and the score of a near key, the product
// of features and the sum of log scales of a far one. The running maximum of a
// query is over the exponents of both, so that they share one scale.
//
// The state of the keys ahead is taken up from the last block backwards, before
// all else: what it gives to each query waits in the rows of the result, while
// the sum of its features is kept for some blocks and taken up once more for
// those between them.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_HYBRIDATTENTIONEMITTER_H
#define ATTUNE_LIB_BACKEND_LLVM_HYBRIDATTENTIONEMITTER_H

#include "NumberMath.h"
#include "PlainLoops.h"

namespace attune {

class HybridAttentionEmitter {
public:
  HybridAttentionEmitter(KernelEmission &emission, mlir::OpBuilder &builder);

  /// Fills both functions of the kernel.
  void emit();
  /// Bytes of scratch that a task takes, at most.
  static int64_t getScratchBytes(HybridAttentionOp op,
                                 const TargetDesc &target);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  /// Keys [begin, end).
  struct Range {
    mlir::Value begin, end;
  };
  /// The sum over the far keys on one side. Numbers are divided by e^largest,
  /// the largest log scale of its keys.
  struct State {
    mlir::Value matrix;  ///< [features][columns of values, whole vectors]
    mlir::Value sum;     ///< [features]
    mlir::Value largest; ///< [1]
  };

  // HybridAttentionEmitter.cpp: what a task goes through.
  ItemCounts prepare(mlir::func::FuncOp function);
  void allocate();
  void emitItem(mlir::Value item);
  /// Sets the block and packs its queries.
  void beginBlock(mlir::Value first);
  void emitAhead();
  void emitBlockAhead(mlir::Value first);
  /// The first key that is far ahead of all queries of the block from `first`.
  mlir::Value emitAheadBegin(mlir::Value first);
  /// Stores the block's sums, divided or as they are.
  void emitFinish(bool divides);
  /// `body` for tiles of about equal size that cover [0, count).
  void forTiles(int64_t count, int64_t size,
                llvm::function_ref<void(mlir::Value first, int64_t size)> body);
  /// Rows of the block, `count` columns from `column` on, as the first rows of
  /// `target`, times `scale`.
  void packRows(mlir::Value memref, mlir::Value column, int64_t count,
                double scale, mlir::Value target);
  /// `body` for the vectors of queries of a block.
  void
  forEachVector(llvm::function_ref<void(int64_t index, mlir::Value lane)> body);
  void forRange(mlir::Value begin, mlir::Value end, int64_t step,
                llvm::function_ref<void(mlir::Value)> body);
  void doIf(mlir::Value condition, llvm::function_ref<void()> body);

  // HybridAttentionState.cpp: sums over far keys.
  void clear(const State &state);
  void clearSum(const State &state);
  /// Copies a sum of features; rows are null for memrefs of one.
  void copySum(mlir::Value from, mlir::Value fromRow, mlir::Value to,
               mlir::Value toRow);
  /// Takes keys up, block by block; the sum of features alone, or all.
  void takeUp(const State &state, Range keys, bool all);
  void takeUpBlock(const State &state, Range keys, bool all);
  /// Weights of keys and their rows of values; returns the factor of what was
  /// there before.
  mlir::Value weighKeys(const State &state, Range keys, bool all);
  void updateMatrix(const State &state, Range keys, mlir::Value factor);
  void updateMatrixTile(const State &state, Range keys, mlir::Value factor,
                        mlir::Value feature, int64_t height, mlir::Value column,
                        int64_t width);
  void updateSum(const State &state, Range keys, mlir::Value factor);
  /// `target[r, :] = sum_m element(m, r) * features of queries [m, :]`.
  void readRows(
      mlir::Value target, mlir::Value row, int64_t height,
      llvm::function_ref<mlir::Value(mlir::Value feature, int64_t i)> element);
  /// State^T features(Q)^T, with or without the row of sums.
  void readMatrix(const State &state, mlir::Value target);
  void readSum(const State &state, mlir::Value target);
  /// The exponent of what a state gave to `target`; the lowest where that is
  /// nothing.
  Values emitExponents(const State &state, mlir::Value target);

  // HybridAttentionKeys.cpp: keys one by one.
  /// Online softmax over keys; `isNear` where all of them are near.
  void emitKeys(Range keys, bool isNear);
  void emitKeyBlock(Range keys, bool isNear);
  /// `target[j, :] = keys[j] . rows` for a block of keys.
  void emitProducts(Range keys, mlir::Value memref, mlir::Value column,
                    int64_t inner, mlir::Value packed, mlir::Value target);
  void emitProductTile(mlir::Value key, int64_t height, mlir::Value memref,
                       mlir::Value column, int64_t inner, mlir::Value packed,
                       mlir::Value target, mlir::Value row);
  /// Exponents, and factors with `mixed`, of a block of keys; returns the new
  /// maxima.
  Values emitExponentsOfKeys(Range keys, bool isNear, bool mixed,
                             mlir::ValueRange maxima);
  void emitWeights(Range keys, bool mixed, mlir::ValueRange maxima);
  void emitContext(Range keys, mlir::ValueRange factors);
  void emitContextTile(Range keys, mlir::Value column, int64_t height,
                       mlir::ValueRange factors);
  /// Whether a key is not masked (i1).
  mlir::Value isKept(mlir::Value key);
  /// A log scale within bounds; zero without scales.
  mlir::Value loadScale(mlir::Value scales, mlir::Value token);
  /// e to the power of a difference that is at most zero.
  mlir::Value emitPower(mlir::Value difference);
  mlir::Value clamp(mlir::Value value, float bound);
  mlir::Value larger(const NumberMath &number, mlir::Value a, mlir::Value b);

  KernelEmission &emission;
  mlir::OpBuilder &builder;
  HybridAttentionOp op;
  mlir::Location loc;
  IndexMath math;
  NumberMath scalar, vector;
  int64_t lanes, vectors, height; ///< of register tiles
  int64_t queriesOfBlock;
  int64_t headDim, valueDim, features, heads, group;
  /// The columns of values in whole vectors: the row of sums comes behind.
  int64_t columns;
  int64_t window; ///< at most what i32 holds
  bool isFull;

  // Buffers.
  mlir::Value query, key, value, queryFeatures, keyFeatures, queryScale,
      keyScale, mask, output;
  // The task, and its block of queries.
  mlir::Value length, batch, head, queryColumn, keyColumn, valueColumn,
      featureColumn, outputColumn;
  mlir::Value firstQuery, lastQuery; ///< of the block; both are there
  /// Scratch: what is packed of queries [..][QB], their log scales and maxima
  /// [QB], exponents and factors of keys [keys][QB], O^T and its sums
  /// [columns + 1][QB], the same of the keys ahead.
  mlir::Value packedQuery, packedFeatures, packedScale, maximum, exponents,
      factors, context, ahead;
  /// Weights of keys [keys] and weighted values [keys][columns] of an update.
  mlir::Value weights, weighted;
  State behind, aheadState;
  /// Sums of features of the keys ahead, of some blocks; their scales.
  mlir::Value keptSums, keptScales;
  mlir::Value blocksOfKept; ///< blocks from one that is kept to the next
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_HYBRIDATTENTIONEMITTER_H
