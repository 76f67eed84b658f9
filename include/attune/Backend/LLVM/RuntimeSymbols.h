//===- RuntimeSymbols.h - The runtime, for code linked in memory -*- C++
//-*-===//
#ifndef ATTUNE_BACKEND_LLVM_RUNTIMESYMBOLS_H
#define ATTUNE_BACKEND_LLVM_RUNTIMESYMBOLS_H

#include "attune/Backend/LLVM/Jit.h"

namespace attune {

/// The functions of the runtime that compiled code may call.
llvm::ArrayRef<JitSymbol> getRuntimeSymbols();

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_RUNTIMESYMBOLS_H
