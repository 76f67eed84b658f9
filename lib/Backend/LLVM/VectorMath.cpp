//===- VectorMath.cpp - Elementary functions as vector IR -----------------===//
#include "VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {
/// 1.5 * 2^23: adding it rounds a float of magnitude below 2^22 to an integer,
/// which the low bits of the sum then hold. Unlike a conversion to integers
/// this is defined for NaN.
constexpr float kRounder = 12582912.0f;
constexpr float kLog2E = 0x1.715476p+0f;
/// log(2) in two parts; the product of the first with an integer of up to
/// nine bits is exact.
constexpr float kLn2High = 0x1.62e4p-1f;
constexpr float kLn2Low = 0x1.7f7d1cf8p-20f;

/// Short names for the ops that formulas are written in.
class Formula {
public:
  Formula(OpBuilder &builder, Location loc, Value like)
      : builder(builder), loc(loc), like(like) {}

  Value constant(float value) {
    return emitConstantLike(builder, loc, like, value);
  }
  Value add(Value a, Value b) {
    return arith::AddFOp::create(builder, loc, a, b);
  }
  Value sub(Value a, Value b) {
    return arith::SubFOp::create(builder, loc, a, b);
  }
  Value mul(Value a, Value b) {
    return arith::MulFOp::create(builder, loc, a, b);
  }
  Value div(Value a, Value b) {
    return arith::DivFOp::create(builder, loc, a, b);
  }
  Value fma(Value a, Value b, Value c) {
    return math::FmaOp::create(builder, loc, a, b, c);
  }
  Value neg(Value a) { return arith::NegFOp::create(builder, loc, a); }
  Value abs(Value a) { return math::AbsFOp::create(builder, loc, a); }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(builder, loc, condition, a, b);
  }
  Value less(Value a, Value b) {
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, a, b);
  }

  /// Horner's rule; `coefficients` from the highest power down to x^0.
  Value polynomial(Value x, ArrayRef<float> coefficients) {
    Value result = constant(coefficients.front());
    for (float coefficient : coefficients.drop_front())
      result = fma(result, x, constant(coefficient));
    return result;
  }

  /// Bits of a float as an integer, and back.
  Value toBits(Value x) {
    return arith::BitcastOp::create(builder, loc, getIntType(), x);
  }
  Value fromBits(Value x) {
    return arith::BitcastOp::create(builder, loc, like.getType(), x);
  }
  Value intConstant(int32_t value) {
    Type type = getIntType();
    TypedAttr attr = builder.getI32IntegerAttr(value);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, value);
    return arith::ConstantOp::create(builder, loc, type, attr);
  }
  Value addInt(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value subInt(Value a, Value b) {
    return arith::SubIOp::create(builder, loc, a, b);
  }
  Value shiftLeft(Value a, int32_t count) {
    return arith::ShLIOp::create(builder, loc, a, intConstant(count));
  }
  Value halve(Value a) {
    return arith::ShRSIOp::create(builder, loc, a, intConstant(1));
  }

  /// mantissa * 2^n where the low bits of `rounded`, a sum with kRounder, hold
  /// n in [-152, 130]. In two steps, as 2^n itself may not be a float; the
  /// second product rounds once, also to a denormal.
  Value scaleByPower(Value mantissa, Value rounded) {
    Value n = subInt(toBits(rounded), toBits(constant(kRounder)));
    Value first = halve(n);
    Value second = subInt(n, first);
    return mul(mul(mantissa, power(first)), power(second));
  }
  /// 2^n for n in [-126, 127].
  Value power(Value n) {
    return fromBits(shiftLeft(addInt(n, intConstant(127)), 23));
  }
  /// 2^n where the low bits of `rounded`, a sum with kRounder + 127, hold
  /// n + 127; zero for n = -127.
  Value biasedPower(Value rounded) {
    return fromBits(shiftLeft(toBits(rounded), 23));
  }

  /// e^r for |r| <= log(2) / 2, relative error of the polynomial 3.1e-9.
  Value expReduced(Value r) {
    Value tail = polynomial(r, {0.00138145965f, 0.00836871751f, 0.041668389f,
                                0.166665211f, 0.49999994f});
    return add(fma(mul(r, r), tail, r), constant(1.0f));
  }

private:
  Type getIntType() {
    Type i32 = builder.getI32Type();
    if (auto vector = dyn_cast<VectorType>(like.getType()))
      return vector.clone(i32);
    return i32;
  }

  OpBuilder &builder;
  Location loc;
  Value like;
};
} // namespace

Value attune::emitConstantLike(OpBuilder &builder, Location loc, Value like,
                               float value) {
  Type type = like.getType();
  TypedAttr attr = builder.getF32FloatAttr(value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, value);
  return arith::ConstantOp::create(builder, loc, type, attr);
}

// Comparing the bound with x, not x with the bound, is the form of minps and
// maxps that hands on a NaN in x.
Value attune::emitClampBelow(OpBuilder &builder, Location loc, Value x,
                             float lowest) {
  Formula f(builder, loc, x);
  Value bound = f.constant(lowest);
  return f.select(f.less(x, bound), bound, x);
}

Value attune::emitClampAbove(OpBuilder &builder, Location loc, Value x,
                             float highest) {
  Formula f(builder, loc, x);
  Value bound = f.constant(highest);
  return f.select(f.less(bound, x), bound, x);
}

Value attune::emitExp(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  x = emitClampBelow(builder, loc, x, -105.0f);
  x = emitClampAbove(builder, loc, x, 89.0f);
  Value rounded = f.fma(x, f.constant(kLog2E), f.constant(kRounder));
  Value n = f.sub(rounded, f.constant(kRounder));
  Value r = f.fma(n, f.constant(-kLn2High), x);
  r = f.fma(n, f.constant(-kLn2Low), r);
  return f.scaleByPower(f.expReduced(r), rounded);
}

Value attune::emitExp2(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  x = emitClampBelow(builder, loc, x, -151.0f);
  x = emitClampAbove(builder, loc, x, 129.0f);
  Value rounded = f.add(x, f.constant(kRounder));
  Value r = f.sub(x, f.sub(rounded, f.constant(kRounder)));
  Value mantissa =
      f.polynomial(r, {0.000153533605f, 0.0013398875f, 0.00961843692f,
                       0.0555033237f, 0.240226477f, 0.693147182f, 1.0f});
  return f.scaleByPower(mantissa, rounded);
}

Value attune::emitExp2Flush(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  x = emitClampBelow(builder, loc, x, -127.0f);
  Value rounded = f.add(x, f.constant(kRounder + 127.0f));
  Value r = f.sub(x, f.sub(rounded, f.constant(kRounder + 127.0f)));
  Value mantissa =
      f.polynomial(r, {0.00132647145f, 0.00967151392f, 0.0555073395f,
                       0.240222424f, 0.693147004f, 1.0f});
  return f.mul(mantissa, f.biasedPower(rounded));
}

Value attune::emitSigmoid(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  // e^-x with |x| <= 88 needs no care for the ends of the range.
  x = emitClampBelow(builder, loc, x, -88.0f);
  x = emitClampAbove(builder, loc, x, 88.0f);
  Value rounded = f.fma(x, f.constant(-kLog2E), f.constant(kRounder + 127.0f));
  Value n = f.sub(rounded, f.constant(kRounder + 127.0f));
  Value r = f.fma(n, f.constant(-kLn2High), f.neg(x));
  r = f.fma(n, f.constant(-kLn2Low), r);
  Value exponential = f.mul(f.expReduced(r), f.biasedPower(rounded));
  Value one = f.constant(1.0f);
  return f.div(one, f.add(one, exponential));
}

Value attune::emitTanh(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  // Beyond the bound tanh is one to within the error that is allowed.
  constexpr float bound = 7.90531110763549805f;
  Value clamped = emitClampBelow(builder, loc, x, -bound);
  clamped = emitClampAbove(builder, loc, clamped, bound);
  Value square = f.mul(clamped, clamped);
  Value numerator =
      f.polynomial(square, {-2.76076847742355e-16f, 2.00018790482477e-13f,
                            -8.60467152213735e-11f, 5.12229709037114e-08f,
                            1.48572235717979e-05f, 6.37261928875436e-04f,
                            4.89352455891786e-03f});
  Value denominator =
      f.polynomial(square, {1.19825839466702e-06f, 1.18534705686654e-04f,
                            2.26843463243900e-03f, 4.89352518554385e-03f});
  Value result = f.div(f.mul(clamped, numerator), denominator);
  // Keeps tiny results, denormals among them, and the sign of zero.
  Value tiny = f.less(f.abs(x), f.constant(0.0004f));
  return f.select(tiny, x, result);
}

Value attune::emitErf(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  Value magnitude = f.abs(x);
  // |x| < 0.89: x + x * p(x^2), relative error of the polynomial 1.1e-8.
  Value square = f.mul(x, x);
  Value small = f.fma(
      f.polynomial(square, {-0.000611142779f, 0.00501625845f, -0.0267819818f,
                            0.112822309f, -0.376125336f, 0.128379151f}),
      x, x);
  // Beyond: 1 - 2^q(|x|), absolute error of the fit 1e-10. The polynomial's
  // first coefficient is negative, so that larger arguments give one.
  Value exponent =
      f.polynomial(magnitude, {-2.96201451e-05f, 0.000617460464f,
                               -0.00597271184f, 0.0361226462f, -0.156036034f,
                               -0.913887382f, -1.62946689f, 0.000235867439f});
  Value large = f.sub(f.constant(1.0f), emitExp2Flush(builder, loc, exponent));
  large = math::CopySignOp::create(builder, loc, large, x);
  return f.select(f.less(magnitude, f.constant(0.89f)), small, large);
}

Value attune::emitGelu(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  // The bound makes an infinite x times a probability of zero a zero.
  Value t = emitClampAbove(builder, loc, f.abs(x), 64.0f);
  // log2 Phi(-t), fitted so that t * Phi is within 2.3e-8 everywhere.
  Value exponent = f.polynomial(
      t, {-1.01092587e-06f, 1.6740767e-05f, -7.43641649e-05f, -0.000419291435f,
          0.0074524167f, -0.0527839623f, -0.459104657f, -1.15111876f, -1.0f});
  Value probability = emitExp2Flush(builder, loc, exponent);
  Value positive = emitClampBelow(builder, loc, x, 0.0f);
  return f.fma(f.neg(t), probability, positive);
}

Value attune::emitGeluTanh(OpBuilder &builder, Location loc, Value x) {
  Formula f(builder, loc, x);
  // 2 * sqrt(2 / pi) * (x + 0.044715 x^3) = x * (a + b x^2).
  const float a = static_cast<float>(2.0 * std::sqrt(2.0 / M_PI));
  const float b = static_cast<float>(2.0 * std::sqrt(2.0 / M_PI) * 0.044715);
  Value inner = f.fma(f.mul(x, x), f.constant(b), f.constant(a));
  return f.mul(x, emitSigmoid(builder, loc, f.mul(x, inner)));
}
