//===- Register.cpp - What a context of the compiler knows ----------------===//
#include "attune/Backend/LLVM/LLVMBackend.h"
#include "attune/Compiler/Compilation.h"
#include "attune/InitAllDialects.h"

void attune::registerCompilerDialects(mlir::DialectRegistry &registry) {
  registerAllDialects(registry);
  registerLLVMBackendDialects(registry);
}
