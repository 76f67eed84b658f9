//===- SearchState.h - What a search knows so far ---------------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_SEARCHSTATE_H
#define ATTUNE_LIB_TUNING_SEARCHSTATE_H

#include "Uniform.h"
#include "attune/Tuning/Search.h"
#include <deque>
#include <map>
#include <set>

namespace attune {

/// A place in the grid of one side: a value for each of its knobs that
/// overrides nothing, in the order of SearchState::getGrid.
struct SearchPoint {
  unsigned side = 0;
  std::vector<int64_t> values;
};

/// The knobs of a side that span its grid.
using SearchGrid = std::vector<const Knob *>;

/// What a search knows: the space, what was proposed, and what came of it. All
/// orders are those in which it was told.
class SearchState {
public:
  /// `space` outlives the state.
  explicit SearchState(const SearchSpace &space);

  struct Trial {
    Candidate candidate;
    /// Nothing for those off the grid: overrides.
    std::optional<SearchPoint> point;
    unsigned side = 0;
    /// Time in times of the default; nothing when it failed.
    std::optional<double> cost;
  };

  const SearchSpace &getSpace() const { return space; }
  const SearchGrid &getGrid(unsigned side) const { return grids[side]; }
  /// Combinations of a side's grid; beyond 2^62 that many.
  uint64_t getGridSize(unsigned side) const;

  Candidate getCandidate(const SearchPoint &point) const;
  /// Whether the point fits and was neither proposed nor told of.
  bool isNew(const SearchPoint &point) const;
  /// Whether failures are likely: it shares a pair of values with three or more
  /// that failed and none that worked.
  bool isSuspicious(const SearchPoint &point) const;

  /// `candidate` is canonical. False when it had been seen before.
  bool markSeen(const Candidate &candidate);
  bool isSeen(const Candidate &candidate) const;
  /// `cost`: nothing when the candidate failed. Those that do not fit are only
  /// remembered.
  void addTrial(const Candidate &candidate, std::optional<double> cost);

  const std::deque<Trial> &getTrials() const { return trials; }
  /// The fastest; null before any.
  const Trial *getBest() const;
  /// Indices of correct trials on the grid of a side, the fastest first.
  std::vector<size_t> rankTrials(unsigned side) const;

  /// Draws a side: all alike until measured, then the less often the slower its
  /// best is; one that takes twice the best's time, or failed, rarely.
  unsigned drawSide(Generator &generator) const;
  std::vector<double> getSideWeights() const;

private:
  static std::string getKey(const Candidate &candidate);
  std::optional<SearchPoint> locate(const Candidate &candidate) const;
  /// Calls `visit` with each pair of values of a point, as a key.
  template <typename Visitor>
  void visitPairs(const SearchPoint &point, Visitor visit) const;

  const SearchSpace &space;
  std::vector<SearchGrid> grids; // one a side
  std::set<std::string> seen;
  std::deque<Trial> trials;
  std::map<std::string, size_t> trialOf;
  struct Outcomes {
    int worked = 0, failed = 0;
  };
  std::map<std::array<int64_t, 5>, Outcomes> outcomes; // side, knob, value x 2
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_SEARCHSTATE_H
