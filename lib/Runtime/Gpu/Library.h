//===- Library.h - Shared libraries that may be missing ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_GPU_LIBRARY_H
#define ATTUNE_LIB_RUNTIME_GPU_LIBRARY_H

#include <dlfcn.h>

namespace attune::rt {

/// A shared library loaded while the program runs. It stays loaded: drivers do
/// not all survive being unloaded.
class Library {
public:
  /// The first of two names that can be loaded.
  Library(const char *name, const char *other)
      : handle(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (!handle)
      handle = dlopen(other, RTLD_NOW | RTLD_LOCAL);
  }
  explicit operator bool() const { return handle; }
  /// Null when the library has no such function.
  void *find(const char *name) const {
    return handle ? dlsym(handle, name) : nullptr;
  }

private:
  void *handle;
};

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_GPU_LIBRARY_H
