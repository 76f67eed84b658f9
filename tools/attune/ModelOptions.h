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
  /// Always --backend; what says where the tuner's records come from with
  /// `readsRecords`, for a command may use them in a way of its own;
  /// --optimize-for with `hasModel`.
  ScheduleFlags(llvm::cl::OptionCategory &category,
                llvm::cl::SubCommand &command, bool readsRecords = true,
                bool hasModel = true);

  /// What was given; errors name the flag.
  llvm::Expected<ScheduleOptions> get() const;

private:
  /// Where the tuner's records come from.
  struct Records {
    Records(llvm::cl::OptionCategory &category, llvm::cl::SubCommand &command);
    llvm::cl::list<std::string> databases;
    llvm::cl::opt<bool> noSeed, requireTuned;
  };
  llvm::cl::opt<std::string> backend;
  std::optional<llvm::cl::opt<std::string>> optimizeFor;
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
  llvm::cl::opt<std::string> gpu;
  ScheduleFlags schedules;
  std::string fusions; ///< the text of --no-fuse, which keeps no copy of it
  llvm::cl::list<std::string> noFuse;
  llvm::cl::list<std::string> fixInput;
  llvm::cl::opt<int64_t> maxSeq;
  llvm::cl::opt<std::string> compileFrom, compileTo, dumpPhasesTo, weights;
};

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_MODELOPTIONS_H
