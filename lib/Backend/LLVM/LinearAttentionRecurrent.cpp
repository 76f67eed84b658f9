//===- LinearAttentionRecurrent.cpp - Linear attention by tokens ----------===//
#include "LinearAttentionRecurrent.h"
#include "VectorMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

/// Query heads whose results one pass over the state computes, and vectors of
/// columns: as many sums as hide the latency of additions, and no more than
/// registers hold.
static constexpr int64_t kMostHeads = 4, kMostSums = 8, kMostVectors = 4;

RecurrentLinearAttention::RecurrentLinearAttention(
    LinearAttentionKernel &kernel)
    : k(kernel), builder(kernel.builder), loc(kernel.loc), math(kernel.math),
      scalar(kernel.scalar), vector(kernel.vector), lanes(kernel.lanes) {}

void RecurrentLinearAttention::prepare(ScratchAllocator &scratch) {
  keyRow = k.allocate(scratch, {k.paddedKeys});
  queryRows = k.allocate(scratch, {k.group, k.paddedKeys});
  if (k.decaysColumns)
    factorRow = k.allocate(scratch, {k.paddedKeys});
  if (k.hasSum()) {
    sums = k.allocate(scratch, {k.paddedKeys});
    resultFactors = k.allocate(scratch, {k.group});
  }
  if (k.isDelta)
    overlaps = k.allocate(scratch, {k.group});
  if (k.hasWeights())
    maximum = k.allocate(scratch, {1});
}

void RecurrentLinearAttention::forEachKeyVector(
    function_ref<void(Value, Value)> body) {
  emitPlainLoop(builder, loc, math.constant(0), math.constant(k.paddedKeys),
                math.constant(lanes), [&](OpBuilder &, Location, Value column) {
                  body(column, k.getKeyMask(column));
                });
}

void RecurrentLinearAttention::forEachColumns(
    function_ref<void(const Columns &)> body) {
  int64_t panel = k.tiling.getColumns();
  Value begin = math.mul(k.firstPanel, panel);
  Value end = math.min(math.add(begin, math.mul(k.panelsOfItem, panel)),
                       math.constant(k.valueDim));
  int64_t heads = std::min(k.group, kMostHeads);
  int64_t vectors = std::min(kMostVectors, kMostSums / heads);
  while (vectors > 1 && vectors * lanes > k.valueDim)
    vectors /= 2;
  int64_t width = vectors * lanes;
  Value whole = math.add(
      begin,
      math.mul(math.div(math.sub(end, begin), math.constant(width)), width));
  emitPlainLoop(builder, loc, begin, whole, math.constant(width),
                [&](OpBuilder &, Location, Value first) {
                  body({first, Vectors(vectors)});
                });
  emitPlainLoop(builder, loc, whole, end, math.constant(lanes),
                [&](OpBuilder &, Location, Value first) {
                  Value mask;
                  if (k.valueDim % lanes)
                    mask = createTailMask(builder, loc, lanes,
                                          math.sub(end, first));
                  body({first, {mask}});
                });
}

RecurrentLinearAttention::Vectors RecurrentLinearAttention::sumRows(
    size_t count, function_ref<Vectors(Value, ValueRange)> body) {
  return emitUnrolledLoop(
      builder, loc, math.constant(k.keyDim), /*unroll=*/2,
      Vectors(count, vector.zero()),
      [&](OpBuilder &, Location, Value row, ValueRange carried) {
        return body(row, carried);
      });
}

RecurrentLinearAttention::Vectors
RecurrentLinearAttention::load(Value memref, ValueRange indices,
                               const Columns &columns) const {
  Vectors result;
  SmallVector<Value> place(indices);
  Value first = place.back();
  for (auto [v, mask] : llvm::enumerate(columns.masks)) {
    place.back() = math.add(first, v * lanes);
    result.push_back(vector.load(memref, place, mask));
  }
  return result;
}

void RecurrentLinearAttention::store(ArrayRef<Value> values, Value memref,
                                     ValueRange indices,
                                     const Columns &columns) const {
  SmallVector<Value> place(indices);
  Value first = place.back();
  for (auto [v, mask] : llvm::enumerate(columns.masks)) {
    place.back() = math.add(first, v * lanes);
    vector.store(values[v], memref, place, mask);
  }
}

RecurrentLinearAttention::Vectors
RecurrentLinearAttention::loadDecayed(Value state, Value row,
                                      const Columns &columns) const {
  if (!state)
    return Vectors(columns.getVectors(), vector.zero());
  Vectors result = load(state, {k.batch, k.head, row, columns.first}, columns);
  Value factor = common;
  if (k.decaysColumns)
    factor = scalar.load(factorRow, row);
  if (factor)
    for (Value &vectors : result)
      vectors = vector.mul(vectors, vector.splat(factor));
  return result;
}

//===----------------------------------------------------------------------===//
// Items and tokens
//===----------------------------------------------------------------------===//

void RecurrentLinearAttention::loadSums() {
  if (k.hasSum())
    forEachKeyVector([&](Value column, Value mask) {
      Value sum = vector.zero();
      if (k.pastSum)
        sum = vector.load(k.pastSum, {k.batch, k.head, column}, mask);
      vector.store(sum, sums, column);
    });
  if (k.hasWeights())
    scalar.store(k.pastMax ? scalar.load(k.pastMax, {k.batch, k.head})
                           : scalar.lowest(),
                 maximum, math.constant(0));
}

void RecurrentLinearAttention::storeSums() {
  if (!k.hasSum() && !k.hasWeights())
    return;
  scf::IfOp::create(builder, loc, k.isFirst, [&](OpBuilder &, Location) {
    if (k.hasSum())
      forEachKeyVector([&](Value column, Value mask) {
        vector.store(vector.load(sums, column), k.presentSum,
                     {k.batch, k.head, column}, mask);
      });
    if (k.hasWeights())
      scalar.store(scalar.load(maximum, math.constant(0)), k.presentMax,
                   {k.batch, k.head});
    scf::YieldOp::create(builder, loc);
  });
}

void RecurrentLinearAttention::emitCopy() {
  common = Value();
  forEachColumns([&](const Columns &columns) {
    emitPlainLoop(builder, loc, math.constant(0), math.constant(k.keyDim),
                  math.constant(1), [&](OpBuilder &, Location, Value row) {
                    SmallVector<Value> place = {k.batch, k.head, row,
                                                columns.first};
                    store(k.past ? load(k.past, place, columns)
                                 : Vectors(columns.getVectors(), vector.zero()),
                          k.present, place, columns);
                  });
  });
}

void RecurrentLinearAttention::emitItem() {
  emitPlainLoop(builder, loc, math.constant(0), k.headsOfItem, math.constant(1),
                [&](OpBuilder &, Location, Value slot) {
                  k.setHead(slot);
                  emitHead();
                });
}

void RecurrentLinearAttention::emitHead() {
  loadSums();
  Value zero = math.constant(0), one = math.constant(1);
  scf::IfOp::create(
      builder, loc, math.less(zero, k.keys),
      [&](OpBuilder &, Location) {
        emitToken(zero, k.past);
        emitPlainLoop(builder, loc, one, k.keys, one,
                      [&](OpBuilder &, Location, Value token) {
                        emitToken(token, k.present);
                      });
        scf::YieldOp::create(builder, loc);
      },
      [&](OpBuilder &, Location) {
        emitCopy();
        scf::YieldOp::create(builder, loc);
      });
  storeSums();
}

void RecurrentLinearAttention::emitToken(Value token, Value state) {
  emitKey(token);
  emitQueries(token);
  forEachColumns(
      [&](const Columns &columns) { emitColumns(token, state, columns); });
}

void RecurrentLinearAttention::emitKey(Value token) {
  Value zero = math.constant(0);
  k.keyRows.select(k.batch, k.head, token, math.constant(1));
  common = reference = Value();
  Value keyFactor;
  if (k.isGated && !k.decaysColumns)
    common = emitExp(builder, loc, k.loadDecay(token));
  if (k.hasWeights()) {
    Value weight = k.loadWeight(token, zero);
    Value old = scalar.load(maximum, zero);
    Value now = scalar.max(old, weight);
    scalar.store(now, maximum, zero);
    reference = k.emitReference(now);
    common = k.emitRescale(old, reference);
    keyFactor = k.emitRescale(weight, reference);
  }
  Value isTaken = k.mask ? k.loadMask(token) : Value();
  forEachKeyVector([&](Value column, Value mask) {
    Value features = k.keyRows.load(vector, zero, column, mask);
    if (keyFactor)
      features = vector.mul(features, vector.splat(keyFactor));
    if (isTaken)
      features = vector.select(isTaken, features, vector.zero());
    vector.store(features, keyRow, column);
    Value factor = common ? vector.splat(common) : Value();
    if (k.decaysColumns) {
      factor = emitExp(builder, loc, k.loadDecay(vector, token, column, mask));
      vector.store(factor, factorRow, column);
    }
    if (!k.hasSum())
      return;
    Value sum = vector.load(sums, column);
    if (factor)
      sum = vector.mul(sum, factor);
    vector.store(vector.add(sum, features), sums, column);
  });
}

void RecurrentLinearAttention::emitQueries(Value token) {
  Value zero = math.constant(0);
  emitPlainLoop(
      builder, loc, zero, math.constant(k.group), math.constant(1),
      [&](OpBuilder &, Location, Value head) {
        Value queryHead = math.add(math.mul(k.head, k.group), head);
        k.queryRows.select(k.batch, queryHead, token, math.constant(1));
        // Products with what the op needs of z and k.
        Value other = k.hasSum() ? sums : k.isDelta ? keyRow : Value();
        SmallVector<Value> init;
        if (other)
          init.push_back(vector.zero());
        SmallVector<Value> product =
            emitLoop(builder, loc, zero, math.constant(k.paddedKeys),
                     math.constant(lanes), init,
                     [&](OpBuilder &, Location, Value column,
                         ValueRange carried) -> SmallVector<Value> {
                       Value features = k.queryRows.load(vector, zero, column,
                                                         k.getKeyMask(column));
                       vector.store(features, queryRows, {head, column});
                       if (!other)
                         return {};
                       return {vector.mulAdd(
                           features, vector.load(other, column), carried[0])};
                     });
        if (!other)
          return;
        Value sum = vector.reduceLanes(ReduceKind::sum, product[0]);
        if (k.hasSum())
          scalar.store(k.emitResultFactor(scalar, sum, reference),
                       resultFactors, head);
        else
          scalar.store(sum, overlaps, head);
      });
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

void RecurrentLinearAttention::addResults(Value first, int64_t heads, Value row,
                                          ArrayRef<Value> vectors,
                                          ValueRange sums,
                                          Vectors &next) const {
  for (int64_t h = 0; h < heads; ++h) {
    Value q = vector.splat(scalar.load(queryRows, {math.add(first, h), row}));
    for (Value each : vectors)
      next.push_back(vector.mulAdd(q, each, sums[next.size()]));
  }
}

void RecurrentLinearAttention::storeResult(Value token, Value head,
                                           ArrayRef<Value> sums,
                                           const Columns &columns) {
  Value factor;
  if (k.hasSum())
    factor = vector.splat(scalar.load(resultFactors, head));
  else
    factor = vector.splat(k.emitResultFactor(scalar, Value(), reference));
  Vectors result;
  for (Value sum : sums)
    result.push_back(vector.mul(sum, factor));
  Value queryHead = math.add(math.mul(k.head, k.group), head);
  Value column = math.add(math.mul(queryHead, k.valueDim), columns.first);
  store(result, k.output, {k.batch, token, column}, columns);
}

void RecurrentLinearAttention::emitColumns(Value token, Value state,
                                           const Columns &columns) {
  int64_t vectors = columns.getVectors();
  int64_t heads = std::min(k.group, kMostHeads);
  Value zero = math.constant(0);
  Value head = math.mul(k.head, k.valueDim);
  Vectors written =
      load(k.value, {k.batch, token, math.add(head, columns.first)}, columns);
  if (k.mask) {
    Value isTaken = k.loadMask(token);
    for (Value &each : written)
      each = vector.select(isTaken, each, vector.zero());
  }
  auto update = [&](Value row) {
    Vectors next = loadDecayed(state, row, columns);
    Value features = vector.splat(scalar.load(keyRow, row));
    for (int64_t v = 0; v < vectors; ++v)
      next[v] = squash(vector.mulAdd(features, written[v], next[v]));
    store(next, k.present, {k.batch, k.head, row, columns.first}, columns);
    return next;
  };
  auto split = [&](ArrayRef<Value> all, int64_t head) {
    return all.slice(head * vectors, vectors);
  };

  if (k.isDelta) {
    // Results of the heads, then what the state has for the key.
    Vectors found =
        sumRows((heads + 1) * vectors, [&](Value row, ValueRange carried) {
          Vectors before = loadDecayed(state, row, columns), next;
          addResults(zero, heads, row, before, carried, next);
          Value features = vector.splat(scalar.load(keyRow, row));
          for (Value each : before)
            next.push_back(vector.mulAdd(features, each, carried[next.size()]));
          return next;
        });
    Value rate = vector.splat(k.loadBeta(token));
    for (int64_t v = 0; v < vectors; ++v)
      written[v] =
          vector.mul(rate, vector.sub(written[v], found[heads * vectors + v]));
    for (int64_t h = 0; h < heads; ++h) {
      Value overlap = vector.splat(scalar.load(overlaps, math.constant(h)));
      Vectors result;
      for (auto [sum, each] : llvm::zip(split(found, h), written))
        result.push_back(vector.mulAdd(overlap, each, sum));
      storeResult(token, math.constant(h), result, columns);
    }
    sumRows(0, [&](Value row, ValueRange) -> Vectors {
      update(row);
      return {};
    });
  } else {
    Vectors results =
        sumRows(heads * vectors, [&](Value row, ValueRange carried) {
          Vectors next;
          addResults(zero, heads, row, update(row), carried, next);
          return next;
        });
    for (int64_t h = 0; h < heads; ++h)
      storeResult(token, math.constant(h), split(results, h), columns);
  }
  emitOtherHeads(token, heads, columns);
}

void RecurrentLinearAttention::emitOtherHeads(Value token, int64_t done,
                                              const Columns &columns) {
  int64_t vectors = columns.getVectors();
  auto emitHeads = [&](Value first, int64_t heads) {
    Vectors results =
        sumRows(heads * vectors, [&](Value row, ValueRange carried) {
          Vectors next;
          Vectors after =
              load(k.present, {k.batch, k.head, row, columns.first}, columns);
          addResults(first, heads, row, after, carried, next);
          return next;
        });
    for (int64_t h = 0; h < heads; ++h)
      storeResult(token, math.add(first, h),
                  ArrayRef(results).slice(h * vectors, vectors), columns);
  };
  int64_t rest = (k.group - done) % kMostHeads;
  emitPlainLoop(builder, loc, math.constant(done),
                math.constant(k.group - rest), math.constant(kMostHeads),
                [&](OpBuilder &, Location, Value first) {
                  emitHeads(first, kMostHeads);
                });
  if (rest)
    emitHeads(math.constant(k.group - rest), rest);
}

Value RecurrentLinearAttention::squash(Value x) const {
  if (!k.op.getSquash())
    return x;
  switch (*k.op.getSquash()) {
  case GateActivation::tanh:
    return emitTanh(builder, loc, x);
  case GateActivation::sigmoid:
    return emitSigmoid(builder, loc, x);
  case GateActivation::relu:
    return emitClampBelow(builder, loc, x, 0.0f);
  case GateActivation::softsign:
    return vector.div(x, vector.add(vector.constant(1),
                                    math::AbsFOp::create(builder, loc, x)));
  case GateActivation::softplus: {
    // max(x, 0) + log(1 + e^-|x|), which does not overflow.
    Value magnitude = math::AbsFOp::create(builder, loc, x);
    Value rest = emitExp(builder, loc, vector.sub(vector.zero(), magnitude));
    return vector.add(emitClampBelow(builder, loc, x, 0.0f),
                      math::LogOp::create(
                          builder, loc, vector.add(vector.constant(1), rest)));
  }
  default:
    // The verifier admits no others.
    return x;
  }
}
