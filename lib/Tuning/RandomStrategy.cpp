//===- RandomStrategy.cpp - Uniform over what fits ------------------------===//
#include "Strategies.h"

using namespace attune;

namespace {

class RandomStrategy : public SearchStrategy {
public:
  llvm::StringRef getName() const override { return "random"; }
  llvm::StringRef getDescription() const override {
    return "uniform over all schedules that fit";
  }

  // Rejection keeps the distribution uniform whatever the constraints are. In
  // spaces where little fits or little is left, the caller enumerates.
  std::vector<SearchPoint> suggest(size_t count, const SearchState &state,
                                   Generator &generator) override {
    constexpr size_t kTries = 64;
    Suggestions suggestions(count, state, generator);
    for (size_t i = 0; i < count * kTries && !suggestions.isFull(); ++i) {
      SearchPoint point;
      point.side = state.drawSide(generator);
      for (const Knob *knob : state.getGrid(point.side))
        point.values.push_back(
            knob->choices[drawBelow(generator, knob->choices.size())]);
      suggestions.offer(std::move(point));
    }
    return suggestions.take();
  }
};

} // namespace

std::unique_ptr<SearchStrategy> attune::createRandomStrategy() {
  return std::make_unique<RandomStrategy>();
}
