//===- SearchTest.cpp - What is proposed, and in which order --------------===//
#include "SearchTestSupport.h"
#include <cmath>
#include <set>

using namespace attune;

namespace {

const char *kGemm = "gemm:m=128,n=768,k=768";

std::string describe(const Candidate &candidate) {
  return candidate.backend + " " + candidate.schedule.str();
}

/// The real space of a linear kernel, and a time that has its minimum at one
/// schedule: knobs count differently, each by its distance in choices.
class LinearSearch : public ::testing::Test {
protected:
  LinearSearch()
      : kernel(kGemm), target(llvm::cantFail(getTarget("x86-64-v4"))),
        backend(createLLVMBackend()),
        space(kernel.getKernel(), target, {backend.get()}) {
    optimum = space.canonicalize({"llvm",
                                  Schedule()
                                      .set("mr", 9)
                                      .set("nv", 3)
                                      .set("panel", 48)
                                      .set("unroll", 8)
                                      .set("mc", 96)
                                      .set("nc", 192)
                                      .set("kc", 384)
                                      .set("packa", 1)
                                      .set("prefetch", 0)
                                      .set("tasks", 8),
                                  "optimum"});
  }

  double getTime(const Candidate &candidate) const {
    double time = 1;
    int weight = 0;
    for (const Knob &knob : space.getSides()[0].knobs) {
      auto at = [&](const Schedule &schedule) {
        return llvm::lower_bound(knob.choices, schedule.get(knob.name, 0)) -
               knob.choices.begin();
      };
      double distance =
          static_cast<double>(at(candidate.schedule) - at(optimum.schedule)) /
          static_cast<double>(knob.choices.size());
      time += (0.2 + 0.1 * (weight++ % 4)) * std::abs(distance);
    }
    return time;
  }

  /// The time of the best of `trials` candidates.
  double search(llvm::StringRef strategy, size_t trials, uint64_t seed) {
    double reference = getTime(space.getDefaults()[0]);
    SearchOptions options;
    options.strategy = strategy.str();
    options.seed = seed;
    Search search(space, options, {});
    std::set<std::string> seen;
    while (seen.size() < trials) {
      std::vector<Candidate> proposed =
          search.propose(8, kernel.getTask(), nullptr);
      EXPECT_EQ(proposed.size(), 8u);
      if (proposed.empty())
        break;
      for (const Candidate &candidate : proposed) {
        std::string reason;
        EXPECT_TRUE(space.fits(candidate, reason)) << reason;
        EXPECT_TRUE(seen.insert(describe(candidate)).second)
            << "again " << describe(candidate);
        search.tell(candidate, worked(reference / getTime(candidate)));
      }
    }
    EXPECT_NEAR(search.getBestSpeedup(), reference / getTime(*search.getBest()),
                1e-9);
    return getTime(*search.getBest());
  }

  /// The mean over some seeds.
  double searchOften(llvm::StringRef strategy, size_t trials) {
    double sum = 0;
    constexpr int kSeeds = 5;
    for (int seed = 0; seed < kSeeds; ++seed)
      sum += search(strategy, trials, seed);
    return sum / kSeeds;
  }

  SpecKernel kernel;
  TargetDesc target;
  std::unique_ptr<Backend> backend;
  SearchSpace space;
  Candidate optimum;
};

TEST_F(LinearSearch, StrategiesFindTheOptimum) {
  std::string reason;
  ASSERT_TRUE(space.fits(optimum, reason)) << reason;
  ASSERT_DOUBLE_EQ(getTime(optimum), 1);
  ASSERT_GT(getTime(space.getDefaults()[0]), 2);
  ASSERT_GT(space.getSize(), 1e6);
  EXPECT_LT(searchOften("random", 160), 1.45);
  EXPECT_LT(searchOften("evolution", 160), 1.2);
  EXPECT_LT(searchOften("coordinate", 160), 1.1);
  EXPECT_LT(searchOften("auto", 160), 1.2);
  EXPECT_LT(searchOften("auto", 320), 1.08);
}

TEST_F(LinearSearch, StrategyNames) {
  std::vector<std::string> names;
  for (auto [name, description] : getSearchStrategies()) {
    names.push_back(name.str());
    EXPECT_FALSE(description.empty());
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"random", "evolution", "coordinate"}));
}

/// All that a search proposes in some rounds.
std::vector<std::string>
record(Search &search, const KernelTask &task, size_t rounds,
       llvm::function_ref<double(const Candidate &)> getTime) {
  std::vector<std::string> all;
  for (size_t i = 0; i < rounds; ++i)
    for (const Candidate &candidate : search.propose(8, task, nullptr)) {
      all.push_back(candidate.source + " " + describe(candidate));
      search.tell(candidate, worked(1 / getTime(candidate)));
    }
  return all;
}

TEST_F(LinearSearch, SameSeedSameProposals) {
  auto run = [&](llvm::StringRef strategy, uint64_t seed) {
    SearchOptions options;
    options.strategy = strategy.str();
    options.seed = seed;
    Search search(space, options, {optimum});
    return record(search, kernel.getTask(), 12,
                  [&](const Candidate &c) { return getTime(c); });
  };
  for (llvm::StringRef strategy :
       {"random", "evolution", "coordinate", "auto"}) {
    std::vector<std::string> first = run(strategy, 7);
    EXPECT_EQ(first.size(), 96u);
    EXPECT_EQ(first, run(strategy, 7)) << strategy.str();
    EXPECT_NE(first, run(strategy, 8)) << strategy.str();
  }
}

TEST_F(LinearSearch, ProposalsFollowResults) {
  // The same seed, but other results: evolution goes elsewhere.
  SearchOptions options;
  options.strategy = "evolution";
  Search toOptimum(space, options, {}), away(space, options, {});
  auto first = record(toOptimum, kernel.getTask(), 6,
                      [&](const Candidate &c) { return getTime(c); });
  auto second = record(away, kernel.getTask(), 6,
                       [&](const Candidate &c) { return 1 / getTime(c); });
  EXPECT_NE(first, second);
}

TEST_F(LinearSearch, AllStrategiesTakeTurns) {
  Search search(space, {}, {});
  std::map<std::string, int> sources;
  for (const std::string &line :
       record(search, kernel.getTask(), 30,
              [&](const Candidate &c) { return getTime(c); }))
    ++sources[llvm::StringRef(line).split(' ').first.str()];
  EXPECT_EQ(sources["default"], 1);
  for (const char *name : {"random", "evolution", "coordinate"})
    EXPECT_GE(sources[name], 12) << name;
}

TEST_F(LinearSearch, StopsAtFailures) {
  // Whatever copies rows crashes: it is proposed seldom once that is known.
  for (llvm::StringRef strategy :
       {"random", "evolution", "coordinate", "auto"}) {
    SearchOptions options;
    options.strategy = strategy.str();
    Search search(space, options, {});
    int early = 0, late = 0;
    for (int round = 0; round < 30; ++round)
      for (const Candidate &candidate :
           search.propose(8, kernel.getTask(), nullptr)) {
        if (!candidate.schedule.get("packa", 0)) {
          search.tell(candidate, worked(1 / getTime(candidate)));
          continue;
        }
        ++(round < 15 ? early : late);
        search.tell(candidate, failed(TrialStatus::Crashed));
      }
    ASSERT_NE(search.getBest(), nullptr);
    EXPECT_EQ(search.getBest()->schedule.get("packa", -1), 0);
    // Half of 120 when chosen blindly.
    EXPECT_LE(late, 25) << strategy.str();
  }
}

TEST_F(LinearSearch, ModelRanksSuggestions) {
  // A model that knows the times makes random guesses better ones.
  std::vector<TrialRecord> records;
  TargetKey key = getTargetKey(target);
  auto remember = [&](const Candidate &candidate) {
    TrialRecord record;
    record.workload = "w";
    record.family = kernel.getTask().workload.family;
    record.shapes = kernel.getTask().shapes;
    record.target = key;
    record.candidate = candidate;
    record.result = worked(1 / getTime(candidate));
    records.push_back(record);
  };
  SearchOptions options;
  options.strategy = "random";
  options.seed = 1;
  Search guesses(space, options, {});
  for (const Candidate &candidate :
       guesses.propose(160, kernel.getTask(), nullptr))
    remember(candidate);
  CostModel model;
  EXPECT_EQ(model.fit(records, key), records.size());

  auto mean = [&](const CostModel *model) {
    options.seed = 2;
    Search search(space, options, {});
    std::vector<Candidate> proposed =
        search.propose(65, kernel.getTask(), model);
    double sum = 0;
    for (const Candidate &candidate : proposed)
      sum += getTime(candidate);
    return sum / static_cast<double>(proposed.size());
  };
  CostModel unfitted;
  EXPECT_DOUBLE_EQ(mean(&unfitted), mean(nullptr));
  EXPECT_LT(mean(&model), mean(nullptr) - 0.1);
}

//===----------------------------------------------------------------------===//
// Spaces of invented backends
//===----------------------------------------------------------------------===//

class FakeSearch : public ::testing::Test {
protected:
  FakeSearch()
      : kernel(kGemm), target(llvm::cantFail(getTarget("x86-64-v3"))) {}

  SearchSpace getSpace(llvm::ArrayRef<const Backend *> backends) {
    return SearchSpace(kernel.getKernel(), target, backends);
  }
  std::vector<Candidate> propose(Search &search, size_t count) {
    return search.propose(count, kernel.getTask(), nullptr);
  }
  /// Proposes until nothing comes any more, in at most `limit` rounds.
  std::vector<Candidate> exhaust(Search &search, size_t limit) {
    std::vector<Candidate> all;
    for (size_t i = 0; i < limit; ++i) {
      std::vector<Candidate> proposed = propose(search, 5);
      if (proposed.empty())
        return all;
      for (const Candidate &candidate : proposed) {
        all.push_back(candidate);
        search.tell(candidate, worked(1));
      }
    }
    ADD_FAILURE() << "does not end";
    return all;
  }

  SpecKernel kernel;
  TargetDesc target;
};

llvm::SmallVector<Knob> makeKnobs(int64_t count, int64_t choices) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  llvm::SmallVector<Knob> knobs;
  for (int64_t i = 0; i < count; ++i) {
    Knob knob{names[i], "", {}};
    for (int64_t c = 0; c < choices; ++c)
      knob.choices.push_back(int64_t(1) << c);
    knobs.push_back(knob);
  }
  return knobs;
}

Schedule makeDefault(int64_t count, int64_t value) {
  Schedule schedule;
  for (const Knob &knob : makeKnobs(count, 1))
    schedule.set(knob.name, value);
  return schedule;
}

TEST_F(FakeSearch, OrderOfTheFirst) {
  llvm::SmallVector<Knob> knobs = makeKnobs(3, 5);
  knobs.push_back({"autoscheduler", "", {0, 1, 2}, /*overrides=*/true});
  FakeBackend first("first", makeKnobs(3, 5), makeDefault(3, 2));
  FakeBackend second("second", knobs, makeDefault(3, 4));
  second.accepts = [](const Schedule &s) { return s.get("c", 0) != 16; };
  SearchSpace space = getSpace({&first, &second});
  std::vector<Candidate> neighbours = {
      {"first", makeDefault(3, 8), "tuned"},
      {"first", makeDefault(3, 2), "tuned"},                   // a default
      {"second", makeDefault(3, 16), "tuned"},                 // does not fit
      {"second", Schedule().set("a", 16), "tuned"},            // not complete
      {"first", makeDefault(3, 8), "tuned"},                   // again
      {"third", makeDefault(3, 8), "tuned"},                   // no backend
      {"first", makeDefault(3, 8).set("z", 1), "tuned"},       // no knob
      {"second", makeDefault(3, 4).set("a", 16), "tuned"},     // again
      {"second", Schedule().set("autoscheduler", 2), "tuned"}, // an override
  };
  Search search(space, {}, neighbours);
  std::vector<std::string> order;
  for (const Candidate &candidate : propose(search, 7))
    order.push_back(candidate.source + ": " + describe(candidate));
  ASSERT_EQ(order.size(), 7u);
  EXPECT_EQ(order[0], "default: first a=2 b=2 c=2");
  EXPECT_EQ(order[1], "default: second a=4 b=4 c=4");
  EXPECT_EQ(order[2], "neighbour: first a=8 b=8 c=8");
  EXPECT_EQ(order[3], "neighbour: second a=16 b=4 c=4");
  EXPECT_EQ(order[4], "neighbour: second autoscheduler=2");
  EXPECT_EQ(order[5], "autoscheduler: second autoscheduler=1");
  EXPECT_TRUE(llvm::StringRef(order[6]).starts_with("random: ")) << order[6];
}

TEST_F(FakeSearch, SmallSpacesEnd) {
  llvm::SmallVector<Knob> knobs = makeKnobs(2, 4);
  knobs.push_back({"autoscheduler", "", {0, 1}, /*overrides=*/true});
  FakeBackend grid("grid", knobs, makeDefault(2, 1));
  grid.accepts = [](const Schedule &s) {
    return s.get("a", 0) != 4 || s.get("autoscheduler", 0);
  };
  FakeBackend point("point", {}, Schedule());
  SearchSpace space = getSpace({&grid, &point});
  for (auto [name, description] : getSearchStrategies()) {
    SearchOptions options;
    options.strategy = name.str();
    Search search(space, options, {});
    std::set<std::string> seen;
    for (const Candidate &candidate : exhaust(search, 20))
      EXPECT_TRUE(seen.insert(describe(candidate)).second);
    // 3 x 4 of the grid, one autoscheduler, and the other side's only point.
    EXPECT_EQ(seen.size(), 14u) << name.str();
    EXPECT_TRUE(propose(search, 5).empty());
  }
}

TEST_F(FakeSearch, SparseSpacesAreEnumerated) {
  // 32768 points of which nine fit.
  FakeBackend sparse("sparse", makeKnobs(5, 8), makeDefault(5, 1));
  sparse.accepts = [](const Schedule &s) {
    int64_t a = s.get("a", 0);
    bool equal = true;
    for (const auto &value : s.getValues())
      equal &= value.second == a;
    return equal || (a == 2 && s.get("b", 0) == 1 && s.get("c", 0) == 4 &&
                     s.get("d", 0) == 8 && s.get("e", 0) == 128);
  };
  SearchSpace space = getSpace({&sparse});
  EXPECT_EQ(space.getSize(), 32768);
  Search search(space, {}, {});
  EXPECT_EQ(exhaust(search, 10).size(), 9u);
}

TEST_F(FakeSearch, NoBackendNoCandidates) {
  SearchSpace space = getSpace({});
  EXPECT_EQ(space.getSize(), 0);
  Search search(space, {}, {{"llvm", Schedule(), ""}});
  EXPECT_TRUE(propose(search, 8).empty());
  EXPECT_EQ(search.getBest(), nullptr);
  EXPECT_EQ(search.getBestSpeedup(), 0);
}

TEST_F(FakeSearch, HopelessSidesGetLittle) {
  FakeBackend first("first", makeKnobs(6, 6), makeDefault(6, 2));
  FakeBackend second("second", makeKnobs(6, 6), makeDefault(6, 2));
  SearchSpace space = getSpace({&first, &second});
  auto countSecond = [&](std::optional<double> speedup) {
    Search search(space, {}, {});
    int count = 0;
    for (int round = 0; round < 20; ++round)
      for (const Candidate &candidate : propose(search, 8)) {
        bool isSecond = candidate.backend == "second";
        count += isSecond;
        search.tell(candidate, !isSecond ? worked(1)
                               : speedup ? worked(*speedup)
                                         : failed(TrialStatus::CompileFailed));
      }
    return count;
  };
  // Of 160.
  EXPECT_GT(countSecond(1.0), 48);
  EXPECT_LT(countSecond(0.4), 24);
  EXPECT_LT(countSecond(std::nullopt), 24);
  EXPECT_GE(countSecond(0.4), 1);
  EXPECT_GT(countSecond(3.0), 120);
}

TEST_F(FakeSearch, KnownTrialsAreNotRepeated) {
  llvm::SmallVector<Knob> knobs = makeKnobs(2, 3);
  knobs.push_back({"autoscheduler", "", {0, 1, 2}, /*overrides=*/true});
  FakeBackend fake("fake", knobs, makeDefault(2, 1));
  SearchSpace space = getSpace({&fake});
  Search search(space, {}, {});
  // As records may say them: all knobs beside the one that counts, or none.
  search.tell({"fake", makeDefault(2, 4).set("autoscheduler", 1), "random"},
              worked(1.5));
  search.tell({"fake", Schedule(), "default"}, worked(1));
  search.tell({"fake", makeDefault(2, 2), "random"},
              failed(TrialStatus::Timeout));
  ASSERT_NE(search.getBest(), nullptr);
  EXPECT_EQ(describe(*search.getBest()), "fake autoscheduler=1");
  std::vector<Candidate> rest = exhaust(search, 10);
  EXPECT_EQ(rest.size(), 9u - 2 + 1);
  for (const Candidate &candidate : rest) {
    EXPECT_NE(describe(candidate), "fake autoscheduler=1");
    EXPECT_NE(describe(candidate), "fake a=1 b=1");
    EXPECT_NE(describe(candidate), "fake a=2 b=2");
  }
}

TEST_F(FakeSearch, BestIsTheFastestThatWorked) {
  FakeBackend fake("fake", makeKnobs(2, 4), makeDefault(2, 1));
  SearchSpace space = getSpace({&fake});
  Search search(space, {}, {});
  auto at = [](int64_t a) {
    return Candidate{"fake", makeDefault(2, 1).set("a", a), "random"};
  };
  search.tell(at(1), failed(TrialStatus::Wrong));
  EXPECT_EQ(search.getBest(), nullptr);
  search.tell(at(2), worked(1.25));
  search.tell(at(4), worked(std::nan("")));
  search.tell(at(8), worked(0));
  EXPECT_EQ(search.getBestSpeedup(), 1.25);
  // Dropped after a sample: whatever disturbed it, it is not the fastest.
  Measurement dropped = worked(3);
  dropped.time.samples = 1;
  search.tell(at(4), dropped);
  EXPECT_EQ(search.getBestSpeedup(), 1.25);
  // Off the space: it is no candidate whatever it says.
  search.tell({"fake", makeDefault(2, 64), "random"}, worked(100));
  search.tell({"other", makeDefault(2, 1), "random"}, worked(100));
  EXPECT_EQ(search.getBest()->schedule, at(2).schedule);
  // Measured again: the last result counts.
  search.tell(at(1), worked(1.5));
  EXPECT_EQ(search.getBest()->schedule, at(1).schedule);
  search.tell(at(1), worked(1.1));
  EXPECT_EQ(search.getBest()->schedule, at(2).schedule);
  EXPECT_EQ(search.getBestSpeedup(), 1.25);
}

} // namespace
