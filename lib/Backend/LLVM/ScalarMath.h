//===- ScalarMath.h - Numbers of any type as scalar IR ----------*- C++ -*-===//
//
// Arithmetic that neither traps nor is undefined for any operands, for all
// element types of tensors. What LLVM would compute by functions of compilers'
// runtime libraries is written out; functions of libm are called.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_SCALARMATH_H
#define ATTUNE_LIB_BACKEND_LLVM_SCALARMATH_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace attune {

/// Emits functions of scalars; tensor element types tell signs. Floats are f32
/// or f64 but for casts.
class ScalarMath {
public:
  /// `op` is the op that is emitted: functions are declared in its module.
  ScalarMath(mlir::OpBuilder &builder, mlir::Location loc, mlir::Operation *op)
      : builder(builder), loc(loc), op(op) {}

  mlir::Value unary(UnaryKind kind, mlir::Type element, mlir::Value x);
  mlir::Value binary(BinaryKind kind, mlir::Type element, mlir::Value a,
                     mlir::Value b);
  mlir::Value compare(CompareKind kind, mlir::Type element, mlir::Value a,
                      mlir::Value b);
  mlir::Value add(mlir::Type element, mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Type element, mlir::Value a, mlir::Value b);
  /// A conversion between element types, among them f16 and bf16 as bits.
  mlir::Value cast(mlir::Type from, mlir::Type to, mlir::Value x,
                   bool saturate);

  /// A constant of a scalar type: `value` as an integer or a float.
  mlir::Value constant(mlir::Type scalar, double value);
  mlir::Value integer(mlir::Type scalar, const llvm::APInt &value);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);

private:
  mlir::Value unaryFloat(UnaryKind kind, mlir::Value x);
  mlir::Value unaryInteger(UnaryKind kind, mlir::Type element, mlir::Value x);
  mlir::Value binaryFloat(BinaryKind kind, mlir::Value a, mlir::Value b);
  mlir::Value binaryInteger(BinaryKind kind, mlir::Type element, mlir::Value a,
                            mlir::Value b);
  mlir::Value power(mlir::Type element, mlir::Value a, mlir::Value b);
  mlir::Value quotient(bool isSigned, mlir::Value a, mlir::Value b);
  mlir::Value remainder(bool isSigned, mlir::Value a, mlir::Value b);
  mlir::Value floatToInteger(mlir::Value x, mlir::IntegerType to);
  mlir::Value integerToInteger(mlir::IntegerType from, mlir::IntegerType to,
                               mlir::Value x, bool saturate);
  mlir::Value widen(mlir::Type from, mlir::Value x);
  mlir::Value narrow(mlir::Type to, mlir::Value x);
  /// f64 to f32, to the neighbour whose last bit is set where it is not exact:
  /// rounding that to fewer bits gives what rounding at once would.
  mlir::Value roundToOdd(mlir::Value x);
  /// A function of libm on a float: `name`, or `name`f for f32.
  mlir::Value call(llvm::StringRef name, mlir::ValueRange operands);
  mlir::Value isNaN(mlir::Value x);
  mlir::Value minMax(bool isMax, mlir::Value a, mlir::Value b);
  mlir::Value compareInt(mlir::arith::CmpIPredicate predicate, mlir::Value a,
                         mlir::Value b);
  mlir::Value compareFloat(mlir::arith::CmpFPredicate predicate, mlir::Value a,
                           mlir::Value b);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Operation *op;
};

/// The larger (smaller) of two floats or vectors of floats, NaN when one is.
mlir::Value emitMax(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value a,
                    mlir::Value b);
mlir::Value emitMin(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value a,
                    mlir::Value b);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_SCALARMATH_H
