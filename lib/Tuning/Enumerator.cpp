//===- Enumerator.cpp - Every point of a grid, once -----------------------===//
#include "Enumerator.h"
#include <numeric>

using namespace attune;

Enumerator::Enumerator(const SearchState &state, unsigned side,
                       Generator &generator)
    : grid(state.getGrid(side)), side(side), size(state.getGridSize(side)) {
  position = drawBelow(generator, size);
  // A step without a common factor reaches every position.
  stride = 1 + drawBelow(generator, size);
  while (std::gcd(stride, size) != 1)
    ++stride;
  stride %= size;
}

SearchPoint Enumerator::getNext() {
  SearchPoint point;
  point.side = side;
  uint64_t rest = position;
  for (const Knob *knob : grid) {
    point.values.push_back(knob->choices[rest % knob->choices.size()]);
    rest /= knob->choices.size();
  }
  // Below 2^63: no overflow.
  position = (position + stride) % size;
  ++visited;
  return point;
}
