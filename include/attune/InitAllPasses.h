//===- InitAllPasses.h - Every pass of Attune -------------------*- C++ -*-===//
#ifndef ATTUNE_INITALLPASSES_H
#define ATTUNE_INITALLPASSES_H

#include "attune/Compiler/Passes.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Linearize/Passes.h"
#include "mlir/Transforms/Passes.h"

namespace attune {

inline void registerAllPasses() {
  registerAttuneCompilerPasses();
  registerAttuneTransformsPasses();
  registerAttuneLinearizePasses();
  registerAttunePipelines();
  mlir::registerTransformsPasses();
}

} // namespace attune

#endif // ATTUNE_INITALLPASSES_H
