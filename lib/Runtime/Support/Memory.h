//===- Memory.h - Large zeroed blocks and the end of memory -----*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_SUPPORT_MEMORY_H
#define ATTUNE_LIB_RUNTIME_SUPPORT_MEMORY_H

#include <cstddef>

namespace attune::rt {

/// At least `bytes` of zeroed, page-aligned memory, in huge pages where the
/// system offers them; null when there is none. `bytes` must not be 0.
void *reservePages(size_t bytes);

/// Gives back what reservePages(bytes) returned; null is allowed.
void releasePages(void *memory, size_t bytes);

/// Prints `message` and a newline to stderr and aborts: for states with no way
/// on, which inputs cannot bring about.
[[noreturn]] void fatal(const char *message);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_SUPPORT_MEMORY_H
