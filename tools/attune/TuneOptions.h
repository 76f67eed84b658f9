//===- TuneOptions.h - Flags of attune tune ---------------------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_TUNEOPTIONS_H
#define ATTUNE_TOOLS_ATTUNE_TUNEOPTIONS_H

#include "ModelOptions.h"
#include "attune/Tuning/Tuner.h"

namespace attune::tool {

class TuneFlags {
public:
  TuneFlags();

  llvm::cl::OptionCategory category;
  llvm::cl::SubCommand command;
  llvm::cl::opt<std::string> model, kernel, time, database, strategy,
      targetGain, report, format, replay;
  llvm::cl::opt<int64_t> trials;
  llvm::cl::opt<int> jobs, threads, round;
  llvm::cl::opt<uint64_t> seed;
  llvm::cl::list<std::string> runners;
  llvm::cl::opt<bool> noResume, cold;
  ModelOptions compiler;

private:
  llvm::cl::alias threadsShort;
  std::string strategyHelp;
};

/// What the flags mean.
struct TuneOptions {
  TunerOptions tuner;
  double seconds = 0; ///< of the whole command; 0: no limit
  bool isJSON = false;
};

/// Checks the flags; UserErrors name the one that is wrong.
llvm::Expected<TuneOptions> getTuneOptions(const TuneFlags &flags);

/// Seconds of "90s", "2m", "1h30m", "500ms"; a bare number is in seconds.
/// Nothing for any other text.
std::optional<double> parseDuration(llvm::StringRef text);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_TUNEOPTIONS_H
