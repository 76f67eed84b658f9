//===- SearchState.cpp - What a search knows so far -----------------------===//
#include "SearchState.h"
#include "llvm/ADT/STLExtras.h"

using namespace attune;

SearchState::SearchState(const SearchSpace &space) : space(space) {
  for (const SearchSpace::Side &side : space.getSides()) {
    SearchGrid &grid = grids.emplace_back();
    for (const Knob &knob : side.knobs)
      if (!knob.overrides)
        grid.push_back(&knob);
  }
}

uint64_t SearchState::getGridSize(unsigned side) const {
  constexpr uint64_t kMost = uint64_t(1) << 62;
  uint64_t size = 1;
  for (const Knob *knob : grids[side]) {
    if (size > kMost / knob->choices.size())
      return kMost;
    size *= knob->choices.size();
  }
  return size;
}

std::string SearchState::getKey(const Candidate &candidate) {
  return candidate.backend + " " + candidate.schedule.str();
}

Candidate SearchState::getCandidate(const SearchPoint &point) const {
  const SearchSpace::Side &side = space.getSides()[point.side];
  Candidate candidate{side.backend->getName().str(), Schedule(), ""};
  for (auto [knob, value] : llvm::zip_equal(grids[point.side], point.values))
    candidate.schedule.set(knob->name, value);
  return space.canonicalize(candidate);
}

std::optional<SearchPoint>
SearchState::locate(const Candidate &candidate) const {
  for (auto [index, side] : llvm::enumerate(space.getSides())) {
    if (side.backend->getName() != candidate.backend)
      continue;
    for (const Knob &knob : side.knobs)
      if (knob.overrides && candidate.schedule.get(knob.name, 0))
        return std::nullopt;
    SearchPoint point;
    point.side = static_cast<unsigned>(index);
    for (const Knob *knob : grids[index])
      point.values.push_back(candidate.schedule.get(knob->name, 0));
    return point;
  }
  return std::nullopt;
}

bool SearchState::isSeen(const Candidate &candidate) const {
  return seen.count(getKey(candidate)) != 0;
}

bool SearchState::markSeen(const Candidate &candidate) {
  return seen.insert(getKey(candidate)).second;
}

bool SearchState::isNew(const SearchPoint &point) const {
  Candidate candidate = getCandidate(point);
  std::string reason;
  return !isSeen(candidate) && space.fits(candidate, reason);
}

template <typename Visitor>
void SearchState::visitPairs(const SearchPoint &point, Visitor visit) const {
  int64_t count = static_cast<int64_t>(point.values.size());
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = i; j < count; ++j)
      visit(std::array<int64_t, 5>{point.side, i, point.values[i], j,
                                   point.values[j]});
}

bool SearchState::isSuspicious(const SearchPoint &point) const {
  constexpr int kFailures = 3;
  bool suspicious = false;
  visitPairs(point, [&](const std::array<int64_t, 5> &pair) {
    auto it = outcomes.find(pair);
    suspicious |= it != outcomes.end() && it->second.worked == 0 &&
                  it->second.failed >= kFailures;
  });
  return suspicious;
}

void SearchState::addTrial(const Candidate &candidate,
                           std::optional<double> cost) {
  markSeen(candidate);
  std::string reason;
  if (!space.fits(candidate, reason))
    return;
  auto [it, isNew] = trialOf.try_emplace(getKey(candidate), trials.size());
  if (!isNew) {
    trials[it->second].cost = cost;
    return;
  }
  Trial trial{candidate, locate(candidate), 0, cost};
  const SearchSpace::Side *side = space.findSide(candidate.backend);
  trial.side = static_cast<unsigned>(side - space.getSides().begin());
  if (trial.point)
    visitPairs(*trial.point, [&](const std::array<int64_t, 5> &pair) {
      Outcomes &outcome = outcomes[pair];
      ++(cost ? outcome.worked : outcome.failed);
    });
  trials.push_back(std::move(trial));
}

const SearchState::Trial *SearchState::getBest() const {
  const Trial *best = nullptr;
  for (const Trial &trial : trials)
    if (trial.cost && (!best || *trial.cost < *best->cost))
      best = &trial;
  return best;
}

std::vector<size_t> SearchState::rankTrials(unsigned side) const {
  std::vector<size_t> ranked;
  for (auto [index, trial] : llvm::enumerate(trials))
    if (trial.side == side && trial.point && trial.cost)
      ranked.push_back(index);
  llvm::sort(ranked, [&](size_t a, size_t b) {
    return std::pair(*trials[a].cost, a) < std::pair(*trials[b].cost, b);
  });
  return ranked;
}

std::vector<double> SearchState::getSideWeights() const {
  constexpr double kHopeless = 2, kLeast = 0.04;
  std::vector<double> weights(grids.size(), 1);
  const Trial *best = getBest();
  for (unsigned side = 0; side < grids.size(); ++side) {
    bool measured = false;
    std::optional<double> fastest;
    for (const Trial &trial : trials) {
      if (trial.side != side)
        continue;
      measured = true;
      if (trial.cost && (!fastest || *trial.cost < *fastest))
        fastest = trial.cost;
    }
    if (!measured)
      continue;
    // From one at the best's time to the least at twice that.
    double ratio = fastest ? *fastest / *best->cost : kHopeless;
    double share = std::max(0.0, (kHopeless - ratio) / (kHopeless - 1));
    weights[side] = std::max(kLeast, share * share);
  }
  return weights;
}

unsigned SearchState::drawSide(Generator &generator) const {
  std::vector<double> weights = getSideWeights();
  double total = 0;
  for (double weight : weights)
    total += weight;
  double drawn = drawUnit(generator) * total;
  for (unsigned side = 0; side + 1 < weights.size(); ++side) {
    if (drawn < weights[side])
      return side;
    drawn -= weights[side];
  }
  return weights.empty() ? 0 : static_cast<unsigned>(weights.size() - 1);
}
