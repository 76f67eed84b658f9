//===- ScalarMath.cpp - Numbers of any type as scalar IR ------------------===//
#include "ScalarMath.h"
#include "VectorMath.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

static bool isSignedInteger(Type element) {
  return !element.isUnsignedInteger() && !element.isInteger(1);
}

Value ScalarMath::constant(Type scalar, double value) {
  TypedAttr attr =
      isa<FloatType>(scalar)
          ? TypedAttr(builder.getFloatAttr(scalar, value))
          : TypedAttr(builder.getIntegerAttr(scalar, int64_t(value)));
  return arith::ConstantOp::create(builder, loc, attr);
}

Value ScalarMath::integer(Type scalar, const llvm::APInt &value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getIntegerAttr(scalar, value));
}

Value ScalarMath::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}

Value ScalarMath::compareInt(arith::CmpIPredicate predicate, Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, predicate, a, b);
}

Value ScalarMath::compareFloat(arith::CmpFPredicate predicate, Value a,
                               Value b) {
  return arith::CmpFOp::create(builder, loc, predicate, a, b);
}

Value ScalarMath::isNaN(Value x) {
  return compareFloat(arith::CmpFPredicate::UNO, x, x);
}

Value ScalarMath::call(StringRef name, ValueRange operands) {
  Type type = operands[0].getType();
  std::string symbol = name.str() + (type.isF32() ? "f" : "");
  Operation *module = op->getParentOfType<ModuleOp>();
  SmallVector<Type> types(operands.getTypes());
  auto function = LLVM::lookupOrCreateFn(builder, module, symbol, types, type);
  if (failed(function))
    return operands[0]; // the module uses the name otherwise
  return LLVM::CallOp::create(builder, loc, *function, operands).getResult();
}

//===----------------------------------------------------------------------===//
// Functions of one number
//===----------------------------------------------------------------------===//

Value ScalarMath::unary(UnaryKind kind, Type element, Value x) {
  return isa<FloatType>(element) ? unaryFloat(kind, x)
                                 : unaryInteger(kind, element, x);
}

Value ScalarMath::unaryFloat(UnaryKind kind, Value x) {
  Type type = x.getType();
  bool isF32 = type.isF32();
  auto number = [&](double value) { return constant(type, value); };
  using Predicate = arith::CmpFPredicate;
  double infinity = std::numeric_limits<double>::infinity();
  switch (kind) {
  case UnaryKind::k_neg:
    return arith::NegFOp::create(builder, loc, x);
  case UnaryKind::k_abs:
    return math::AbsFOp::create(builder, loc, x);
  case UnaryKind::k_sign: {
    Value zero = number(0);
    Value negative =
        select(compareFloat(Predicate::OLT, x, zero), number(-1), x);
    return select(compareFloat(Predicate::OGT, x, zero), number(1), negative);
  }
  case UnaryKind::k_reciprocal:
    return arith::DivFOp::create(builder, loc, number(1), x);
  case UnaryKind::k_exp:
    return isF32 ? emitExp(builder, loc, x) : call("exp", x);
  case UnaryKind::k_log:
    return call("log", x);
  case UnaryKind::k_sqrt:
    return math::SqrtOp::create(builder, loc, x);
  case UnaryKind::k_erf:
    return isF32 ? emitErf(builder, loc, x) : call("erf", x);
  case UnaryKind::k_sigmoid: {
    if (isF32)
      return emitSigmoid(builder, loc, x);
    Value e = call("exp", arith::NegFOp::create(builder, loc, x).getResult());
    return arith::DivFOp::create(
        builder, loc, number(1),
        arith::AddFOp::create(builder, loc, number(1), e));
  }
  case UnaryKind::k_sin:
  case UnaryKind::k_cos:
  case UnaryKind::k_tan:
  case UnaryKind::k_asin:
  case UnaryKind::k_acos:
  case UnaryKind::k_atan:
  case UnaryKind::k_sinh:
  case UnaryKind::k_cosh:
  case UnaryKind::k_asinh:
  case UnaryKind::k_acosh:
  case UnaryKind::k_atanh:
    return call(stringifyUnaryKind(kind), x); // libm's names
  case UnaryKind::k_ceil:
    return math::CeilOp::create(builder, loc, x);
  case UnaryKind::k_floor:
    return math::FloorOp::create(builder, loc, x);
  case UnaryKind::k_round_even:
    return math::RoundEvenOp::create(builder, loc, x);
  case UnaryKind::k_is_nan:
    return isNaN(x);
  case UnaryKind::k_is_inf:
    return compareFloat(Predicate::OEQ, math::AbsFOp::create(builder, loc, x),
                        number(infinity));
  case UnaryKind::k_is_positive_inf:
    return compareFloat(Predicate::OEQ, x, number(infinity));
  case UnaryKind::k_is_negative_inf:
    return compareFloat(Predicate::OEQ, x, number(-infinity));
  case UnaryKind::k_logical_not:
  case UnaryKind::k_bitwise_not:
    break; // not of floats, as the verifier has checked
  }
  return x;
}

Value ScalarMath::unaryInteger(UnaryKind kind, Type element, Value x) {
  Type type = x.getType();
  Value zero = constant(type, 0);
  bool isSigned = isSignedInteger(element);
  using Predicate = arith::CmpIPredicate;
  switch (kind) {
  case UnaryKind::k_neg:
    return arith::SubIOp::create(builder, loc, zero, x);
  case UnaryKind::k_abs:
    if (!isSigned)
      return x;
    return select(compareInt(Predicate::slt, x, zero),
                  arith::SubIOp::create(builder, loc, zero, x), x);
  case UnaryKind::k_sign: {
    Value one = constant(type, 1);
    Value positive = select(compareInt(Predicate::ne, x, zero), one, zero);
    if (!isSigned)
      return positive;
    return select(compareInt(Predicate::slt, x, zero), constant(type, -1),
                  positive);
  }
  case UnaryKind::k_logical_not:
  case UnaryKind::k_bitwise_not:
    return arith::XOrIOp::create(builder, loc, x, constant(type, -1));
  default:
    return x; // functions of floats, as the verifier has checked
  }
}

//===----------------------------------------------------------------------===//
// Functions of two numbers
//===----------------------------------------------------------------------===//

Value ScalarMath::add(Type element, Value a, Value b) {
  if (isa<FloatType>(element))
    return arith::AddFOp::create(builder, loc, a, b);
  if (element.isInteger(1))
    return arith::OrIOp::create(builder, loc, a, b);
  return arith::AddIOp::create(builder, loc, a, b);
}

Value ScalarMath::mul(Type element, Value a, Value b) {
  if (isa<FloatType>(element))
    return arith::MulFOp::create(builder, loc, a, b);
  return arith::MulIOp::create(builder, loc, a, b);
}

Value ScalarMath::binary(BinaryKind kind, Type element, Value a, Value b) {
  return isa<FloatType>(element) ? binaryFloat(kind, a, b)
                                 : binaryInteger(kind, element, a, b);
}

/// `a` where it is a NaN, else the one that `predicate` chooses, which is `b`
/// when that is a NaN.
static Value chooseFloat(OpBuilder &builder, Location loc,
                         arith::CmpFPredicate predicate, Value a, Value b) {
  Value better = arith::CmpFOp::create(builder, loc, predicate, a, b);
  Value chosen = arith::SelectOp::create(builder, loc, better, a, b);
  Value isNaN =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, a, a);
  return arith::SelectOp::create(builder, loc, isNaN, a, chosen);
}

Value attune::emitMax(OpBuilder &builder, Location loc, Value a, Value b) {
  return chooseFloat(builder, loc, arith::CmpFPredicate::OGT, a, b);
}

Value attune::emitMin(OpBuilder &builder, Location loc, Value a, Value b) {
  return chooseFloat(builder, loc, arith::CmpFPredicate::OLT, a, b);
}

Value ScalarMath::binaryFloat(BinaryKind kind, Value a, Value b) {
  switch (kind) {
  case BinaryKind::k_sub:
    return arith::SubFOp::create(builder, loc, a, b);
  case BinaryKind::k_div:
    return arith::DivFOp::create(builder, loc, a, b);
  case BinaryKind::k_pow:
    return call("pow", {a, b});
  case BinaryKind::k_min:
    return emitMin(builder, loc, a, b);
  case BinaryKind::k_max:
    return emitMax(builder, loc, a, b);
  case BinaryKind::k_fmod:
    return call("fmod", {a, b});
  case BinaryKind::k_mod: {
    Value rest = call("fmod", {a, b}), zero = constant(a.getType(), 0);
    Value moved = arith::AddFOp::create(builder, loc, rest, b);
    using Predicate = arith::CmpFPredicate;
    Value differ = arith::XOrIOp::create(
        builder, loc, compareFloat(Predicate::OLT, rest, zero),
        compareFloat(Predicate::OLT, b, zero));
    Value isZero = compareFloat(Predicate::OEQ, rest, zero);
    return select(isZero, rest, select(differ, moved, rest));
  }
  default:
    return a; // kinds of integers, as the verifier has checked
  }
}

Value ScalarMath::quotient(bool isSigned, Value a, Value b) {
  Type type = a.getType();
  Value zero = constant(type, 0), one = constant(type, 1);
  Value byZero = compareInt(arith::CmpIPredicate::eq, b, zero);
  if (!isSigned) {
    Value divisor = select(byZero, one, b);
    return select(byZero, zero,
                  arith::DivUIOp::create(builder, loc, a, divisor));
  }
  // -1 is left out too: the least number has no opposite.
  Value opposite = arith::SubIOp::create(builder, loc, zero, a);
  Value byMinusOne =
      compareInt(arith::CmpIPredicate::eq, b, constant(type, -1));
  Value special = arith::OrIOp::create(builder, loc, byZero, byMinusOne);
  Value divisor = select(special, one, b);
  Value result = arith::DivSIOp::create(builder, loc, a, divisor);
  return select(byZero, zero, select(byMinusOne, opposite, result));
}

Value ScalarMath::remainder(bool isSigned, Value a, Value b) {
  Type type = a.getType();
  Value zero = constant(type, 0), one = constant(type, 1);
  // What is left by 1 is what is to be left by 0 and -1: nothing.
  Value special = compareInt(arith::CmpIPredicate::eq, b, zero);
  if (!isSigned)
    return arith::RemUIOp::create(builder, loc, a, select(special, one, b));
  special = arith::OrIOp::create(
      builder, loc, special,
      compareInt(arith::CmpIPredicate::eq, b, constant(type, -1)));
  return arith::RemSIOp::create(builder, loc, a, select(special, one, b));
}

/// By squaring, a bit of the exponent an iteration.
Value ScalarMath::power(Type element, Value a, Value b) {
  Type type = a.getType();
  bool isSigned = isSignedInteger(element);
  Value zero = constant(type, 0), one = constant(type, 1);
  Value first = arith::ConstantIndexOp::create(builder, loc, 0),
        step = arith::ConstantIndexOp::create(builder, loc, 1),
        bits = arith::ConstantIndexOp::create(builder, loc,
                                              type.getIntOrFloatBitWidth());
  auto loop = scf::ForOp::create(
      builder, loc, first, bits, step, ValueRange{one, a, b},
      [&](OpBuilder &b, Location l, Value, ValueRange carried) {
        Value odd = arith::AndIOp::create(b, l, carried[2], one);
        Value isOdd =
            arith::CmpIOp::create(b, l, arith::CmpIPredicate::ne, odd, zero);
        Value product = arith::MulIOp::create(b, l, carried[0], carried[1]);
        Value result =
            arith::SelectOp::create(b, l, isOdd, product, carried[0]);
        Value square = arith::MulIOp::create(b, l, carried[1], carried[1]);
        Value rest = arith::ShRUIOp::create(b, l, carried[2], one);
        scf::YieldOp::create(b, l, ValueRange{result, square, rest});
      });
  Value result = loop.getResult(0);
  if (!isSigned)
    return result;
  // Negative exponents leave something of 1 and -1 only.
  Value minusOne = constant(type, -1);
  Value isOdd = compareInt(arith::CmpIPredicate::ne,
                           arith::AndIOp::create(builder, loc, b, one), zero);
  Value isOne = compareInt(arith::CmpIPredicate::eq, a, one);
  Value isMinusOne = compareInt(arith::CmpIPredicate::eq, a, minusOne);
  Value left = select(isMinusOne, select(isOdd, minusOne, one), zero);
  left = select(isOne, one, left);
  return select(compareInt(arith::CmpIPredicate::slt, b, zero), left, result);
}

Value ScalarMath::binaryInteger(BinaryKind kind, Type element, Value a,
                                Value b) {
  Type type = a.getType();
  bool isSigned = isSignedInteger(element);
  auto shift = [&](Value shifted, Value amount) {
    Value width = constant(type, type.getIntOrFloatBitWidth());
    return select(compareInt(arith::CmpIPredicate::ult, amount, width), shifted,
                  constant(type, 0));
  };
  // A shift beyond the width gives poison, which a select may leave out, but
  // not after the bounded amount has been taken from it.
  auto bounded = [&] {
    Value width = constant(type, type.getIntOrFloatBitWidth());
    return select(compareInt(arith::CmpIPredicate::ult, b, width), b,
                  constant(type, 0));
  };
  switch (kind) {
  case BinaryKind::k_sub:
    return arith::SubIOp::create(builder, loc, a, b);
  case BinaryKind::k_div:
    return quotient(isSigned, a, b);
  case BinaryKind::k_pow:
    return power(element, a, b);
  case BinaryKind::k_min:
    if (isSigned)
      return arith::MinSIOp::create(builder, loc, a, b);
    return arith::MinUIOp::create(builder, loc, a, b);
  case BinaryKind::k_max:
    if (isSigned)
      return arith::MaxSIOp::create(builder, loc, a, b);
    return arith::MaxUIOp::create(builder, loc, a, b);
  case BinaryKind::k_fmod:
    return remainder(isSigned, a, b);
  case BinaryKind::k_mod: {
    Value rest = remainder(isSigned, a, b);
    if (!isSigned)
      return rest;
    Value zero = constant(type, 0);
    Value differ =
        compareInt(arith::CmpIPredicate::slt,
                   arith::XOrIOp::create(builder, loc, rest, b), zero);
    Value isZero = compareInt(arith::CmpIPredicate::eq, rest, zero);
    Value moved = arith::AddIOp::create(builder, loc, rest, b);
    // A divisor of zero leaves nothing, whatever its sign.
    return select(isZero, rest, select(differ, moved, rest));
  }
  case BinaryKind::k_and:
  case BinaryKind::k_bitwise_and:
    return arith::AndIOp::create(builder, loc, a, b);
  case BinaryKind::k_or:
  case BinaryKind::k_bitwise_or:
    return arith::OrIOp::create(builder, loc, a, b);
  case BinaryKind::k_xor:
  case BinaryKind::k_bitwise_xor:
    return arith::XOrIOp::create(builder, loc, a, b);
  case BinaryKind::k_shift_left:
    return shift(arith::ShLIOp::create(builder, loc, a, bounded()), b);
  case BinaryKind::k_shift_right:
    return shift(arith::ShRUIOp::create(builder, loc, a, bounded()), b);
  }
  return a;
}

Value ScalarMath::compare(CompareKind kind, Type element, Value a, Value b) {
  unsigned i = static_cast<unsigned>(kind);
  if (isa<FloatType>(element)) {
    using P = arith::CmpFPredicate;
    constexpr P predicates[] = {P::OEQ, P::UNE, P::OLT, P::OLE, P::OGT, P::OGE};
    return compareFloat(predicates[i], a, b);
  }
  using P = arith::CmpIPredicate;
  constexpr P ofSigned[] = {P::eq, P::ne, P::slt, P::sle, P::sgt, P::sge};
  constexpr P ofUnsigned[] = {P::eq, P::ne, P::ult, P::ule, P::ugt, P::uge};
  return compareInt(isSignedInteger(element) ? ofSigned[i] : ofUnsigned[i], a,
                    b);
}

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

Value ScalarMath::roundToOdd(Value x) {
  Type i32 = builder.getI32Type();
  Value nearest =
      arith::TruncFOp::create(builder, loc, builder.getF32Type(), x);
  Value back =
      arith::ExtFOp::create(builder, loc, builder.getF64Type(), nearest);
  Value bits = arith::BitcastOp::create(builder, loc, i32, nearest);
  using Predicate = arith::CmpFPredicate;
  // Back to the neighbour that lies towards zero.
  Value beyond =
      compareFloat(Predicate::OGT, math::AbsFOp::create(builder, loc, back),
                   math::AbsFOp::create(builder, loc, x));
  Value one = constant(i32, 1);
  Value below = arith::SubIOp::create(builder, loc, bits, one);
  Value odd =
      arith::OrIOp::create(builder, loc, select(beyond, below, bits), one);
  Value isExact = compareFloat(Predicate::UEQ, back, x); // or a NaN
  return arith::BitcastOp::create(builder, loc, builder.getF32Type(),
                                  select(isExact, bits, odd));
}

/// f16 and bf16 become f32.
Value ScalarMath::widen(Type from, Value x) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  if (from.isF16()) {
    Value half =
        arith::BitcastOp::create(builder, loc, builder.getF16Type(), x);
    return arith::ExtFOp::create(builder, loc, f32, half);
  }
  if (!from.isBF16())
    return x;
  Value bits = arith::ExtUIOp::create(builder, loc, i32, x);
  bits = arith::ShLIOp::create(builder, loc, bits, constant(i32, 16));
  return arith::BitcastOp::create(builder, loc, f32, bits);
}

/// A float as another float type, rounded to nearest even.
Value ScalarMath::narrow(Type to, Value x) {
  Type i16 = builder.getI16Type(), i32 = builder.getI32Type();
  if (x.getType() == to)
    return x;
  if (to.isF64())
    return arith::ExtFOp::create(builder, loc, to, x);
  if (to.isF32())
    return arith::TruncFOp::create(builder, loc, to, x);
  if (x.getType().isF64())
    x = roundToOdd(x);
  if (to.isF16())
    return arith::BitcastOp::create(
        builder, loc, i16,
        arith::TruncFOp::create(builder, loc, builder.getF16Type(), x));
  // bf16 is the upper half of f32: adding half of the last bit, less one where
  // that is even, carries as rounding asks for.
  Value bits = arith::BitcastOp::create(builder, loc, i32, x);
  Value sixteen = constant(i32, 16);
  Value last = arith::AndIOp::create(
      builder, loc, arith::ShRUIOp::create(builder, loc, bits, sixteen),
      constant(i32, 1));
  Value rounded = arith::AddIOp::create(
      builder, loc, bits,
      arith::AddIOp::create(builder, loc, last, constant(i32, 0x7fff)));
  Value quiet =
      arith::OrIOp::create(builder, loc, bits, constant(i32, 0x400000));
  rounded = select(isNaN(x), quiet, rounded);
  return arith::TruncIOp::create(
      builder, loc, i16,
      arith::ShRUIOp::create(builder, loc, rounded, sixteen));
}

Value ScalarMath::floatToInteger(Value x, IntegerType to) {
  StringRef name = to.isUnsigned() ? "llvm.fptoui.sat" : "llvm.fptosi.sat";
  Type type = builder.getIntegerType(to.getWidth());
  return LLVM::CallIntrinsicOp::create(
             builder, loc, type, builder.getStringAttr(name), ValueRange(x))
      .getResults();
}

Value ScalarMath::integerToInteger(IntegerType from, IntegerType to, Value x,
                                   bool saturate) {
  unsigned narrowWidth = to.getWidth(), width = from.getWidth();
  bool fromSigned = isSignedInteger(from), toSigned = !to.isUnsigned();
  auto bound = [&](llvm::APInt value) { return integer(x.getType(), value); };
  if (saturate) {
    unsigned bits = toSigned ? narrowWidth - 1 : narrowWidth;
    if (fromSigned && !toSigned)
      x = arith::MaxSIOp::create(builder, loc, x, constant(x.getType(), 0));
    if (fromSigned && toSigned && narrowWidth < width)
      x = arith::MaxSIOp::create(
          builder, loc, x,
          bound(llvm::APInt::getSignedMinValue(narrowWidth).sext(width)));
    if (bits < (fromSigned ? width - 1 : width)) {
      Value largest = bound(llvm::APInt::getLowBitsSet(width, bits));
      x = fromSigned
              ? arith::MinSIOp::create(builder, loc, x, largest).getResult()
              : arith::MinUIOp::create(builder, loc, x, largest).getResult();
    }
  }
  Type type = builder.getIntegerType(narrowWidth);
  if (narrowWidth == width)
    return x;
  if (narrowWidth < width)
    return arith::TruncIOp::create(builder, loc, type, x);
  if (fromSigned)
    return arith::ExtSIOp::create(builder, loc, type, x);
  return arith::ExtUIOp::create(builder, loc, type, x);
}

Value ScalarMath::cast(Type from, Type to, Value x, bool saturate) {
  if (from == to)
    return x;
  if (isa<FloatType>(from)) {
    x = widen(from, x);
    if (to.isInteger(1))
      return compareFloat(arith::CmpFPredicate::UNE, x,
                          constant(x.getType(), 0));
    if (auto integer = dyn_cast<IntegerType>(to))
      return floatToInteger(x, integer);
    return narrow(to, x);
  }
  if (to.isInteger(1))
    return compareInt(arith::CmpIPredicate::ne, x, constant(x.getType(), 0));
  if (auto integer = dyn_cast<IntegerType>(to))
    return integerToInteger(mlir::cast<IntegerType>(from), integer, x,
                            saturate);
  // f16 and bf16 by way of f64, which holds what they can tell apart.
  Type type = to.isF32() ? to : builder.getF64Type();
  if (isSignedInteger(from))
    x = arith::SIToFPOp::create(builder, loc, type, x);
  else
    x = arith::UIToFPOp::create(builder, loc, type, x);
  return narrow(to, x);
}
