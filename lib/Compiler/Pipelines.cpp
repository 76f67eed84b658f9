//===- Pipelines.cpp - Which passes lead from phase to phase --------------===//
#include "attune/Compiler/Pipelines.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Compiler/Passes.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace attune;

void attune::buildPhasePipeline(OpPassManager &manager, Phase phase,
                                const TargetDesc &target,
                                const CompilerOptions &options) {
  switch (phase) {
  case Phase::Fuse: {
    FuseOptions fuse;
    fuse.disabled = options.disabledFusions;
    buildFusePipeline(manager, fuse);
    return;
  }
  case Phase::Kernels: {
    AssignSchedulesOptions assign;
    assign.cpu = target.name;
    assign.gpu = target.gpu.str();
    assign.backend = options.schedules.backend.str();
    manager.addPass(createAssignSchedules(assign));
    return;
  }
  case Phase::Plan: {
    PlanMemoryOptions plan;
    plan.keepAll = options.keepAll;
    manager.addPass(createPlanMemory(plan));
    return;
  }
  case Phase::LLVM: {
    LowerKernelsOptions lower;
    lower.cpu = target.name;
    lower.gpu = target.gpu.str();
    manager.addPass(createLowerKernels(lower));
    manager.addPass(createLowerLaunches());
    // Folds the arithmetic of static extents before it becomes LLVM's.
    manager.addPass(createCanonicalizerPass());
    manager.addPass(createCSEPass());
    buildLowerToLLVMPipeline(manager);
    return;
  }
  case Phase::Import:
  case Phase::Binary:
    return;
  }
}
