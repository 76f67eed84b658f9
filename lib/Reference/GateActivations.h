//===- GateActivations.h - Activations of states ----------------*- C++ -*-===//
#ifndef ATTUNE_LIB_REFERENCE_GATEACTIVATIONS_H
#define ATTUNE_LIB_REFERENCE_GATEACTIVATIONS_H

#include "attune/Dialect/Attune/IR/Attune.h"

#include <cmath>

namespace attune {

/// The activation of one number, as RecurrentOps.td has it; `alpha` and `beta`
/// for those that have parameters.
inline double activate(GateActivation kind, double alpha, double beta,
                       double x) {
  switch (kind) {
  case GateActivation::sigmoid:
    return 1 / (1 + std::exp(-x));
  case GateActivation::tanh:
    return std::tanh(x);
  case GateActivation::relu:
    return x < 0 ? 0 : x;
  case GateActivation::affine:
    return alpha * x + beta;
  case GateActivation::leaky_relu:
    return x < 0 ? alpha * x : x;
  case GateActivation::thresholded_relu:
    return x > alpha ? x : 0;
  case GateActivation::scaled_tanh:
    return alpha * std::tanh(beta * x);
  case GateActivation::hard_sigmoid:
    return std::min(std::max(alpha * x + beta, 0.0), 1.0);
  case GateActivation::elu:
    return x < 0 ? alpha * std::expm1(x) : x;
  case GateActivation::softsign:
    return x / (1 + std::abs(x));
  case GateActivation::softplus:
    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  }
  return x;
}

} // namespace attune

#endif // ATTUNE_LIB_REFERENCE_GATEACTIVATIONS_H
