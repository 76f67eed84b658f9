//===- AttentionRowsTest.cpp - Attention as a matrix of weights -----------===//
#include "attune/Linearize/AttentionRows.h"
#include "Samples.h"
#include "attune/Linearize/FitFeatures.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace attune;

namespace {

double getDistance(const AttentionRows &a, const AttentionRows &b) {
  double most = 0;
  for (size_t i = 0; i < a.weights.values.size(); ++i)
    most = std::max(most, std::abs(a.weights.values[i] - b.weights.values[i]));
  return most;
}

/// Largest difference to softmax over all heads and sequences.
double getError(const LayerParameters &parameters,
                const AttentionSamples &samples) {
  double most = 0;
  for (int64_t head = 0; head < samples.heads; ++head)
    for (const AttentionSequence &sequence : samples.sequences) {
      HeadTokens tokens = getHeadTokens(samples, sequence, head);
      most = std::max(
          most,
          getDistance(
              computeExactRows(computeScores(tokens), samples.causal),
              computeLinearRows(parameters, tokens, computeScores(tokens), head,
                                samples.getKvHead(head), samples.causal)));
    }
  return most;
}

TEST(AttentionRows, ExactRowsAreSoftmax) {
  AttentionSamples samples = makeSamples(1, 1);
  HeadTokens tokens = getHeadTokens(samples, samples.sequences[0], 3);
  AttentionRows rows = computeExactRows(computeScores(tokens), /*causal=*/true);
  for (int64_t i = 0; i < 17; ++i) {
    double sum = 0, weight = 0;
    for (int64_t j = 0; j <= i; ++j) {
      // Head 3 reads the second head of keys.
      double score = 0;
      for (int64_t c = 0; c < 8; ++c)
        score += 0.3 * samples.sequences[0].query[i * 32 + 24 + c] *
                 samples.sequences[0].key[j * 16 + 8 + c];
      sum += std::exp(score);
      if (j == i / 2)
        weight = std::exp(score);
    }
    EXPECT_NEAR(rows.weights.row(i)[i / 2], weight / sum, 1e-12);
    for (int64_t j = i + 1; j < 17; ++j)
      EXPECT_EQ(rows.weights.row(i)[j], 0);
  }
  EXPECT_EQ(rows.guarded, 0);
}

TEST(AttentionRows, SinglePrecisionIsNearAndNotEqual) {
  AttentionSamples samples = makeSamples(2, 1);
  HeadTokens tokens = getHeadTokens(samples, samples.sequences[0], 0);
  double distance = getDistance(computeExactRows(computeScores(tokens), false),
                                computeRoundedRows(tokens, false));
  EXPECT_GT(distance, 0);
  EXPECT_LT(distance, 1e-5);
}

// Small scores: 1 + s + s^2/2 is e^s, but only if the means, however large,
// have been taken out without changing the kernel. Beside exact keys the
// constants count as well.
TEST(AttentionRows, CentringIsExact) {
  for (bool causal : {false, true})
    for (int64_t window : {0, 3})
      for (LinearMap map : {LinearMap::Taylor2, LinearMap::Calibrated}) {
        AttentionSamples samples = makeSamples(3, 0.03, 1.5, causal);
        FitOptions options;
        options.map = map;
        options.features = 1;
        options.window = window;
        options.sinks = window ? 2 : 0;
        EXPECT_LT(getError(fitLayer(samples, options), samples),
                  map == LinearMap::Taylor2 ? 1e-4 : 2e-2)
            << causal << window << toString(map).str();
        if (map != LinearMap::Taylor2)
          continue;
        options.centre = false;
        EXPECT_GT(getError(fitLayer(samples, options), samples), 1e-3);
      }
}

// Random features are unbiased: many of them come near, with the means in or
// out and beside exact keys.
TEST(AttentionRows, RandomFeaturesApproximateSoftmax) {
  AttentionSamples samples = makeSamples(4, 0.5, 0.3);
  for (LinearMap map : {LinearMap::Favor, LinearMap::FavorHyperbolic})
    for (int64_t window : {0, 3})
      for (bool centre : {false, true}) {
        FitOptions options;
        options.map = map;
        options.features = 2048;
        options.window = window;
        options.centre = centre;
        EXPECT_LT(getError(fitLayer(samples, options), samples), 0.07)
            << toString(map).str() << window << centre;
      }
}

TEST(AttentionRows, WindowCoversShortSequences) {
  AttentionSamples samples = makeSamples(5, 1);
  FitOptions options;
  options.window = 17;
  EXPECT_LT(getError(fitLayer(samples, options), samples), 1e-12);
  HeadTokens tokens = getHeadTokens(samples, samples.sequences[0], 0);
  EXPECT_LT(getDistance(computeWindowRows(computeScores(tokens), false, 17, 0),
                        computeExactRows(computeScores(tokens), false)),
            1e-12);
}

TEST(AttentionRows, RowsWithoutWeightsAreZeroAndCounted) {
  AttentionSamples samples = makeSamples(6, 1);
  HeadTokens tokens = getHeadTokens(samples, samples.sequences[0], 0);
  AttentionRows rows = computeWindowRows(computeScores(tokens), false, 0, 0);
  EXPECT_EQ(rows.guarded, 17);
  for (double weight : rows.weights.values)
    EXPECT_EQ(weight, 0);
  // relu of what is negative.
  for (double &value : tokens.query.values)
    value = -1;
  FitOptions options;
  options.map = LinearMap::Relu;
  rows = computeLinearRows(fitLayer(samples, options), tokens,
                           computeScores(tokens), 0, 0, false);
  EXPECT_EQ(rows.guarded, 17);
  EXPECT_EQ(rows.notFinite, 0);
}

TEST(AttentionRows, LargeScoresStayFinite) {
  for (LinearMap map :
       {LinearMap::Favor, LinearMap::FavorHyperbolic, LinearMap::Calibrated}) {
    AttentionSamples samples = makeSamples(7, 40);
    FitOptions options;
    options.map = map;
    options.features = 8;
    LayerParameters parameters = fitLayer(samples, options);
    for (int64_t head = 0; head < 4; ++head) {
      HeadTokens tokens = getHeadTokens(samples, samples.sequences[0], head);
      AttentionRows rows = computeLinearRows(
          parameters, tokens, computeScores(tokens), head, head / 2, false);
      EXPECT_EQ(rows.notFinite, 0) << toString(map).str();
      for (double weight : rows.weights.values)
        EXPECT_TRUE(std::isfinite(weight));
    }
  }
}

TEST(AttentionRows, OutputsAreWeightedMeans) {
  AttentionSamples samples = makeSamples(8, 1);
  HeadTokens tokens = getHeadTokens(samples, samples.sequences[1], 0);
  Matrix output = applyRows(computeUniformRows(9, true), tokens.value);
  for (int64_t c = 0; c < 6; ++c) {
    double sum = 0;
    for (int64_t j = 0; j < 4; ++j)
      sum += tokens.value.row(j)[c];
    EXPECT_NEAR(output.row(3)[c], sum / 4, 1e-12);
  }
}

} // namespace
