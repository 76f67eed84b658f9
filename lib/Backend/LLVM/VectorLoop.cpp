//===- VectorLoop.cpp - Loops over the vectors of a row -------------------===//
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

Value attune::createTailMask(OpBuilder &builder, Location loc, int64_t lanes,
                             Value count) {
  auto type = VectorType::get({lanes}, builder.getI1Type());
  return vector::CreateMaskOp::create(builder, loc, type, count);
}

SmallVector<Value> attune::emitVectorLoop(OpBuilder &builder, Location loc,
                                          Value columns, int64_t lanes,
                                          ValueRange init,
                                          VectorLoopBody body) {
  return emitVectorLoop(builder, loc, columns, lanes, /*unroll=*/1, init, body);
}

SmallVector<Value> attune::emitVectorLoop(OpBuilder &builder, Location loc,
                                          Value columns, int64_t lanes,
                                          int64_t unroll, ValueRange init,
                                          VectorLoopBody body) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  SmallVector<Value> carried(init);
  std::optional<int64_t> known;
  if (IntegerAttr attr; matchPattern(columns, m_Constant(&attr)))
    known = attr.getInt();

  // The part of [0, columns) that whole steps of `step` cover.
  auto roundDown = [&](int64_t step) -> Value {
    if (known)
      return constant(*known / step * step);
    Value size = constant(step);
    Value count = arith::DivUIOp::create(builder, loc, columns, size);
    return arith::MulIOp::create(builder, loc, count, size);
  };
  Value done = constant(0);
  auto loop = [&](int64_t copies) {
    Value end = roundDown(lanes * copies);
    auto forOp = scf::ForOp::create(
        builder, loc, done, end, constant(lanes * copies), carried,
        [&](OpBuilder &inner, Location innerLoc, Value column,
            ValueRange values) {
          SmallVector<Value> current(values);
          for (int64_t i = 0; i < copies; ++i) {
            Value at = column;
            if (i) {
              Value offset =
                  arith::ConstantIndexOp::create(inner, innerLoc, i * lanes);
              at = arith::AddIOp::create(inner, innerLoc, column, offset);
            }
            current = body(inner, innerLoc, at, Value(), current);
          }
          scf::YieldOp::create(inner, innerLoc, current);
        });
    carried.assign(forOp.getResults().begin(), forOp.getResults().end());
    done = end;
  };
  if (unroll > 1 && (!known || *known >= lanes * unroll))
    loop(unroll);
  if (!known || *known / lanes % unroll || unroll <= 1)
    loop(1);

  if (known && *known % lanes == 0)
    return carried;
  auto tail = [&](OpBuilder &inner, Location innerLoc) {
    Value left = arith::SubIOp::create(inner, innerLoc, columns, done);
    Value mask = createTailMask(inner, innerLoc, lanes, left);
    return body(inner, innerLoc, done, mask, carried);
  };
  if (known)
    return tail(builder, loc);
  Value any = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                    done, columns);
  auto ifOp = scf::IfOp::create(
      builder, loc, any,
      [&](OpBuilder &inner, Location innerLoc) {
        scf::YieldOp::create(inner, innerLoc, tail(inner, innerLoc));
      },
      [&](OpBuilder &inner, Location innerLoc) {
        scf::YieldOp::create(inner, innerLoc, carried);
      });
  return SmallVector<Value>(ifOp.getResults());
}
