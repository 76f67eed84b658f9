//===- Pipelines.h - Which passes lead from phase to phase ------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_PIPELINES_H
#define ATTUNE_COMPILER_PIPELINES_H

#include "attune/Compiler/Options.h"
#include "attune/Kernel/Target.h"
#include "mlir/Pass/PassManager.h"

namespace attune {

/// Adds the passes that lead to `phase` (at most Phase::LLVM) from the one
/// before it, for one CPU. Outlining and the plan of the weights file are not
/// among them: they concern all CPUs together (Compilation.cpp).
void buildPhasePipeline(mlir::OpPassManager &manager, Phase phase,
                        const TargetDesc &target,
                        const CompilerOptions &options);

} // namespace attune

#endif // ATTUNE_COMPILER_PIPELINES_H
