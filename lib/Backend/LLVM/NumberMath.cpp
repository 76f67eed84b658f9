//===- NumberMath.cpp - Arithmetic on elements of any type ----------------===//
#include "NumberMath.h"
#include "IndexMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "attune/Kernel/ElementTypes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

NumberMath::NumberMath(OpBuilder &builder, Location loc, Type element,
                       int64_t lanes)
    : builder(builder), loc(loc), element(getBufferElementType(element)),
      floating(isa<FloatType>(element)),
      unsignedInteger(element.isUnsignedInteger() || element.isInteger(1)),
      lanes(lanes) {}

NumberMath NumberMath::with(int64_t newLanes) const {
  NumberMath result = *this;
  result.lanes = newLanes;
  return result;
}

Type NumberMath::getType() const {
  return lanes == 1 ? element : Type(VectorType::get({lanes}, element));
}

static Value emitConstant(OpBuilder &builder, Location loc, Type type,
                          TypedAttr value) {
  if (auto vector = dyn_cast<VectorType>(type))
    value = DenseElementsAttr::get(vector, Attribute(value));
  return arith::ConstantOp::create(builder, loc, type, value);
}

Value NumberMath::constant(double value) const {
  TypedAttr attr =
      floating
          ? TypedAttr(FloatAttr::get(element, value))
          : TypedAttr(IntegerAttr::get(
                element, APInt(element.getIntOrFloatBitWidth(),
                               static_cast<int64_t>(value),
                               /*isSigned=*/true, /*implicitTrunc=*/true)));
  return emitConstant(builder, loc, getType(), attr);
}

Value NumberMath::lowest() const {
  if (floating)
    return constant(-std::numeric_limits<double>::infinity());
  unsigned width = element.getIntOrFloatBitWidth();
  APInt value =
      unsignedInteger ? APInt::getZero(width) : APInt::getSignedMinValue(width);
  return emitConstant(builder, loc, getType(),
                      IntegerAttr::get(element, value));
}

Value NumberMath::highest() const {
  if (floating)
    return constant(std::numeric_limits<double>::infinity());
  unsigned width = element.getIntOrFloatBitWidth();
  APInt value = unsignedInteger ? APInt::getMaxValue(width)
                                : APInt::getSignedMaxValue(width);
  return emitConstant(builder, loc, getType(),
                      IntegerAttr::get(element, value));
}

Value NumberMath::splat(Value scalar) const {
  if (lanes == 1)
    return scalar;
  return vector::BroadcastOp::create(builder, loc, getType(), scalar);
}

Value NumberMath::add(Value a, Value b) const {
  if (floating)
    return arith::AddFOp::create(builder, loc, a, b);
  return arith::AddIOp::create(builder, loc, a, b);
}
Value NumberMath::sub(Value a, Value b) const {
  if (floating)
    return arith::SubFOp::create(builder, loc, a, b);
  return arith::SubIOp::create(builder, loc, a, b);
}
Value NumberMath::mul(Value a, Value b) const {
  if (floating)
    return arith::MulFOp::create(builder, loc, a, b);
  return arith::MulIOp::create(builder, loc, a, b);
}
Value NumberMath::div(Value a, Value b) const {
  if (floating)
    return arith::DivFOp::create(builder, loc, a, b);
  if (unsignedInteger)
    return arith::DivUIOp::create(builder, loc, a, b);
  return arith::DivSIOp::create(builder, loc, a, b);
}
Value NumberMath::mulAdd(Value a, Value b, Value c) const {
  if (floating)
    return math::FmaOp::create(builder, loc, a, b, c);
  return add(mul(a, b), c);
}
Value NumberMath::max(Value a, Value b) const {
  if (floating)
    return arith::MaximumFOp::create(builder, loc, a, b);
  if (unsignedInteger)
    return arith::MaxUIOp::create(builder, loc, a, b);
  return arith::MaxSIOp::create(builder, loc, a, b);
}
Value NumberMath::min(Value a, Value b) const {
  if (floating)
    return arith::MinimumFOp::create(builder, loc, a, b);
  if (unsignedInteger)
    return arith::MinUIOp::create(builder, loc, a, b);
  return arith::MinSIOp::create(builder, loc, a, b);
}
Value NumberMath::greater(Value a, Value b) const {
  if (floating)
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
  return arith::CmpIOp::create(builder, loc,
                               unsignedInteger ? arith::CmpIPredicate::ugt
                                               : arith::CmpIPredicate::sgt,
                               a, b);
}
Value NumberMath::greaterOrEqual(Value a, Value b) const {
  if (floating)
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, a, b);
  return arith::CmpIOp::create(builder, loc,
                               unsignedInteger ? arith::CmpIPredicate::uge
                                               : arith::CmpIPredicate::sge,
                               a, b);
}
Value NumberMath::isNaN(Value a) const {
  if (!floating)
    return {};
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, a, a);
}
Value NumberMath::select(Value condition, Value a, Value b) const {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}

Value NumberMath::fromIndex(Value index) const {
  Value wide =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
  if (floating)
    return arith::SIToFPOp::create(builder, loc, element, wide);
  if (element.isInteger(64))
    return wide;
  return arith::TruncIOp::create(builder, loc, element, wide);
}

Value NumberMath::convert(Value value, const NumberMath &from) const {
  unsigned own = element.getIntOrFloatBitWidth();
  unsigned width = from.element.getIntOrFloatBitWidth();
  if (from.floating || own == width)
    return value;
  if (own < width)
    return arith::TruncIOp::create(builder, loc, getType(), value);
  if (from.unsignedInteger)
    return arith::ExtUIOp::create(builder, loc, getType(), value);
  return arith::ExtSIOp::create(builder, loc, getType(), value);
}

Value NumberMath::combine(ReduceKind kind, Value a, Value b) const {
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean:
    return add(a, b);
  case ReduceKind::prod:
    return mul(a, b);
  case ReduceKind::max:
    return max(a, b);
  case ReduceKind::min:
    return min(a, b);
  }
  return a;
}

Value NumberMath::identity(ReduceKind kind) const {
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean:
    return zero();
  case ReduceKind::prod:
    return constant(1);
  case ReduceKind::max:
    return lowest();
  case ReduceKind::min:
    return highest();
  }
  return zero();
}

Value NumberMath::reduceLanes(ReduceKind kind, Value vector) const {
  if (lanes == 1)
    return vector;
  using Kind = vector::CombiningKind;
  Kind combining = Kind::ADD;
  if (kind == ReduceKind::prod)
    combining = Kind::MUL;
  else if (kind == ReduceKind::max)
    combining = floating          ? Kind::MAXIMUMF
                : unsignedInteger ? Kind::MAXUI
                                  : Kind::MAXSI;
  else if (kind == ReduceKind::min)
    combining = floating          ? Kind::MINIMUMF
                : unsignedInteger ? Kind::MINUI
                                  : Kind::MINSI;
  return vector::ReductionOp::create(builder, loc, combining, vector,
                                     floating ? arith::FastMathFlags::reassoc
                                              : arith::FastMathFlags::none);
}

Value NumberMath::load(Value memref, ValueRange indices, Value mask,
                       Value otherwise) const {
  if (lanes == 1)
    return memref::LoadOp::create(builder, loc, memref, indices);
  auto type = cast<VectorType>(getType());
  if (!mask)
    return vector::LoadOp::create(builder, loc, type, memref, indices);
  return vector::MaskedLoadOp::create(builder, loc, type, memref, indices, mask,
                                      otherwise ? otherwise : zero());
}

void NumberMath::store(Value value, Value memref, ValueRange indices,
                       Value mask) const {
  if (lanes == 1)
    memref::StoreOp::create(builder, loc, value, memref, indices);
  else if (mask)
    vector::MaskedStoreOp::create(builder, loc, memref, indices, mask, value);
  else
    vector::StoreOp::create(builder, loc, value, memref, indices);
}

int64_t attune::getVectorLanes(Type element, const TargetDesc &target) {
  unsigned width = element.getIntOrFloatBitWidth();
  return width == 1 ? 1 : target.vectorBits / width;
}

bool attune::hasMaskedAccess(Type element) {
  return element.getIntOrFloatBitWidth() >= 32;
}

void attune::emitColumns(OpBuilder &builder, Location loc, Value first,
                         Value end, int64_t lanes, bool masked,
                         ColumnBody body) {
  IndexMath math(builder, loc);
  auto loop = [&](Value from, Value to, int64_t width) {
    emitPlainLoop(builder, loc, from, to, math.constant(width),
                  [&](OpBuilder &, Location, Value column) {
                    body(column, width, Value());
                  });
  };
  if (lanes == 1)
    return loop(first, end, 1);
  Value width = math.constant(lanes);
  Value count = math.sub(end, first);
  Value whole = math.add(first, math.mul(math.div(count, width), width));
  loop(first, whole, lanes);
  if (!masked)
    return loop(whole, end, 1);
  Value some = math.less(whole, end);
  scf::IfOp::create(builder, loc, some, [&](OpBuilder &, Location) {
    Value mask = createTailMask(builder, loc, lanes, math.sub(end, whole));
    body(whole, lanes, mask);
    scf::YieldOp::create(builder, loc);
  });
}
