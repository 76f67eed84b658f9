//===- Strategies.cpp - What strategies share -----------------------------===//
#include "Strategies.h"
#include "llvm/ADT/STLExtras.h"

using namespace attune;

bool Suggestions::offer(SearchPoint point) {
  if (isFull() || taken.count({point.side, point.values}) ||
      !state.isNew(point))
    return false;
  // Some are let through, so that failures for another reason do not exclude
  // values for good.
  constexpr double kLetThrough = 0.1;
  if (state.isSuspicious(point) && drawUnit(generator) >= kLetThrough)
    return false;
  taken.insert({point.side, point.values});
  points.push_back(std::move(point));
  return true;
}

size_t attune::findChoice(const Knob &knob, int64_t value) {
  auto it = llvm::lower_bound(knob.choices, value);
  return std::min<size_t>(it - knob.choices.begin(), knob.choices.size() - 1);
}

std::vector<std::unique_ptr<SearchStrategy>> attune::createSearchStrategies() {
  std::vector<std::unique_ptr<SearchStrategy>> strategies;
  strategies.push_back(createRandomStrategy());
  strategies.push_back(createEvolutionStrategy());
  strategies.push_back(createCoordinateStrategy());
  return strategies;
}
