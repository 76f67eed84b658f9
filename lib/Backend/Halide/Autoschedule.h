//===- Autoschedule.h - Halide's autoschedulers -----------------*- C++ -*-===//
//
// The knob `autoscheduler` replaces all others: 0 takes the family's schedule,
// another value the schedule that one of Halide's autoschedulers finds.
//
//   1 Mullapudi2016 (Mullapudi et al. 2016)   2 Adams2019 (Adams et al. 2019)
//   3 Li2018 (Li et al. 2018)                 4 Anderson2021 (for GPUs)
//
// What they find is made for the sizes that they are told of, and computes
// whole tiles and vectors of them: it would read and write beyond the ends of
// smaller buffers. Halide knows what it needs: such pipelines check their
// buffers before they do anything (KernelPipeline::Options::checksBuffers), and
// where they decline, a second pipeline with the family's own schedule runs.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_AUTOSCHEDULE_H
#define ATTUNE_LIB_BACKEND_HALIDE_AUTOSCHEDULE_H

#include "KernelPipeline.h"

namespace attune {

inline constexpr llvm::StringLiteral kAutoschedulerKnob = "autoscheduler";

/// Whether a schedule asks for an autoscheduler.
bool usesAutoscheduler(const Schedule &schedule);

/// The schedule in which the family decides for itself.
Schedule withoutAutoscheduler(const Schedule &schedule);

/// Adds the knob with those autoschedulers whose plugins are there.
void addAutoschedulerKnob(const TargetDesc &target,
                          llvm::SmallVectorImpl<Knob> &knobs);

/// Fails with the reason when the autoscheduler is unknown or its plugin is
/// not beside Halide.
llvm::LogicalResult verifyAutoscheduler(const Schedule &schedule,
                                        const TargetDesc &target,
                                        std::string &reason);

/// Schedules and compiles a pipeline that has no schedule (compilePipeline).
/// Autoschedulers end the process on pipelines that they are not made for, or
/// search for very long: this happens in a copy of the process, and is a reason
/// like others.
llvm::LogicalResult compileAutoscheduled(KernelPipeline &pipeline,
                                         const Schedule &schedule,
                                         llvm::StringRef symbol,
                                         std::string &bitcode,
                                         std::string &reason);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_AUTOSCHEDULE_H
