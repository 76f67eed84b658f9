//===- Strategies.h - Ways to look for better schedules ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_STRATEGIES_H
#define ATTUNE_LIB_TUNING_STRATEGIES_H

#include "SearchState.h"
#include <memory>

namespace attune {

/// A way to choose what to try next. Strategies hold no results of their own:
/// what they suggest follows from the state and the generator.
class SearchStrategy {
public:
  virtual ~SearchStrategy() = default;
  /// The name of the strategy and the source of its candidates.
  virtual llvm::StringRef getName() const = 0;
  virtual llvm::StringRef getDescription() const = 0;
  /// Up to `count` different points that are new (SearchState::isNew), likely
  /// ones first; fewer when it has no more ideas for now.
  virtual std::vector<SearchPoint>
  suggest(size_t count, const SearchState &state, Generator &generator) = 0;
};

/// Uniform over what fits, as often on each side as it deserves.
std::unique_ptr<SearchStrategy> createRandomStrategy();
/// Children of fast candidates: crossover of knobs, mutation to neighbouring
/// choices.
std::unique_ptr<SearchStrategy> createEvolutionStrategy();
/// From the fastest candidate along single knobs, then pairs of them; from the
/// next fastest when its surroundings are known.
std::unique_ptr<SearchStrategy> createCoordinateStrategy();

/// All of them, in the order in which help texts name them.
std::vector<std::unique_ptr<SearchStrategy>> createSearchStrategies();

/// Collects different new points, and turns most suspicious ones away.
class Suggestions {
public:
  Suggestions(size_t count, const SearchState &state, Generator &generator)
      : count(count), state(state), generator(generator) {}

  bool isFull() const { return points.size() >= count; }
  /// Whether the point was taken.
  bool offer(SearchPoint point);
  std::vector<SearchPoint> take() { return std::move(points); }

private:
  size_t count;
  const SearchState &state;
  Generator &generator;
  std::vector<SearchPoint> points;
  std::set<std::pair<unsigned, std::vector<int64_t>>> taken;
};

/// The position among a knob's choices of the value, or of the next larger one.
size_t findChoice(const Knob &knob, int64_t value);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_STRATEGIES_H
