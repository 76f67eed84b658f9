//===- Search.cpp - Which schedules to try next ---------------------------===//
#include "attune/Tuning/Search.h"
#include "Bandit.h"
#include "Enumerator.h"
#include "RelativeTime.h"
#include "SearchState.h"
#include "Strategies.h"
#include <limits>

using namespace attune;

/// With a fitted model a strategy suggests this many times what is wanted, and
/// every so many-th candidate is taken unranked.
static constexpr size_t kOverGeneration = 8, kUnranked = 4;
/// Relative gain that counts as an improvement: less is noise.
static constexpr double kImprovement = 0.005;
/// Points that one call may look at where guessing finds no more.
static constexpr size_t kEnumerated = 100000;

llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>>
attune::getSearchStrategies() {
  using Names = std::vector<std::pair<llvm::StringRef, llvm::StringRef>>;
  static const Names names = [] {
    Names result;
    for (const auto &strategy : createSearchStrategies())
      result.emplace_back(strategy->getName(), strategy->getDescription());
    return result;
  }();
  return names;
}

struct Search::Impl {
  Impl(const SearchSpace &space, const SearchOptions &options,
       std::vector<Candidate> neighbours);

  std::vector<Candidate> propose(size_t count, const KernelTask &task,
                                 const CostModel *model);
  void tell(const Candidate &candidate, const Measurement &result);

  /// Marks as seen and appends, if it is new.
  bool take(Candidate candidate, llvm::StringRef source,
            std::vector<Candidate> &taken);
  /// The best `count` of what a strategy suggests.
  size_t proposeBy(size_t strategy, size_t count, const KernelTask &task,
                   const CostModel *model, std::vector<Candidate> &taken);
  size_t enumerate(size_t count, std::vector<Candidate> &taken);
  std::vector<size_t> rank(llvm::ArrayRef<SearchPoint> points,
                           const KernelTask &task, const CostModel *model);

  const SearchSpace &space;
  SearchOptions options;
  SearchState state;
  Generator generator;
  std::vector<std::unique_ptr<SearchStrategy>> strategies;
  Bandit bandit;
  /// What is tried before any strategy.
  std::deque<Candidate> first;
  std::vector<Enumerator> enumerators; // one a side, once needed
  /// Strategies whose candidates are being measured, by backend and schedule.
  std::map<std::string, size_t> origins;
  std::optional<TargetKey> target;
};

static std::string getKey(const Candidate &candidate) {
  return candidate.backend + " " + candidate.schedule.str();
}

Search::Impl::Impl(const SearchSpace &space, const SearchOptions &options,
                   std::vector<Candidate> neighbours)
    : space(space), options(options), state(space), generator(options.seed),
      strategies(createSearchStrategies()), bandit(0) {
  if (options.strategy != "auto")
    llvm::erase_if(strategies, [&](const auto &strategy) {
      return strategy->getName() != options.strategy;
    });
  // A name that is none of them: all.
  if (strategies.empty())
    strategies = createSearchStrategies();
  bandit = Bandit(strategies.size());

  auto queue = [&](std::vector<Candidate> candidates, llvm::StringRef source) {
    for (Candidate &candidate : candidates) {
      first.push_back(space.canonicalize(candidate));
      first.back().source = source.str();
    }
  };
  queue(space.getDefaults(), "default");
  queue(std::move(neighbours), "neighbour");
  queue(space.getOverrides(), "autoscheduler");
}

bool Search::Impl::take(Candidate candidate, llvm::StringRef source,
                        std::vector<Candidate> &taken) {
  if (!state.markSeen(candidate))
    return false;
  candidate.source = source.str();
  taken.push_back(std::move(candidate));
  return true;
}

std::vector<Candidate> Search::Impl::propose(size_t count,
                                             const KernelTask &task,
                                             const CostModel *model) {
  std::vector<Candidate> taken;
  for (; taken.size() < count && !first.empty(); first.pop_front()) {
    std::string reason;
    if (space.fits(first.front(), reason))
      take(first.front(), first.front().source, taken);
  }
  if (taken.size() >= count || space.getSides().empty())
    return taken;

  std::vector<size_t> shares(strategies.size(), 0);
  for (size_t i = taken.size(); i < count; ++i)
    ++shares[bandit.choose()];
  for (size_t i = 0; i < strategies.size(); ++i) {
    size_t got = shares[i] ? proposeBy(i, shares[i], task, model, taken) : 0;
    for (; got < shares[i]; ++got)
      bandit.cancel(i);
  }
  // What strategies had no ideas for: guesses, then whatever is left.
  if (taken.size() < count) {
    std::unique_ptr<SearchStrategy> random = createRandomStrategy();
    for (const SearchPoint &point :
         random->suggest(count - taken.size(), state, generator))
      take(state.getCandidate(point), random->getName(), taken);
  }
  if (taken.size() < count)
    enumerate(count - taken.size(), taken);
  return taken;
}

size_t Search::Impl::proposeBy(size_t strategy, size_t count,
                               const KernelTask &task, const CostModel *model,
                               std::vector<Candidate> &taken) {
  bool ranks = model && model->isFitted();
  std::vector<SearchPoint> points = strategies[strategy]->suggest(
      ranks ? count * kOverGeneration : count, state, generator);
  std::vector<size_t> order = rank(points, task, ranks ? model : nullptr);
  size_t got = 0, nextRanked = 0, nextUnranked = 0;
  while (got < count && nextRanked < order.size()) {
    bool unranked = ranks && got % kUnranked == kUnranked - 1;
    // Both indices stay within: each point is skipped where it was taken.
    size_t index = unranked && nextUnranked < points.size()
                       ? nextUnranked++
                       : order[nextRanked++];
    Candidate candidate = state.getCandidate(points[index]);
    std::string key = getKey(candidate);
    if (take(std::move(candidate), strategies[strategy]->getName(), taken)) {
      origins[key] = strategy;
      ++got;
    }
  }
  return got;
}

std::vector<size_t> Search::Impl::rank(llvm::ArrayRef<SearchPoint> points,
                                       const KernelTask &task,
                                       const CostModel *model) {
  std::vector<size_t> order(points.size());
  std::vector<double> predicted(points.size(), 0);
  if (model && !target)
    target = getTargetKey(space.getTarget());
  for (size_t i = 0; i < points.size(); ++i) {
    order[i] = i;
    if (model)
      predicted[i] = model->predict(task.workload.family, task.shapes,
                                    state.getCandidate(points[i]), *target,
                                    options.threads);
  }
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(predicted[a], a) < std::pair(predicted[b], b);
  });
  return order;
}

size_t Search::Impl::enumerate(size_t count, std::vector<Candidate> &taken) {
  if (enumerators.empty())
    for (unsigned side = 0; side < space.getSides().size(); ++side)
      enumerators.emplace_back(state, side, generator);
  size_t got = 0;
  for (size_t i = 0; i < kEnumerated && got < count; ++i) {
    Enumerator *next = nullptr;
    // Sides in turns, so that none waits for the others' end.
    for (size_t k = 0; k < enumerators.size() && !next; ++k)
      if (Enumerator &it = enumerators[(i + k) % enumerators.size()];
          !it.isAtEnd())
        next = &it;
    if (!next)
      break;
    if (SearchPoint point = next->getNext(); state.isNew(point))
      got += take(state.getCandidate(point), "random", taken);
  }
  return got;
}

void Search::Impl::tell(const Candidate &candidate, const Measurement &result) {
  Candidate canonical = space.canonicalize(candidate);
  const SearchState::Trial *before = state.getBest();
  double least =
      before ? *before->cost : std::numeric_limits<double>::infinity();
  std::optional<double> cost = getRelativeTime(result);
  if (auto it = origins.find(getKey(canonical)); it != origins.end()) {
    bandit.report(it->second, cost && *cost < least * (1 - kImprovement));
    origins.erase(it);
  }
  state.addTrial(canonical, cost);
}

Search::Search(const SearchSpace &space, const SearchOptions &options,
               std::vector<Candidate> neighbours)
    : impl(std::make_unique<Impl>(space, options, std::move(neighbours))) {}
Search::~Search() = default;

std::vector<Candidate> Search::propose(size_t count, const KernelTask &task,
                                       const CostModel *model) {
  return impl->propose(count, task, model);
}

void Search::tell(const Candidate &candidate, const Measurement &result) {
  impl->tell(candidate, result);
}

const Candidate *Search::getBest() const {
  const SearchState::Trial *best = impl->state.getBest();
  return best ? &best->candidate : nullptr;
}

double Search::getBestSpeedup() const {
  const SearchState::Trial *best = impl->state.getBest();
  return best ? 1 / *best->cost : 0;
}
