//===- ArgumentRange.cpp - Numbers that kernels are tried on --------------===//
#include "attune/Kernel/ArgumentRange.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static std::optional<ArgumentRange> getRange(LinearAttentionOp op,
                                             Value operand) {
  if (operand == op.getDecay())
    return ArgumentRange{-0.125, 0};
  if (operand == op.getBeta())
    return ArgumentRange{0, 1};
  if (operand == op.getPastSum())
    return ArgumentRange{0, 1};
  if (operand == op.getKey() && op.isDelta()) {
    double bound = 1 / std::sqrt(double(op.getKeyDim()));
    return ArgumentRange{-bound, bound};
  }
  if ((operand == op.getQuery() || operand == op.getKey()) &&
      op.getDenominator())
    return ArgumentRange{0, 1};
  return std::nullopt;
}

static std::optional<ArgumentRange> getRange(HybridAttentionOp op,
                                             Value operand) {
  if (operand == op.getQueryFeatures() || operand == op.getKeyFeatures())
    return ArgumentRange{0, 1};
  return std::nullopt;
}

ArgumentRange attune::getArgumentRange(KernelOp kernel, unsigned index) {
  BlockArgument argument = kernel.getBody().getArgument(index);
  for (Operation *user : argument.getUsers()) {
    std::optional<ArgumentRange> range;
    if (auto linear = dyn_cast<LinearAttentionOp>(user))
      range = getRange(linear, argument);
    else if (auto hybrid = dyn_cast<HybridAttentionOp>(user))
      range = getRange(hybrid, argument);
    if (range)
      return *range;
  }
  return {};
}
