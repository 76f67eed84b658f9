//===- Backends.cpp - The backends of this build --------------------------===//
#include "attune/Compiler/Backends.h"
#include "attune/Backend/LLVM/LLVMBackend.h"

using namespace attune;

llvm::ArrayRef<const Backend *> attune::getBackends() {
  static const std::unique_ptr<Backend> llvmBackend = createLLVMBackend();
  static const Backend *const all[] = {llvmBackend.get()};
  return all;
}

const Backend *attune::findBackend(llvm::StringRef name) {
  for (const Backend *backend : getBackends())
    if (backend->getName() == name)
      return backend;
  return nullptr;
}
