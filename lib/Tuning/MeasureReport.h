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
  /// Of a program with `codes` codes, nothing read yet.
  explicit MeasureReport(size_t codes) : codes(codes) {}

  /// Reads one more line; returns the code whose first result it is.
  std::optional<size_t> read(llvm::StringRef line);

  size_t codes;
  bool started = false, ended = false;
  /// Results by code, as far as they are known; the first one of each counts.
  std::map<size_t, Measurement> results;
  /// The code that was about to run or ran when the program said no more.
  std::optional<size_t> inFlight;
  /// Why the program measured nothing; empty: it did not say so.
  std::string failed;
};

/// "it crashed (signal 11)".
std::string describeCrash(int signal);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_MEASUREREPORT_H
