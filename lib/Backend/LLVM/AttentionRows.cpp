//===- AttentionRows.cpp - Attention of single queries --------------------===//
//
// A decoder asks for one query at a time, which would leave all lanes but one
// of the tiles idle. Here lanes are columns in the products with keys, whose
// sums become a vector of scores by a tree of shuffles; then keys; then columns
// of the values.
//
//===----------------------------------------------------------------------===//
#include "AttentionEmitter.h"
#include "IndexMath.h"
#include "VectorMath.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace attune;

/// Keys of a block.
static constexpr int64_t kRowKeys = 512;
/// Vectors of columns that are summed side by side, and independent sums.
static constexpr int64_t kRowColumns = 4, kRowSums = 8;

/// Adds the elements of each of N vectors: lane i of the result is the sum of
/// `rows[i]`.
static Value emitSums(OpBuilder &builder, Location loc,
                      SmallVector<Value> rows) {
  int64_t n = rows.size();
  for (int64_t width = 1; width < n; width *= 2) {
    SmallVector<int64_t> low(n), high(n);
    for (int64_t i = 0; i < n; ++i) {
      bool isOdd = i & width;
      low[i] = isOdd ? n + i - width : i;
      high[i] = isOdd ? n + i : i + width;
    }
    SmallVector<Value> sums;
    for (size_t i = 0; i < rows.size(); i += 2)
      sums.push_back(arith::AddFOp::create(
          builder, loc,
          vector::ShuffleOp::create(builder, loc, rows[i], rows[i + 1], low),
          vector::ShuffleOp::create(builder, loc, rows[i], rows[i + 1], high)));
    rows = std::move(sums);
  }
  return rows.front();
}

Value AttentionEmitter::loadPart(OpBuilder &builder, Location loc, Value memref,
                                 ValueRange indices, Value count) const {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto type = VectorType::get({tiling.lanes}, element);
  if (!count)
    return vector::LoadOp::create(builder, loc, type, memref, indices);
  Value zeros =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, loc, type, memref, indices,
                                      emitLaneMask(builder, loc, count), zeros);
}

Value AttentionEmitter::emitLaneMask(OpBuilder &builder, Location loc,
                                     Value count) const {
  return vector::CreateMaskOp::create(
      builder, loc, VectorType::get({tiling.lanes}, builder.getI1Type()),
      count);
}

// A vector of queries costs what some single queries cost.
Value AttentionEmitter::emitIsFew(OpBuilder &builder, Location loc,
                                  Value query) const {
  IndexMath math(builder, loc);
  return math.less(math.dim(query, 1), math.constant(tiling.lanes / 4 + 1));
}

int64_t AttentionEmitter::emitRow(OpBuilder &builder, Location loc) {
  IndexMath math(builder, loc);
  Type f32 = builder.getF32Type();
  ScratchAllocator scratch(emission.getScratch());
  RowState row;
  row.query =
      scratch.allocate(builder, loc, llvm::alignTo(headDim, tiling.lanes), f32);
  row.context = scratch.allocate(builder, loc,
                                 llvm::alignTo(valueDim, tiling.lanes), f32);
  row.weights = scratch.allocate(builder, loc,
                                 llvm::alignTo(kRowKeys, tiling.lanes), f32);

  // The heads of a group follow each other: their keys stay in the cache.
  Value index = emission.getTaskIndex(), rest = math.div(index, queries);
  setHead(builder, loc, rest);
  queryBegin = math.rem(index, queries);

  Value zero = math.constant(0), lanes = math.constant(tiling.lanes);
  Value factor = splat(builder, loc, scale), zeros = splat(builder, loc, 0.0f);
  for (int64_t d = 0; d < headDim; d += tiling.lanes) {
    Value column = math.add(queryColumn, d);
    Value part =
        loadPart(builder, loc, query, ValueRange{batch, queryBegin, column},
                 getPart(builder, loc, headDim - d));
    part = arith::MulFOp::create(builder, loc, part, factor);
    vector::StoreOp::create(builder, loc, part, row.query, math.constant(d));
  }
  for (int64_t d = 0; d < valueDim; d += tiling.lanes)
    vector::StoreOp::create(builder, loc, zeros, row.context, math.constant(d));

  auto [keyBegin, keyEnd] = emitKeyRange(builder, loc);
  if (causal != Causal::none) {
    keyEnd =
        math.min(keyEnd, emitKeyLimit(builder, loc, math.add(queryBegin, 1)));
    keyBegin = math.min(keyBegin, keyEnd);
  }
  row.keyEnd = keyEnd;
  if (bias)
    row.biasRow = emitBiasIndex(builder, loc, 2, queryBegin);
  // Carried are the maximum and the sums of weights, both for each lane.
  Value lowest = splat(builder, loc, getLowest());
  Values state = emitLoop(
      builder, loc, keyBegin, keyEnd, math.constant(kRowKeys), {lowest, zeros},
      [&](OpBuilder &b, Location l, Value begin, ValueRange carried) -> Values {
        IndexMath inner(b, l);
        Value keys =
            inner.min(inner.sub(row.keyEnd, begin), inner.constant(kRowKeys));
        Values largest = emitLoop(
            b, l, zero, keys, lanes, carried[0],
            [&](OpBuilder &b, Location l, Value k, ValueRange best) -> Values {
              Value first = IndexMath(b, l).add(begin, k);
              Value score = emitRowScores(b, l, row, first);
              vector::StoreOp::create(b, l, score, row.weights, k);
              Value isLarger = arith::CmpFOp::create(
                  b, l, arith::CmpFPredicate::OLT, best[0], score);
              return {arith::SelectOp::create(b, l, isLarger, score, best[0])};
            });
        Value maximum = vector::ReductionOp::create(
            b, l, vector::CombiningKind::MAXNUMF, largest[0],
            arith::FastMathFlags::reassoc);
        maximum = vector::BroadcastOp::create(b, l, vectorType, maximum);
        Value change =
            emitPower(b, l, arith::SubFOp::create(b, l, carried[0], maximum));
        Value sums = arith::MulFOp::create(b, l, carried[1], change);
        Values total = emitLoop(
            b, l, zero, keys, lanes, sums,
            [&](OpBuilder &b, Location l, Value k, ValueRange sum) -> Values {
              Value score = loadVector(b, l, row.weights, k);
              Value weight =
                  emitPower(b, l, arith::SubFOp::create(b, l, score, maximum));
              vector::StoreOp::create(b, l, weight, row.weights, k);
              return {arith::AddFOp::create(b, l, sum[0], weight)};
            });
        emitRowContext(b, l, row, begin, keys, change);
        return {maximum, total[0]};
      });

  Value total =
      vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD,
                                  state[1], arith::FastMathFlags::reassoc);
  // No key left: all zeros.
  Value none = emitConstantLike(builder, loc, total, 0.0f);
  Value isEmpty = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                        total, none);
  Value inverse = arith::DivFOp::create(
      builder, loc, emitConstantLike(builder, loc, total, 1.0f), total);
  inverse = arith::SelectOp::create(builder, loc, isEmpty, none, inverse);
  inverse = vector::BroadcastOp::create(builder, loc, vectorType, inverse);
  for (int64_t d = 0; d < valueDim; d += tiling.lanes) {
    Value sums = loadVector(builder, loc, row.context, math.constant(d));
    Value result = arith::MulFOp::create(builder, loc, sums, inverse);
    Value column = math.add(outputColumn, d);
    SmallVector<Value> place = {batch, queryBegin, column};
    if (Value count = getPart(builder, loc, valueDim - d))
      vector::MaskedStoreOp::create(builder, loc, output, place,
                                    emitLaneMask(builder, loc, count), result);
    else
      vector::StoreOp::create(builder, loc, result, output, place);
  }
  return scratch.getBytes();
}

Value AttentionEmitter::getPart(OpBuilder &builder, Location loc,
                                int64_t left) const {
  return left >= tiling.lanes ? Value()
                              : IndexMath(builder, loc).constant(left);
}

Value AttentionEmitter::emitRowScores(OpBuilder &builder, Location loc,
                                      const RowState &row,
                                      Value firstKey) const {
  IndexMath math(builder, loc);
  Value left = math.sub(row.keyEnd, firstKey);
  Value last = math.sub(row.keyEnd, math.constant(1));
  // Lanes beyond the last key repeat it, and get a weight of zero.
  SmallVector<Value> rows;
  for (int64_t i = 0; i < tiling.lanes; ++i)
    rows.push_back(math.min(math.add(firstKey, i), last));
  Values sums(tiling.lanes, splat(builder, loc, 0.0f));
  auto addProducts = [&](OpBuilder &b, Location l, Value d, Value count,
                         ValueRange carried) {
    Value columns = loadVector(b, l, row.query, d);
    Value column = IndexMath(b, l).add(keyColumn, d);
    Values next;
    for (auto [position, sum] : llvm::zip(rows, carried)) {
      Value elements =
          loadPart(b, l, key, ValueRange{batch, position, column}, count);
      next.push_back(math::FmaOp::create(b, l, columns, elements, sum));
    }
    return next;
  };
  int64_t whole = headDim / tiling.lanes * tiling.lanes;
  if (whole)
    sums = emitLoop(builder, loc, math.constant(0), math.constant(whole),
                    math.constant(tiling.lanes), sums,
                    [&](OpBuilder &b, Location l, Value d, ValueRange carried) {
                      return addProducts(b, l, d, Value(), carried);
                    });
  if (whole < headDim)
    sums = addProducts(builder, loc, math.constant(whole),
                       math.constant(headDim - whole), sums);
  Value score = emitSums(builder, loc, sums);
  if (cap != 0.0f)
    score = emitCap(builder, loc, score);
  if (bias)
    score = arith::AddFOp::create(builder, loc, score,
                                  emitRowBias(builder, loc, row, firstKey));
  Value isKept = emitLaneMask(builder, loc, left);
  if (mask) {
    Value words =
        loadPart(builder, loc, mask, ValueRange{batch, firstKey}, left);
    Value none = arith::ConstantOp::create(
        builder, loc, builder.getZeroAttr(words.getType()));
    // Lanes beyond the last key read zeros.
    isKept = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                   words, none);
  }
  Value excluded = splat(builder, loc, -std::numeric_limits<float>::infinity());
  return arith::SelectOp::create(builder, loc, isKept, score, excluded);
}

Value AttentionEmitter::emitRowBias(OpBuilder &builder, Location loc,
                                    const RowState &row, Value firstKey) const {
  IndexMath math(builder, loc);
  Value extent = math.dim(bias, 3);
  auto index = [&](OpBuilder &b, Location l) {
    return emitBiasIndex(b, l, 3, firstKey);
  };
  Value first = loadSplat(
      builder, loc, bias,
      ValueRange{biasBatch, biasHead, row.biasRow, index(builder, loc)});
  if (cast<MemRefType>(bias.getType()).getDimSize(3) == 1)
    return first;
  // Reads one element where there is only one.
  Value left = math.sub(math.max(extent, firstKey), firstKey);
  left = math.min(left, math.sub(row.keyEnd, firstKey));
  Value elements = loadPart(
      builder, loc, bias,
      ValueRange{biasBatch, biasHead, row.biasRow, index(builder, loc)}, left);
  Value isOne = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      extent, math.constant(1));
  return arith::SelectOp::create(builder, loc, isOne, first, elements);
}

void AttentionEmitter::emitRowContext(OpBuilder &builder, Location loc,
                                      const RowState &row, Value keyBegin,
                                      Value keys, Value factor) const {
  int64_t lanes = tiling.lanes;
  // `count` vectors from column `d` on, of which the last has `tail` elements
  // if that is not zero.
  auto sumColumns = [&](OpBuilder &b, Location l, Value d, int64_t count,
                        int64_t tail) {
    IndexMath math(b, l);
    int64_t copies = std::max<int64_t>(kRowSums / count, 1);
    SmallVector<Value> columns;
    Value first = math.add(valueColumn, d);
    for (int64_t c = 0; c < count; ++c)
      columns.push_back(math.add(first, c * lanes));
    // Each step adds to the first `count` sums and moves them to the back, so
    // that the copies of an unrolled loop use different ones.
    Values sums(count * copies, splat(b, l, 0.0f));
    sums = emitUnrolledLoop(
        b, l, keys, copies, sums,
        [&](OpBuilder &b, Location l, Value k, ValueRange carried) {
          Values next(carried.drop_front(count));
          Value weight = loadSplat(b, l, row.weights, k);
          Value position = IndexMath(b, l).add(keyBegin, k);
          for (int64_t c = 0; c < count; ++c) {
            Value part = tail && c == count - 1 ? IndexMath(b, l).constant(tail)
                                                : Value();
            Value elements = loadPart(
                b, l, value, ValueRange{batch, position, columns[c]}, part);
            next.push_back(
                math::FmaOp::create(b, l, weight, elements, carried[c]));
          }
          return next;
        });
    for (int64_t c = 0; c < count; ++c) {
      Value total = sums[c];
      for (int64_t copy = 1; copy < copies; ++copy)
        total = arith::AddFOp::create(b, l, total, sums[copy * count + c]);
      Value column = math.add(d, c * lanes);
      Value old = loadVector(b, l, row.context, column);
      total = math::FmaOp::create(b, l, old, factor, total);
      vector::StoreOp::create(b, l, total, row.context, column);
    }
  };
  IndexMath math(builder, loc);
  int64_t step = kRowColumns * lanes, whole = valueDim / step * step;
  if (whole)
    emitPlainLoop(builder, loc, math.constant(0), math.constant(whole),
                  math.constant(step), [&](OpBuilder &b, Location l, Value d) {
                    sumColumns(b, l, d, kRowColumns, 0);
                  });
  if (int64_t left = valueDim - whole)
    sumColumns(builder, loc, math.constant(whole),
               llvm::divideCeil(left, lanes), left % lanes);
}
