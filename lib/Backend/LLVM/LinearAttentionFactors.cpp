//===- LinearAttentionFactors.cpp - Decay and weights of a chunk ----------===//
#include "LinearAttentionChunked.h"
#include "VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

/// The largest exponent of a factor within a chunk: e^20 loses nothing, and
/// the rounding of such an exponent costs 1e-6 of the factor.
static constexpr double kMostExponent = 20.0;

Value ChunkedLinearAttention::emitFactors(Value first, Value most) {
  if (k.hasWeights())
    return emitWeights(first, most);
  if (!k.isGated)
    return most;
  return k.decaysColumns ? emitColumnDecay(first, most)
                         : emitHeadDecay(first, most);
}

/// `isWithin` and the count of tokens up to now, when token `row` is one more.
static SmallVector<Value> countToken(const IndexMath &math, OpBuilder &builder,
                                     Location loc, Value isWithin, Value row,
                                     ValueRange carried) {
  Value alive = arith::AndIOp::create(builder, loc, carried[0], isWithin);
  return {alive, math.select(alive, math.add(row, 1), carried[1])};
}

Value ChunkedLinearAttention::emitHeadDecay(Value first, Value most) {
  Value one = math.constant(1), zero = math.constant(0);
  Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
  scalar.store(scalar.zero(), queryFactors, zero);
  SmallVector<Value> end = emitLoop(
      builder, loc, one, most, one, {yes, one, scalar.zero()},
      [&](OpBuilder &, Location, Value row,
          ValueRange carried) -> SmallVector<Value> {
        Value sum = scalar.add(carried[2], k.loadDecay(math.add(first, row)));
        scalar.store(sum, queryFactors, row);
        Value isWithin =
            scalar.greaterOrEqual(scalar.constant(kMostExponent),
                                  math::AbsFOp::create(builder, loc, sum));
        SmallVector<Value> next =
            countToken(math, builder, loc, isWithin, row, carried);
        next.push_back(sum);
        return next;
      });
  forEach(end[1], lanes, [&](Value row) {
    Value exponent = vector.load(queryFactors, row);
    vector.store(emitExp(builder, loc, exponent), queryFactors, row);
    vector.store(emitExp(builder, loc, vector.sub(vector.zero(), exponent)),
                 keyFactors, row);
  });
  Value before = emitExp(builder, loc, k.loadDecay(first));
  scaleState(
      [&](const NumberMath &number, Value) { return number.splat(before); });
  return end[1];
}

Value ChunkedLinearAttention::emitColumnDecay(Value first, Value most) {
  Value one = math.constant(1), zero = math.constant(0);
  Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
  forEachKeyVector([&](Value column) {
    vector.store(vector.zero(), exponents, {zero, column});
  });
  SmallVector<Value> end = emitLoop(
      builder, loc, one, most, one, {yes, one},
      [&](OpBuilder &, Location, Value row, ValueRange carried) {
        Value token = math.add(first, row), before = math.sub(row, one);
        // The largest magnitude; a NaN is not within the range.
        Value largest = emitLoop(
            builder, loc, zero, math.constant(k.paddedKeys),
            math.constant(lanes), vector.zero(),
            [&](OpBuilder &, Location, Value column,
                ValueRange most) -> SmallVector<Value> {
              Value g =
                  k.loadDecay(vector, token, column, k.getKeyMask(column));
              Value sum =
                  vector.add(vector.load(exponents, {before, column}), g);
              vector.store(sum, exponents, {row, column});
              return {
                  vector.max(most[0], math::AbsFOp::create(builder, loc, sum))};
            })[0];
        Value isWithin =
            scalar.greaterOrEqual(scalar.constant(kMostExponent),
                                  vector.reduceLanes(ReduceKind::max, largest));
        return countToken(math, builder, loc, isWithin, row, carried);
      });
  forEachKeyVector([&](Value column) {
    Value g = k.loadDecay(vector, first, column, k.getKeyMask(column));
    vector.store(emitExp(builder, loc, g), decays, column);
  });
  scaleState([&](const NumberMath &number, Value column) {
    return number.load(decays, column);
  });
  Value last = math.sub(end[1], one);
  forEachKeyVector([&](Value column) {
    Value exponent = vector.load(exponents, {last, column});
    vector.store(emitExp(builder, loc, exponent), decays, column);
  });
  return end[1];
}

Value ChunkedLinearAttention::emitWeights(Value first, Value most) {
  Value one = math.constant(1), zero = math.constant(0);
  Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
  Value old = scalar.load(maximum, zero);
  Value weight = k.loadWeight(first, zero);
  scalar.store(weight, keyFactors, zero);
  Value start = scalar.max(old, weight);
  // Queries of a causal chunk see what came before the largest weight.
  Value limit = k.op.getFull()
                    ? scalar.highest()
                    : scalar.add(start, scalar.constant(kMostExponent));
  SmallVector<Value> end =
      emitLoop(builder, loc, one, most, one, {yes, one, start},
               [&](OpBuilder &, Location, Value row,
                   ValueRange carried) -> SmallVector<Value> {
                 Value weight = k.loadWeight(math.add(first, row), row);
                 scalar.store(weight, keyFactors, row);
                 Value isWithin = scalar.greaterOrEqual(limit, weight);
                 SmallVector<Value> next =
                     countToken(math, builder, loc, isWithin, row, carried);
                 next.push_back(scalar.select(
                     next[0], scalar.max(carried[2], weight), carried[2]));
                 return next;
               });
  Value now = end[2];
  scalar.store(now, maximum, zero);
  reference = k.emitReference(now);
  forEach(end[1], lanes, [&](Value row) {
    Value exponent =
        vector.sub(vector.load(keyFactors, row), vector.splat(reference));
    vector.store(emitExp(builder, loc, exponent), keyFactors, row);
  });
  Value changed =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, old, now);
  scf::IfOp::create(builder, loc, changed, [&](OpBuilder &, Location) {
    Value factor = k.emitRescale(old, reference);
    scaleState(
        [&](const NumberMath &number, Value) { return number.splat(factor); });
    scf::YieldOp::create(builder, loc);
  });
  return end[1];
}

Value ChunkedLinearAttention::applyFactor(Value rows, Value row, Value column,
                                          bool isKey) const {
  if (exponents) {
    Value exponent = vector.load(exponents, {row, column});
    if (isKey)
      exponent = vector.sub(vector.zero(), exponent);
    return vector.mul(rows, emitExp(builder, loc, exponent));
  }
  Value factors = isKey ? keyFactors : queryFactors;
  if (!factors)
    return rows;
  return vector.mul(rows, vector.splat(scalar.load(factors, row)));
}

void ChunkedLinearAttention::scaleState(
    function_ref<Value(const NumberMath &, Value)> factor) {
  forEach(math.constant(k.keyDim), 1, [&](Value row) {
    Value factors = vector.splat(factor(scalar, row));
    forEachPanel([&](Value panel) {
      for (int64_t v = 0; v < nv; ++v) {
        Value column = math.constant(v * lanes);
        Value old = vector.load(panels, {panel, row, column});
        vector.store(vector.mul(old, factors), panels, {panel, row, column});
      }
    });
  });
  if (right)
    forEachKeyVector([&](Value column) {
      Value old = vector.load(right, column);
      vector.store(vector.mul(old, factor(vector, column)), right, column);
    });
}

Value ChunkedLinearAttention::loadDecayOfChunk(const NumberMath &number,
                                               Value column,
                                               const Chunk &chunk) const {
  if (!k.isGated)
    return {};
  if (decays)
    return number.load(decays, column);
  Value last = math.sub(chunk.count, math.constant(1));
  return number.splat(scalar.load(queryFactors, last));
}
