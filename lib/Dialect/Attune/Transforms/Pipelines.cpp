//===- Pipelines.cpp - The phase `fuse` as a pass pipeline ----------------===//
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace attune;

static constexpr llvm::StringLiteral kFusions[] = {
    "softmax",       "layer-norm",  "rms-norm",   "gelu",
    "silu",          "rotary",      "linear",     "attention",
    "reassociation", "projections", "elementwise"};

/// Patterns in remarks that are named otherwise than the fusion.
static constexpr struct {
  llvm::StringLiteral name, fusion;
} kOtherPatterns[] = {{"bias", "linear"}};

ArrayRef<llvm::StringLiteral> attune::getFusionNames() { return kFusions; }

ArrayRef<FusionPattern> attune::getFusionPatterns() {
  static const auto patterns = [] {
    SmallVector<FusionPattern> list;
    for (StringRef fusion : kFusions) {
      list.push_back({fusion, fusion});
      for (const auto &other : kOtherPatterns)
        if (other.fusion == fusion)
          list.push_back({other.name, other.fusion});
    }
    return list;
  }();
  return patterns;
}

llvm::Error attune::checkFuseOptions(const FuseOptions &options) {
  for (const std::string &name : options.disabled)
    if (!llvm::is_contained(kFusions, name))
      return userErrorf("unknown fusion '{0}': expected one of {1}", name,
                        llvm::join(getFusionNames(), ", "));
  return llvm::Error::success();
}

void attune::buildRaisePipeline(OpPassManager &manager,
                                const FuseOptions &options) {
  auto isEnabled = [&](StringRef name) {
    return !llvm::is_contained(options.disabled, name);
  };
  // Views of views and repeated loads out of the way of the patterns.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  if (isEnabled("softmax"))
    manager.addPass(createRaiseSoftmax());
  if (isEnabled("layer-norm"))
    manager.addPass(createRaiseLayerNorm());
  if (isEnabled("rms-norm"))
    manager.addPass(createRaiseRmsNorm());
  if (isEnabled("gelu"))
    manager.addPass(createRaiseGelu());
  if (isEnabled("silu"))
    manager.addPass(createRaiseSilu());
  if (isEnabled("rotary"))
    manager.addPass(createRaiseRotary());
  if (isEnabled("linear"))
    manager.addPass(createFuseLinear());
  if (isEnabled("attention"))
    manager.addPass(createFuseAttention());
  // Of what no softmax claims.
  if (isEnabled("reassociation"))
    manager.addPass(createReassociateAttention());
  // Layers share masks and tables of angles, each with ops of its own so far.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void attune::buildFusePipeline(OpPassManager &manager,
                               const FuseOptions &options) {
  auto isEnabled = [&](StringRef name) {
    return !llvm::is_contained(options.disabled, name);
  };
  buildRaisePipeline(manager, options);
  if (isEnabled("projections"))
    manager.addPass(createMergeProjections());
  // Before regions are made: its copies run as kernels too.
  manager.addPass(createMaterializeResults());
  // Later phases expect every op in a region, so this one is not left out.
  manager.addPass(createFuseElementwise({isEnabled("elementwise")}));
}

/// The text of an option, which keeps no copy of it.
static StringRef describeDisabled() {
  static const std::string text =
      "Fusions to leave out: " + llvm::join(getFusionNames(), ", ");
  return text;
}

namespace {
struct FusePipelineOptions : PassPipelineOptions<FusePipelineOptions> {
  ListOption<std::string> disabled{*this, "disable",
                                   llvm::cl::desc(describeDisabled())};
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
