//===- Commands.h - The subcommands of attune -------------------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_COMMANDS_H
#define ATTUNE_TOOLS_ATTUNE_COMMANDS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CommandLine.h"

namespace attune::tool {

/// A subcommand, each in the file of its name.
struct Command {
  llvm::StringRef name;
  llvm::StringRef summary;
  /// Runs with argv[0] "attune NAME" and the arguments that follow; returns
  /// the exit status.
  int (*run)(int argc, const char **argv);
};

int runCompile(int argc, const char **argv);
int runDb(int argc, const char **argv);
int runExplain(int argc, const char **argv);
int runInspect(int argc, const char **argv);
int runLinearize(int argc, const char **argv);
int runVerify(int argc, const char **argv);
int runBench(int argc, const char **argv);
int runTune(int argc, const char **argv);
/// Subcommands that a compiled program has too: run, embed, tokenize, info.
int runRun(int argc, const char **argv);
int runEmbed(int argc, const char **argv);
int runTokenize(int argc, const char **argv);
int runInfo(int argc, const char **argv);

/// Parses the options of a subcommand; exits with status 2 on errors and 0
/// after
/// --help. `argv[0]` is "attune NAME". Called once in a process.
void parseOptions(int argc, const char **argv,
                  llvm::cl::OptionCategory &category,
                  llvm::cl::SubCommand &command, llvm::StringRef overview);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_COMMANDS_H
