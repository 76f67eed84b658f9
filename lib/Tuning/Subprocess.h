//===- Subprocess.h - Processes that may hang or crash ----------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_SUBPROCESS_H
#define ATTUNE_LIB_TUNING_SUBPROCESS_H

#include "attune/Tuning/Measure.h"
#include <string>
#include <vector>

namespace attune {

/// What to run.
struct Subprocess {
  /// Path of the program, then its arguments.
  std::vector<std::string> command;
  /// "NAME=value", in addition to this process's environment.
  std::vector<std::string> environment;
  /// File on its standard input; empty: none.
  std::string input;
  /// It is ended when it prints nothing for so many seconds, ...
  double silence = 60;
  /// ... and soon after this is true. May be null.
  std::function<bool()> stopCondition;
  /// Told each whole line of its output as soon as it comes. May be null.
  std::function<void(llvm::StringRef)> lineTold;
};

/// Runs a process in a group of its own, which it does not outlive: whatever
/// happens, it and its children are killed and waited for in the end, also when
/// this process dies. Keyboard signals do not reach it.
Runner::Outcome runSubprocess(const Subprocess &process);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_SUBPROCESS_H
