//===- Math.cpp - Transcendental functions in Halide ----------------------===//
#include "Math.h"
#include <cmath>
#include <initializer_list>

using namespace attune;
using Halide::Expr;
using Halide::select;
using Halide::Internal::Call;

/// 1.5 * 2^23: adding it rounds a float of magnitude below 2^22 to an integer,
/// which the low bits of the sum then hold; defined for NaN.
static constexpr float kRounder = 12582912.0f;
static constexpr float kLog2E = 0x1.715476p+0f;
/// log(2) in two parts; the product of the first with an integer of up to
/// nine bits is exact.
static constexpr float kLn2High = 0x1.62e4p-1f;
static constexpr float kLn2Low = 0x1.7f7d1cf8p-20f;

// Halide takes floats for real numbers. These are as written; unlike under
// Halide::strict_float, the operands are still free to be optimised.
static Expr makeStrict(Halide::Type type, Call::IntrinsicOp op, const Expr &a,
                       const Expr &b) {
  return Call::make(type, op, {a, b}, Call::PureIntrinsic);
}
static Expr strictAdd(const Expr &a, const Expr &b) {
  return makeStrict(a.type(), Call::strict_add, a, b);
}
Expr attune::strictSub(Expr a, Expr b) {
  return makeStrict(a.type(), Call::strict_sub, a, b);
}
Expr attune::strictLess(Expr a, Expr b) {
  return makeStrict(Halide::Bool(), Call::strict_lt, a, b);
}

/// Coefficients from the highest power down (Horner).
static Expr polynomial(const Expr &x, std::initializer_list<float> terms) {
  Expr result;
  for (float term : terms)
    result = result.defined() ? result * x + term : Expr(term);
  return result;
}

// Comparing in this order is the form of minps and maxps that hands on a NaN
// in x.
Expr attune::clampBelow(Expr x, float lowest) {
  return select(strictLess(x, lowest), lowest, x);
}
Expr attune::clampAbove(Expr x, float highest) {
  return select(strictLess(highest, x), highest, x);
}
Expr attune::larger(Expr a, Expr b) { return select(strictLess(b, a), a, b); }

/// 2^n where the low bits of `rounded`, a sum with kRounder + 127, hold
/// n + 127; zero for n = -127.
static Expr biasedPower(const Expr &rounded) {
  return Halide::reinterpret<float>(Halide::reinterpret<int32_t>(rounded)
                                    << 23);
}

/// e^r for |r| <= log(2) / 2, relative error of the polynomial 3.1e-9.
static Expr expReduced(const Expr &r) {
  Expr tail = polynomial(r, {0.00138145965f, 0.00836871751f, 0.041668389f,
                             0.166665211f, 0.49999994f});
  return strictAdd(r * r * tail + r, 1.0f);
}

Expr attune::exp2Flush(Expr x) {
  x = clampBelow(x, -127.0f);
  Expr rounded = strictAdd(x, kRounder + 127.0f);
  Expr r = strictSub(x, strictSub(rounded, kRounder + 127.0f));
  Expr mantissa = polynomial(r, {0.00132647145f, 0.00967151392f, 0.0555073395f,
                                 0.240222424f, 0.693147004f, 1.0f});
  return mantissa * biasedPower(rounded);
}

Expr attune::exp(Expr x) {
  // Beyond this it is zero or infinite.
  x = clampAbove(clampBelow(x, -88.0f), 89.0f);
  Expr rounded = strictAdd(x * kLog2E, kRounder + 127.0f);
  Expr n = strictSub(rounded, kRounder + 127.0f);
  // The product is exact.
  Expr r = strictSub(x, n * kLn2High) - n * kLn2Low;
  return expReduced(r) * biasedPower(rounded);
}

Expr attune::sigmoid(Expr x) {
  // e^-x with |x| <= 88 needs no care for the ends of the range.
  x = clampAbove(clampBelow(x, -88.0f), 88.0f);
  Expr rounded = strictAdd(x * -kLog2E, kRounder + 127.0f);
  Expr n = strictSub(rounded, kRounder + 127.0f);
  // The product is exact.
  Expr r = strictSub(-x, n * kLn2High) - n * kLn2Low;
  return 1.0f / (1.0f + expReduced(r) * biasedPower(rounded));
}

Expr attune::tanh(Expr x) {
  // Beyond the bound tanh is one to within the error that is allowed.
  constexpr float bound = 7.90531110763549805f;
  Expr clamped = clampAbove(clampBelow(x, -bound), bound);
  Expr square = clamped * clamped;
  Expr numerator =
      polynomial(square, {-2.76076847742355e-16f, 2.00018790482477e-13f,
                          -8.60467152213735e-11f, 5.12229709037114e-08f,
                          1.48572235717979e-05f, 6.37261928875436e-04f,
                          4.89352455891786e-03f});
  Expr denominator =
      polynomial(square, {1.19825839466702e-06f, 1.18534705686654e-04f,
                          2.26843463243900e-03f, 4.89352518554385e-03f});
  // Keeps tiny results, denormals among them, and the sign of zero.
  return select(strictLess(Halide::abs(x), 0.0004f), x,
                clamped * numerator / denominator);
}

Expr attune::gelu(Expr x) {
  // The bound makes an infinite x times a probability of zero a zero.
  Expr t = clampAbove(Halide::abs(x), 64.0f);
  // log2 Phi(-t), fitted so that t * Phi is within 2.3e-8 everywhere.
  Expr exponent = polynomial(
      t, {-1.01092587e-06f, 1.6740767e-05f, -7.43641649e-05f, -0.000419291435f,
          0.0074524167f, -0.0527839623f, -0.459104657f, -1.15111876f, -1.0f});
  return clampBelow(x, 0.0f) - t * exp2Flush(exponent);
}

Expr attune::geluTanh(Expr x) {
  const float a = static_cast<float>(2.0 * std::sqrt(2.0 / M_PI));
  const float b = static_cast<float>(2.0 * std::sqrt(2.0 / M_PI) * 0.044715);
  return x * sigmoid(x * (x * x * b + a));
}
