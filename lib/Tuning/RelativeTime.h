//===- RelativeTime.h - What a measurement says of a candidate --*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_RELATIVETIME_H
#define ATTUNE_LIB_TUNING_RELATIVETIME_H

#include "attune/Tuning/Record.h"
#include <optional>

namespace attune {

/// The candidate's time in times of the default's, below 1 for faster ones;
/// nothing when it failed or its speedup is no positive number. One that was
/// dropped after a sample or two was slower than others in the same rounds:
/// it is not taken for faster than the default, which a disturbed sample of
/// the default would make it.
std::optional<double> getRelativeTime(const Measurement &result);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_RELATIVETIME_H
