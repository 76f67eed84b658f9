//===- AttentionForm.h - Softmax attention as Halide funcs ------*- C++ -*-===//
//
// Halide has no loop that carries a running maximum through two products, so
// that the online softmax (Milakov and Gimelshein, 1805.02867) becomes one in
// two levels: each block of keys has its own maximum and sum, and the blocks
// are combined when all are done. As there, scores exist for one block only.
//
//   for each tile of queries:
//     packed [D][queries]  scaled by scale * log2(e)
//     for each block of keys:
//       scores  [keys][queries] = K packed, maximum
//       weights [keys][queries] = 2^(scores - maximum), their sum
//       context [queries][D'] = weights^T V
//       block   [queries][D' + 2] = context, sum, maximum
//     result = sum over blocks of 2^(maximum - largest) block / the sum
//
// Queries lie across lanes in the scores, so that maximum, exponentials and
// sums are plain vector operations and keys are read as they are, one element
// at a time; columns do in the context, so that values and results are read
// and written as they are. A tile of one query has its keys across lanes
// instead, and sums products of vectors of columns.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_ATTENTIONFORM_H
#define ATTUNE_LIB_BACKEND_HALIDE_ATTENTIONFORM_H

#include "Fold.h"
#include "KernelPipeline.h"
#include <functional>

namespace attune {

/// Static sizes of an attention op.
struct AttentionShape {
  int heads, kvHeads, headDim, valueDim;
  explicit AttentionShape(AttentionOp op);
};

/// Tiles of the two products, of forms with several queries.
struct AttentionTiles {
  int lanes;   ///< f32 elements of a vector
  int mr;      ///< keys of a register tile of scores
  int nv;      ///< vectors of queries of a tile
  int kb;      ///< keys of a block, a multiple of mr
  int rows;    ///< queries of a register tile of the context, a part of all
  int columns; ///< vectors of columns of it, a part of all
  int unroll;  ///< of the inner loops

  int getQueries() const { return lanes * nv; }
};

/// The funcs of attention in tiles of some queries and blocks of keys.
class AttentionForm {
public:
  /// Blocks have up to `keys` keys, in multiples of `unit`, which divides it.
  AttentionForm(KernelPipeline &pipeline, AttentionOp op, int queries, int keys,
                int unit);

  /// An element of the result: column (of all heads), query and batch.
  Halide::Expr get(Halide::Expr column, Halide::Expr query,
                   Halide::Expr batch) const;

  /// `task`, of the loops over the result, computes one tile of one head.
  void scheduleTiles(Halide::LoopLevel task, const AttentionTiles &tiling);
  /// The same for tiles of one query.
  void scheduleRows(Halide::LoopLevel task, int lanes);
  /// Every func is a launch.
  void scheduleGpu();

  /// Elements of a vector of columns of the result: `lanes`, or fewer when
  /// whole vectors then fill the columns.
  static int getColumnLanes(int valueDim, int lanes);

private:
  void scheduleBlocks(Halide::LoopLevel task, int lanes);
  std::vector<Halide::Func *> getTileFuncs();
  /// Says that a func is of one tile.
  void bindTile(Halide::Func &func);

  /// A reduction whose partial results lie in lanes, where queries do not.
  struct LaneReduction {
    int width = 0; ///< none, if zero
    Halide::Func partial;
    Halide::RDom domain; ///< (lane, step)
    Fold fold;
  };
  using Element = std::function<Halide::Expr(Halide::Expr)>;
  /// Defines `func` of (query, rest...) as the combination of the elements of
  /// `domain`, in lanes if `width` is not zero.
  void reduce(Halide::Func &func, LaneReduction &lanes, int width,
              Halide::RDom domain, std::vector<Halide::Var> position,
              Combine kind, float init, const Element &element);

  AttentionShape shape;
  int queries, keys;
  Halide::Var query{"query"}, key{"key"}, column{"column"}, block{"block"},
      tile{"tile"}, head{"head"}, batch{"batch"};
  Halide::RDom columnsOfHead, keysOfBlock, blocks;
  LaneReduction scoreLanes, maximumLanes, sumLanes;
  Halide::Func packed{"packed"}, bound{"bound"}, scores{"scores"},
      maximum{"maximum"}, weights{"weights"}, sum{"sum"}, context{"context"},
      blockResult{"block_result"}, largest{"largest"}, factor{"factor"},
      total{"total"}, inverse{"inverse"}, combined{"combined"};
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_ATTENTIONFORM_H
