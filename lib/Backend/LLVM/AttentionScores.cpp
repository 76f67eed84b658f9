//===- AttentionScores.cpp - From products to scores of attention ---------===//
#include "AttentionEmitter.h"
#include "IndexMath.h"
#include "VectorMath.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

// Finite, so that its difference to itself is zero and a query that sees
// excluded keys only never makes a NaN. With a bias it is the lowest number:
// where every key has that bias, as models write what they exclude, all weigh
// the same.
float AttentionEmitter::getLowest() const {
  return isNatural ? -std::numeric_limits<float>::max() : -3.0e38f;
}

Value AttentionEmitter::emitPower(OpBuilder &builder, Location loc,
                                  Value difference) const {
  if (isNatural)
    difference =
        arith::MulFOp::create(builder, loc, difference,
                              emitConstantLike(builder, loc, difference,
                                               static_cast<float>(M_LOG2E)));
  return emitExp2Flush(builder, loc, difference);
}

Value AttentionEmitter::emitCap(OpBuilder &builder, Location loc,
                                Value score) const {
  // Finite: a score of zero stays zero whatever the cap.
  float inverse = std::min(1.0f / cap, std::numeric_limits<float>::max());
  float factor =
      isNatural ? cap : static_cast<float>(static_cast<double>(cap) * M_LOG2E);
  score =
      arith::MulFOp::create(builder, loc, score, splat(builder, loc, inverse));
  score = emitTanh(builder, loc, score);
  return arith::MulFOp::create(builder, loc, score,
                               splat(builder, loc, factor));
}

//===----------------------------------------------------------------------===//
// Bias
//===----------------------------------------------------------------------===//

// Extents of one are repeated: their only index is the last one.
Value AttentionEmitter::emitBiasIndex(OpBuilder &builder, Location loc,
                                      int64_t dimension, Value position) const {
  IndexMath math(builder, loc);
  if (cast<MemRefType>(bias.getType()).getDimSize(dimension) == 1)
    return math.constant(0);
  return math.min(position,
                  math.sub(math.dim(bias, dimension), math.constant(1)));
}

// Lanes beyond the last query repeat it, as packed queries do.
void AttentionEmitter::emitPackBias(OpBuilder &builder, Location loc,
                                    int64_t nv, Value sub, Value keyBegin,
                                    Value keys) const {
  IndexMath math(builder, loc);
  Value zero = math.constant(0), one = math.constant(1);
  Value lanes = math.constant(tiling.lanes);
  Value subBegin =
      math.add(queryBegin, math.mul(sub, tiling.getBlockQueries()));
  Value lastQuery = math.sub(queries, one);
  auto getRow = [&](OpBuilder &b, Location l, Value lane) {
    Value position = IndexMath(b, l).add(subBegin, lane);
    return emitBiasIndex(b, l, 2, IndexMath(b, l).min(position, lastQuery));
  };
  // Few keys, or one that is repeated.
  auto packElements = [&](OpBuilder &b, Location l) {
    emitPlainLoop(
        b, l, zero, math.constant(nv * tiling.lanes), one,
        [&](OpBuilder &b, Location l, Value lane) {
          Value row = getRow(b, l, lane);
          emitPlainLoop(
              b, l, zero, keys, one, [&](OpBuilder &b, Location l, Value k) {
                Value column =
                    emitBiasIndex(b, l, 3, IndexMath(b, l).add(keyBegin, k));
                Value element = memref::LoadOp::create(
                    b, l, bias, ValueRange{biasBatch, biasHead, row, column});
                memref::StoreOp::create(b, l, element, packedBias,
                                        ValueRange{k, lane});
              });
        });
  };
  auto packSquares = [&](OpBuilder &b, Location l) {
    Value lastSquare = IndexMath(b, l).sub(keys, lanes);
    emitPlainLoop(
        b, l, zero, math.constant(nv * tiling.lanes), lanes,
        [&](OpBuilder &b, Location l, Value lane) {
          SmallVector<Value> rows;
          for (int64_t i = 0; i < tiling.lanes; ++i)
            rows.push_back(getRow(b, l, IndexMath(b, l).add(lane, i)));
          emitPlainLoop(
              b, l, zero, keys, lanes, [&](OpBuilder &b, Location l, Value k) {
                IndexMath inner(b, l);
                // The last square overlaps its neighbour.
                k = inner.min(k, lastSquare);
                Value column = inner.add(keyBegin, k);
                SmallVector<Value> square;
                for (Value row : rows)
                  square.push_back(
                      loadVector(b, l, bias,
                                 ValueRange{biasBatch, biasHead, row, column}));
                emitTranspose(b, l, square);
                for (auto [i, vector] : llvm::enumerate(square))
                  vector::StoreOp::create(b, l, vector, packedBias,
                                          ValueRange{inner.add(k, i), lane});
              });
        });
  };
  if (cast<MemRefType>(bias.getType()).getDimSize(3) == 1)
    return packElements(builder, loc);
  Value isWide = arith::AndIOp::create(builder, loc, math.atLeast(keys, lanes),
                                       math.less(one, math.dim(bias, 3)));
  scf::IfOp::create(
      builder, loc, isWide,
      [&](OpBuilder &b, Location l) {
        packSquares(b, l);
        scf::YieldOp::create(b, l);
      },
      [&](OpBuilder &b, Location l) {
        packElements(b, l);
        scf::YieldOp::create(b, l);
      });
}

//===----------------------------------------------------------------------===//
// Causal attention
//===----------------------------------------------------------------------===//

Value AttentionEmitter::emitKeyLimit(OpBuilder &builder, Location loc,
                                     Value queryEnd) const {
  IndexMath math(builder, loc);
  Value keys = math.dim(key, 1);
  if (causal == Causal::start)
    return math.min(queryEnd, keys);
  // queryEnd + keys - queries, where that is not negative.
  return math.sub(math.max(math.add(queryEnd, keys), queries), queries);
}

void AttentionEmitter::emitDiagonal(OpBuilder &builder, Location loc,
                                    int64_t height, int64_t nv, Value sub,
                                    Value firstKey,
                                    MutableArrayRef<Value> tile) const {
  IndexMath math(builder, loc);
  // The end of the keys of the first query, which may be negative: query `i`
  // of the sub-block sees the keys below `limit + i`.
  Value limit = math.add(
      math.add(queryBegin, math.mul(sub, tiling.getBlockQueries())), 1);
  if (causal == Causal::end)
    limit = math.sub(math.add(limit, math.dim(key, 1)), queries);
  Value beyond = math.sub(firstKey, limit);
  Value crosses =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt,
                            math.add(beyond, height), math.constant(0));
  auto word = VectorType::get({tiling.lanes}, builder.getI32Type());
  SmallVector<int32_t> numbers(tiling.lanes);
  for (int64_t i = 0; i < tiling.lanes; ++i)
    numbers[i] = static_cast<int32_t>(i);
  auto branch = scf::IfOp::create(
      builder, loc, crosses,
      [&](OpBuilder &b, Location l) {
        Value lane = arith::ConstantOp::create(
            b, l, DenseElementsAttr::get(word, ArrayRef(numbers)));
        Value lowest = splat(b, l, -std::numeric_limits<float>::infinity());
        Value distance =
            arith::IndexCastOp::create(b, l, b.getI32Type(), beyond);
        SmallVector<Value> kept;
        for (int64_t i = 0; i < height; ++i)
          for (int64_t v = 0; v < nv; ++v) {
            Value offset =
                arith::ConstantIntOp::create(b, l, i - v * tiling.lanes, 32);
            Value first = vector::BroadcastOp::create(
                b, l, word, arith::AddIOp::create(b, l, distance, offset));
            Value isSeen = arith::CmpIOp::create(
                b, l, arith::CmpIPredicate::sgt, lane, first);
            kept.push_back(arith::SelectOp::create(b, l, isSeen,
                                                   tile[i * nv + v], lowest));
          }
        scf::YieldOp::create(b, l, kept);
      },
      [&](OpBuilder &b, Location l) {
        scf::YieldOp::create(b, l, ValueRange(tile));
      });
  llvm::copy(branch.getResults(), tile.begin());
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

void AttentionEmitter::emitScoreEpilogue(OpBuilder &builder, Location loc,
                                         int64_t height, int64_t nv, Value sub,
                                         Value keyBegin, Value firstKey,
                                         MutableArrayRef<Value> tile) const {
  IndexMath math(builder, loc);
  if (cap != 0.0f)
    for (Value &score : tile)
      score = emitCap(builder, loc, score);
  for (int64_t i = 0; i < height; ++i) {
    Value row = math.add(firstKey, i);
    Value ofKey;
    if (bias && !packedBias)
      ofKey = loadSplat(
          builder, loc, bias,
          ValueRange{biasBatch, biasHead, math.constant(0),
                     emitBiasIndex(builder, loc, 3, math.add(keyBegin, row))});
    Value bound = mask ? loadSplat(builder, loc, bounds, row) : Value();
    for (int64_t v = 0; v < nv; ++v) {
      Value &score = tile[i * nv + v];
      if (bias) {
        Value addend =
            packedBias
                ? loadVector(builder, loc, packedBias,
                             ValueRange{row, math.constant(v * tiling.lanes)})
                : ofKey;
        score = arith::AddFOp::create(builder, loc, score, addend);
      }
      if (!bound)
        continue;
      // The lesser of the two; the bound where the score is a NaN, so that
      // whatever stands at an excluded key has no effect.
      Value isLess = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::OLT, score, bound);
      score = arith::SelectOp::create(builder, loc, isLess, score, bound);
    }
  }
  if (causal != Causal::none)
    emitDiagonal(builder, loc, height, nv, sub, math.add(keyBegin, firstKey),
                 tile);
}
