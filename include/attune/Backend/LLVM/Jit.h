//===- Jit.h - Objects run in this process ----------------------*- C++ -*-===//
#ifndef ATTUNE_BACKEND_LLVM_JIT_H
#define ATTUNE_BACKEND_LLVM_JIT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <vector>

namespace attune {

/// A symbol that objects may refer to, by its address here.
struct JitSymbol {
  llvm::StringRef name;
  void *address;
};

/// Links objects in memory. What they need beside each other comes from the
/// given symbols, then from what this process exports (libc, libm).
class Jit {
public:
  static llvm::Expected<std::unique_ptr<Jit>>
  create(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects,
         llvm::ArrayRef<JitSymbol> symbols = {});
  ~Jit();

  /// The address of a symbol that an object defines.
  llvm::Expected<void *> lookup(llvm::StringRef name) const;

  template <typename Function>
  llvm::Expected<Function *> lookupFunction(llvm::StringRef name) const {
    llvm::Expected<void *> address = lookup(name);
    if (!address)
      return address.takeError();
    return reinterpret_cast<Function *>(*address);
  }

private:
  struct Impl;
  explicit Jit(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_JIT_H
