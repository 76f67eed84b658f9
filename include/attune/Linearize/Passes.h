//===- Passes.h - From softmax attention to linear attention ----*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_PASSES_H
#define ATTUNE_LINEARIZE_PASSES_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Pass/Pass.h"

namespace attune {

#define GEN_PASS_DECL
#include "attune/Linearize/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "attune/Linearize/Passes.h.inc"

} // namespace attune

#endif // ATTUNE_LINEARIZE_PASSES_H
