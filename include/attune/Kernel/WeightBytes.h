//===- WeightBytes.h - From bytes of files to weights -----------*- C++ -*-===//
#ifndef ATTUNE_KERNEL_WEIGHTBYTES_H
#define ATTUNE_KERNEL_WEIGHTBYTES_H

#include "attune/Dialect/Attune/IR/Attune.h"

#include "llvm/Support/Error.h"

namespace attune {

/// Bytes of a piece in its file, which fit int64; the weight's verifier has
/// seen that its type is one of tensors and its count not negative. Nullopt
/// when there are more than can be counted.
std::optional<int64_t> getStoredBytes(PieceAttr piece);

/// Writes the elements of a piece to `target` as a weight of `element` has them
/// in memory: f16, bf16 and f64 converted to f32 where that is the weight's
/// type, transposed where the piece says so. `source` has getStoredBytes()
/// bytes of any alignment. UserError: types that are not converted.
llvm::Error writePiece(PieceAttr piece, llvm::ArrayRef<uint8_t> source,
                       mlir::Type element, uint8_t *target);

/// Writes the elements of a constant as they lie in memory, bools as bytes.
/// UserError: a kind of constant whose elements are not known.
llvm::Error writeElements(mlir::ElementsAttr value, uint8_t *target);

} // namespace attune

#endif // ATTUNE_KERNEL_WEIGHTBYTES_H
