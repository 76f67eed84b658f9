//===- Verify.h - What verifiers of several families check ------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_IR_VERIFY_H
#define ATTUNE_LIB_DIALECT_ATTUNE_IR_VERIFY_H

#include "attune/Dialect/Attune/IR/Attune.h"

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

/// A shape as "[?, 12, 32]".
std::string shapeText(llvm::ArrayRef<int64_t> shape);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_IR_VERIFY_H
