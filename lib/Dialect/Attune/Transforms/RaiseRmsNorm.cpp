//===- RaiseRmsNorm.cpp - Finds rms-norm in means and square roots ---===//
#include "RaiseNorm.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_RAISERMSNORM
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

namespace {
struct RaiseRmsNorm : attune::impl::RaiseRmsNormBase<RaiseRmsNorm> {
  void runOnOperation() override {
    attune::raiseNorms(getOperation(), attune::NormKind::Rms, "rms-norm");
  }
};
} // namespace
