//===- PairedTimes.cpp - Whether one of two is faster ---------------------===//
#include "attune/Tuning/PairedTimes.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>
#include <vector>

using namespace attune;

static double getMedian(const std::vector<double> &sorted) {
  size_t middle = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[middle]
                           : (sorted[middle - 1] + sorted[middle]) / 2;
}

/// The largest rank k, from 1, whose order statistics k and n + 1 - k hold the
/// median with a probability of 95 % or more: k - 1 successes or fewer of n
/// fair tosses have a probability of at most 2.5 %. 0: there is none.
static size_t getIntervalRank(size_t n) {
  double cumulated = 0;
  for (size_t k = 0; k < n; ++k) {
    double n1 = static_cast<double>(n) + 1, k1 = static_cast<double>(k) + 1;
    cumulated +=
        std::exp(std::lgamma(n1) - std::lgamma(k1) - std::lgamma(n1 - k1 + 1) -
                 static_cast<double>(n) * std::log(2.0));
    if (cumulated > 0.025)
      return k;
  }
  return 0;
}

PairedTimes attune::comparePairs(llvm::ArrayRef<double> before,
                                 llvm::ArrayRef<double> after) {
  PairedTimes result;
  result.high = std::numeric_limits<double>::infinity();
  std::vector<double> first, second, ratios;
  for (auto [a, b] : llvm::zip(before, after)) {
    if (!(a > 0) || !(b > 0) || !std::isfinite(a) || !std::isfinite(b))
      continue;
    first.push_back(a);
    second.push_back(b);
    ratios.push_back(a / b);
  }
  result.pairs = static_cast<int64_t>(ratios.size());
  if (ratios.empty())
    return result;
  llvm::sort(first);
  llvm::sort(second);
  llvm::sort(ratios);
  result.minBefore = first.front();
  result.minAfter = second.front();
  result.medianBefore = getMedian(first);
  result.medianAfter = getMedian(second);
  result.speedup = getMedian(ratios);
  if (size_t rank = getIntervalRank(ratios.size())) {
    result.low = ratios[rank - 1];
    result.high = ratios[ratios.size() - rank];
  }
  return result;
}
