//===- PairedTimesTest.cpp - Whether one of two is faster -----------------===//
#include "attune/Tuning/PairedTimes.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>
#include <vector>

using namespace attune;

namespace {

std::vector<double> noisy(size_t count, double median, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0, 0.05);
  std::vector<double> times;
  for (size_t i = 0; i < count; ++i)
    times.push_back(median * std::exp(noise(random)));
  return times;
}

TEST(PairedTimes, FewPairsHaveNoInterval) {
  PairedTimes times = comparePairs({2, 2, 2, 2, 2}, {1, 1, 1, 1, 1});
  EXPECT_EQ(times.pairs, 5);
  EXPECT_EQ(times.speedup, 2);
  EXPECT_FALSE(times.isFaster());
  EXPECT_FALSE(times.isSlower());
  EXPECT_FALSE(comparePairs({}, {}).isSlower());
}

TEST(PairedTimes, SixAreEnough) {
  // The least and the largest: 2 / 2^6 = 3.1 % lie outside.
  PairedTimes times = comparePairs({2, 2, 2, 2, 2, 2.2}, {1, 1, 1, 1, 1, 1});
  EXPECT_EQ(times.low, 2);
  EXPECT_EQ(times.high, 2.2);
  EXPECT_TRUE(times.isFaster());
}

TEST(PairedTimes, RanksOfTheSignTest) {
  // Tabulated: with 20 pairs the interval reaches from the 6th to the 15th.
  std::vector<double> before, after(20, 1);
  for (int i = 1; i <= 20; ++i)
    before.push_back(i);
  PairedTimes times = comparePairs(before, after);
  EXPECT_EQ(times.low, 6);
  EXPECT_EQ(times.high, 15);
  EXPECT_EQ(times.speedup, 10.5);
}

TEST(PairedTimes, SeesDifferencesAndOnlyThose) {
  EXPECT_TRUE(comparePairs(noisy(200, 1.05, 1), noisy(200, 1, 2)).isFaster());
  EXPECT_TRUE(comparePairs(noisy(200, 1, 3), noisy(200, 1.05, 4)).isSlower());
  int wrong = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    PairedTimes times = comparePairs(noisy(100, 1, 10 + 2 * seed),
                                     noisy(100, 1, 11 + 2 * seed));
    wrong += times.isFaster() || times.isSlower();
  }
  EXPECT_LT(wrong, 20); // 5 % are expected
}

TEST(PairedTimes, LeavesOutWhatIsNoTime) {
  PairedTimes times = comparePairs({1, 0, NAN, 2}, {1, 1, 1, INFINITY});
  EXPECT_EQ(times.pairs, 1);
  EXPECT_EQ(times.medianBefore, 1);
}

} // namespace
