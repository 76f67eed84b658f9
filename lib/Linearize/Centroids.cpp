//===- Centroids.cpp - k-means --------------------------------------------===//
#include "attune/Linearize/FitFeatures.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <limits>

using namespace attune;

static constexpr int kRounds = 25;

static double getDistance(llvm::ArrayRef<double> a, llvm::ArrayRef<double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// Points far from all seeds so far are likely to be the next seed.
static Matrix chooseSeeds(const Matrix &points, int64_t count,
                          std::mt19937_64 &random) {
  Matrix seeds(count, points.columns);
  std::vector<double> distances(points.rows,
                                std::numeric_limits<double>::infinity());
  int64_t next =
      std::uniform_int_distribution<int64_t>(0, points.rows - 1)(random);
  for (int64_t s = 0; s < count; ++s) {
    llvm::copy(points.row(next), seeds.row(s).begin());
    double total = 0;
    for (int64_t i = 0; i < points.rows; ++i) {
      distances[i] =
          std::min(distances[i], getDistance(points.row(i), seeds.row(s)));
      total += distances[i];
    }
    double place = std::uniform_real_distribution<double>(0, 1)(random) * total;
    for (next = 0; next + 1 < points.rows && place >= distances[next]; ++next)
      place -= distances[next];
  }
  return seeds;
}

namespace {
/// Which centroid is the nearest to a point, in float: it decides between
/// centroids that are as good as each other. With centroids as columns the sums
/// over a row are vector instructions.
class DistanceTable {
public:
  DistanceTable(int64_t count, int64_t columns)
      : columns(columns), transposed(count * columns), sums(count) {}

  void setCentroids(const Matrix &centroids) {
    for (int64_t c = 0; c < centroids.rows; ++c)
      for (int64_t d = 0; d < columns; ++d)
        transposed[d * centroids.rows + c] =
            static_cast<float>(centroids.row(c)[d]);
  }

  int64_t findNearest(llvm::ArrayRef<double> point) {
    size_t count = sums.size();
    llvm::fill(sums, 0);
    for (int64_t d = 0; d < columns; ++d) {
      const float *row = transposed.data() + d * count;
      float value = static_cast<float>(point[d]);
      for (size_t c = 0; c < count; ++c)
        sums[c] += (row[c] - value) * (row[c] - value);
    }
    return std::min_element(sums.begin(), sums.end()) - sums.begin();
  }

private:
  int64_t columns;
  std::vector<float> transposed, sums;
};
} // namespace

Matrix attune::findCentroids(const Matrix &points, int64_t count,
                             std::mt19937_64 &random) {
  count = std::min(count, points.rows);
  if (count == 0)
    return Matrix(0, points.columns);
  Matrix centroids = chooseSeeds(points, count, random);
  DistanceTable distances(count, points.columns);
  std::vector<int64_t> nearest(points.rows, -1);
  for (int round = 0; round < kRounds; ++round) {
    bool changed = false;
    distances.setCentroids(centroids);
    for (int64_t i = 0; i < points.rows; ++i) {
      int64_t best = distances.findNearest(points.row(i));
      changed |= nearest[i] != best;
      nearest[i] = best;
    }
    if (!changed)
      break;
    Matrix sums(count, points.columns);
    std::vector<int64_t> members(count);
    for (int64_t i = 0; i < points.rows; ++i) {
      ++members[nearest[i]];
      for (int64_t c = 0; c < points.columns; ++c)
        sums.row(nearest[i])[c] += points.row(i)[c];
    }
    // One that has lost all its points stays where it is.
    for (int64_t s = 0; s < count; ++s)
      if (members[s])
        for (int64_t c = 0; c < points.columns; ++c)
          centroids.row(s)[c] = sums.row(s)[c] / members[s];
  }
  return centroids;
}
