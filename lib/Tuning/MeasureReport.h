//===- MeasureReport.h - What a measuring program printed -------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_MEASUREREPORT_H
#define ATTUNE_LIB_TUNING_MEASUREREPORT_H

#include "attune/Tuning/Record.h"
#include <map>
#include <optional>

namespace attune {

/// The lines of lib/Runtime/Measure/Events.h, read. Other lines (what shells
/// and schedulers print) are ignored.
struct MeasureReport {
  bool started = false, ended = false;
  /// Results by code, as far as they are known.
  std::map<size_t, Measurement> results;
  /// The code that was about to run or ran when the program said no more.
  std::optional<size_t> inFlight;
  /// Why the program measured nothing; empty: it did not say so.
  std::string failed;
};

/// Reads the lines of a program with `codes` codes.
MeasureReport readMeasureReport(llvm::ArrayRef<std::string> lines,
                                size_t codes);

/// "it crashed (signal 11)".
std::string describeCrash(int signal);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_MEASUREREPORT_H
