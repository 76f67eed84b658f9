//===- Backends.cpp - The backends of this build --------------------------===//
#include "attune/Compiler/Backends.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#if ATTUNE_HAS_HALIDE
#include "attune/Backend/Halide/HalideBackend.h"
#endif

using namespace attune;

llvm::ArrayRef<const Backend *> attune::getBackends() {
  static const std::unique_ptr<Backend> llvmBackend = createLLVMBackend();
#if ATTUNE_HAS_HALIDE
  static const std::unique_ptr<Backend> halideBackend = createHalideBackend();
  static const Backend *const all[] = {llvmBackend.get(), halideBackend.get()};
#else
  static const Backend *const all[] = {llvmBackend.get()};
#endif
  return all;
}

const Backend *attune::findBackend(llvm::StringRef name) {
  for (const Backend *backend : getBackends())
    if (backend->getName() == name)
      return backend;
  return nullptr;
}
