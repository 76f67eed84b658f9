//===- ModelOptions.h - Options of all commands that compile ----*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_MODELOPTIONS_H
#define ATTUNE_TOOLS_ATTUNE_MODELOPTIONS_H

#include "attune/Compiler/Options.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"

namespace attune::tool {

/// The options that decide by what kernels are computed.
class ScheduleFlags {
public:
  /// Without `readsRecords` only --backend and --optimize-for: for a command
  /// that uses the tuner's records in a way of its own.
  ScheduleFlags(llvm::cl::OptionCategory &category,
                llvm::cl::SubCommand &command, bool readsRecords = true);

  /// What was given; errors name the flag.
  llvm::Expected<ScheduleOptions> get() const;

private:
  /// Where the tuner's records come from.
  struct Records {
    Records(llvm::cl::OptionCategory &category, llvm::cl::SubCommand &command);
    llvm::cl::list<std::string> databases;
    llvm::cl::opt<bool> noSeed, requireTuned;
  };
  std::string backendHelp; ///< options refer to their texts
  llvm::cl::opt<std::string> backend, optimizeFor;
  std::optional<Records> records;
};

/// The options that decide what is compiled, as flags of one command.
class ModelOptions {
public:
  /// `readsRecords` as in ScheduleFlags.
  ModelOptions(llvm::cl::OptionCategory &category,
               llvm::cl::SubCommand &command, bool readsRecords = true);

  /// What was given; errors name the flag.
  llvm::Expected<CompilerOptions> get(llvm::StringRef input) const;

private:
  llvm::cl::list<std::string> cpus;
  ScheduleFlags schedules;
  llvm::cl::list<std::string> noFuse;
  llvm::cl::opt<int64_t> maxSeq;
  llvm::cl::opt<std::string> compileFrom, compileTo, dumpPhasesTo, weights;
};

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_MODELOPTIONS_H
