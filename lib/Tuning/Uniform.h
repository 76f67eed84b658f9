//===- Uniform.h - Random choices that are the same everywhere --*- C++ -*-===//
//
// The distributions of the standard library differ from one to the next; these
// depend on the generator's bits alone.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_TUNING_UNIFORM_H
#define ATTUNE_LIB_TUNING_UNIFORM_H

#include <cstdint>
#include <random>
#include <utility>

namespace attune {

using Generator = std::mt19937_64;

/// A whole number in [0, count), each as likely as the others; 0 when `count`
/// is 0.
inline uint64_t drawBelow(Generator &generator, uint64_t count) {
  if (count < 2)
    return 0;
  // Numbers below 2^64 mod count would make some results likelier.
  uint64_t least = (0 - count) % count, bits;
  do
    bits = generator();
  while (bits < least);
  return bits % count;
}

/// A number in [0, 1).
inline double drawUnit(Generator &generator) {
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}

/// All orders are equally likely.
template <typename Range>
void shuffleRange(Range &range, Generator &generator) {
  for (size_t i = range.size(); i > 1; --i)
    std::swap(range[i - 1], range[drawBelow(generator, i)]);
}

} // namespace attune

#endif // ATTUNE_LIB_TUNING_UNIFORM_H
