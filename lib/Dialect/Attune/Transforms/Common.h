//===- Common.h - What several passes need ----------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_COMMON_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_COMMON_H

#include "attune/Dialect/Attune/Transforms/Remarks.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <string>

namespace attune {

/// The op's name in quotes, for remarks.
std::string quoted(mlir::Operation *op);

/// The users of `value` other than `expected` as "'attune.add' and
/// 'func.return'", empty when there is none.
std::string otherUsers(mlir::Value value, mlir::Operation *expected);

/// The declared weight that `value` loads, or null.
LoadWeightOp getLoadedWeight(mlir::Value value);

/// Calls `callback` for the entry block of each of the model's functions, which
/// is all that importers emit: not for kernels, and not for blocks that may be
/// unreachable, where values can depend on themselves.
void forEachEntryBlock(mlir::ModuleOp module,
                       llvm::function_ref<void(mlir::Block &)> callback);

/// Erases the ops of the model's functions whose results nobody uses.
void eraseDeadOps(mlir::ModuleOp module);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_COMMON_H
