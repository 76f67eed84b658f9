//===- Features.h - Kernels, schedules and machines as numbers --*- C++ -*-===//
//
// What decides how fast a candidate is, for a model that knows neither kernel
// families nor backends: logarithms of extents and knobs, products of knobs
// (footprints of tiles), and for each extent and knob how often the knob goes
// into the extent and how much the last piece wastes.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_TUNING_FEATURES_H
#define ATTUNE_LIB_TUNING_FEATURES_H

#include "attune/Tuning/Record.h"

namespace attune {

/// What a prediction is asked for.
struct CostQuery {
  llvm::StringRef family;
  const KernelShapes &shapes;
  const Candidate &candidate;
  const TargetKey &target;
  int threads;
};

/// The columns that records need: one for each family, backend and knob that
/// occurs in them, by name.
class FeatureColumns {
public:
  FeatureColumns() = default;
  explicit FeatureColumns(llvm::ArrayRef<const TrialRecord *> records);

  /// One number a column; -1 stands for knobs that the schedule does not have.
  std::vector<float> compute(const CostQuery &query) const;

private:
  std::vector<std::string> families, backends, knobs; // sorted
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_FEATURES_H
