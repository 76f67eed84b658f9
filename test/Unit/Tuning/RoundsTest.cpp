//===- RoundsTest.cpp - Who stays in the contest --------------------------===//
#include "Measure/Rounds.h"
#include "gtest/gtest.h"

using namespace attune::measure;

namespace {

/// Codes whose samples are all the same.
std::vector<Track> makeTracks(std::vector<double> times, size_t rounds) {
  std::vector<Track> tracks;
  for (double time : times)
    tracks.push_back({int64_t(tracks.size()), std::vector(rounds, time)});
  return tracks;
}

using Codes = std::vector<int64_t>;

TEST(RoundsTest, AfterTheFirst) {
  EXPECT_EQ(chooseLosers(makeTracks({10, 16, 14, 15.1}, 1), 1, 1.5),
            (Codes{3, 1}));
  // The reference stays however slow it is.
  EXPECT_EQ(chooseLosers(makeTracks({100, 16, 10}, 1), 1, 1.5), Codes{1});
}

TEST(RoundsTest, SlowerHalf) {
  auto tracks = makeTracks({10, 10, 13, 14, 12.9}, 3);
  EXPECT_EQ(chooseLosers(tracks, 2, 1.5), Codes{});
  EXPECT_EQ(chooseLosers(tracks, 3, 1.5), (Codes{2, 3}));
  // Half of them are not far enough away, ...
  EXPECT_EQ(chooseLosers(makeTracks({10, 10, 11, 12}, 3), 3, 1.5), Codes{});
  // ... but are later.
  EXPECT_EQ(chooseLosers(makeTracks({10, 10, 11, 12}, 6), 6, 1.5), Codes{3});
}

TEST(RoundsTest, NobodyLeavesWhenAnythingGoes) {
  for (size_t rounds = 1; rounds < 20; ++rounds)
    EXPECT_EQ(chooseLosers(makeTracks({1, 2, 5, 9}, rounds), rounds, 1e12),
              Codes{});
}

TEST(RoundsTest, Statistics) {
  Track reference = {0, {8, 8, 8, 2, 2}};
  CodeResult result;
  summarize({3, {4, 1, 2, 3, 5}}, reference, result);
  EXPECT_EQ(result.samples, 5);
  EXPECT_EQ(result.min, 1);
  EXPECT_EQ(result.quartile1, 2);
  EXPECT_EQ(result.median, 3);
  EXPECT_EQ(result.quartile3, 4);
  EXPECT_DOUBLE_EQ(result.speedup, 8.0 / 3);
  // Compared with the rounds in which both ran.
  summarize({3, {5, 4}}, reference, result);
  EXPECT_DOUBLE_EQ(result.median, 4.5);
  EXPECT_DOUBLE_EQ(result.speedup, 8 / 4.5);
  summarize(reference, reference, result);
  EXPECT_EQ(result.speedup, 1);
}

} // namespace
