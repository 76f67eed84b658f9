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

/// 2^x; results below 2^-126 are zero.
Halide::Expr exp2Flush(Halide::Expr x);
/// 1 / (1 + e^-x).
Halide::Expr sigmoid(Halide::Expr x);
Halide::Expr tanh(Halide::Expr x);
/// x * Phi(x), and the form with tanh.
Halide::Expr gelu(Halide::Expr x);
Halide::Expr geluTanh(Halide::Expr x);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_MATH_H
