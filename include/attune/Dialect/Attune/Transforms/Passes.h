//===- Passes.h - Passes on the attune dialect ------------------*- C++ -*-===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES_H
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Pass/Pass.h"

namespace attune {

#define GEN_PASS_DECL
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"

} // namespace attune

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES_H
