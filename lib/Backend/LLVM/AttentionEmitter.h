//===- AttentionEmitter.h - Online softmax attention ------------*- C++ -*-===//
//
// One task is one head of one batch element and a span of queries. All work is
// transposed: queries lie across the lanes of vectors, so that maximum, sum and
// rescaling of the online softmax (Milakov and Gimelshein, 1805.02867) are
// plain vector ops, a masked key is one row, and keys and values are read as
// they are, one broadcast element at a time, without packing.
//
//   Q^T [D][QB]   packed once, scaled by scale * log2(e)
//   for each block of keys:
//     S^T [keys][QB] = K Q^T, running maximum per lane
//     P^T = 2^(S^T - max), running sum
//     O^T [D][QB] = 2^(old max - max) O^T + V^T P^T
//   O = (O^T / sum)^T
//
// Scores exist for one block of keys only. The span is cut into sub-blocks of
// QB = nv * lanes queries that share each block of keys while it is in L1.
//
// What else the op says of scores happens while they are in registers, and only
// where it says so: the cap, the bias (transposed block by block where queries
// have rows of their own), excluded keys, the diagonal of causal attention.
// Sub-blocks end at the last key that their last query sees, so that nothing is
// computed above the diagonal but in the tiles that it crosses.
//
// Launches of few queries have a task for each query and head instead
// (AttentionRows.cpp).
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_ATTENTIONEMITTER_H
#define ATTUNE_LIB_BACKEND_LLVM_ATTENTIONEMITTER_H

#include "attune/Backend/LLVM/KernelFamily.h"

namespace attune {

/// Values of the knobs.
struct AttentionTiling {
  int64_t lanes;   ///< f32 elements of a vector
  int64_t mr;      ///< rows (keys, or columns of O) of a register tile
  int64_t nv;      ///< vectors of queries of a register tile
  int64_t kb;      ///< keys of a block
  int64_t qblocks; ///< sub-blocks of queries that share a block of keys
  int64_t unroll;  ///< of the loops over head columns and keys

  int64_t getBlockQueries() const { return lanes * nv; }
};

class AttentionEmitter {
public:
  AttentionEmitter(const KernelEmission &emission, AttentionOp op,
                   const AttentionTiling &tiling);

  /// Fills the two functions.
  void emitGrid(mlir::OpBuilder &builder, mlir::Location loc);
  void emitTask(mlir::OpBuilder &builder, mlir::Location loc);

private:
  using Values = llvm::SmallVector<mlir::Value>;

  /// Whether each query is a task of its own.
  mlir::Value emitIsFew(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value query) const;
  /// A task of tiles; returns how many bytes of scratch it needs.
  int64_t emitTiles(mlir::OpBuilder &builder, mlir::Location loc);
  /// Sequence and head of a task, and where the head's columns are. `index`
  /// counts heads of all sequences.
  void setHead(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value index);

  /// A task of one query and one head: its scratch and what it looks at.
  struct RowState {
    mlir::Value query, weights, context, keyEnd, biasRow;
  };
  int64_t emitRow(mlir::OpBuilder &builder, mlir::Location loc);
  /// A vector of scores of the keys from `firstKey` on; -inf for keys that are
  /// excluded or beyond the end.
  mlir::Value emitRowScores(mlir::OpBuilder &builder, mlir::Location loc,
                            const RowState &row, mlir::Value firstKey) const;
  mlir::Value emitRowBias(mlir::OpBuilder &builder, mlir::Location loc,
                          const RowState &row, mlir::Value firstKey) const;
  /// Scales the sums of the row by `factor` and adds those of a block.
  void emitRowContext(mlir::OpBuilder &builder, mlir::Location loc,
                      const RowState &row, mlir::Value keyBegin,
                      mlir::Value keys, mlir::Value factor) const;
  /// The first `count` elements of a vector, and zeros; all without a count.
  mlir::Value loadPart(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value memref, mlir::ValueRange indices,
                       mlir::Value count) const;
  mlir::Value emitLaneMask(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value count) const;
  /// The count of a vector that holds the first of `left` elements; null where
  /// they fill it.
  mlir::Value getPart(mlir::OpBuilder &builder, mlir::Location loc,
                      int64_t left) const;

  /// Queries of one task: one sub-block, or more when keys and values of a
  /// head do not stay in L2 and are better read less often.
  mlir::Value emitSpan(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value key) const;
  /// The range of keys outside of which the mask excludes all.
  std::pair<mlir::Value, mlir::Value> emitKeyRange(mlir::OpBuilder &builder,
                                                   mlir::Location loc) const;
  void emitKeyBlocks(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value keyBegin, mlir::Value keyEnd,
                     mlir::Value count, mlir::Value subBlocks) const;
  /// Causal attention: the end of the keys that the query before `queryEnd`
  /// sees.
  mlir::Value emitKeyLimit(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value queryEnd) const;
  /// Writes +inf for keys to use and -inf for keys to exclude.
  void emitBounds(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value keyBegin, mlir::Value keys) const;

  /// Q^T of a sub-block, and an empty state of its softmax. `left` counts the
  /// queries from the start of the sub-block.
  void emitPrepare(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value sub, mlir::Value left) const;
  void emitPackQueries(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value sub, mlir::Value vector) const;
  /// One block of keys for one sub-block, with as many vectors of queries, up
  /// to `nv`, as the queries that are left fill.
  void emitUpdate(mlir::OpBuilder &builder, mlir::Location loc, int64_t nv,
                  mlir::Value left, mlir::Value sub, mlir::Value keyBegin,
                  mlir::Value keys) const;
  /// The same for `nv` vectors.
  void emitUpdate(mlir::OpBuilder &builder, mlir::Location loc, int64_t nv,
                  mlir::Value sub, mlir::Value keyBegin,
                  mlir::Value keys) const;
  /// S^T of the block in tiles of `heights.front()` keys, or of a smaller
  /// height when there are fewer keys; returns the new maxima.
  Values emitScores(mlir::OpBuilder &builder, mlir::Location loc,
                    llvm::ArrayRef<int64_t> heights, int64_t nv,
                    mlir::Value sub, mlir::Value keyBegin, mlir::Value keys,
                    mlir::ValueRange maxima) const;
  Values emitScoreTile(mlir::OpBuilder &builder, mlir::Location loc,
                       int64_t height, int64_t nv, mlir::Value sub,
                       mlir::Value keyBegin, mlir::Value firstKey,
                       mlir::ValueRange maxima) const;
  /// The scores of a tile, [height][nv] vectors of sums, with cap, bias and
  /// excluded keys. `firstKey` counts from `keyBegin`.
  void emitScoreEpilogue(mlir::OpBuilder &builder, mlir::Location loc,
                         int64_t height, int64_t nv, mlir::Value sub,
                         mlir::Value keyBegin, mlir::Value firstKey,
                         llvm::MutableArrayRef<mlir::Value> tile) const;
  /// `cap * tanh(score / cap)`, as an exponent of two or e.
  mlir::Value emitCap(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value score) const;
  /// Replaces the scores of a tile above the diagonal by -inf.
  void emitDiagonal(mlir::OpBuilder &builder, mlir::Location loc,
                    int64_t height, int64_t nv, mlir::Value sub,
                    mlir::Value firstKey,
                    llvm::MutableArrayRef<mlir::Value> tile) const;
  /// The bias of a block of keys for `nv` vectors of queries, transposed.
  void emitPackBias(mlir::OpBuilder &builder, mlir::Location loc, int64_t nv,
                    mlir::Value sub, mlir::Value keyBegin,
                    mlir::Value keys) const;
  /// The index to the bias of `position` of its dimension.
  mlir::Value emitBiasIndex(mlir::OpBuilder &builder, mlir::Location loc,
                            int64_t dimension, mlir::Value position) const;
  /// A difference of scores as a power of two.
  mlir::Value emitPower(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value difference) const;
  /// Columns [column, column + height) of the output of the block.
  void emitContextTile(mlir::OpBuilder &builder, mlir::Location loc,
                       int64_t height, int64_t nv, mlir::Value sub,
                       mlir::Value column, mlir::Value keyBegin,
                       mlir::Value keys, mlir::ValueRange factors) const;
  /// Divides by the sums, transposes back and stores.
  void emitFinish(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value sub,
                  mlir::Value left) const;
  void emitStoreVector(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value sub, mlir::Value vector,
                       mlir::Value left) const;

  /// Keys, or columns, of a register tile with `nv` vectors of queries.
  int64_t getHeight(int64_t nv) const;
  /// The maximum of no scores yet.
  float getLowest() const;
  mlir::Value loadVector(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value memref, mlir::ValueRange indices) const;
  /// An element in all lanes.
  mlir::Value loadSplat(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value memref, mlir::ValueRange indices) const;
  mlir::Value splat(mlir::OpBuilder &builder, mlir::Location loc,
                    float value) const;

  const KernelEmission &emission;
  AttentionOp op;
  AttentionTiling tiling;
  int64_t headDim, valueDim;
  mlir::VectorType vectorType;
  /// Whether scores are exponents of e. Those of two save a product for each,
  /// but a bias near the end of the range of f32 would leave it.
  bool isNatural;
  bool hasBiasOfKeys; ///< a bias that all queries share
  Causal causal;
  float cap;   ///< 0: none
  float scale; ///< of queries

  // Values of the task.
  mlir::Value query, key, value, mask, bias, output;
  mlir::Value biasBatch, biasHead; ///< indices
  mlir::Value batch, queryColumn, keyColumn, valueColumn, outputColumn;
  mlir::Value queryBegin, queries;
  /// Scratch: Q^T and O^T [qblocks][D][QB], state [qblocks][QB], S^T [kb][QB],
  /// bounds [kb], bias^T [kb][QB].
  mlir::Value packed, context, maximum, sum, scores, bounds, packedBias;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_ATTENTIONEMITTER_H
