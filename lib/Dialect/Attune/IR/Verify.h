//===- Verify.h - What verifiers of several families check ------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_IR_VERIFY_H
#define ATTUNE_LIB_DIALECT_ATTUNE_IR_VERIFY_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include <limits>

namespace attune {

/// True when the extents are equal or one is dynamic.
inline bool extentsAgree(int64_t a, int64_t b) {
  return a == b || mlir::ShapedType::isDynamic(a) ||
         mlir::ShapedType::isDynamic(b);
}

/// Verifies that `type` has the rank and the extents of `expected`, where
/// dynamic extents fit all.
llvm::LogicalResult verifyShape(mlir::Operation *op, llvm::StringRef what,
                                mlir::Type type,
                                llvm::ArrayRef<int64_t> expected);

inline mlir::RankedTensorType ranked(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

/// Verifies that `axis` names a dimension of `value`.
llvm::LogicalResult verifyAxis(mlir::Operation *op, mlir::Value value,
                               int64_t axis);

/// Verifies that query, key and value are [batch, length, heads * head size]
/// with heads packed in the last dimension, of at most `mostColumns` columns.
llvm::LogicalResult
verifyPackedHeads(mlir::Operation *op, mlir::Value query, mlir::Value key,
                  mlir::Value value, int64_t heads, int64_t kvHeads,
                  int64_t mostColumns = std::numeric_limits<int64_t>::max());

/// A shape as "[?, 12, 32]".
std::string shapeText(llvm::ArrayRef<int64_t> shape);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_IR_VERIFY_H
