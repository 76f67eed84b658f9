//===- ModelOptions.h - Options of all commands that compile ----*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_MODELOPTIONS_H
#define ATTUNE_TOOLS_ATTUNE_MODELOPTIONS_H

#include "attune/Compiler/Options.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"

namespace attune::tool {

/// The options that decide what is compiled, as flags of one command.
class ModelOptions {
public:
  ModelOptions(llvm::cl::OptionCategory &category,
               llvm::cl::SubCommand &command);

  /// What was given; errors name the flag.
  llvm::Expected<CompilerOptions> get(llvm::StringRef input) const;

private:
  llvm::cl::list<std::string> cpus;
  llvm::cl::opt<std::string> backend;
  llvm::cl::list<std::string> noFuse;
  llvm::cl::opt<int64_t> maxSeq;
  llvm::cl::opt<std::string> compileFrom, compileTo, dumpPhasesTo, weights;
};

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_MODELOPTIONS_H
