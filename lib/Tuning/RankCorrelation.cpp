//===- RankCorrelation.cpp - Whether two samples agree in order -----------===//
#include "attune/Tuning/CostModel.h"
#include <cmath>
#include <numeric>

using namespace attune;

/// Ranks from 0; equal values share the mean of theirs.
static std::vector<double> getRanks(llvm::ArrayRef<double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]])
      ++end;
    for (size_t i = begin; i < end; ++i)
      ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
  }
  return ranks;
}

// Pearson's correlation of the ranks.
double attune::computeRankCorrelation(llvm::ArrayRef<double> a,
                                      llvm::ArrayRef<double> b) {
  size_t count = std::min(a.size(), b.size());
  std::vector<double> left = getRanks(a.take_front(count)),
                      right = getRanks(b.take_front(count));
  double mean = (static_cast<double>(count) - 1) / 2;
  double covariance = 0, leftVariance = 0, rightVariance = 0;
  for (size_t i = 0; i < count; ++i) {
    double l = left[i] - mean, r = right[i] - mean;
    covariance += l * r;
    leftVariance += l * l;
    rightVariance += r * r;
  }
  if (leftVariance == 0 || rightVariance == 0)
    return 0;
  return covariance / std::sqrt(leftVariance * rightVariance);
}
