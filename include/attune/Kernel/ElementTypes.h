//===- ElementTypes.h - Element types in memory -----------------*- C++ -*-===//
#ifndef ATTUNE_KERNEL_ELEMENTTYPES_H
#define ATTUNE_KERNEL_ELEMENTTYPES_H

#include "attune/Runtime/Types.h"

#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace attune {

/// What the C interface calls an element type: signless integers are signed,
/// i1 is bool. Nullopt for types that tensors do not have.
std::optional<AttuneElementType> getRuntimeType(mlir::Type element);

/// Bytes of an element in memory; bools take one. Asserts that tensors have the
/// type.
int64_t getElementBytes(mlir::Type element);

/// The type of such elements in a buffer: memrefs know no signs, kernels know
/// them from the tensors of their own regions.
mlir::Type getBufferElementType(mlir::Type element);

/// The contiguous buffer of a tensor.
mlir::MemRefType getBufferType(mlir::RankedTensorType type);

} // namespace attune

#endif // ATTUNE_KERNEL_ELEMENTTYPES_H
