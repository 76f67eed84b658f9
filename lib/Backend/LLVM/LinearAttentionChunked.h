//===- LinearAttentionChunked.h - Linear attention by chunks ----*- C++ -*-===//
//
// Tokens of a chunk are taken up together. With Q, K, V the rows of a chunk and
// S, z the state before it,
//
//   P = Q K^T without what is above the diagonal        [chunk, chunk]
//   O = [Q | P] [S; V]   over   [Q | P] [z; 1]          [chunk, value columns]
//   S' = S + K^T V,  z' = z + K^T 1
//
// Q and P lie side by side in `left`, S and V below each other in `panels` of a
// register tile's columns, z and ones in `right`: results are one product. K is
// packed transposed, as both products read it. Tiles end at the diagonal.
//
// Decay: with G the sum of g from the second token of the chunk on, k e^-G and
// q e^G make products decay by what lies between the two tokens, and S is
// multiplied by e^g of the first token before and by e^G of the last one after.
// A chunk ends where G leaves a range in which nothing overflows or becomes
// inexact: with strong decay chunks are short.
//
// Log weights: all of a chunk is divided by its largest e^w. A chunk ends where
// that is much more than what the first token has, so that no token vanishes
// from the results before.
//
// Delta rules: what tokens write takes the place of V, see DeltaChunks.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONCHUNKED_H
#define ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONCHUNKED_H

#include "LinearAttentionKernel.h"

namespace attune {

class ChunkedLinearAttention {
public:
  explicit ChunkedLinearAttention(LinearAttentionKernel &kernel);

  /// Whether there are chunks for the rule and sizes of the op.
  static bool supports(LinearAttentionOp op);
  /// Bytes that stay in use over a chunk: state, keys, values, queries.
  static int64_t getChunkBytes(LinearAttentionOp op,
                               const LinearAttentionTiling &tiling);

  /// Emits at the start of the task what items use.
  void prepare(ScratchAllocator &scratch);
  void emitItem();

private:
  using Values = llvm::SmallVector<mlir::Value>;
  using TileOperand =
      llvm::function_ref<mlir::Value(int64_t rowOrVector, mlir::Value k)>;
  /// Tokens [first, first + count).
  struct Chunk {
    mlir::Value first, count;
    /// Where sums over the rows of `panels` begin: behind S while it is zero.
    mlir::Value begin;
  };

  /// Makes head `slot` of the item the one that is emitted.
  void setHead(mlir::Value slot);
  /// The heads that `forHeads` calls its argument for.
  void emitHeads(llvm::function_ref<void(llvm::function_ref<void()>)> forHeads);
  /// A chunk from `first` on of at most `most` tokens; returns how many it
  /// took.
  mlir::Value emitChunk(mlir::Value first, mlir::Value most);
  /// The results of a chunk's own queries.
  void emitQueries(const Chunk &chunk);
  /// The results of queries that the state as it is answers.
  void emitFullQueries(mlir::Value first, mlir::Value most);

  // LinearAttentionFactors.cpp
  /// Factors of the keys and queries of a chunk from decay or log weights, and
  /// of the state before it; returns the count of its tokens.
  mlir::Value emitFactors(mlir::Value first, mlir::Value most);
  mlir::Value emitHeadDecay(mlir::Value first, mlir::Value most);
  mlir::Value emitColumnDecay(mlir::Value first, mlir::Value most);
  mlir::Value emitWeights(mlir::Value first, mlir::Value most);
  /// Multiplies rows of keys or queries (`isKey`) by their factors.
  mlir::Value applyFactor(mlir::Value rows, mlir::Value row, mlir::Value column,
                          bool isKey) const;
  /// Multiplies S and z by a factor of each key column.
  void scaleState(
      llvm::function_ref<mlir::Value(const NumberMath &, mlir::Value column)>
          factor);
  /// The factor of key columns after a chunk; null: one.
  mlir::Value loadDecayOfChunk(const NumberMath &number, mlir::Value column,
                               const Chunk &chunk) const;

  // DeltaChunks.cpp
  void prepareDelta(ScratchAllocator &scratch);
  /// Replaces the values of a chunk by what its tokens write.
  void emitDelta(const Chunk &chunk);
  /// A vector of a row of keys as a row of `sides`.
  mlir::Value getSide(mlir::Value rows, mlir::Value row,
                      mlir::Value column) const;
  void emitWritten(const Chunk &chunk, mlir::Value panel, mlir::Value first);

  void loadState();
  void storeState();
  void packKeys(const Chunk &chunk);
  void packKeySquare(const Chunk &chunk, mlir::Value row, bool isWhole);
  void packValues(const Chunk &chunk);
  void packQueries(const Chunk &chunk);

  /// Products of the rows of `side`, laid out as `left`, with the keys, behind
  /// them.
  void emitScores(const Chunk &chunk, mlir::Value side);
  void emitResultFactors(const Chunk &chunk, bool withScores);
  void emitResults(const Chunk &chunk, mlir::Value queryHead, bool withScores);
  void emitUpdate(const Chunk &chunk);
  /// A register tile: `init` and the sum of left times right over [begin, end).
  Values emitTile(int64_t rows, mlir::ValueRange init, mlir::Value begin,
                  mlir::Value end, TileOperand left, TileOperand right);

  /// Calls `body` for the vectors of key columns, all of them whole.
  void forEachKeyVector(llvm::function_ref<void(mlir::Value column)> body);
  void forEachPanel(llvm::function_ref<void(mlir::Value panel)> body);
  void forEach(mlir::Value end, int64_t step,
               llvm::function_ref<void(mlir::Value)> body);
  /// Value column `v` vectors from the start of a panel of the item on.
  mlir::Value getValueColumn(mlir::Value panel, int64_t v) const;
  mlir::Value emitRowEnd(const Chunk &chunk, mlir::Value row) const;

  LinearAttentionKernel &k;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  const IndexMath &math;
  const NumberMath &scalar, &vector;
  int64_t lanes, mr, nv, columns;
  int64_t chunkRows;    ///< the most tokens, in whole register tiles
  int64_t chunkColumns; ///< the same as columns of tiles

  /// Whether chunks of different heads end at different tokens.
  bool isDynamic;

  /// K^T [paddedKeys, chunkColumns]; without scores K [chunk, paddedKeys].
  mlir::Value keys;
  mlir::Value allPanels, allRight; ///< the two below of all heads of the item
  mlir::Value panels;  ///< [S; V] [mostPanels, paddedKeys + chunk, columns]
  mlir::Value left;    ///< [Q | P] [chunkRows, paddedKeys + chunkColumns]
  mlir::Value sides;   ///< [K | A] of the delta rules, as `left`
  mlir::Value rates;   ///< b [chunkRows]
  mlir::Value right;   ///< [z; 1] [paddedKeys + chunkColumns]
  mlir::Value added;   ///< K^T 1 [paddedKeys]
  mlir::Value results; ///< factors of results [chunkRows]
  mlir::Value keyFactors, queryFactors; ///< [chunk]
  mlir::Value exponents;                ///< G [chunk, paddedKeys]
  mlir::Value decays;                   ///< e^G of the last token [paddedKeys]
  mlir::Value maximum;                  ///< [1]
  mlir::Value reference;                ///< of the chunk; null without weights
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONCHUNKED_H
