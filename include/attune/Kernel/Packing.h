//===- Packing.h - How weights are stored for kernels -----------*- C++ -*-===//
#ifndef ATTUNE_KERNEL_PACKING_H
#define ATTUNE_KERNEL_PACKING_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"

namespace attune {

/// The buffer of a weight of `type` (static shape) stored in `layout`:
/// row-major for a null layout, [ceil(N / width), K, width] for
/// #attune.panels<width> on [N, K]. Null for a layout that does not fit.
mlir::MemRefType getPackedMemRefType(mlir::RankedTensorType type,
                                     mlir::Attribute layout);

/// The number of elements of that buffer; -1 for a layout that does not fit.
int64_t getPackedSize(mlir::RankedTensorType type, mlir::Attribute layout);

/// Stores `rows` x `columns` elements of `source`, row-major, in `layout`;
/// `target` has the size of the packed weight. A null layout copies.
void packWeight(llvm::ArrayRef<float> source, int64_t rows, int64_t columns,
                mlir::Attribute layout, float *target);

} // namespace attune

#endif // ATTUNE_KERNEL_PACKING_H
