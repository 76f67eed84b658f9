//===- IndexMath.cpp - Index arithmetic and loops, in short ---------------===//
#include "IndexMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

Value IndexMath::constant(int64_t value) const {
  return arith::ConstantIndexOp::create(builder, loc, value);
}
Value IndexMath::add(Value a, Value b) const {
  return arith::AddIOp::create(builder, loc, a, b);
}
Value IndexMath::add(Value a, int64_t b) const {
  return b ? add(a, constant(b)) : a;
}
Value IndexMath::sub(Value a, Value b) const {
  return arith::SubIOp::create(builder, loc, a, b);
}
Value IndexMath::mul(Value a, Value b) const {
  return arith::MulIOp::create(builder, loc, a, b);
}
Value IndexMath::mul(Value a, int64_t b) const { return mul(a, constant(b)); }
Value IndexMath::div(Value a, Value b) const {
  return arith::DivUIOp::create(builder, loc, a, b);
}
Value IndexMath::rem(Value a, Value b) const {
  return arith::RemUIOp::create(builder, loc, a, b);
}
Value IndexMath::ceilDiv(Value a, Value b) const {
  return div(add(a, sub(b, constant(1))), b);
}
Value IndexMath::min(Value a, Value b) const {
  return arith::MinUIOp::create(builder, loc, a, b);
}
Value IndexMath::max(Value a, Value b) const {
  return arith::MaxUIOp::create(builder, loc, a, b);
}
Value IndexMath::select(Value condition, Value a, Value b) const {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}
Value IndexMath::less(Value a, Value b) const {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, a, b);
}
Value IndexMath::atLeast(Value a, Value b) const {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, a, b);
}
Value IndexMath::dim(Value memref, int64_t dimension) const {
  int64_t extent = cast<MemRefType>(memref.getType()).getDimSize(dimension);
  if (!ShapedType::isDynamic(extent))
    return constant(extent);
  return memref::DimOp::create(builder, loc, memref, dimension);
}
Value IndexMath::extents(Value memref, int64_t first, int64_t last) const {
  Value product = constant(1);
  for (int64_t i = first; i < last; ++i)
    product = i == first ? dim(memref, i) : mul(product, dim(memref, i));
  return product;
}

SmallVector<Value> attune::emitLoop(OpBuilder &builder, Location loc,
                                    Value begin, Value end, Value step,
                                    ValueRange init, LoopBody body) {
  auto loop = scf::ForOp::create(
      builder, loc, begin, end, step, init,
      [&](OpBuilder &inner, Location innerLoc, Value index, ValueRange values) {
        scf::YieldOp::create(inner, innerLoc,
                             body(inner, innerLoc, index, values));
      });
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> attune::emitUnrolledLoop(OpBuilder &builder, Location loc,
                                            Value end, int64_t unroll,
                                            ValueRange init, LoopBody body) {
  IndexMath math(builder, loc);
  Value zero = math.constant(0), one = math.constant(1);
  IntegerAttr known;
  matchPattern(end, m_Constant(&known));
  if (unroll <= 1 || (known && known.getInt() < unroll))
    return emitLoop(builder, loc, zero, end, one, init, body);
  Value step = math.constant(unroll);
  Value whole = math.mul(math.div(end, step), step);
  if (known)
    whole = math.constant(known.getInt() / unroll * unroll);
  SmallVector<Value> carried = emitLoop(
      builder, loc, zero, whole, step, init,
      [&](OpBuilder &inner, Location innerLoc, Value index, ValueRange values) {
        SmallVector<Value> current(values);
        for (int64_t i = 0; i < unroll; ++i)
          current = body(inner, innerLoc,
                         IndexMath(inner, innerLoc).add(index, i), current);
        return current;
      });
  if (known && known.getInt() % unroll == 0)
    return carried;
  return emitLoop(builder, loc, whole, end, one, carried, body);
}

void attune::emitPlainLoop(
    OpBuilder &builder, Location loc, Value begin, Value end, Value step,
    function_ref<void(OpBuilder &, Location, Value)> body) {
  emitLoop(builder, loc, begin, end, step, {},
           [&](OpBuilder &inner, Location innerLoc, Value index,
               ValueRange) -> SmallVector<Value> {
             body(inner, innerLoc, index);
             return {};
           });
}

// Step w exchanges, between rows that differ in bit w, the columns that differ
// in bit w; after all bits element (i, j) has moved to (j, i).
void attune::emitTranspose(OpBuilder &builder, Location loc,
                           MutableArrayRef<Value> rows) {
  int64_t n = rows.size();
  for (int64_t width = 1; width < n; width *= 2) {
    SmallVector<int64_t> low(n), high(n);
    for (int64_t i = 0; i < n; ++i) {
      bool odd = i & width;
      low[i] = odd ? n + i - width : i;
      high[i] = odd ? n + i : i + width;
    }
    for (int64_t i = 0; i < n; ++i) {
      if (i & width)
        continue;
      Value a = rows[i], b = rows[i + width];
      rows[i] = vector::ShuffleOp::create(builder, loc, a, b, low);
      rows[i + width] = vector::ShuffleOp::create(builder, loc, a, b, high);
    }
  }
}

Value ScratchAllocator::allocate(OpBuilder &builder, Location loc,
                                 ArrayRef<int64_t> shape, Type element) {
  int64_t size = element.getIntOrFloatBitWidth() / 8;
  for (int64_t extent : shape)
    size *= extent;
  Value offset = arith::ConstantIndexOp::create(builder, loc, bytes);
  bytes += llvm::alignTo(size, 64);
  return memref::ViewOp::create(builder, loc, MemRefType::get(shape, element),
                                scratch, offset, ValueRange());
}
