//===- RelativeTime.cpp - What a measurement says of a candidate ----------===//
#include "RelativeTime.h"
#include <algorithm>
#include <cmath>

using namespace attune;

std::optional<double> attune::getRelativeTime(const Measurement &result) {
  // Zero samples: whoever made the measurement does not count them.
  constexpr int64_t kFew = 2;
  double time = 1 / result.speedup;
  if (result.status != TrialStatus::Ok || !(result.speedup > 0) ||
      !std::isfinite(time) || time == 0)
    return std::nullopt;
  bool dropped = result.time.samples > 0 && result.time.samples <= kFew;
  return dropped ? std::max(time, 1.0) : time;
}
