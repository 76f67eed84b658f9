//===- Measure.h - Running one kernel's codes in turns ----------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MEASURE_MEASURE_H
#define ATTUNE_LIB_RUNTIME_MEASURE_MEASURE_H

#include "attune/Runtime/MeasureABI.h"

#include <string_view>
#include <vector>

namespace attune::measure {

struct Settings {
  int64_t threads = 1;
  int64_t rounds = 9;
  double killRatio = 1.5;
  double sampleMs = 5;     ///< least time of one sample
  double tolerance = 1e-3; ///< largest difference that counts as right
  double timeout = 30;     ///< seconds that a run or a sample may take
  bool coldCaches = false;
  /// See Operands::create.
  int64_t weightBytes = 0;
  std::vector<int64_t> skip; ///< codes that are not to run
};

/// Reads the program's arguments, runs the kernel's codes and prints what came
/// of it (Events.h). Returns the program's exit status.
int runMeasurement(const AttuneMeasuredKernel &kernel,
                   const std::vector<std::string_view> &arguments);

} // namespace attune::measure

#endif // ATTUNE_LIB_RUNTIME_MEASURE_MEASURE_H
