//===- Memory.cpp - Large zeroed blocks and the end of memory -------------===//
#include "Memory.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace attune::rt {

namespace {

constexpr size_t hugePage = size_t(2) << 20;

size_t mappedBytes(size_t bytes) {
  size_t unit = bytes >= hugePage ? hugePage : 4096;
  return bytes > SIZE_MAX - unit ? 0 : (bytes + unit - 1) / unit * unit;
}

} // namespace

void *reservePages(size_t bytes) {
  size_t size = mappedBytes(bytes);
  if (!size || size > SIZE_MAX - hugePage)
    return nullptr;
  // Huge pages need an address at their own alignment: map more, trim.
  size_t extra = size >= hugePage ? hugePage : 0;
  void *memory = mmap(nullptr, size + extra, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  if (!extra)
    return memory;
  uintptr_t start = reinterpret_cast<uintptr_t>(memory);
  uintptr_t aligned = (start + hugePage - 1) / hugePage * hugePage;
  if (size_t head = aligned - start)
    munmap(memory, head);
  char *result = static_cast<char *>(memory) + (aligned - start);
  if (size_t tail = start + extra - aligned)
    munmap(result + size, tail);
  madvise(result, size, MADV_HUGEPAGE);
  return result;
}

void releasePages(void *memory, size_t bytes) {
  if (memory)
    munmap(memory, mappedBytes(bytes));
}

void fatal(const char *message) {
  fprintf(stderr, "%s\n", message);
  abort();
}

} // namespace attune::rt
