//===- ElementTypes.h - Element types of the IR in tensors -----*- C++ -*-===//
#ifndef ATTUNE_REFERENCE_ELEMENTTYPES_H
#define ATTUNE_REFERENCE_ELEMENTTYPES_H

#include "attune/Reference/Tensor.h"

#include "mlir/IR/Types.h"

namespace attune {

/// How tensors of an element type of the IR are stored.
ElementType getStorage(mlir::Type element);

/// A value as `element`, a float type, has it: rounded to nearest even.
double roundTo(mlir::Type element, double value);

/// A value modulo 2^width of `element`, an integer type, sign-extended where
/// the type is signed; of bools whether it is other than 0.
int64_t wrapTo(mlir::Type element, int64_t value);

/// A float as an integer of type `element`: truncated toward zero, out of
/// range the nearest value that the type has, 0 for NaN; of bools whether it is
/// other than 0.
int64_t truncateTo(mlir::Type element, double value);

/// An integer of type `element` as a double: uint64 is kept in two's
/// complement.
double integerToDouble(mlir::Type element, int64_t value);

/// The tensor with the storage and values of an element type: integers become
/// floats as signed numbers and floats integers by truncateTo. The same
/// tensor, sharing its elements, when nothing changes.
Tensor conform(const Tensor &tensor, mlir::Type element);

} // namespace attune

#endif // ATTUNE_REFERENCE_ELEMENTTYPES_H
