//===- Math.h - Transcendental functions in Halide --------------*- C++ -*-===//
//
// The same approximations as the LLVM backend's (VectorMath.cpp says where they
// come from and how exact they are), as Halide expressions of f32: they are
// vectorised with the loops around them and call no library.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_MATH_H
#define ATTUNE_LIB_BACKEND_HALIDE_MATH_H

#include <Halide.h>

namespace attune {

/// Halide takes floats for real numbers and ignores NaNs; these do not.
/// Whether a < b; false where one is a NaN.
Halide::Expr strictLess(Halide::Expr a, Halide::Expr b);
/// a - b, rounded, however it is used.
Halide::Expr strictSub(Halide::Expr a, Halide::Expr b);
/// The larger of x and `lowest`, or the lesser of x and `highest`; a NaN stays.
Halide::Expr clampBelow(Halide::Expr x, float lowest);
Halide::Expr clampAbove(Halide::Expr x, float highest);
/// The larger one; b where one of the two is a NaN.
Halide::Expr larger(Halide::Expr a, Halide::Expr b);

/// 2^x; results below 2^-126 are zero.
Halide::Expr exp2Flush(Halide::Expr x);
/// e^x; results below 2^-126 are zero.
Halide::Expr exp(Halide::Expr x);
/// 1 / (1 + e^-x).
Halide::Expr sigmoid(Halide::Expr x);
Halide::Expr tanh(Halide::Expr x);
/// x * Phi(x), and the form with tanh.
Halide::Expr gelu(Halide::Expr x);
Halide::Expr geluTanh(Halide::Expr x);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_MATH_H
