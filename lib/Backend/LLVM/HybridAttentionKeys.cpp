//===- HybridAttentionKeys.cpp - Online softmax over keys of hybrids ------===//
#include "HybridAttentionEmitter.h"
#include "HybridAttentionTiling.h"
#include "VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace attune;

//===----------------------------------------------------------------------===//
// Small parts
//===----------------------------------------------------------------------===//

Value HybridAttentionEmitter::isKept(Value key) {
  NumberMath word(builder, loc, builder.getI64Type());
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                               word.load(mask, {batch, key}), word.zero());
}

Value HybridAttentionEmitter::clamp(Value value, float bound) {
  return emitClampAbove(builder, loc,
                        emitClampBelow(builder, loc, value, -bound), bound);
}

Value HybridAttentionEmitter::loadScale(Value scales, Value token) {
  if (!scales)
    return scalar.zero();
  return clamp(scalar.load(scales, {batch, token, head}), kMostScale);
}

Value HybridAttentionEmitter::emitPower(Value difference) {
  Value factor =
      emitConstantLike(builder, loc, difference, static_cast<float>(M_LOG2E));
  return emitExp2Flush(builder, loc,
                       arith::MulFOp::create(builder, loc, difference, factor));
}

Value HybridAttentionEmitter::larger(const NumberMath &number, Value a,
                                     Value b) {
  return number.select(number.greater(a, b), a, b);
}

void HybridAttentionEmitter::forTiles(int64_t count, int64_t size,
                                      function_ref<void(Value, int64_t)> body) {
  int64_t tiles = llvm::divideCeil(count, size);
  int64_t low = count / tiles, higher = count % tiles;
  auto run = [&](int64_t begin, int64_t number, int64_t each) {
    if (number)
      forRange(math.constant(begin), math.constant(begin + number * each), each,
               [&](Value first) { body(first, each); });
  };
  run(0, higher, low + 1);
  run(higher * (low + 1), tiles - higher, low);
}

//===----------------------------------------------------------------------===//
// Blocks of keys
//===----------------------------------------------------------------------===//

void HybridAttentionEmitter::emitKeys(Range keys, bool isNear) {
  forRange(keys.begin, keys.end, queriesOfBlock, [&](Value begin) {
    Value end = math.min(math.add(begin, queriesOfBlock), keys.end);
    emitKeyBlock({begin, end}, isNear);
  });
}

void HybridAttentionEmitter::emitKeyBlock(Range keys, bool isNear) {
  Value last = math.sub(keys.end, math.constant(1));
  auto either = [&](Value a, Value b) -> Value {
    return arith::OrIOp::create(builder, loc, a, b);
  };
  Value never = arith::ConstantIntOp::create(builder, loc, 0, 1);
  Value hasFar = never, isCrossing = never;
  if (!isFull)
    isCrossing = math.less(firstQuery, last);
  auto scores = [&] {
    emitProducts(keys, key, keyColumn, headDim, packedQuery, exponents);
  };
  if (isNear) {
    scores();
  } else {
    Value reach = math.constant(window);
    hasFar = math.atLeast(lastQuery, math.add(keys.begin, reach));
    if (isFull)
      hasFar = either(hasFar, math.atLeast(last, math.add(firstQuery, reach)));
    if (window > 0) {
      Value isBefore = math.less(firstQuery, math.add(last, reach));
      Value isAfter = math.less(keys.begin, math.add(lastQuery, reach));
      doIf(arith::AndIOp::create(builder, loc, isBefore, isAfter), scores);
    }
    doIf(hasFar, [&] {
      emitProducts(keys, keyFeatures, featureColumn, features, packedFeatures,
                   factors);
    });
  }

  Values old, changes;
  forEachVector(
      [&](int64_t, Value lane) { old.push_back(vector.load(maximum, lane)); });
  auto branch = scf::IfOp::create(
      builder, loc, either(hasFar, isCrossing),
      [&](OpBuilder &, Location) {
        scf::YieldOp::create(
            builder, loc,
            emitExponentsOfKeys(keys, isNear, /*mixed=*/true, old));
      },
      [&](OpBuilder &, Location) {
        scf::YieldOp::create(
            builder, loc,
            emitExponentsOfKeys(keys, isNear, /*mixed=*/false, old));
      });
  Values maxima(branch.getResults());
  Value sums = math.constant(columns);
  forEachVector([&](int64_t v, Value lane) {
    changes.push_back(emitPower(vector.sub(old[v], maxima[v])));
    vector.store(maxima[v], maximum, lane);
    vector.store(vector.mul(changes[v], vector.load(context, {sums, lane})),
                 context, {sums, lane});
  });
  if (isNear) {
    emitWeights(keys, /*mixed=*/false, maxima);
  } else {
    scf::IfOp::create(
        builder, loc, hasFar,
        [&](OpBuilder &, Location) {
          emitWeights(keys, /*mixed=*/true, maxima);
          scf::YieldOp::create(builder, loc);
        },
        [&](OpBuilder &, Location) {
          emitWeights(keys, /*mixed=*/false, maxima);
          scf::YieldOp::create(builder, loc);
        });
  }
  emitContext(keys, changes);
}

void HybridAttentionEmitter::emitProducts(Range keys, Value memref,
                                          Value column, int64_t inner,
                                          Value packed, Value target) {
  Value count = math.sub(keys.end, keys.begin), zero = math.constant(0);
  Value size = math.constant(height);
  auto tile = [&](Value row, int64_t height) {
    emitProductTile(math.add(keys.begin, row), height, memref, column, inner,
                    packed, target, row);
  };
  // The last tile overlaps its neighbour: what is computed twice is the same.
  scf::IfOp::create(
      builder, loc, math.atLeast(count, size),
      [&](OpBuilder &, Location) {
        forRange(zero, count, height, [&](Value row) {
          tile(math.min(row, math.sub(count, size)), height);
        });
        scf::YieldOp::create(builder, loc);
      },
      [&](OpBuilder &, Location) {
        forRange(zero, count, 1, [&](Value row) { tile(row, 1); });
        scf::YieldOp::create(builder, loc);
      });
}

void HybridAttentionEmitter::emitProductTile(Value key, int64_t height,
                                             Value memref, Value column,
                                             int64_t inner, Value packed,
                                             Value target, Value row) {
  Values tile(height * vectors, vector.zero()), keys, lanesOfTile;
  for (int64_t i = 0; i < height; ++i)
    keys.push_back(math.add(key, i));
  forEachVector([&](int64_t, Value lane) { lanesOfTile.push_back(lane); });
  tile = emitUnrolledLoop(
      builder, loc, math.constant(inner), /*unroll=*/2, tile,
      [&](OpBuilder &, Location, Value d, ValueRange carried) {
        Values next(carried), right;
        for (Value lane : lanesOfTile)
          right.push_back(vector.load(packed, {d, lane}));
        Value place = math.add(column, d);
        for (int64_t i = 0; i < height; ++i) {
          Value left =
              vector.splat(scalar.load(memref, {batch, keys[i], place}));
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

// With `mixed`, what a key is depends on its distance to the query.
HybridAttentionEmitter::Values
HybridAttentionEmitter::emitExponentsOfKeys(Range keys, bool isNear, bool mixed,
                                            ValueRange maxima) {
  auto i32 = [&](Value index) -> Value {
    return arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                      index);
  };
  auto type = VectorType::get({lanes}, builder.getI32Type());
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     DenseElementsAttr::get(type, value));
  };
  auto compare = [&](arith::CmpIPredicate predicate, Value a,
                     Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  using Predicate = arith::CmpIPredicate;
  Value nothing = vector.lowest();
  return emitLoop(
      builder, loc, math.constant(0), math.sub(keys.end, keys.begin),
      math.constant(1), maxima,
      [&](OpBuilder &, Location, Value row, ValueRange carried) {
        Values next;
        Value position = math.add(keys.begin, row);
        Value kept = mask ? isKept(position) : Value(), behind, scale;
        if (mixed) {
          behind = arith::SubIOp::create(builder, loc, i32(firstQuery),
                                         i32(position));
          if (!isNear)
            scale = vector.splat(loadScale(keyScale, position));
        }
        forEachVector([&](int64_t v, Value lane) {
          Value exponent =
              clamp(vector.load(exponents, {row, lane}), kMostScore);
          if (mixed) {
            SmallVector<int32_t> steps;
            for (int64_t i = 0; i < lanes; ++i)
              steps.push_back(v * lanes + i);
            Value own = arith::ConstantOp::create(
                builder, loc, DenseElementsAttr::get(type, ArrayRef(steps)));
            Value all = vector::BroadcastOp::create(builder, loc, type, behind);
            Value distance = arith::AddIOp::create(builder, loc, all, own);
            Value isSeen;
            if (!isFull)
              isSeen = compare(Predicate::sge, distance, constant(0));
            if (!isNear) {
              Value ahead =
                  arith::SubIOp::create(builder, loc, constant(0), distance);
              Value far = arith::MaxSIOp::create(builder, loc, distance, ahead);
              Value near = compare(Predicate::slt, far, constant(window));
              // Products of zero must not push the others out of range.
              Value factor = vector.load(factors, {row, lane});
              Value isZero =
                  arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                        factor, vector.zero());
              Value both = vector.add(vector.load(packedScale, lane), scale);
              both = vector.select(isZero, nothing, both);
              exponent = vector.select(near, exponent, both);
              factor = vector.select(near, vector.constant(1), factor);
              if (isSeen)
                factor = vector.select(isSeen, factor, vector.zero());
              vector.store(factor, factors, {row, lane});
            }
            if (isSeen)
              exponent = vector.select(isSeen, exponent, nothing);
          }
          if (kept)
            exponent = vector.select(kept, exponent, nothing);
          vector.store(exponent, exponents, {row, lane});
          next.push_back(larger(vector, exponent, carried[v]));
        });
        return next;
      });
}

void HybridAttentionEmitter::emitWeights(Range keys, bool mixed,
                                         ValueRange maxima) {
  Values sums(vectors, vector.zero());
  sums = emitUnrolledLoop(
      builder, loc, math.sub(keys.end, keys.begin), /*unroll=*/2, sums,
      [&](OpBuilder &, Location, Value row, ValueRange carried) {
        Values next;
        forEachVector([&](int64_t v, Value lane) {
          Value exponent = vector.load(exponents, {row, lane});
          Value weight = emitPower(vector.sub(exponent, maxima[v]));
          if (mixed)
            weight = vector.mul(weight, vector.load(factors, {row, lane}));
          vector.store(weight, exponents, {row, lane});
          next.push_back(vector.add(carried[v], weight));
        });
        return next;
      });
  Value row = math.constant(columns);
  forEachVector([&](int64_t v, Value lane) {
    vector.store(vector.add(sums[v], vector.load(context, {row, lane})),
                 context, {row, lane});
  });
}

void HybridAttentionEmitter::emitContext(Range keys, ValueRange factors) {
  forTiles(valueDim, height, [&](Value column, int64_t size) {
    emitContextTile(keys, column, size, factors);
  });
}

void HybridAttentionEmitter::emitContextTile(Range keys, Value column,
                                             int64_t height,
                                             ValueRange factors) {
  Values tile, rows, places, lanesOfTile;
  forEachVector([&](int64_t, Value lane) { lanesOfTile.push_back(lane); });
  for (int64_t i = 0; i < height; ++i) {
    rows.push_back(math.add(column, i));
    places.push_back(math.add(valueColumn, rows[i]));
    for (int64_t v = 0; v < vectors; ++v)
      tile.push_back(vector.mul(
          factors[v], vector.load(context, {rows[i], lanesOfTile[v]})));
  }
  tile = emitUnrolledLoop(
      builder, loc, math.sub(keys.end, keys.begin), /*unroll=*/2, tile,
      [&](OpBuilder &, Location, Value j, ValueRange carried) {
        Values next(carried), right;
        for (Value lane : lanesOfTile)
          right.push_back(vector.load(exponents, {j, lane}));
        Value token = math.add(keys.begin, j);
        for (int64_t i = 0; i < height; ++i) {
          Value left =
              vector.splat(scalar.load(value, {batch, token, places[i]}));
          for (int64_t v = 0; v < vectors; ++v)
            next[i * vectors + v] =
                vector.mulAdd(left, right[v], next[i * vectors + v]);
        }
        return next;
      });
  for (int64_t i = 0; i < height; ++i)
    for (int64_t v = 0; v < vectors; ++v)
      vector.store(tile[i * vectors + v], context, {rows[i], lanesOfTile[v]});
}
