//===- Rounds.cpp - Who stays in the contest ------------------------------===//
#include "Rounds.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace attune::measure {

namespace {

/// The value below which `fraction` of the sorted samples lie.
double quantile(const std::vector<double> &sorted, double fraction) {
  double place = fraction * double(sorted.size() - 1);
  auto below = size_t(place);
  size_t above = std::min(below + 1, sorted.size() - 1);
  double part = place - double(below);
  return sorted[below] * (1 - part) + sorted[above] * part;
}

double medianOf(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return quantile(samples, 0.5);
}

} // namespace

std::vector<int64_t> chooseLosers(const std::vector<Track> &tracks,
                                  size_t rounds, double killRatio) {
  std::vector<int64_t> losers;
  if (rounds != 1 && rounds % 3 != 0)
    return losers;
  std::vector<std::pair<double, int64_t>> order;
  for (const Track &track : tracks)
    order.emplace_back(medianOf(track.samples), track.code);
  std::sort(order.begin(), order.end());
  size_t stay = rounds == 1 ? 0 : (order.size() + 1) / 2;
  double ratio = 1 + std::ldexp(killRatio - 1, -int(rounds / 3));
  for (size_t i = stay; i < order.size(); ++i)
    if (order[i].second != 0 && order[i].first > ratio * order.front().first)
      losers.push_back(order[i].second);
  return losers;
}

void summarize(const Track &track, const Track &reference, CodeResult &result) {
  std::vector<double> sorted = track.samples;
  if (sorted.empty())
    return;
  std::sort(sorted.begin(), sorted.end());
  result.samples = int64_t(sorted.size());
  result.min = sorted.front();
  result.quartile1 = quantile(sorted, 0.25);
  result.median = quantile(sorted, 0.5);
  result.quartile3 = quantile(sorted, 0.75);
  std::vector<double> same(
      reference.samples.begin(),
      reference.samples.begin() +
          std::ptrdiff_t(std::min(sorted.size(), reference.samples.size())));
  if (!same.empty() && result.median > 0)
    result.speedup = medianOf(same) / result.median;
}

} // namespace attune::measure
