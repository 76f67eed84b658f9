//===- Autoschedule.h - Halide's autoschedulers -----------------*- C++ -*-===//
//
// The knob `autoscheduler` replaces all others: 0 takes the family's schedule,
// another value the schedule that one of Halide's autoschedulers finds.
//
//   1 Mullapudi2016 (Mullapudi et al. 2016)   2 Adams2019 (Adams et al. 2019)
//   3 Li2018 (Li et al. 2018)                 4 Anderson2021 (for GPUs)
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_AUTOSCHEDULE_H
#define ATTUNE_LIB_BACKEND_HALIDE_AUTOSCHEDULE_H

#include "KernelPipeline.h"

namespace attune {

inline constexpr llvm::StringLiteral kAutoschedulerKnob = "autoscheduler";

/// Whether a schedule asks for an autoscheduler.
bool usesAutoscheduler(const Schedule &schedule);

/// Adds the knob with those autoschedulers whose plugins are there.
void addAutoschedulerKnob(llvm::SmallVectorImpl<Knob> &knobs);

/// Fails with the reason when the autoscheduler is unknown or its plugin is
/// not beside Halide.
llvm::LogicalResult verifyAutoscheduler(const Schedule &schedule,
                                        std::string &reason);

/// Schedules a pipeline that has none. Throws Halide::Error.
void autoschedule(KernelPipeline &pipeline, const Schedule &schedule);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_AUTOSCHEDULE_H
