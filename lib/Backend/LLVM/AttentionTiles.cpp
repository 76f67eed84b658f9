//===- AttentionTiles.cpp - One block of keys, one block of queries -------===//
#include "AttentionEmitter.h"
#include "IndexMath.h"
#include "VectorMath.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

int64_t AttentionEmitter::getHeight(int64_t nv) const {
  // Fewer vectors need more rows for as many independent sums; beyond twelve
  // nothing is gained.
  if (nv == tiling.nv)
    return tiling.mr;
  return std::max(tiling.mr, std::min<int64_t>(tiling.mr * tiling.nv / nv, 12));
}

void AttentionEmitter::emitPrepare(OpBuilder &builder, Location loc, Value sub,
                                   Value left) const {
  IndexMath math(builder, loc);
  Value one = math.constant(1), zero = math.constant(0);
  Value lanes = math.constant(tiling.lanes);
  Value present = math.min(left, math.constant(tiling.getBlockQueries()));
  Value numVectors = math.ceilDiv(present, lanes);
  emitPlainLoop(
      builder, loc, zero, numVectors, one,
      [&](OpBuilder &b, Location l, Value vector) {
        IndexMath inner(b, l);
        Value lane = inner.mul(vector, lanes);
        emitPackQueries(b, l, sub, vector);
        vector::StoreOp::create(b, l, splat(b, l, getLowest()), maximum,
                                ValueRange{sub, lane});
        Value zeros = splat(b, l, 0.0f);
        vector::StoreOp::create(b, l, zeros, sum, ValueRange{sub, lane});
        emitPlainLoop(b, l, zero, inner.constant(valueDim), one,
                      [&](OpBuilder &b, Location l, Value column) {
                        vector::StoreOp::create(b, l, zeros, context,
                                                ValueRange{sub, column, lane});
                      });
      });
}

// Lanes beyond the last query repeat it: their results are not stored.
void AttentionEmitter::emitPackQueries(OpBuilder &builder, Location loc,
                                       Value sub, Value vector) const {
  IndexMath math(builder, loc);
  Value factors = splat(builder, loc, scale);
  Value zero = math.constant(0), one = math.constant(1);
  Value lanes = math.constant(tiling.lanes);
  Value lane = math.mul(vector, lanes);
  Value first = math.add(math.add(queryBegin, lane),
                         math.mul(sub, tiling.getBlockQueries()));
  Value last = math.sub(queries, one);

  if (headDim < tiling.lanes) {
    emitPlainLoop(
        builder, loc, zero, lanes, one, [&](OpBuilder &b, Location l, Value i) {
          IndexMath outer(b, l);
          Value row = outer.min(outer.add(first, i), last);
          Value position = outer.add(lane, i);
          emitPlainLoop(b, l, zero, outer.constant(headDim), one,
                        [&](OpBuilder &b, Location l, Value d) {
                          Value column = IndexMath(b, l).add(queryColumn, d);
                          Value element = memref::LoadOp::create(
                              b, l, query, ValueRange{batch, row, column});
                          Value scaled = arith::MulFOp::create(
                              b, l, element,
                              emitConstantLike(b, l, element, scale));
                          memref::StoreOp::create(b, l, scaled, packed,
                                                  ValueRange{sub, d, position});
                        });
        });
    return;
  }
  SmallVector<Value> rows;
  for (int64_t i = 0; i < tiling.lanes; ++i)
    rows.push_back(math.min(math.add(first, i), last));
  // The last square overlaps its neighbour when the size is not a multiple.
  Value lastSquare = math.constant(headDim - tiling.lanes);
  emitPlainLoop(
      builder, loc, zero, math.constant(headDim), lanes,
      [&](OpBuilder &b, Location l, Value d) {
        IndexMath inner(b, l);
        d = inner.min(d, lastSquare);
        Value column = inner.add(queryColumn, d);
        SmallVector<Value> square;
        for (Value row : rows)
          square.push_back(
              loadVector(b, l, query, ValueRange{batch, row, column}));
        emitTranspose(b, l, square);
        for (auto [i, vector] : llvm::enumerate(square)) {
          Value scaled = arith::MulFOp::create(b, l, vector, factors);
          vector::StoreOp::create(b, l, scaled, packed,
                                  ValueRange{sub, inner.add(d, i), lane});
        }
      });
}

void AttentionEmitter::emitUpdate(OpBuilder &builder, Location loc, int64_t nv,
                                  Value sub, Value keyBegin, Value keys) const {
  IndexMath math(builder, loc);
  SmallVector<Value> lanes, oldMaxima, factors, sums;
  for (int64_t v = 0; v < nv; ++v) {
    lanes.push_back(math.constant(v * tiling.lanes));
    oldMaxima.push_back(
        loadVector(builder, loc, maximum, ValueRange{sub, lanes[v]}));
  }
  if (packedBias)
    emitPackBias(builder, loc, nv, sub, keyBegin, keys);
  // Fewer keys than a tile has rows take a lower one.
  SmallVector<int64_t> heights = {getHeight(nv)};
  if (heights.back() >= 8)
    heights.push_back(4);
  if (heights.back() > 1)
    heights.push_back(1);
  Values maxima =
      emitScores(builder, loc, heights, nv, sub, keyBegin, keys, oldMaxima);

  for (int64_t v = 0; v < nv; ++v) {
    Value change = arith::SubFOp::create(builder, loc, oldMaxima[v], maxima[v]);
    factors.push_back(emitPower(builder, loc, change));
    vector::StoreOp::create(builder, loc, maxima[v], maximum,
                            ValueRange{sub, lanes[v]});
    Value old = loadVector(builder, loc, sum, ValueRange{sub, lanes[v]});
    sums.push_back(arith::MulFOp::create(builder, loc, old, factors[v]));
  }
  sums = emitUnrolledLoop(
      builder, loc, keys, /*unroll=*/2, sums,
      [&](OpBuilder &b, Location l, Value k, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < nv; ++v) {
          Value score = loadVector(b, l, scores, ValueRange{k, lanes[v]});
          Value difference = arith::SubFOp::create(b, l, score, maxima[v]);
          Value weight = emitPower(b, l, difference);
          vector::StoreOp::create(b, l, weight, scores,
                                  ValueRange{k, lanes[v]});
          next.push_back(arith::AddFOp::create(b, l, carried[v], weight));
        }
        return next;
      });
  for (int64_t v = 0; v < nv; ++v)
    vector::StoreOp::create(builder, loc, sums[v], sum,
                            ValueRange{sub, lanes[v]});

  // Tiles of two heights that differ by one cover the columns evenly.
  int64_t numTiles = llvm::divideCeil(valueDim, getHeight(nv));
  int64_t height = valueDim / numTiles, higher = valueDim % numTiles;
  auto tiles = [&](int64_t begin, int64_t number, int64_t height) {
    if (number == 0)
      return;
    emitPlainLoop(builder, loc, math.constant(begin),
                  math.constant(begin + number * height), math.constant(height),
                  [&](OpBuilder &b, Location l, Value column) {
                    emitContextTile(b, l, height, nv, sub, column, keyBegin,
                                    keys, factors);
                  });
  };
  tiles(0, higher, height + 1);
  tiles(higher * (height + 1), numTiles - higher, height);
}

AttentionEmitter::Values AttentionEmitter::emitScores(
    OpBuilder &builder, Location loc, ArrayRef<int64_t> heights, int64_t nv,
    Value sub, Value keyBegin, Value keys, ValueRange maxima) const {
  IndexMath math(builder, loc);
  Value height = math.constant(heights.front());
  // The last tile overlaps its neighbour: computing a score twice is harmless.
  auto tiles = [&](OpBuilder &b, Location l) {
    Value lastTile = IndexMath(b, l).sub(keys, height);
    return emitLoop(b, l, IndexMath(b, l).constant(0), keys, height, maxima,
                    [&](OpBuilder &b, Location l, Value k, ValueRange carried) {
                      Value first = IndexMath(b, l).min(k, lastTile);
                      return emitScoreTile(b, l, heights.front(), nv, sub,
                                           keyBegin, first, carried);
                    });
  };
  if (heights.size() == 1)
    return tiles(builder, loc);
  auto branch = scf::IfOp::create(
      builder, loc, math.atLeast(keys, height),
      [&](OpBuilder &b, Location l) {
        scf::YieldOp::create(b, l, tiles(b, l));
      },
      [&](OpBuilder &b, Location l) {
        scf::YieldOp::create(b, l,
                             emitScores(b, l, heights.drop_front(), nv, sub,
                                        keyBegin, keys, maxima));
      });
  return Values(branch.getResults());
}

AttentionEmitter::Values AttentionEmitter::emitScoreTile(
    OpBuilder &builder, Location loc, int64_t height, int64_t nv, Value sub,
    Value keyBegin, Value firstKey, ValueRange maxima) const {
  IndexMath math(builder, loc);
  Value base = math.add(keyBegin, firstKey);
  SmallVector<Value> rows, lanes;
  for (int64_t i = 0; i < height; ++i)
    rows.push_back(math.add(base, i));
  for (int64_t v = 0; v < nv; ++v)
    lanes.push_back(math.constant(v * tiling.lanes));
  SmallVector<Value> tile(height * nv, splat(builder, loc, 0.0f));
  tile = emitUnrolledLoop(
      builder, loc, math.constant(headDim), tiling.unroll, tile,
      [&](OpBuilder &b, Location l, Value d, ValueRange carried) {
        SmallVector<Value> next(carried), columns;
        for (int64_t v = 0; v < nv; ++v)
          columns.push_back(
              loadVector(b, l, packed, ValueRange{sub, d, lanes[v]}));
        Value column = IndexMath(b, l).add(keyColumn, d);
        for (int64_t i = 0; i < height; ++i) {
          Value element =
              loadSplat(b, l, key, ValueRange{batch, rows[i], column});
          for (int64_t v = 0; v < nv; ++v)
            next[i * nv + v] = math::FmaOp::create(b, l, element, columns[v],
                                                   next[i * nv + v]);
        }
        return next;
      });
  emitScoreEpilogue(builder, loc, height, nv, sub, keyBegin, firstKey, tile);
  Values result(maxima);
  for (int64_t i = 0; i < height; ++i) {
    Value row = math.add(firstKey, i);
    for (int64_t v = 0; v < nv; ++v) {
      Value score = tile[i * nv + v];
      Value isLarger = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::OLT, result[v], score);
      result[v] =
          arith::SelectOp::create(builder, loc, isLarger, score, result[v]);
      vector::StoreOp::create(builder, loc, score, scores,
                              ValueRange{row, lanes[v]});
    }
  }
  return result;
}

void AttentionEmitter::emitContextTile(OpBuilder &builder, Location loc,
                                       int64_t height, int64_t nv, Value sub,
                                       Value column, Value keyBegin, Value keys,
                                       ValueRange factors) const {
  IndexMath math(builder, loc);
  SmallVector<Value> lanes, rows, columns, tile;
  for (int64_t v = 0; v < nv; ++v)
    lanes.push_back(math.constant(v * tiling.lanes));
  Value firstColumn = math.add(valueColumn, column);
  for (int64_t i = 0; i < height; ++i) {
    rows.push_back(math.add(column, i));
    columns.push_back(math.add(firstColumn, i));
    for (int64_t v = 0; v < nv; ++v) {
      Value old =
          loadVector(builder, loc, context, ValueRange{sub, rows[i], lanes[v]});
      tile.push_back(arith::MulFOp::create(builder, loc, old, factors[v]));
    }
  }
  tile = emitUnrolledLoop(
      builder, loc, keys, tiling.unroll, tile,
      [&](OpBuilder &b, Location l, Value k, ValueRange carried) {
        SmallVector<Value> next(carried), weights;
        for (int64_t v = 0; v < nv; ++v)
          weights.push_back(loadVector(b, l, scores, ValueRange{k, lanes[v]}));
        Value row = IndexMath(b, l).add(keyBegin, k);
        for (int64_t i = 0; i < height; ++i) {
          Value element =
              loadSplat(b, l, value, ValueRange{batch, row, columns[i]});
          for (int64_t v = 0; v < nv; ++v)
            next[i * nv + v] = math::FmaOp::create(b, l, element, weights[v],
                                                   next[i * nv + v]);
        }
        return next;
      });
  for (int64_t i = 0; i < height; ++i)
    for (int64_t v = 0; v < nv; ++v)
      vector::StoreOp::create(builder, loc, tile[i * nv + v], context,
                              ValueRange{sub, rows[i], lanes[v]});
}

void AttentionEmitter::emitFinish(OpBuilder &builder, Location loc, Value sub,
                                  Value left) const {
  IndexMath math(builder, loc);
  Value lanes = math.constant(tiling.lanes);
  Value present = math.min(left, math.constant(tiling.getBlockQueries()));
  emitPlainLoop(builder, loc, math.constant(0), math.ceilDiv(present, lanes),
                math.constant(1), [&](OpBuilder &b, Location l, Value vector) {
                  emitStoreVector(b, l, sub, vector, left);
                });
}

void AttentionEmitter::emitStoreVector(OpBuilder &builder, Location loc,
                                       Value sub, Value vector,
                                       Value left) const {
  IndexMath math(builder, loc);
  Value zero = math.constant(0), one = math.constant(1);
  Value lanes = math.constant(tiling.lanes);
  Value lane = math.mul(vector, lanes);
  Value first = math.add(math.add(queryBegin, lane),
                         math.mul(sub, tiling.getBlockQueries()));
  Value rowsLeft = math.sub(left, lane);

  // No key left: all zeros.
  Value total = loadVector(builder, loc, sum, ValueRange{sub, lane});
  Value zeros = splat(builder, loc, 0.0f);
  Value empty = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                      total, zeros);
  Value inverse =
      arith::DivFOp::create(builder, loc, splat(builder, loc, 1.0f), total);
  inverse = arith::SelectOp::create(builder, loc, empty, zeros, inverse);
  auto loadScaled = [&](OpBuilder &b, Location l, Value column) -> Value {
    Value sums = loadVector(b, l, context, ValueRange{sub, column, lane});
    return arith::MulFOp::create(b, l, sums, inverse);
  };

  if (valueDim < tiling.lanes) {
    emitPlainLoop(builder, loc, zero, math.constant(valueDim), one,
                  [&](OpBuilder &b, Location l, Value d) {
                    IndexMath outer(b, l);
                    vector::StoreOp::create(b, l, loadScaled(b, l, d), context,
                                            ValueRange{sub, d, lane});
                    Value column = outer.add(outputColumn, d);
                    emitPlainLoop(
                        b, l, zero, outer.min(lanes, rowsLeft), one,
                        [&](OpBuilder &b, Location l, Value i) {
                          IndexMath inner(b, l);
                          Value element = memref::LoadOp::create(
                              b, l, context,
                              ValueRange{sub, d, inner.add(lane, i)});
                          memref::StoreOp::create(
                              b, l, element, output,
                              ValueRange{batch, inner.add(first, i), column});
                        });
                  });
    return;
  }
  Value lastSquare = math.constant(valueDim - tiling.lanes);
  emitPlainLoop(builder, loc, zero, math.constant(valueDim), lanes,
                [&](OpBuilder &b, Location l, Value d) {
                  IndexMath inner(b, l);
                  d = inner.min(d, lastSquare);
                  SmallVector<Value> square;
                  for (int64_t i = 0; i < tiling.lanes; ++i)
                    square.push_back(loadScaled(b, l, inner.add(d, i)));
                  emitTranspose(b, l, square);
                  Value column = inner.add(outputColumn, d);
                  auto store = [&](OpBuilder &b, Location l, int64_t i) {
                    Value row = IndexMath(b, l).add(first, i);
                    vector::StoreOp::create(b, l, square[i], output,
                                            ValueRange{batch, row, column});
                  };
                  store(b, l, 0);
                  for (int64_t i = 1; i < tiling.lanes; ++i)
                    scf::IfOp::create(b, l,
                                      inner.less(inner.constant(i), rowsLeft),
                                      [&](OpBuilder &b, Location l) {
                                        store(b, l, i);
                                        scf::YieldOp::create(b, l);
                                      });
                });
}
