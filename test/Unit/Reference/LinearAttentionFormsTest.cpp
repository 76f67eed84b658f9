//===- LinearAttentionFormsTest.cpp - Three forms, one result -------------===//
#include "LinearAttentionForms.h"
#include "attune/Reference/Tensor.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace attune;

namespace {

using Vector = std::vector<double>;

constexpr int64_t kChunk = 8;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Which options a head has.
struct Case {
  UpdateRule rule = UpdateRule::linear;
  int64_t group = 1;
  std::optional<double> denominator;
  bool past = false, full = false, masked = false, perColumn = false;
  /// Bounds of log weights; none when equal.
  double lowest = 0, highest = 0;

  bool isGated() const {
    return rule == UpdateRule::gated || rule == UpdateRule::gated_delta;
  }
  bool isDelta() const {
    return rule == UpdateRule::delta || rule == UpdateRule::gated_delta;
  }
  bool hasWeights() const { return lowest != highest; }

  std::string getText() const {
    return llvm::formatv("{0}, group {1}, denominator {2}, past {3}, full {4}, "
                         "masked {5}, decay a column {6}, weights {7} .. {8}",
                         stringifyUpdateRule(rule), group,
                         denominator.value_or(-1), past, full, masked,
                         perColumn, lowest, highest)
        .str();
  }
};

LinearAttentionHead makeHead(const Case &options, int64_t keys,
                             int64_t queries) {
  LinearAttentionHead head;
  head.rule = options.rule;
  head.group = options.group;
  head.keyDim = 5;
  head.valueDim = 3;
  head.scale = 0.7;
  head.full = options.full;
  head.denominator = options.denominator;
  head.keys = keys;
  head.queries = queries;
  // Divisors of features that are not negative do not vanish.
  double least = options.denominator ? 0.05 : -1;
  head.query = randomValues(queries * head.group * head.keyDim, 1, least, 1);
  head.key = randomValues(keys * head.keyDim, 2, least, 1);
  head.value = randomValues(keys * head.valueDim, 3);
  for (int64_t t = 0; options.masked && t < keys; ++t)
    if (t % 3 == 0)
      std::fill_n(head.key.begin() + t * head.keyDim, head.keyDim, 0.0);
  if (options.isGated()) {
    head.decay = randomValues(keys * head.keyDim, 4, -1, 0);
    for (int64_t i = 0; i < keys * head.keyDim; ++i) {
      if (!options.perColumn)
        head.decay[i] = head.decay[i / head.keyDim * head.keyDim];
      // A column that forgets all, and what differences of running sums would
      // not survive.
      if (options.perColumn && i % 23 == 11)
        head.decay[i] = -kInfinity;
    }
  }
  if (options.isDelta()) {
    // As models have it: keys of norm up to 1, rates up to 1.
    for (double &k : head.key)
      k /= std::sqrt(double(head.keyDim));
    head.beta = randomValues(keys, 5, 0, 1);
  }
  if (options.hasWeights()) {
    head.logWeights = randomValues(keys, 6, options.lowest, options.highest);
    for (int64_t t = 0; t < keys; t += 4)
      head.logWeights[t] = -kInfinity;
  }
  return head;
}

LinearAttentionState makeState(const Case &options,
                               const LinearAttentionHead &head) {
  LinearAttentionState state = LinearAttentionState::zero(head);
  if (!options.past)
    return state;
  state.matrix = randomValues(head.keyDim * head.valueDim, 7);
  if (options.denominator)
    state.sum = randomValues(head.keyDim, 8, 0.1, 1);
  if (options.hasWeights())
    state.max = (options.lowest + options.highest) / 2;
  return state;
}

struct Outcome {
  Vector results;
  LinearAttentionState state;
};

void expectSame(const Outcome &actual, const Outcome &expected,
                const std::string &form) {
  SCOPED_TRACE(form);
  auto compare = [](const Vector &a, const Vector &b, const char *what) {
    ASSERT_EQ(a.size(), b.size()) << what;
    for (size_t i = 0; i < a.size(); ++i)
      ASSERT_LE(std::abs(a[i] - b[i]), 1e-12 * std::max(1.0, std::abs(b[i])))
          << what << " at position " << i << ": " << a[i] << ", expected "
          << b[i];
  };
  compare(actual.results, expected.results, "results");
  compare(actual.state.matrix, expected.state.matrix, "state");
  compare(actual.state.sum, expected.state.sum, "sum");
  EXPECT_EQ(actual.state.max, expected.state.max);
}

void check(const Case &options, int64_t keys, int64_t queries) {
  SCOPED_TRACE(llvm::formatv("{0} keys, {1} queries, {2}", keys, queries,
                             options.getText())
                   .str());
  LinearAttentionHead head = makeHead(options, keys, queries);
  auto run = [&](auto form) {
    Outcome outcome{{}, makeState(options, head)};
    outcome.results = form(outcome.state);
    return outcome;
  };
  Outcome expected = run([&](LinearAttentionState &state) {
    return attendRecurrent(head, state);
  });
  for (double x : expected.results)
    ASSERT_TRUE(std::isfinite(x));
  expectSame(run([&](LinearAttentionState &state) {
               return attendParallel(head, state);
             }),
             expected, "parallel");
  for (int64_t chunk : {int64_t(1), kChunk, keys + 3})
    expectSame(run([&](LinearAttentionState &state) {
                 return attendChunked(head, chunk, state);
               }),
               expected, "chunks of " + std::to_string(chunk));
}

/// Every legal combination of options with a rule.
std::vector<Case> makeCases(UpdateRule rule) {
  std::vector<Case> cases;
  for (int bits = 0; bits < 8; ++bits) {
    Case each;
    each.rule = rule;
    each.group = bits & 1 ? 3 : 1;
    each.past = bits & 2;
    each.masked = bits & 4;
    cases.push_back(each);
    auto add = [&](auto change) {
      Case changed = each;
      change(changed);
      cases.push_back(changed);
    };
    if (each.isGated())
      add([](Case &c) { c.perColumn = true; });
    if (each.isDelta())
      continue;
    for (double denominator : {0.0, 1e-6, 0.5})
      add([&](Case &c) {
        c.denominator = denominator;
        c.perColumn = each.isGated() && each.past;
      });
    if (rule != UpdateRule::linear)
      continue;
    for (bool full : {false, true}) {
      add([&](Case &c) { c.full = full; });
      add([&](Case &c) {
        c.full = full;
        c.denominator = 1e-6;
      });
      add([&](Case &c) {
        c.full = full;
        c.lowest = -3;
        c.highest = 3;
      });
      add([&](Case &c) {
        c.full = full;
        c.denominator = 1e-6;
        c.lowest = -3;
        c.highest = 3;
      });
      // Far beyond where exponentials overflow.
      add([&](Case &c) {
        c.full = full;
        c.denominator = 0.25;
        c.lowest = 900;
        c.highest = 990;
      });
    }
  }
  return cases;
}

class LinearAttentionForms : public testing::TestWithParam<UpdateRule> {};

} // namespace

TEST_P(LinearAttentionForms, AreEqual) {
  for (const Case &options : makeCases(GetParam()))
    for (int64_t length :
         {int64_t(1), int64_t(2), kChunk - 1, kChunk, kChunk + 1, int64_t(45)})
      check(options, length, length);
}

TEST_P(LinearAttentionForms, AreEqualOnLongSequences) {
  for (const Case &options : makeCases(GetParam()))
    if (options.past != options.masked)
      check(options, 1000, options.full ? 7 : 1000);
}

TEST_P(LinearAttentionForms, AreEqualWithOtherNumbersOfQueries) {
  for (const Case &options : makeCases(GetParam()))
    if (options.full) {
      check(options, 20, 3);
      check(options, 3, 20);
      check(options, 0, 5);
      check(options, 5, 0);
    }
}

// A sequence in pieces, each in another form, whose state goes on to the next.
TEST_P(LinearAttentionForms, CarryTheirState) {
  constexpr int64_t kLength = 61;
  for (const Case &options : makeCases(GetParam())) {
    if (options.full)
      continue;
    SCOPED_TRACE(options.getText());
    LinearAttentionHead head = makeHead(options, kLength, kLength);
    Outcome expected{{}, makeState(options, head)};
    expected.results = attendRecurrent(head, expected.state);
    for (uint64_t seed = 0; seed < 6; ++seed) {
      Outcome actual{{}, makeState(options, head)};
      Vector sizes = randomValues(kLength, seed, 1, seed % 2 ? 9 : 30);
      int64_t first = 0;
      for (int64_t piece = 0; first < kLength; ++piece) {
        int64_t count = std::min<int64_t>(sizes[piece], kLength - first);
        LinearAttentionHead part = head.slice(first, count);
        Vector results = piece % 3 == 0 ? attendRecurrent(part, actual.state)
                         : piece % 3 == 1
                             ? attendParallel(part, actual.state)
                             : attendChunked(part, 4, actual.state);
        actual.results.insert(actual.results.end(), results.begin(),
                              results.end());
        first += count;
      }
      expectSame(actual, expected, "pieces " + std::to_string(seed));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, LinearAttentionForms,
                         testing::Values(UpdateRule::linear, UpdateRule::gated,
                                         UpdateRule::delta,
                                         UpdateRule::gated_delta),
                         [](const testing::TestParamInfo<UpdateRule> &info) {
                           return stringifyUpdateRule(info.param).str();
                         });
