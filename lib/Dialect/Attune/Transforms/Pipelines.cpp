//===- Pipelines.cpp - The phase `fuse` as a pass pipeline ----------------===//
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace attune;

static constexpr llvm::StringLiteral kFusions[] = {
    "linear", "attention", "projections", "elementwise"};

ArrayRef<llvm::StringLiteral> attune::getFusionNames() { return kFusions; }

llvm::Error attune::checkFuseOptions(const FuseOptions &options) {
  for (const std::string &name : options.disabled)
    if (!llvm::is_contained(kFusions, name))
      return userErrorf("unknown fusion '{0}': expected one of {1}", name,
                        llvm::join(getFusionNames(), ", "));
  return llvm::Error::success();
}

void attune::buildFusePipeline(OpPassManager &manager,
                               const FuseOptions &options) {
  auto isEnabled = [&](StringRef name) {
    return !llvm::is_contained(options.disabled, name);
  };
  // Views of views and repeated loads out of the way of the patterns.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  if (isEnabled("linear"))
    manager.addPass(createFuseLinear());
  if (isEnabled("attention"))
    manager.addPass(createFuseAttention());
  if (isEnabled("projections"))
    manager.addPass(createMergeProjections());
  // Before regions are made: its copies run as kernels too.
  manager.addPass(createMaterializeResults());
  // Later phases expect every op in a region, so this one is not left out.
  manager.addPass(createFuseElementwise({isEnabled("elementwise")}));
}

namespace {
struct FusePipelineOptions : PassPipelineOptions<FusePipelineOptions> {
  ListOption<std::string> disabled{
      *this, "disable",
      llvm::cl::desc("Fusions to leave out: linear, attention, projections, "
                     "elementwise")};
};
} // namespace

void attune::registerAttunePipelines() {
  PassPipelineRegistration<FusePipelineOptions>(
      "attune-fuse", "All fusions of the phase `fuse`, in their order",
      [](OpPassManager &manager, const FusePipelineOptions &options) {
        FuseOptions fuse;
        llvm::append_range(fuse.disabled, options.disabled);
        buildFusePipeline(manager, fuse);
      });
}
