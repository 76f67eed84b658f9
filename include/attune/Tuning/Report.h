//===- Report.h - A tuning run as a page ------------------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_REPORT_H
#define ATTUNE_TUNING_REPORT_H

#include "attune/Tuning/PairedTimes.h"
#include "attune/Tuning/Tuner.h"

namespace attune {

struct ReportTrial {
  TrialRecord record;
  /// Since the run began; below 0: known from an earlier run.
  double seconds = -1;
};

struct ReportKernel {
  KernelProgress progress; ///< its task outlives the report
  std::vector<ReportTrial> trials;
};

/// What a page about a tuning run shows.
struct TuningReport {
  std::string title; ///< the model or kernel
  /// The command's options and what they were.
  std::vector<std::pair<std::string, std::string>> options;
  TargetKey target;
  std::vector<ReportKernel> kernels;
  double seconds = 0;
  bool interrupted = false;
  /// Expected gain of the model over the seconds of the run.
  std::vector<std::pair<double, double>> gains;
  /// The model without and with the winners, when it was timed.
  std::optional<PairedTimes> model;
  std::string modelNote; ///< what is to be said of that
  /// Of the cost model, by cross-validation.
  std::optional<double> rankCorrelation;
};

/// One HTML file without references to others: styles and plots are within.
std::string renderReport(const TuningReport &report);

/// Writes the page, by rename once complete.
llvm::Error writeReport(llvm::StringRef path, const TuningReport &report);

} // namespace attune

#endif // ATTUNE_TUNING_REPORT_H
