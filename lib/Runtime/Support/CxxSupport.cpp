//===- CxxSupport.cpp - What C++ code needs without exceptions ------------===//
//
// Goes only into the sealed archives (cmake/SealArchive.cmake), where it is
// local: applications keep their own operator new. It spares emitted code the
// C++ library's exception machinery, and applications in C the C++ library.
//
//===----------------------------------------------------------------------===//
#include "Memory.h"

#include <cstdint>
#include <cstdlib>
#include <new>

using attune::rt::fatal;

void *operator new(size_t bytes) {
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory)
    fatal("attune: out of memory");
  return memory;
}
void *operator new[](size_t bytes) { return operator new(bytes); }
void *operator new(size_t bytes, const std::nothrow_t &) noexcept {
  return malloc(bytes ? bytes : 1);
}
void *operator new[](size_t bytes, const std::nothrow_t &) noexcept {
  return malloc(bytes ? bytes : 1);
}
void *operator new(size_t bytes, std::align_val_t alignment) {
  size_t unit = size_t(alignment);
  void *memory = bytes > SIZE_MAX - unit
                     ? nullptr
                     : aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
  if (!memory)
    fatal("attune: out of memory");
  return memory;
}
void *operator new(size_t bytes, std::align_val_t alignment,
                   const std::nothrow_t &) noexcept {
  size_t unit = size_t(alignment);
  return bytes > SIZE_MAX - unit
             ? nullptr
             : aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
}
void operator delete(void *memory) noexcept { free(memory); }
void operator delete[](void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }
void operator delete[](void *memory, size_t) noexcept { free(memory); }
void operator delete(void *memory, const std::nothrow_t &) noexcept {
  free(memory);
}
void operator delete(void *memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void *memory, size_t, std::align_val_t) noexcept {
  free(memory);
}
void operator delete(void *memory, std::align_val_t,
                     const std::nothrow_t &) noexcept {
  free(memory);
}

// Only reached by a defect of the runtime itself.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-*)
extern "C" void __cxa_pure_virtual() {
  fatal("attune: a pure virtual function was called");
}

// What libstdc++ calls on errors.
// NOLINTBEGIN(bugprone-*,misc-use-internal-linkage,readability-*)
namespace std {
const nothrow_t nothrow{};
[[noreturn]] void __throw_length_error(const char *what) { fatal(what); }
[[noreturn]] void __throw_logic_error(const char *what) { fatal(what); }
[[noreturn]] void __throw_out_of_range(const char *what) { fatal(what); }
[[noreturn]] void __throw_invalid_argument(const char *what) { fatal(what); }
[[noreturn]] void __throw_out_of_range_fmt(const char *what, ...) {
  fatal(what);
}
[[noreturn]] void __throw_bad_alloc() { fatal("attune: out of memory"); }
[[noreturn]] void __throw_bad_array_new_length() {
  fatal("attune: out of memory");
}
[[noreturn]] void __throw_bad_function_call() {
  fatal("attune: an empty function was called");
}
[[noreturn]] void __throw_bad_optional_access() {
  fatal("attune: an empty optional was read");
}
} // namespace std
// NOLINTEND(bugprone-*,misc-use-internal-linkage,readability-*)
