//===- PassRemarks.h - What a pass tells of its work ------------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_PASSREMARKS_H
#define ATTUNE_LIB_COMPILER_PASSREMARKS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Remarks.h"

namespace attune {

/// Emits an analysis remark of category "compile" at `op`: `name` says what the
/// remark is about ("schedule", "memory", ...), `text` what was found or done.
inline void remarkDone(mlir::Operation *op, llvm::StringRef name,
                       const llvm::Twine &text) {
  mlir::remark::analysis(
      op->getLoc(), mlir::remark::RemarkOpts::name(name).category("compile"))
      << mlir::remark::add("{0}", text.str());
}

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_PASSREMARKS_H
