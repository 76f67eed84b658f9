//===- FitFeaturesTest.cpp - Weights of feature maps ----------------------===//
#include "attune/Linearize/FitFeatures.h"
#include "Samples.h"
#include "attune/Linearize/AttentionRows.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace attune;

namespace {

double dot(llvm::ArrayRef<double> a, llvm::ArrayRef<double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

TEST(FitFeatures, NamesOfMaps) {
  for (LinearMap map :
       {LinearMap::Elu1, LinearMap::Relu, LinearMap::Favor,
        LinearMap::FavorHyperbolic, LinearMap::Taylor2, LinearMap::Calibrated})
    EXPECT_EQ(parseLinearMap(toString(map)), map);
  EXPECT_EQ(parseLinearMap("favour"), std::nullopt);
}

TEST(FitFeatures, RowsAreOrthogonalInBlocks) {
  std::mt19937_64 random(1);
  Matrix rows = drawOrthogonalRows(20, 8, random);
  double squares = 0;
  for (int64_t i = 0; i < 20; ++i) {
    squares += dot(rows.row(i), rows.row(i));
    for (int64_t j = i / 8 * 8; j < i; ++j)
      EXPECT_NEAR(dot(rows.row(i), rows.row(j)), 0, 1e-12);
  }
  // Lengths of Gaussian vectors: 8 on average, squared.
  EXPECT_GT(squares / 20, 4);
  EXPECT_LT(squares / 20, 13);
  // The same seed gives the same rows.
  std::mt19937_64 again(1);
  EXPECT_EQ(drawOrthogonalRows(20, 8, again).values, rows.values);
}

TEST(FitFeatures, DirectionsAreUniform) {
  // No direction is preferred: means of components vanish, also of the first
  // row of each block, whose sign a factorisation could fix.
  std::mt19937_64 random(2);
  double sum = 0;
  for (int i = 0; i < 4000; ++i)
    sum += drawOrthogonalRows(2, 2, random).row(1)[0];
  EXPECT_NEAR(sum / 4000, 0, 0.06);
}

TEST(FitFeatures, CentroidsOfSeparateClusters) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0, 0.01);
  Matrix points(90, 2);
  for (int64_t i = 0; i < 90; ++i) {
    points.row(i)[0] = i % 3 + normal(random);
    points.row(i)[1] = -5 * (i % 3) + normal(random);
  }
  Matrix centroids = findCentroids(points, 3, random);
  ASSERT_EQ(centroids.rows, 3);
  for (int64_t cluster = 0; cluster < 3; ++cluster) {
    double nearest = INFINITY;
    for (int64_t c = 0; c < 3; ++c)
      nearest =
          std::min(nearest, std::hypot(centroids.row(c)[0] - cluster,
                                       centroids.row(c)[1] + 5 * cluster));
    EXPECT_LT(nearest, 0.02);
  }
  EXPECT_EQ(findCentroids(Matrix(2, 2), 5, random).rows, 2);
  EXPECT_EQ(findCentroids(Matrix(0, 2), 5, random).rows, 0);
}

TEST(FitFeatures, FactorIsFoundAndNotNegative) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> uniform(0, 1);
  auto draw = [&](int64_t rows, int64_t columns) {
    Matrix matrix(rows, columns);
    for (double &value : matrix.values)
      value = uniform(random);
    return matrix;
  };
  Matrix truth = draw(3, 4);
  truth.row(1)[2] = 0;
  std::vector<FactorSample> samples;
  for (int64_t length : {12, 20}) {
    FactorSample sample{Matrix(length, length), draw(length, 3),
                        draw(length, 4)};
    for (int64_t i = 0; i < length; ++i)
      for (int64_t j = 0; j < length; ++j)
        for (int64_t m = 0; m < 3; ++m)
          for (int64_t n = 0; n < 4; ++n)
            sample.target.row(i)[j] += sample.left.row(i)[m] * truth.row(m)[n] *
                                       sample.right.row(j)[n];
    samples.push_back(std::move(sample));
  }
  auto getSum = [&](const Matrix &factor) {
    double sum = 0;
    for (const FactorSample &sample : samples)
      for (int64_t i = 0; i < sample.target.rows; ++i)
        for (int64_t j = 0; j < sample.target.columns; ++j) {
          double value = -sample.target.row(i)[j];
          for (int64_t m = 0; m < 3; ++m)
            for (int64_t n = 0; n < 4; ++n)
              value += sample.left.row(i)[m] * factor.row(m)[n] *
                       sample.right.row(j)[n];
          sum += value * value;
        }
    return sum;
  };
  double before = INFINITY;
  for (int64_t iterations : {1, 10, 100, 5000}) {
    Matrix factor = fitNonNegativeFactor(samples, iterations);
    double sum = getSum(factor);
    EXPECT_LE(sum, before);
    before = sum;
    for (double value : factor.values)
      EXPECT_GE(value, 0);
  }
  EXPECT_LT(before, 1e-2);
}

/// Tokens of a dozen kinds, the same ones for every seed: texts have structure.
AttentionSamples makeKinds(uint64_t seed, std::vector<int64_t> lengths) {
  AttentionSamples samples = makeSamples(seed, 0.2, 0, false, 4, 2, lengths);
  AttentionSamples kinds = makeSamples(0, 2, 0.5, false, 4, 2, {12});
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<size_t> choose(0, 11);
  for (AttentionSequence &sequence : samples.sequences)
    for (auto part : {&AttentionSequence::query, &AttentionSequence::key}) {
      const std::vector<float> &from = kinds.sequences[0].*part;
      std::vector<float> &to = sequence.*part;
      size_t width = from.size() / 12;
      for (size_t row = 0; row < to.size(); row += width) {
        size_t kind = choose(random);
        for (size_t i = 0; i < width; ++i)
          to[row + i] += from[kind * width + i];
      }
    }
  return samples;
}

// What calibration is for: fewer landmarks do better than many random features
// on texts that it has not seen.
TEST(FitFeatures, LandmarksBeatRandomFeatures) {
  AttentionSamples calibration = makeKinds(5, {64, 64, 64});
  AttentionSamples holdout = makeKinds(6, {64});
  auto getError = [&](LinearMap map, int64_t features) {
    FitOptions options;
    options.map = map;
    options.features = features;
    LayerParameters parameters = fitLayer(calibration, options);
    double sum = 0;
    for (int64_t head = 0; head < 4; ++head) {
      HeadTokens tokens = getHeadTokens(holdout, holdout.sequences[0], head);
      AttentionRows exact = computeExactRows(computeScores(tokens), false);
      AttentionRows found = computeLinearRows(
          parameters, tokens, computeScores(tokens), head, head / 2, false);
      for (size_t i = 0; i < exact.weights.values.size(); ++i)
        sum += std::abs(exact.weights.values[i] - found.weights.values[i]);
    }
    return sum / (4 * 64 * 2);
  };
  EXPECT_LT(getError(LinearMap::Calibrated, 32),
            0.7 * getError(LinearMap::Favor, 128));
}

TEST(FitFeatures, KeysHaveFeaturesOfTheirHeadsUnlessSomeAreExact) {
  AttentionSamples samples = makeSamples(7, 1);
  FitOptions options;
  options.features = 16;
  LayerParameters linear = fitLayer(samples, options);
  EXPECT_EQ(linear.query.heads, 4);
  EXPECT_EQ(linear.key.heads, 2);
  EXPECT_EQ(linear.query.projection.size(), 4u * 16 * 8);
  EXPECT_EQ(linear.key.projection.size(), 2u * 16 * 8);
  // Both query heads of a group have the rows of their keys.
  EXPECT_TRUE(std::equal(linear.key.projection.begin(),
                         linear.key.projection.begin() + 16 * 8,
                         linear.query.projection.begin() + 16 * 8));
  EXPECT_EQ(linear.getStateBytes(6, 2), 2 * 16 * 7 * 4);
  options.window = 5;
  LayerParameters hybrid = fitLayer(samples, options);
  EXPECT_EQ(hybrid.key.heads, 4);
  EXPECT_EQ(hybrid.getStateBytes(6, 2), 4 * 16 * 7 * 4 + 5 * 2 * 14 * 4);
}

} // namespace
