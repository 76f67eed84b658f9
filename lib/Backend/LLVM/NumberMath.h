//===- NumberMath.h - Arithmetic on elements of any type --------*- C++ -*-===//
//
// Families for tensors of any element type compute through this: on scalars,
// or on vectors of as many lanes, with the signs that memrefs do not know.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_NUMBERMATH_H
#define ATTUNE_LIB_BACKEND_LLVM_NUMBERMATH_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Kernel/Target.h"
#include "mlir/IR/Builders.h"

namespace attune {

/// Emits arithmetic on elements of a tensor type. With one lane values are
/// scalars, with more they are vectors. i1 has no arithmetic but max and min,
/// which are "or" and "and".
class NumberMath {
public:
  /// `element` is of a tensor: ui8 is unsigned, i8 signed.
  NumberMath(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type element,
             int64_t lanes = 1);

  int64_t getLanes() const { return lanes; }
  bool isFloat() const { return floating; }
  bool isUnsigned() const { return unsignedInteger; }
  /// The type of values, and of one element.
  mlir::Type getType() const;
  mlir::Type getElementType() const { return element; }
  /// The same elements on another number of lanes.
  NumberMath with(int64_t lanes) const;

  mlir::Value constant(double value) const;
  mlir::Value zero() const { return constant(0); }
  mlir::Value lowest() const;
  mlir::Value highest() const;
  mlir::Value splat(mlir::Value scalar) const;

  mlir::Value add(mlir::Value a, mlir::Value b) const;
  mlir::Value sub(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, mlir::Value b) const;
  /// Integers are truncated; `b` is not zero then.
  mlir::Value div(mlir::Value a, mlir::Value b) const;
  /// a * b + c, of floats in one rounding.
  mlir::Value mulAdd(mlir::Value a, mlir::Value b, mlir::Value c) const;
  /// A NaN of either stays.
  mlir::Value max(mlir::Value a, mlir::Value b) const;
  mlir::Value min(mlir::Value a, mlir::Value b) const;
  mlir::Value greater(mlir::Value a, mlir::Value b) const;
  mlir::Value greaterOrEqual(mlir::Value a, mlir::Value b) const;
  /// Whether `a` is a NaN; null for integers.
  mlir::Value isNaN(mlir::Value a) const;
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) const;
  /// An index, which is not negative, as a scalar.
  mlir::Value fromIndex(mlir::Value index) const;
  /// A value of another tensor element type: integers are extended by their
  /// own sign or cut off.
  mlir::Value convert(mlir::Value value, const NumberMath &from) const;

  /// What a reduction does with one more element, and where it starts.
  mlir::Value combine(ReduceKind kind, mlir::Value a, mlir::Value b) const;
  mlir::Value identity(ReduceKind kind) const;
  /// All lanes combined into one scalar. The order of sums is free.
  mlir::Value reduceLanes(ReduceKind kind, mlir::Value vector) const;

  /// Accesses to a memref of the elements. With a mask (several lanes only)
  /// lanes that do not exist are read as `otherwise`, zero when null.
  mlir::Value load(mlir::Value memref, mlir::ValueRange indices,
                   mlir::Value mask = {}, mlir::Value otherwise = {}) const;
  void store(mlir::Value value, mlir::Value memref, mlir::ValueRange indices,
             mlir::Value mask = {}) const;

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type element; // as memrefs have it: signless
  bool floating, unsignedInteger;
  int64_t lanes;
};

/// Elements of a vector register; one for i1, which is not packed in memory.
int64_t getVectorLanes(mlir::Type element, const TargetDesc &target);

/// Whether CPUs load and store such elements under a mask, instead of lane by
/// lane.
bool hasMaskedAccess(mlir::Type element);

/// The body of a loop over columns: `lanes` columns from `column`, all of them
/// or those of the mask (null with one lane).
using ColumnBody = llvm::function_ref<void(mlir::Value column, int64_t lanes,
                                           mlir::Value mask)>;

/// Emits a loop over [first, end) in steps of `lanes`; what is left over is one
/// masked vector where elements can be masked, else goes column by column.
void emitColumns(mlir::OpBuilder &builder, mlir::Location loc,
                 mlir::Value first, mlir::Value end, int64_t lanes, bool masked,
                 ColumnBody body);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_NUMBERMATH_H
