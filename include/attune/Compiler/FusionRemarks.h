//===- FusionRemarks.h - What was fused, what was not and why ---*- C++ -*-===//
//
// The passes of the phase `fuse` tell of every candidate by a remark of
// category "fusion" (remarkFused and remarkMissed). They are collected here as
// data, from MLIR's remark engine: nothing is read from their text.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_COMPILER_FUSIONREMARKS_H
#define ATTUNE_COMPILER_FUSIONREMARKS_H

#include "attune/Compiler/Compilation.h"
#include <string>
#include <vector>

namespace attune {

/// One candidate and its outcome.
struct FusionRemark {
  std::string pattern; ///< "attention", "linear", ...
  bool isFused = false;
  /// The model's own name of the layer or node; the file, line and column of
  /// IR without names, else "unnamed".
  std::string where;
  /// What was fused, or why it was not.
  std::string reason;
  /// What to do about a miss; empty for what was fused.
  std::string hint;
};

/// Runs a compilation that has been loaded through the phase `fuse` and returns
/// the remarks in the order in which passes made them. A UserError when it
/// stands behind that phase, since IR does not say what led to it.
llvm::Expected<std::vector<FusionRemark>>
collectFusionRemarks(Compilation &compilation);

/// A UserError, naming `flag`, for the first of `patterns` that no pass knows;
/// it lists those that there are.
llvm::Error checkFusionPatterns(llvm::ArrayRef<std::string> patterns,
                                llvm::StringRef flag);

/// Whether --require=`patterns` can be asked of a compilation with `options`: a
/// UserError for names nobody knows, for those whose fusion the options leave
/// out, and when they stop before the phase `fuse`.
llvm::Error checkRequiredFusions(llvm::ArrayRef<std::string> patterns,
                                 const CompilerOptions &options);

/// Runs a compilation through the phase `fuse`; an UnsupportedError with all
/// candidates of `patterns` that it leaves unfused, those with equal reasons
/// counted together. A pattern without candidates is no error: a model may
/// bring the op itself.
llvm::Error requireFusions(Compilation &compilation,
                           llvm::ArrayRef<std::string> patterns);

} // namespace attune

#endif // ATTUNE_COMPILER_FUSIONREMARKS_H
