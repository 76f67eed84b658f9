//===- ReplayMeasurer.h - Measurements from records -------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_REPLAYMEASURER_H
#define ATTUNE_TUNING_REPLAYMEASURER_H

#include "attune/Tuning/Database.h"
#include "attune/Tuning/Measure.h"

namespace attune {

/// Answers from records of the kernel's workload and shapes, whatever machine
/// they come from, the last of each candidate; compiles and runs nothing. A
/// candidate without one fails to compile ("no record"), and so does a
/// reference. What a tuner does with it depends on the records and its seed
/// alone.
std::unique_ptr<Measurer> createReplayMeasurer(const TuningDatabase &records);

} // namespace attune

#endif // ATTUNE_TUNING_REPLAYMEASURER_H
