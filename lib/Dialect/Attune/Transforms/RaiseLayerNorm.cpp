//===- RaiseLayerNorm.cpp - Finds layer-norm in means and square roots ---===//
#include "RaiseNorm.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_RAISELAYERNORM
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

namespace {
struct RaiseLayerNorm : attune::impl::RaiseLayerNormBase<RaiseLayerNorm> {
  void runOnOperation() override {
    attune::raiseNorms(getOperation(), attune::NormKind::Layer, "layer-norm");
  }
};
} // namespace
