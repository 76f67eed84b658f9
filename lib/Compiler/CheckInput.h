//===- CheckInput.h - Whether IR stands where it says -----------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_CHECKINPUT_H
#define ATTUNE_LIB_COMPILER_CHECKINPUT_H

#include "attune/Compiler/Phase.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace attune {

/// Checks what the compiler relies on in a verified module that a user says
/// has reached `phase`. UserErrors name `file` and the attribute or op.
llvm::Error checkInput(mlir::ModuleOp module, Phase phase,
                       llvm::StringRef file);

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_CHECKINPUT_H
