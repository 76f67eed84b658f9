//===- Bandit.cpp - Which strategy's turn it is ---------------------------===//
#include "Bandit.h"
#include <cmath>
#include <limits>

using namespace attune;

/// Uses that are remembered, and the weight of exploration.
static constexpr size_t kWindow = 64;
static constexpr double kExploration = 0.1;

double Bandit::getCredit(size_t arm) const {
  size_t uses = 0, total = window.size();
  double area = 0;
  for (const Use &use : window)
    if (use.arm == arm) {
      ++uses;
      area += use.improved ? static_cast<double>(uses) : 0;
    }
  for (size_t count : pending)
    total += count;
  size_t tried = uses + pending[arm];
  if (tried == 0)
    return std::numeric_limits<double>::infinity();
  double n = static_cast<double>(uses), credit = 0;
  if (uses)
    credit = 2 * area / (n * (n + 1));
  return credit +
         kExploration * std::sqrt(2 * std::log(static_cast<double>(total) + 1) /
                                  static_cast<double>(tried));
}

size_t Bandit::choose() {
  size_t best = 0;
  double most = -1;
  for (size_t arm = 0; arm < pending.size(); ++arm)
    if (double credit = getCredit(arm); credit > most) {
      most = credit;
      best = arm;
    }
  ++pending[best];
  return best;
}

void Bandit::cancel(size_t arm) {
  if (pending[arm])
    --pending[arm];
}

void Bandit::report(size_t arm, bool improved) {
  cancel(arm);
  window.push_back({arm, improved});
  if (window.size() > kWindow)
    window.pop_front();
}
