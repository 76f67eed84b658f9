//===- CoordinateStrategy.cpp - Along single knobs from the fastest -------===//
#include "Strategies.h"

using namespace attune;

namespace {

class CoordinateStrategy : public SearchStrategy {
public:
  llvm::StringRef getName() const override { return "coordinate"; }
  llvm::StringRef getDescription() const override {
    return "from the fastest schedule along one knob, then two, at a time";
  }

  std::vector<SearchPoint> suggest(size_t count, const SearchState &state,
                                   Generator &generator) override {
    Suggestions suggestions(count, state, generator);
    for (size_t origin : getOrigins(state)) {
      const SearchPoint &start = *state.getTrials()[origin].point;
      const SearchGrid &grid = state.getGrid(start.side);
      std::vector<Move> steps = getSteps(start, grid);
      auto offer = [&](std::vector<SearchPoint> points) {
        shuffleRange(points, generator);
        for (SearchPoint &point : points)
          suggestions.offer(std::move(point));
      };
      offer(applyAll(start, steps));
      if (!suggestions.isFull())
        offer(applyAll(start, getJumps(start, grid)));
      if (!suggestions.isFull())
        offer(applyPairs(start, steps));
      if (suggestions.isFull())
        break;
    }
    return suggestions.take();
  }

private:
  /// A knob and its new value.
  struct Move {
    size_t knob;
    int64_t value;
  };

  /// The fastest candidates of all sides, the fastest first; only those that
  /// are worth it.
  static std::vector<size_t> getOrigins(const SearchState &state) {
    constexpr size_t kMost = 8;
    constexpr double kWorthwhile = 1.5;
    std::vector<size_t> origins;
    const SearchState::Trial *best = state.getBest();
    for (unsigned side = 0; side < state.getSpace().getSides().size(); ++side)
      for (size_t index : state.rankTrials(side))
        if (*state.getTrials()[index].cost <= *best->cost * kWorthwhile)
          origins.push_back(index);
    llvm::sort(origins, [&](size_t a, size_t b) {
      return std::pair(*state.getTrials()[a].cost, a) <
             std::pair(*state.getTrials()[b].cost, b);
    });
    if (origins.size() > kMost)
      origins.resize(kMost);
    return origins;
  }

  /// To the choices beside each knob's value.
  static std::vector<Move> getSteps(const SearchPoint &start,
                                    const SearchGrid &grid) {
    std::vector<Move> moves;
    for (size_t k = 0; k < grid.size(); ++k) {
      int64_t value = start.values[k];
      size_t at = findChoice(*grid[k], value);
      llvm::ArrayRef<int64_t> choices = grid[k]->choices;
      if (at > 0)
        moves.push_back({k, choices[at - 1]});
      if (choices[at] > value)
        moves.push_back({k, choices[at]});
      else if (at + 1 < choices.size())
        moves.push_back({k, choices[at + 1]});
    }
    return moves;
  }

  /// To every choice of each knob.
  static std::vector<Move> getJumps(const SearchPoint &start,
                                    const SearchGrid &grid) {
    std::vector<Move> moves;
    for (size_t k = 0; k < grid.size(); ++k)
      for (int64_t choice : grid[k]->choices)
        if (choice != start.values[k])
          moves.push_back({k, choice});
    return moves;
  }

  static std::vector<SearchPoint> applyAll(const SearchPoint &start,
                                           llvm::ArrayRef<Move> moves) {
    std::vector<SearchPoint> points;
    for (const Move &move : moves) {
      points.push_back(start);
      points.back().values[move.knob] = move.value;
    }
    return points;
  }

  /// Two knobs at once: along constraints that tie them together.
  static std::vector<SearchPoint> applyPairs(const SearchPoint &start,
                                             llvm::ArrayRef<Move> moves) {
    std::vector<SearchPoint> points;
    for (const Move &first : moves)
      for (const Move &second : moves)
        if (first.knob < second.knob) {
          points.push_back(start);
          points.back().values[first.knob] = first.value;
          points.back().values[second.knob] = second.value;
        }
    return points;
  }
};

} // namespace

std::unique_ptr<SearchStrategy> attune::createCoordinateStrategy() {
  return std::make_unique<CoordinateStrategy>();
}
