//===- BudgetAllocation.cpp - Which kernel to spend on next ---------------===//
//
// After the gradient-based task scheduler of Ansor (Zheng et al. 2020): the
// slope of the best time over the last rounds says what a kernel still gives,
// and optimism about kernels that had few rounds keeps them in the race.
//
//===----------------------------------------------------------------------===//
#include "attune/Tuning/BudgetAllocation.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace attune;

/// What a kernel that was never searched is hoped to give.
static constexpr double kFirstHope = 0.3;
/// Rounds over which the slope is taken.
static constexpr size_t kWindow = 3;
/// How often the kernel with the fewest rounds has its turn.
static constexpr size_t kFairEvery = 6;
/// The least share of the model's time that earns such a turn.
static constexpr double kLeastShare = 1e-3;

double attune::getExpectedImprovement(const KernelAccount &account) {
  double hope = kFirstHope / (1 + account.rounds);
  if (account.best.size() < 2)
    return hope;
  size_t window = std::min(kWindow, account.best.size() - 1);
  double before = account.best[account.best.size() - 1 - window];
  double saved = before > 0 ? 1 - account.best.back() / before : 0;
  return std::max(hope, saved / static_cast<double>(window));
}

std::optional<size_t>
attune::chooseKernel(llvm::ArrayRef<KernelAccount> accounts, size_t round) {
  double total = 0;
  for (const KernelAccount &account : accounts)
    total += account.modelMs;
  std::optional<size_t> chosen;
  auto consider = [&](size_t i, bool isBetter) {
    if (accounts[i].active && (!chosen || isBetter))
      chosen = i;
  };
  if (round % kFairEvery == kFairEvery - 1) {
    for (size_t i = 0; i < accounts.size(); ++i)
      if (accounts[i].modelMs >= kLeastShare * total)
        consider(i, chosen && accounts[i].rounds < accounts[*chosen].rounds);
    if (chosen)
      return chosen;
  }
  auto priority = [&](size_t i) {
    return accounts[i].modelMs * getExpectedImprovement(accounts[i]);
  };
  for (size_t i = 0; i < accounts.size(); ++i)
    consider(i, chosen && priority(i) > priority(*chosen));
  return chosen;
}
