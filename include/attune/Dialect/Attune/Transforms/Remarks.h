//===- Remarks.h - What passes tell of their work ---------------*- C++ -*-===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_REMARKS_H
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_REMARKS_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include <string>

namespace attune {

/// Why a candidate was not fused, and what its author can do about it.
struct MissedReason {
  std::string reason;
  std::string hint;
};

/// Emits a "passed" remark of category "fusion": `pattern` ("attention",
/// "linear", ...) was fused at `op`, as `detail` says.
void remarkFused(mlir::Operation *op, llvm::StringRef pattern,
                 llvm::StringRef detail);

/// Emits a "missed" remark of category "fusion".
void remarkMissed(mlir::Operation *op, llvm::StringRef pattern,
                  const MissedReason &missed);

} // namespace attune

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_REMARKS_H
