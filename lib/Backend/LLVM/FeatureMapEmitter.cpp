//===- FeatureMapEmitter.cpp - Features of a few tokens of a head ---------===//
#include "FeatureMapEmitter.h"
#include "PlainLoops.h"
#include "VectorMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

static constexpr float kLargest = std::numeric_limits<float>::max();

FeatureMapEmitter::FeatureMapEmitter(const KernelEmission &emission,
                                     OpBuilder &builder, FeatureMapOp map,
                                     int64_t tokens)
    : emission(emission), builder(builder), map(map), tokens(tokens),
      loc(map.getLoc()), math(builder, loc),
      scalar(builder, loc, builder.getF32Type()),
      vector(scalar.with(emission.target.getLanes())), lanes(vector.getLanes()),
      headDim(map.getHeadDim()), rows(map.getRows()), number(map.getNumber()),
      features(map.getFeatures()),
      isScaled(map.isExponential() && map.getLogScale()) {
  if (map.getProjection())
    projecting.emplace(builder, loc, emission.target, tokens, headDim, rows);
  if (map.getMix())
    mixing.emplace(builder, loc, emission.target, tokens, number, features);
}

void FeatureMapEmitter::prepare(func::FuncOp function,
                                ScratchAllocator &scratch) {
  auto buffer = [&](Value operand) {
    return operand ? getOperandBuffer(emission, function, operand) : Value();
  };
  input = buffer(map.getInput());
  projection = buffer(map.getProjection());
  bias = buffer(map.getBias());
  mix = buffer(map.getMix());
  tilt = buffer(map.getTilt());
  auto allocate = [&](ArrayRef<int64_t> shape) {
    return scratch.allocate(builder, loc, shape, builder.getF32Type());
  };
  auto padded = [&](int64_t columns) -> int64_t {
    return llvm::alignTo(columns, lanes);
  };
  products = allocate({projecting ? tokens : 1, padded(rows)});
  if (map.getMap() == FeatureMap::dpfp)
    rolled = allocate({4 * rows});
  if (mixing)
    unmixed = allocate({tokens, padded(number)});
  if (projecting)
    projecting->prepare(scratch);
  if (mixing)
    mixing->prepare(scratch);
}

void FeatureMapEmitter::emit(Value batch, Value head, Value token, Value count,
                             Value features, Value scales) {
  if (projecting)
    projecting->emit(
        count, projection, emitWhich(projection, head),
        [&](const NumberMath &number, Value row, Value column, Value mask) {
          Value place = math.add(math.mul(head, headDim), column);
          return number.load(input, {batch, math.add(token, row), place}, mask);
        },
        [&](const NumberMath &number, Value value, Value row, Value column,
            Value mask) {
          number.store(value, products, {row, column}, mask);
        });
  emitPlainLoop(builder, loc, math.constant(0), count, math.constant(1),
                [&](OpBuilder &, Location, Value row) {
                  Token own;
                  own.batch = batch;
                  own.head = head;
                  own.position = math.add(token, row);
                  own.y = {products, projecting ? row : math.constant(0)};
                  own.target = {mixing ? unmixed : features, row};
                  emitToken(own, scales, row);
                });
  if (mixing)
    mixing->emit(
        count, mix, emitWhich(mix, head),
        [&](const NumberMath &number, Value row, Value column, Value mask) {
          return number.load(unmixed, {row, column}, mask);
        },
        [&](const NumberMath &number, Value value, Value row, Value column,
            Value mask) {
          number.store(value, features, {row, column}, mask);
        });
}

void FeatureMapEmitter::emitToken(Token &token, Value scales, Value row) {
  emitRow(token);
  // The largest exponent is that of the largest y: |x|^2 / 2 cancels.
  bool isFavor = map.getMap() == FeatureMap::favor ||
                 map.getMap() == FeatureMap::favor_hyperbolic;
  Value shift, half, largest;
  if (isFavor)
    half = emitHalfSquare(token);
  if (isScaled) {
    largest = token.highest;
    if (map.getMap() == FeatureMap::favor_hyperbolic)
      largest = scalar.max(largest, scalar.sub(scalar.zero(), token.lowest));
    shift = largest;
  } else if (isFavor) {
    shift = half;
  }
  double count =
      map.getMap() == FeatureMap::favor_hyperbolic ? 2.0 * rows : rows;
  emitFeatures(token, shift, isFavor ? 1 / std::sqrt(count) : 1);
  if (map.getNorm() != FeatureNorm::none)
    emitNorm(token);
  if (!scales)
    return;
  Value scale = scalar.zero();
  if (isScaled && map.getNorm() == FeatureNorm::none) {
    scale = largest;
    if (isFavor)
      scale = scalar.sub(scale, half);
  }
  if (tilt)
    scale = scalar.add(scale, emitTilt(token));
  scalar.store(clamp(scale), scales, row);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

// Weights of all heads have one entry.
Value FeatureMapEmitter::emitWhich(Value weight, Value head) const {
  return cast<MemRefType>(weight.getType()).getDimSize(0) == 1
             ? math.constant(0)
             : head;
}

Value FeatureMapEmitter::loadRow(const NumberMath &number, const Row &row,
                                 Value column, Value mask,
                                 Value otherwise) const {
  return number.load(row.memref, {row.index, column}, mask, otherwise);
}

void FeatureMapEmitter::writeRow(const Row &row, Value first, Value count,
                                 Body body) {
  emitVectorLoop(builder, loc, count, lanes, {},
                 [&](OpBuilder &, Location, Value column, Value mask,
                     ValueRange) -> SmallVector<Value> {
                   Value value = body(vector, column, mask);
                   vector.store(value, row.memref,
                                {row.index, math.add(first, column)}, mask);
                   return {};
                 });
}

Value FeatureMapEmitter::sumRow(int64_t count, Body body) {
  Value total =
      emitVectorLoop(builder, loc, math.constant(count), lanes, vector.zero(),
                     [&](OpBuilder &, Location, Value column, Value mask,
                         ValueRange carried) -> SmallVector<Value> {
                       Value value = body(vector, column, mask);
                       if (mask)
                         value = vector.select(mask, value, vector.zero());
                       return {vector.add(carried[0], value)};
                     })[0];
  return vector.reduceLanes(ReduceKind::sum, total);
}

/// e to the power of a difference that is at most zero.
Value FeatureMapEmitter::emitPower(Value difference) const {
  Value factor =
      emitConstantLike(builder, loc, difference, static_cast<float>(M_LOG2E));
  return emitExp2Flush(builder, loc,
                       arith::MulFOp::create(builder, loc, difference, factor));
}

/// Sums that leave the range of f32 stay at its ends, where differences of
/// them are numbers.
Value FeatureMapEmitter::clamp(Value value) const {
  return emitClampAbove(
      builder, loc, emitClampBelow(builder, loc, value, -kLargest), kLargest);
}

void FeatureMapEmitter::emitRow(Token &token) {
  double scale = map.getScale().convertToDouble();
  Value column0 = math.mul(token.head, headDim);
  Value which = bias ? emitWhich(bias, token.head) : Value();
  SmallVector<Value> extremes = {vector.constant(-kLargest),
                                 vector.constant(kLargest)};
  extremes = emitVectorLoop(
      builder, loc, math.constant(rows), lanes, extremes,
      [&](OpBuilder &, Location, Value column, Value mask,
          ValueRange carried) -> SmallVector<Value> {
        Value y;
        if (projecting)
          y = loadRow(vector, token.y, column, mask);
        else
          y = vector.load(
              input, {token.batch, token.position, math.add(column0, column)},
              mask);
        if (scale != 1)
          y = vector.mul(y, vector.constant(scale));
        if (bias)
          y = vector.add(y, vector.load(bias, {which, column}, mask));
        y = clamp(y);
        vector.store(y, token.y.memref, {token.y.index, column}, mask);
        Value high = y, low = y;
        if (mask) {
          high = vector.select(mask, y, carried[0]);
          low = vector.select(mask, y, carried[1]);
        }
        high =
            vector.select(vector.greater(carried[0], high), carried[0], high);
        low = vector.select(vector.greater(low, carried[1]), carried[1], low);
        return {high, low};
      });
  token.highest = vector.reduceLanes(ReduceKind::max, extremes[0]);
  token.lowest = vector.reduceLanes(ReduceKind::min, extremes[1]);
}

Value FeatureMapEmitter::emitHalfSquare(const Token &token) {
  Value column0 = math.mul(token.head, headDim);
  Value sum = sumRow(headDim, [&](const NumberMath &number, Value column,
                                  Value mask) {
    Value x = number.load(
        input, {token.batch, token.position, math.add(column0, column)}, mask);
    x = number.mul(x, number.constant(map.getScale().convertToDouble()));
    return number.mul(x, x);
  });
  return clamp(scalar.mul(sum, scalar.constant(0.5)));
}

Value FeatureMapEmitter::emitTilt(const Token &token) {
  Value column0 = math.mul(token.head, headDim);
  Value which = emitWhich(tilt, token.head);
  return sumRow(headDim, [&](const NumberMath &number, Value column,
                             Value mask) {
    Value x = number.load(
        input, {token.batch, token.position, math.add(column0, column)}, mask);
    return number.mul(x, number.load(tilt, {which, column}, mask));
  });
}

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

void FeatureMapEmitter::emitFeatures(const Token &token, Value shift,
                                     double factor) {
  double epsilon = map.getEpsilon().convertToDouble();
  // A function of each y and its sign, from `first` on.
  auto apply = [&](int64_t first, double sign,
                   function_ref<Value(const NumberMath &, Value)> function) {
    writeRow(token.target, math.constant(first), math.constant(rows),
             [&](const NumberMath &number, Value column, Value mask) {
               Value y = loadRow(number, token.y, column, mask);
               if (sign < 0)
                 y = arith::NegFOp::create(builder, loc, y);
               Value f = function(number, y);
               if (epsilon != 0)
                 f = number.add(f, number.constant(epsilon));
               return f;
             });
  };
  auto exponential = [&](const NumberMath &number, Value y) {
    if (shift)
      y = number.sub(y, number.splat(shift));
    Value f = isScaled ? emitPower(y) : emitExp(builder, loc, y);
    return factor == 1 ? f : number.mul(f, number.constant(factor));
  };
  switch (map.getMap()) {
  case FeatureMap::identity:
    return apply(0, 1, [](const NumberMath &, Value y) { return y; });
  case FeatureMap::elu1:
    return apply(0, 1, [&](const NumberMath &number, Value y) {
      Value one = number.constant(1);
      Value power = emitExp(builder, loc, emitClampAbove(builder, loc, y, 0));
      return number.select(number.greater(y, number.zero()), number.add(y, one),
                           power);
    });
  case FeatureMap::relu:
    return apply(0, 1, [&](const NumberMath &, Value y) {
      return emitClampBelow(builder, loc, y, 0);
    });
  case FeatureMap::exp:
  case FeatureMap::favor:
    return apply(0, 1, exponential);
  case FeatureMap::favor_hyperbolic:
    apply(0, 1, exponential);
    return apply(rows, -1, exponential);
  case FeatureMap::dpfp:
    return emitDpfp(token);
  case FeatureMap::taylor2:
    return emitTaylor(token);
  case FeatureMap::softmax:
  case FeatureMap::softmax_halves:
    return emitSoftmax(token);
  }
}

void FeatureMapEmitter::emitSoftmax(const Token &token) {
  double epsilon = map.getEpsilon().convertToDouble();
  auto powers = [&](int64_t first, double sign, Value largest) {
    Value shift = vector.splat(largest);
    return sumRow(
        rows, [&](const NumberMath &number, Value column, Value mask) {
          Value y = loadRow(number, token.y, column, mask);
          if (sign < 0)
            y = arith::NegFOp::create(builder, loc, y);
          Value power = emitPower(number.sub(y, shift));
          number.store(power, token.target.memref,
                       {token.target.index, math.add(column, first)}, mask);
          return power;
        });
  };
  auto divide = [&](int64_t first, int64_t count, Value sum) {
    Value inverse = vector.splat(scalar.div(scalar.constant(1), sum));
    writeRow(token.target, math.constant(first), math.constant(count),
             [&](const NumberMath &number, Value column, Value mask) {
               Value f =
                   loadRow(number, token.target, math.add(column, first), mask);
               return number.mulAdd(f, inverse, number.constant(epsilon));
             });
  };
  Value lowest = scalar.sub(scalar.zero(), token.lowest);
  if (map.getMap() == FeatureMap::softmax) {
    Value largest = scalar.max(token.highest, lowest);
    Value sum = scalar.add(powers(0, 1, largest), powers(rows, -1, largest));
    return divide(0, 2 * rows, sum);
  }
  Value first = powers(0, 1, token.highest);
  Value second = powers(rows, -1, lowest);
  divide(0, rows, first);
  divide(rows, rows, second);
}

// z lies in scratch twice, one copy behind the other: z rolled by j is what
// begins j elements before the second.
void FeatureMapEmitter::emitDpfp(const Token &token) {
  Value epsilon = vector.constant(map.getEpsilon().convertToDouble());
  for (int64_t copy : {0, 1})
    for (int64_t half : {0, 1})
      emitVectorLoop(builder, loc, math.constant(rows), lanes, {},
                     [&](OpBuilder &, Location, Value column, Value mask,
                         ValueRange) -> SmallVector<Value> {
                       Value y = loadRow(vector, token.y, column, mask);
                       if (half)
                         y = arith::NegFOp::create(builder, loc, y);
                       vector.store(emitClampBelow(builder, loc, y, 0), rolled,
                                    math.add(column, (2 * copy + half) * rows),
                                    mask);
                       return {};
                     });
  Value width = math.constant(2 * rows);
  emitPlainLoop(
      builder, loc, math.constant(0), math.constant(map.getOrder()),
      math.constant(1), [&](OpBuilder &, Location, Value j) {
        Value from = math.sub(width, math.rem(math.add(j, 1), width));
        writeRow(token.target, math.mul(j, 2 * rows), width,
                 [&](const NumberMath &number, Value column, Value mask) {
                   Value z =
                       number.load(rolled, math.add(column, 2 * rows), mask);
                   Value other =
                       number.load(rolled, math.add(from, column), mask);
                   return number.mulAdd(z, other, epsilon);
                 });
      });
}

// Rows of the upper triangle follow each other; their first elements are those
// of the diagonal.
void FeatureMapEmitter::emitTaylor(const Token &token) {
  double epsilon = map.getEpsilon().convertToDouble();
  const Row &target = token.target;
  scalar.store(scalar.constant(1 + epsilon), target.memref,
               {target.index, math.constant(0)});
  writeRow(target, math.constant(1), math.constant(rows),
           [&](const NumberMath &number, Value column, Value mask) {
             return number.add(loadRow(number, token.y, column, mask),
                               number.constant(epsilon));
           });
  Value end = math.constant(rows);
  emitLoop(builder, loc, math.constant(0), end, math.constant(1),
           math.constant(1 + rows),
           [&](OpBuilder &, Location, Value i,
               ValueRange carried) -> SmallVector<Value> {
             Value y = loadRow(scalar, token.y, i, Value());
             Value all = vector.splat(y), left = math.sub(end, i);
             writeRow(target, carried[0], left,
                      [&](const NumberMath &number, Value column, Value mask) {
                        Value other =
                            loadRow(number, token.y, math.add(i, column), mask);
                        return number.mulAdd(all, other,
                                             number.constant(epsilon));
                      });
             Value square =
                 scalar.mul(scalar.mul(y, y), scalar.constant(std::sqrt(0.5)));
             scalar.store(scalar.add(square, scalar.constant(epsilon)),
                          target.memref, {target.index, carried[0]});
             return {math.add(carried[0], left)};
           });
}

void FeatureMapEmitter::emitNorm(const Token &token) {
  bool isSum = map.getNorm() == FeatureNorm::sum;
  Value total =
      sumRow(number, [&](const NumberMath &number, Value column, Value mask) {
        Value f = loadRow(number, token.target, column, mask);
        return isSum ? f : number.mul(f, f);
      });
  if (!isSum)
    total = math::SqrtOp::create(builder, loc, total);
  Value least = scalar.constant(map.getNormEpsilon().convertToDouble());
  total = scalar.select(scalar.greater(least, total), least, total);
  // Finite, so that features of zero stay so.
  Value inverse = clamp(scalar.div(scalar.constant(1), total));
  Value all = vector.splat(inverse);
  writeRow(token.target, math.constant(0), math.constant(number),
           [&](const NumberMath &number, Value column, Value mask) {
             return number.mul(loadRow(number, token.target, column, mask),
                               all);
           });
}
