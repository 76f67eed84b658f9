//===- LayerReportTest.cpp - How well a layer can be linear ---------------===//
#include "attune/Linearize/LayerReport.h"
#include "Samples.h"
#include "attune/Linearize/FitFeatures.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace attune;

namespace {

TEST(LayerReport, PredictorsOfKnownTokens) {
  // All queries are a, all keys b: |q|^2, |k|^2 and |q + k|^2 are known, the
  // centred ones are 0, and attention is uniform.
  AttentionSamples samples = makeSamples(1, 0, 1, false, 2, 2, {6, 4});
  FitOptions options;
  LayerReport report =
      reportLayer(fitLayer(samples, options), samples, samples);
  ASSERT_EQ(report.heads.size(), 2u);
  const HeadPredictors &head = report.heads[0].predictors;
  // Columns 0 to 7 have i % 3, columns 8 to 15 of the packed row (i % 16) % 3.
  double square = 0.3 * (0 + 1 + 4 + 0 + 1 + 4 + 0 + 1);
  EXPECT_NEAR(head.queryNorm, square, 1e-6);
  EXPECT_NEAR(head.keyNorm, square, 1e-6);
  EXPECT_NEAR(head.pairNorm[0], 4 * square, 1e-6);
  EXPECT_NEAR(head.pairNorm[2], 4 * square, 1e-6);
  EXPECT_NEAR(head.centredKeyNorm, 0, 1e-9);
  EXPECT_NEAR(head.centredPairNorm[1], 0, 1e-9);
  EXPECT_NEAR(head.entropy, (6 * std::log(6) + 4 * std::log(4)) / 10, 1e-9);
  EXPECT_NEAR(head.sinkMass, (6 * (1.0 / 6) + 4 * (1.0 / 4)) / 10, 1e-9);
  EXPECT_NEAR(report.heads[0].uniform.mean, 0, 1e-9);
}

TEST(LayerReport, ErrorsOfUniformWeights) {
  AttentionSamples samples = makeSamples(2, 2, 0, true, 4, 2, {12});
  FitOptions options;
  options.map = LinearMap::Elu1;
  LayerReport report =
      reportLayer(fitLayer(samples, options), samples, samples);
  HeadTokens tokens = getHeadTokens(samples, samples.sequences[0], 1);
  Matrix exact =
      applyRows(computeExactRows(computeScores(tokens), true), tokens.value);
  Matrix mean = applyRows(computeUniformRows(12, true), tokens.value);
  double sum = 0, most = 0;
  for (int64_t i = 0; i < 12; ++i) {
    double difference = 0, size = 0;
    for (int64_t c = 0; c < 6; ++c) {
      difference += std::pow(exact.row(i)[c] - mean.row(i)[c], 2);
      size += std::pow(exact.row(i)[c], 2);
    }
    sum += std::sqrt(difference / size);
    most = std::max(most, std::sqrt(difference / size));
  }
  EXPECT_NEAR(report.heads[1].uniform.mean, sum / 12, 1e-9);
  EXPECT_NEAR(report.heads[1].uniform.max, most, 1e-9);
  EXPECT_GT(report.heads[1].error.mean, report.heads[1].rounding.mean);
  EXPECT_LT(report.heads[1].rounding.max, 1e-4);
  double all = 0;
  for (const HeadReport &head : report.heads)
    all += head.error.mean / 4;
  EXPECT_NEAR(report.getMean(&HeadReport::error).mean, all, 1e-12);
}

TEST(LayerReport, BytesAndTheWindowOfAsMany) {
  AttentionSamples samples = makeSamples(3, 1, 0, false, 4, 4, {40});
  FitOptions options;
  options.features = 16;
  LayerReport report =
      reportLayer(fitLayer(samples, options), samples, samples);
  EXPECT_EQ(report.stateBytes, 4 * 16 * 7 * 4);
  EXPECT_EQ(report.cacheBytesPerToken, 4 * 14 * 4);
  // 8 tokens have as many bytes.
  HeadTokens tokens = getHeadTokens(samples, samples.sequences[0], 0);
  AttentionRows exact = computeExactRows(computeScores(tokens), false);
  AttentionRows window = computeWindowRows(computeScores(tokens), false, 8, 0);
  double variation = 0;
  for (size_t i = 0; i < exact.weights.values.size(); ++i)
    variation +=
        std::abs(exact.weights.values[i] - window.weights.values[i]) / 2 / 40;
  EXPECT_NEAR(report.heads[0].equalBytes.totalVariation, variation, 1e-9);
}

TEST(LayerReport, CountsWhatTaylorFeaturesDoWrong) {
  AttentionSamples samples = makeSamples(4, 3, 0, false, 1, 1, {24});
  FitOptions options;
  options.map = LinearMap::Relu;
  LayerReport report =
      reportLayer(fitLayer(samples, options), samples, samples);
  EXPECT_EQ(report.heads[0].negative, 0);
  options.map = LinearMap::Taylor2;
  // (1 + s)^2 / 2 + 1/2 is never negative either.
  report = reportLayer(fitLayer(samples, options), samples, samples);
  EXPECT_EQ(report.heads[0].negative, 0);
  EXPECT_GT(report.heads[0].minDenominator, 0);
  EXPECT_EQ(report.heads[0].guarded, 0);
}

} // namespace
