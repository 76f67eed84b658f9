//===- EvolutionStrategy.cpp - Children of fast candidates ----------------===//
#include "Strategies.h"

using namespace attune;

namespace {

class EvolutionStrategy : public SearchStrategy {
public:
  llvm::StringRef getName() const override { return "evolution"; }
  llvm::StringRef getDescription() const override {
    return "children of the fastest schedules so far";
  }

  std::vector<SearchPoint> suggest(size_t count, const SearchState &state,
                                   Generator &generator) override {
    constexpr size_t kTries = 32;
    Suggestions suggestions(count, state, generator);
    std::vector<std::vector<size_t>> ranked;
    for (unsigned side = 0; side < state.getSpace().getSides().size(); ++side)
      ranked.push_back(state.rankTrials(side));
    for (size_t i = 0; i < count * kTries && !suggestions.isFull(); ++i) {
      unsigned side = state.drawSide(generator);
      if (side >= ranked.size() || ranked[side].empty())
        continue;
      const SearchPoint &mother = drawParent(state, ranked[side], generator);
      const SearchPoint &father = drawParent(state, ranked[side], generator);
      SearchPoint child = mother;
      for (size_t k = 0; k < child.values.size(); ++k)
        if (generator() & 1)
          child.values[k] = father.values[k];
      mutate(child, state.getGrid(side), generator);
      suggestions.offer(std::move(child));
    }
    return suggestions.take();
  }

private:
  /// The fastest of a few that are drawn from the faster ones.
  static const SearchPoint &drawParent(const SearchState &state,
                                       const std::vector<size_t> &ranked,
                                       Generator &generator) {
    constexpr size_t kPopulation = 24, kTournament = 3;
    size_t population = std::min(ranked.size(), kPopulation);
    size_t winner = population - 1;
    for (size_t i = 0; i < kTournament; ++i)
      winner = std::min<size_t>(winner, drawBelow(generator, population));
    return *state.getTrials()[ranked[winner]].point;
  }

  /// Changes one or two knobs, mostly to a neighbouring choice.
  static void mutate(SearchPoint &point, const SearchGrid &grid,
                     Generator &generator) {
    constexpr double kAnywhere = 0.2;
    if (grid.empty())
      return;
    size_t changes = 1 + drawBelow(generator, 2);
    for (size_t i = 0; i < changes; ++i) {
      size_t k = drawBelow(generator, grid.size());
      const Knob &knob = *grid[k];
      size_t size = knob.choices.size(), at = findChoice(knob, point.values[k]);
      if (drawUnit(generator) < kAnywhere)
        at = drawBelow(generator, size);
      else if (generator() & 1)
        at = std::min(at + 1, size - 1);
      else
        at = at ? at - 1 : 0;
      point.values[k] = knob.choices[at];
    }
  }
};

} // namespace

std::unique_ptr<SearchStrategy> attune::createEvolutionStrategy() {
  return std::make_unique<EvolutionStrategy>();
}
