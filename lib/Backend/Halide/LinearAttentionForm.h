//===- LinearAttentionForm.h - Linear attention as Halide funcs -*- C++ -*-===//
//
// The chunked form, for chunks of C tokens. With Q, K, V the features of
// queries and keys and the values of a chunk, L the decay summed up within it,
//
//   update[c] = sum_j e^(L_C - L_j) K_j V_j^T
//   S[c + 1]  = e^(L_C) S[c] + update[c]
//   context_i = e^(L_i) Q_i S[c] + sum_(j <= i) e^(L_i - L_j) (Q_i . K_j) V_j
//
// where the differences of L are summed up as they are needed.
//
// S is a scan along chunks: all of S[0 .. chunks] are in memory, 1 / C of what
// C rows of the state take for each token. That makes the chunks of the results
// independent of each other, so that all cores have work with few heads, too.
// Where sums of keys divide, the values have one more column, of ones: the
// state then has the sums, and the context the divisors.
//
// Without a mask along time (`full`) there is one state, of all keys. Chunks of
// one token are the recurrent form.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_LINEARATTENTIONFORM_H
#define ATTUNE_LIB_BACKEND_HALIDE_LINEARATTENTIONFORM_H

#include "Features.h"
#include <optional>

namespace attune {

/// Tiles of the products of a chunk.
struct LinearAttentionTiles {
  int lanes;   ///< f32 elements of a vector
  int chunk;   ///< tokens of a chunk: whole vectors, or one
  int rows;    ///< rows of a register tile, a part of the chunk
  int keyRows; ///< the same for rows of the state, a part of these
  int columns; ///< vectors of columns of both, a part of all
  int unroll;  ///< of the inner loops
  int heads;   ///< heads of a task of states, a part of those of keys
};

/// The largest divisor of `whole` up to `bound`.
inline int getDivisor(int whole, int64_t bound) {
  int divisor = static_cast<int>(std::clamp<int64_t>(bound, 1, whole));
  while (whole % divisor)
    --divisor;
  return divisor;
}

class LinearAttentionForm {
public:
  /// Defines the funcs and hands the kernel's results to the pipeline.
  LinearAttentionForm(KernelPipeline &pipeline, LinearAttentionOp op,
                      const LinearAttentionTiles &tiles);

  void scheduleCpu();
  /// Every func is a launch.
  void scheduleGpu();

private:
  void defineDecay();
  void defineState();
  void defineScores();
  void defineResults();
  Halide::ImageParam getOperand(mlir::Value value);
  /// Defines `func` as the values of a chunk (column, token, block, head of
  /// keys, batch).
  void defineValues(Halide::Func &func);
  /// Whether tokens lie across lanes.
  bool isWide() const { return chunk % tiles.lanes == 0; }
  /// Queries of a register tile of scores, which lie across lanes.
  int getQueriesOfTile() const;
  /// Whether the columns of the state are more than those of the values.
  bool packsValues() const { return width != valueDim; }
  void scheduleState(Halide::Var task);
  void scheduleResult(Halide::Var task);
  void scheduleValues(Halide::Func &func, Halide::LoopLevel loop);
  void unrollTile(Halide::Stage stage, Halide::Var columns, Halide::Var rows);

  KernelPipeline &pipeline;
  LinearAttentionOp op;
  LinearAttentionTiles tiles;
  int heads, kvHeads, group, keyDim, valueDim, chunk;
  bool isFull, isGated, hasSums;
  int columnLanes; ///< elements of vectors of columns
  int width;       ///< columns of the state, in whole vectors
  Halide::Expr numKeys, numChunks;
  /// The chunks of keys are read twice, by loops apart.
  Features queries, keys, scoreKeys;
  Halide::Var token{"token"}, key{"key"}, column{"column"}, row{"row"},
      block{"block"}, head{"head"}, batch{"batch"};
  Halide::RDom tokensOfChunk, keysBefore, rowsOfState, rowsOfKeys, chunks;
  Halide::Func gate{"gate"}, decay{"decay"}, rest{"rest"}, gap{"gap"},
      weighted{"weighted"}, update{"update"}, state{"state"}, turned{"turned"},
      scores{"scores"}, weights{"weights"}, context{"context"},
      factor{"factor"}, stateValues{"state_values"}, values{"values"},
      result{"result"}, present{"present"}, presentSum{"present_sum"};
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_LINEARATTENTIONFORM_H
