//===- UnicodeTables.h - Ranges of code points ------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_UNICODETABLES_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_UNICODETABLES_H

#include <cstddef>
#include <cstdint>

namespace attune::rt {

struct CodePointRange {
  char32_t first, last;
};

/// Characters whose lower case is at the same distance.
struct LowerRange {
  char32_t first, last;
  int32_t distance;
};

/// Whether one of the ascending `ranges` has `c`.
template <size_t n>
bool contains(const CodePointRange (&ranges)[n], char32_t c) {
  if (c < ranges[0].first || c > ranges[n - 1].last)
    return false;
  size_t low = 0, high = n;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    (ranges[middle].first <= c ? low : high) = middle;
  }
  return c <= ranges[low].last;
}

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_TOKENIZER_UNICODETABLES_H
