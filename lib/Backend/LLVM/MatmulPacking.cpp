//===- MatmulPacking.cpp - Operands of products in scratch memory ---------===//
#include "MatmulEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

/// The first `count` lanes from consecutive addresses, zeros in the others.
Value MatmulEmitter::loadMasked(Value address, Value count) {
  auto type = VectorType::get({lanes}, builder.getF32Type());
  Value mask = createTailMask(builder, loc, lanes, count);
  Value zeros = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  return LLVM::MaskedLoadOp::create(builder, loc, type, address, mask, zeros,
                                    /*alignment=*/4);
}

/// Likewise with a stride, one element after the other.
Value MatmulEmitter::loadStrided(Value address, Value stride, Value count) {
  auto type = VectorType::get({lanes}, builder.getF32Type());
  Value zeros = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  Value end = math.min(count, math.constant(lanes));
  return emitLoop(
      builder, loc, math.constant(0), end, math.constant(1), zeros,
      [&](OpBuilder &, Location, Value i, ValueRange carried) {
        Value source = advance(builder, loc, address, math.mul(i, stride));
        Value element =
            LLVM::LoadOp::create(builder, loc, builder.getF32Type(), source);
        return SmallVector<Value>{LLVM::InsertElementOp::create(
            builder, loc, carried[0], element, toI64(builder, loc, i))};
      })[0];
}

/// Right-hand side [k, n]: rows of a panel are vectors of the source.
void MatmulEmitter::packVectors(const Matrix &right, Value firstK, Value countK,
                                Value firstColumn, Value countColumns) {
  Value step = math.constant(lanes);
  Value zero = math.constant(0), one = math.constant(1);
  emitPlainLoop(
      builder, loc, zero, countColumns, step,
      [&](OpBuilder &, Location, Value column) {
        Value panel = math.div(column, math.constant(columns));
        Value target =
            advance(builder, loc, packedRight,
                    math.add(math.mul(panel, schedule.kc * columns),
                             math.rem(column, math.constant(columns))));
        Value left = math.sub(countColumns, column);
        emitPlainLoop(builder, loc, zero, countK, one,
                      [&](OpBuilder &, Location, Value row) {
                        Value source = elementAt(right, math.add(firstK, row),
                                                 math.add(firstColumn, column));
                        Value vector =
                            right.hasUnitColumns
                                ? loadMasked(source, left)
                                : loadStrided(source, right.columnStride, left);
                        storeVector(builder, loc, vector,
                                    advance(builder, loc, target,
                                            math.mul(row, columns)));
                      });
      });
}

/// Right-hand side [n, k]: squares of lanes x lanes are transposed. Rows beyond
/// the last are read as the last again: nobody stores what they give.
void MatmulEmitter::packTransposed(const Matrix &right, Value firstK,
                                   Value countK, Value firstColumn,
                                   Value countColumns) {
  Value step = math.constant(lanes), zero = math.constant(0);
  emitPlainLoop(
      builder, loc, zero, countColumns, step,
      [&](OpBuilder &, Location, Value column) {
        Value panel = math.div(column, math.constant(columns));
        Value target =
            advance(builder, loc, packedRight,
                    math.add(math.mul(panel, schedule.kc * columns),
                             math.rem(column, math.constant(columns))));
        Value last = math.sub(countColumns, math.constant(1));
        emitPlainLoop(
            builder, loc, zero, countK, step,
            [&](OpBuilder &, Location, Value row) {
              Value left = math.sub(countK, row);
              SmallVector<Value> square;
              for (int64_t i = 0; i < lanes; ++i) {
                Value own = math.min(math.add(column, i), last);
                Value source = elementAt(right, math.add(firstColumn, own),
                                         math.add(firstK, row));
                square.push_back(
                    right.hasUnitColumns
                        ? loadMasked(source, left)
                        : loadStrided(source, right.columnStride, left));
              }
              emitTranspose(builder, loc, square);
              for (int64_t i = 0; i < lanes; ++i)
                storeVector(builder, loc, square[i],
                            advance(builder, loc, target,
                                    math.mul(math.add(row, i), columns)));
            });
      });
}

void MatmulEmitter::packRight(const Matrix &right, Value firstK, Value countK,
                              Value firstColumn, Value countColumns) {
  if (matmul.getTransposeRhs())
    packTransposed(right, firstK, countK, firstColumn, countColumns);
  else
    packVectors(right, firstK, countK, firstColumn, countColumns);
}

/// The rows of the left-hand side at a distance that is known.
void MatmulEmitter::packLeft(const Matrix &left, Value firstRow,
                             Value countRows, Value firstK, Value countK) {
  Value zero = math.constant(0), one = math.constant(1);
  emitPlainLoop(
      builder, loc, zero, countRows, one,
      [&](OpBuilder &, Location, Value row) {
        Value target =
            advance(builder, loc, packedLeft, math.mul(row, getLeftStride()));
        emitPlainLoop(builder, loc, zero, countK, math.constant(lanes),
                      [&](OpBuilder &, Location, Value step) {
                        Value source = elementAt(left, math.add(firstRow, row),
                                                 math.add(firstK, step));
                        Value rest = math.sub(countK, step);
                        Value vector =
                            left.hasUnitColumns
                                ? loadMasked(source, rest)
                                : loadStrided(source, left.columnStride, rest);
                        storeVector(builder, loc, vector,
                                    advance(builder, loc, target, step));
                      });
      });
}
