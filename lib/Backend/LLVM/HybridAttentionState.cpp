//===- HybridAttentionState.cpp - Sums over the far keys ------------------===//
#include "HybridAttentionEmitter.h"
#include "HybridAttentionTiling.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

void HybridAttentionEmitter::clearSum(const State &state) {
  forRange(math.constant(0), math.constant(llvm::alignTo(features, lanes)),
           lanes, [&](Value m) { vector.store(vector.zero(), state.sum, m); });
  scalar.store(scalar.constant(kNothing), state.largest, math.constant(0));
}

void HybridAttentionEmitter::clear(const State &state) {
  clearSum(state);
  forRange(math.constant(0), math.constant(features), 1, [&](Value m) {
    forRange(math.constant(0), math.constant(columns), lanes,
             [&](Value column) {
               vector.store(vector.zero(), state.matrix, {m, column});
             });
  });
}

void HybridAttentionEmitter::copySum(Value from, Value fromRow, Value to,
                                     Value toRow) {
  auto place = [](Value row, Value m) {
    return row ? Values{row, m} : Values{m};
  };
  forRange(math.constant(0), math.constant(llvm::alignTo(features, lanes)),
           lanes, [&](Value m) {
             vector.store(vector.load(from, place(fromRow, m)), to,
                          place(toRow, m));
           });
}

void HybridAttentionEmitter::takeUp(const State &state, Range keys, bool all) {
  forRange(keys.begin, keys.end, queriesOfBlock, [&](Value begin) {
    Value end = math.min(math.add(begin, queriesOfBlock), keys.end);
    takeUpBlock(state, {begin, end}, all);
  });
}

void HybridAttentionEmitter::takeUpBlock(const State &state, Range keys,
                                         bool all) {
  Value factor = weighKeys(state, keys, all);
  updateSum(state, keys, factor);
  if (all)
    updateMatrix(state, keys, factor);
}

Value HybridAttentionEmitter::weighKeys(const State &state, Range keys,
                                        bool all) {
  Value zero = math.constant(0), one = math.constant(1);
  Value old = scalar.load(state.largest, zero);
  Value largest = emitLoop(
      builder, loc, keys.begin, keys.end, one, old,
      [&](OpBuilder &, Location, Value j,
          ValueRange carried) -> SmallVector<Value> {
        Value scale = larger(scalar, loadScale(keyScale, j), carried[0]);
        return {mask ? scalar.select(isKept(j), scale, carried[0]) : scale};
      })[0];
  scalar.store(largest, state.largest, zero);
  forRange(keys.begin, keys.end, 1, [&](Value j) {
    Value weight = emitPower(scalar.sub(loadScale(keyScale, j), largest));
    if (mask)
      weight = scalar.select(isKept(j), weight, scalar.zero());
    Value row = math.sub(j, keys.begin);
    scalar.store(weight, weights, row);
    if (!all)
      return;
    Value each = vector.splat(weight);
    emitVectorLoop(builder, loc, math.constant(valueDim), lanes, {},
                   [&](OpBuilder &, Location, Value d, Value tail,
                       ValueRange) -> SmallVector<Value> {
                     Value v = vector.load(
                         value, {batch, j, math.add(valueColumn, d)}, tail);
                     vector.store(vector.mul(each, v), weighted, {row, d});
                     return {};
                   });
  });
  return emitPower(scalar.sub(old, largest));
}

void HybridAttentionEmitter::updateSum(const State &state, Range keys,
                                       Value factor) {
  Value count = math.sub(keys.end, keys.begin), all = vector.splat(factor);
  emitVectorLoop(builder, loc, math.constant(features), lanes, {},
                 [&](OpBuilder &, Location, Value m, Value tail,
                     ValueRange) -> SmallVector<Value> {
                   Value old = vector.mul(all, vector.load(state.sum, m));
                   Value sum = emitUnrolledLoop(
                       builder, loc, count, /*unroll=*/2, old,
                       [&](OpBuilder &, Location, Value j,
                           ValueRange carried) -> SmallVector<Value> {
                         Value f = vector.load(keyFeatures,
                                               {batch, math.add(keys.begin, j),
                                                math.add(featureColumn, m)},
                                               tail);
                         Value weight = vector.splat(scalar.load(weights, j));
                         return {vector.mulAdd(weight, f, carried[0])};
                       })[0];
                   vector.store(sum, state.sum, m);
                   return {};
                 });
}

void HybridAttentionEmitter::updateMatrix(const State &state, Range keys,
                                          Value factor) {
  int64_t vectorsOfRow = columns / lanes;
  int64_t elements = vectors * height;
  int64_t width = std::min<int64_t>(vectorsOfRow, vectors == 2 ? 4 : 2);
  int64_t whole = vectorsOfRow / width, rest = vectorsOfRow % width;
  Value all = vector.splat(factor);
  auto tiles = [&](Value column, int64_t width) {
    forTiles(features, std::min<int64_t>(elements / width, 8),
             [&](Value feature, int64_t height) {
               updateMatrixTile(state, keys, all, feature, height, column,
                                width);
             });
  };
  forRange(math.constant(0), math.constant(whole * width * lanes),
           width * lanes, [&](Value column) { tiles(column, width); });
  if (rest)
    tiles(math.constant(whole * width * lanes), rest);
}

void HybridAttentionEmitter::updateMatrixTile(const State &state, Range keys,
                                              Value factor, Value feature,
                                              int64_t height, Value column,
                                              int64_t width) {
  Values tile, rows, places, columnsOfTile;
  for (int64_t v = 0; v < width; ++v)
    columnsOfTile.push_back(math.add(column, v * lanes));
  for (int64_t i = 0; i < height; ++i) {
    rows.push_back(math.add(feature, i));
    places.push_back(math.add(featureColumn, rows[i]));
    for (int64_t v = 0; v < width; ++v)
      tile.push_back(vector.mul(
          factor, vector.load(state.matrix, {rows[i], columnsOfTile[v]})));
  }
  tile = emitUnrolledLoop(
      builder, loc, math.sub(keys.end, keys.begin), /*unroll=*/2, tile,
      [&](OpBuilder &, Location, Value j, ValueRange carried) {
        Values next(carried), right;
        for (Value each : columnsOfTile)
          right.push_back(vector.load(weighted, {j, each}));
        Value token = math.add(keys.begin, j);
        for (int64_t i = 0; i < height; ++i) {
          Value f =
              vector.splat(scalar.load(keyFeatures, {batch, token, places[i]}));
          for (int64_t v = 0; v < width; ++v)
            next[i * width + v] =
                vector.mulAdd(f, right[v], next[i * width + v]);
        }
        return next;
      });
  for (int64_t i = 0; i < height; ++i)
    for (int64_t v = 0; v < width; ++v)
      vector.store(tile[i * width + v], state.matrix,
                   {rows[i], columnsOfTile[v]});
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

void HybridAttentionEmitter::readRows(
    Value target, Value row, int64_t height,
    function_ref<Value(Value, int64_t)> element) {
  Values tile(height * vectors, vector.zero()), lanesOfTile;
  forEachVector([&](int64_t, Value lane) { lanesOfTile.push_back(lane); });
  tile = emitUnrolledLoop(
      builder, loc, math.constant(features), /*unroll=*/2, tile,
      [&](OpBuilder &, Location, Value m, ValueRange carried) {
        Values next(carried), right;
        for (Value lane : lanesOfTile)
          right.push_back(vector.load(packedFeatures, {m, lane}));
        for (int64_t i = 0; i < height; ++i) {
          Value left = vector.splat(element(m, i));
          for (int64_t v = 0; v < vectors; ++v)
            next[i * vectors + v] =
                vector.mulAdd(left, right[v], next[i * vectors + v]);
        }
        return next;
      });
  for (int64_t i = 0; i < height; ++i)
    for (int64_t v = 0; v < vectors; ++v)
      vector.store(tile[i * vectors + v], target,
                   {math.add(row, i), lanesOfTile[v]});
}

void HybridAttentionEmitter::readMatrix(const State &state, Value target) {
  forTiles(columns, height, [&](Value row, int64_t size) {
    readRows(target, row, size, [&](Value m, int64_t i) {
      return scalar.load(state.matrix, {m, math.add(row, i)});
    });
  });
}

void HybridAttentionEmitter::readSum(const State &state, Value target) {
  readRows(target, math.constant(columns), 1,
           [&](Value m, int64_t) { return scalar.load(state.sum, m); });
}

// Where all sums are zero, as those of no keys are, their exponent must not
// push the others' weights out of range.
HybridAttentionEmitter::Values
HybridAttentionEmitter::emitExponents(const State &state, Value target) {
  Values magnitudes(vectors, vector.zero()), result;
  magnitudes =
      emitLoop(builder, loc, math.constant(0), math.constant(columns + 1),
               math.constant(1), magnitudes,
               [&](OpBuilder &, Location, Value row, ValueRange carried) {
                 Values next;
                 forEachVector([&](int64_t v, Value lane) {
                   Value sum = vector.load(target, {row, lane});
                   Value size = math::AbsFOp::create(builder, loc, sum);
                   next.push_back(larger(vector, size, carried[v]));
                 });
                 return next;
               });
  Value largest = vector.splat(scalar.load(state.largest, math.constant(0)));
  forEachVector([&](int64_t v, Value lane) {
    Value exponent = vector.add(vector.load(packedScale, lane), largest);
    Value isThere = vector.greater(magnitudes[v], vector.zero());
    result.push_back(
        vector.select(isThere, exponent, vector.constant(kNothing)));
  });
  return result;
}
