//===- LinearizeCosts.h - What linear attention takes here ------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_LINEARIZECOSTS_H
#define ATTUNE_TOOLS_ATTUNE_LINEARIZECOSTS_H

#include "attune/Linearize/Report.h"

namespace attune::tool {

/// What has been measured takes so long at a length that longer ones are left
/// out, in ms.
inline constexpr double kLongestRunMs = 2000;

/// Times softmax attention of one layer, the first linear one, and what
/// replaces it, as kernels of their own on random values, in turns: at 128, 256
/// and so on up to `longest` tokens (at most 32768), as long as no run takes
/// more than kLongestRunMs. `threads` as for models: 0 stands for all CPUs.
/// Nothing when no layer can be linear, or `longest` is below 128. UserErrors:
/// what compiling the kernels says.
llvm::Expected<std::optional<AttentionCosts>>
measureCosts(mlir::MLIRContext &context, const LinearizeReport &report,
             const CompilerOptions &compiler, int64_t longest, int threads,
             llvm::function_ref<void(llvm::StringRef)> progress);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_LINEARIZECOSTS_H
