//===- Explain.h - What attune explain tells of -----------------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_EXPLAIN_H
#define ATTUNE_TOOLS_ATTUNE_EXPLAIN_H

#include "attune/Compiler/Compilation.h"
#include <string>
#include <vector>

namespace attune::tool {

/// Prints by what each kernel is computed: a table, or a list in JSON.
llvm::Error explainKernels(Compilation &compilation, bool json);

enum class FusionFormat { Text, YAML, JSON };

struct FusionFilter {
  bool missedOnly = false;
  /// Names of patterns, known ones; empty: all of them.
  std::vector<std::string> patterns;
};

/// Prints every candidate of a fusion that passes the filter, and its outcome.
llvm::Error explainFusions(Compilation &compilation, const FusionFilter &filter,
                           FusionFormat format);

/// Prints the names of the patterns, each with the fusion that looks for it.
void listFusionPatterns(FusionFormat format);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_EXPLAIN_H
