//===- Math.cpp - Transcendental functions in Halide ----------------------===//
#include "Math.h"
#include <cmath>
#include <initializer_list>

using Halide::Expr;
using Halide::select;

static constexpr float kLog2E = 1.44269504088896341f;

/// Coefficients from the highest power down (Horner).
static Expr polynomial(const Expr &x, std::initializer_list<float> terms) {
  Expr result;
  for (float term : terms)
    result = result.defined() ? result * x + term : Expr(term);
  return result;
}

/// min and max that hand on a NaN in x.
static Expr clampBelow(const Expr &x, float lowest) {
  return select(x < lowest, lowest, x);
}
static Expr clampAbove(const Expr &x, float highest) {
  return select(x > highest, highest, x);
}

Expr attune::exp2Flush(Expr x) {
  x = clampBelow(x, -127.0f);
  Expr rounded = Halide::round(x);
  Expr r = x - rounded;
  Expr mantissa = polynomial(r, {0.00132647145f, 0.00967151392f, 0.0555073395f,
                                 0.240222424f, 0.693147004f, 1.0f});
  Expr exponent = Halide::cast<int32_t>(rounded) + 127;
  return mantissa * Halide::reinterpret<float>(exponent << 23);
}

Expr attune::sigmoid(Expr x) {
  Expr bounded = clampAbove(clampBelow(x, -88.0f), 88.0f);
  return 1.0f / (1.0f + exp2Flush(bounded * -kLog2E));
}

Expr attune::tanh(Expr x) {
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
  return select(Halide::abs(x) < 0.0004f, x, clamped * numerator / denominator);
}

Expr attune::gelu(Expr x) {
  Expr t = clampAbove(Halide::abs(x), 64.0f);
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
