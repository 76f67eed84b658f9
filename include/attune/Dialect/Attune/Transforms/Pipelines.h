//===- Pipelines.h - The phase `fuse` as a pass pipeline --------*- C++ -*-===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PIPELINES_H
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PIPELINES_H

#include "attune/Support/Error.h"
#include "mlir/Support/LLVM.h"
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace attune {

struct FuseOptions {
  /// Fusions to leave out, of getFusionNames(). Without "elementwise" every op
  /// runs as a kernel of its own.
  std::vector<std::string> disabled;
};

/// In their order: "softmax", "layer-norm", "rms-norm", "gelu", "silu",
/// "rotary", "linear", "attention", "reassociation",
/// "projections", "elementwise".
llvm::ArrayRef<llvm::StringLiteral> getFusionNames();

/// What a remark of category "fusion" is named after.
struct FusionPattern {
  llvm::StringRef name;   ///< of the remarks
  llvm::StringRef fusion; ///< the fusion that looks for it
};

/// The patterns that fusions look for: each its own, which has its name, then
/// the others it tells of.
llvm::ArrayRef<FusionPattern> getFusionPatterns();

/// A UserError that names the first fusion nobody knows.
llvm::Error checkFuseOptions(const FuseOptions &options);

/// Adds the first part of the phase `fuse`: what decomposed graphs say is found
/// in them, attention and norms among it, and no op is in a region yet. Run
/// twice it changes nothing more.
void buildRaisePipeline(mlir::OpPassManager &manager,
                        const FuseOptions &options = {});

/// Adds the passes of the phase `fuse` for a module as importers emit it.
/// Afterwards every op that computes stands in an attune.fused region; the
/// phase `kernels` begins with attune-outline-kernels.
void buildFusePipeline(mlir::OpPassManager &manager,
                       const FuseOptions &options = {});

/// Registers the pipeline `attune-fuse` for command lines.
void registerAttunePipelines();

} // namespace attune

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PIPELINES_H
