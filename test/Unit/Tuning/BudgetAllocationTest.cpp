//===- BudgetAllocationTest.cpp - Which kernel is next --------------------===//
#include "attune/Tuning/BudgetAllocation.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

KernelAccount account(double modelMs, double rounds = 0,
                      std::vector<double> best = {}) {
  KernelAccount result;
  result.modelMs = modelMs;
  result.rounds = rounds;
  result.best = std::move(best);
  return result;
}

TEST(BudgetAllocation, NothingIsChosenOfNothing) {
  EXPECT_FALSE(chooseKernel({}, 0));
  KernelAccount spent = account(1);
  spent.active = false;
  EXPECT_FALSE(chooseKernel(spent, 0));
  EXPECT_FALSE(chooseKernel(spent, 5));
}

TEST(BudgetAllocation, TheHeavierOfEquals) {
  EXPECT_EQ(chooseKernel({account(1), account(3), account(2)}, 0), 1u);
}

TEST(BudgetAllocation, TheOneThatStillImproves) {
  KernelAccount flat = account(2, 20, {1, 1, 1, 1, 1});
  KernelAccount falling = account(1, 20, {1, 0.9, 0.8, 0.7, 0.6});
  EXPECT_GT(getExpectedImprovement(falling), getExpectedImprovement(flat));
  EXPECT_EQ(chooseKernel({flat, falling}, 0), 1u);
}

TEST(BudgetAllocation, HopeShrinksWithRounds) {
  EXPECT_GT(getExpectedImprovement(account(1, 0)),
            getExpectedImprovement(account(1, 4)));
}

TEST(BudgetAllocation, EveryKernelGetsSomething) {
  std::vector<KernelAccount> accounts{account(100), account(1), account(5)};
  std::vector<int> rounds(3);
  for (size_t round = 0; round < 60; ++round) {
    size_t chosen = *chooseKernel(accounts, round);
    ++accounts[chosen].rounds;
    ++rounds[chosen];
  }
  EXPECT_GE(rounds[1], 4);
  EXPECT_GE(rounds[2], 4);
  EXPECT_GT(rounds[0], rounds[1] + rounds[2]);
}

TEST(BudgetAllocation, WhatDoesNotMatterHasNoTurn) {
  std::vector<KernelAccount> accounts{account(100), account(0.01)};
  for (size_t round = 0; round < 60; ++round) {
    size_t chosen = *chooseKernel(accounts, round);
    EXPECT_EQ(chosen, 0u);
    ++accounts[chosen].rounds;
  }
}

} // namespace
