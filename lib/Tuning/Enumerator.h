//===- Enumerator.h - Every point of a grid, once ---------------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_ENUMERATOR_H
#define ATTUNE_LIB_TUNING_ENUMERATOR_H

#include "SearchState.h"

namespace attune {

/// Walks the whole grid of one side in a scattered order, so that even a part
/// of the walk is a sample: where guessing no longer finds what is left.
class Enumerator {
public:
  Enumerator(const SearchState &state, unsigned side, Generator &generator);

  bool isAtEnd() const { return visited >= size; }
  SearchPoint getNext();

private:
  const SearchGrid &grid;
  unsigned side;
  uint64_t size, visited = 0, position, stride;
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_ENUMERATOR_H
