//===- VectorMath.h - Elementary functions as vector IR ---------*- C++ -*-===//
//
// Emitters of exp, tanh, erf and what activations are made of, as arith and
// math.fma ops on f32 scalars or vectors of f32 of any width. They use no
// library, no table and no branch. Polynomials are minimax fits (Lawson's
// algorithm on Chebyshev nodes); errors are measured against double precision
// over all exponents. One ulp is the distance of neighbouring floats at the
// exact result. Results below 2^-126 may be flushed to zero only where said.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_VECTORMATH_H
#define ATTUNE_LIB_BACKEND_LLVM_VECTORMATH_H

#include "mlir/IR/Builders.h"

namespace attune {

/// A constant of the type (f32 or vector of f32) of `like`.
mlir::Value emitConstantLike(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value like, float value);

/// min(x, bound) and max(x, bound); a NaN in `x` stays. One instruction.
mlir::Value emitClampBelow(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value x, float lowest);
mlir::Value emitClampAbove(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value x, float highest);

/// e^x, at most 1 ulp off. exp(-inf) = 0, exp(inf) = inf, NaN stays; gradual
/// underflow. 19 instructions.
mlir::Value emitExp(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value x);

/// 2^x, at most 1 ulp off; as emitExp at the ends of the range.
mlir::Value emitExp2(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value x);

/// 2^x for x <= 0 (and up to 127.5), at most 2.5 ulp off; results below 2^-126
/// are zero, 2^0 is exactly one, NaN stays. 11 instructions: the exponential
/// of softmax.
mlir::Value emitExp2Flush(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value x);

/// 1 / (1 + e^-x), at most 2.5 ulp off for x > -87, below 1e-38 for smaller x.
/// NaN stays. One division.
mlir::Value emitSigmoid(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value x);

/// tanh(x), at most 5 ulp off. NaN stays. The rational function of Eigen's
/// generic_fast_tanh_float: degree 13 over degree 6, one division.
mlir::Value emitTanh(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value x);

/// erf(x), at most 2 ulp off. NaN stays. No division.
mlir::Value emitErf(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value x);

/// x / 2 * (1 + erf(x / sqrt(2))), at most 1e-7 * max(1, |x|) off; tends to
/// zero from below as x goes to -inf, NaN stays. Computed as
/// max(x, 0) - |x| * Phi(-|x|) with a polynomial for log2 Phi, so that nothing
/// cancels and nothing is divided: 23 instructions.
mlir::Value emitGelu(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value x);

/// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), at most
/// 2e-7 * max(1, |x|) off, computed as x * sigmoid(2 u).
mlir::Value emitGeluTanh(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value x);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_VECTORMATH_H
