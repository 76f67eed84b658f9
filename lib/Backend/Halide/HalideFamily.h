//===- HalideFamily.h - One file a family of kernels ------------*- C++ -*-===//
//
// A family writes all kernels with one kind of anchor as Halide algorithms,
// each once, and schedules them: for CPUs by the values of knobs, for GPUs by
// knobs of their own. Families are listed in Families.def.
//
// Files of this folder are compiled with exceptions and RTTI, which Halide
// needs; its errors end in HalideBackend.cpp and become diagnostics there.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_HALIDEFAMILY_H
#define ATTUNE_LIB_BACKEND_HALIDE_HALIDEFAMILY_H

#include "KernelPipeline.h"
#include "attune/Backend/FamilyBackend.h"
#include <memory>

namespace attune {

/// The funcs of one kernel and the ways to schedule them. What an algorithm
/// computes does not depend on the schedule.
class Algorithm {
public:
  virtual ~Algorithm() = default;
  /// Schedules for the CPU of the pipeline's target by the pipeline's schedule.
  virtual void scheduleCpu() = 0;
  /// Schedules for a GPU: every func that is computed at root is a launch.
  virtual void scheduleGpu() = 0;
};

class HalideFamily : public Family {
public:
  /// Numbers of rows of result 0, ascending, up to which launches get a
  /// pipeline of their own (KernelPipeline::getMostRows), beside the one for
  /// any number.
  virtual llvm::SmallVector<int64_t>
  getRowLimits(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const {
    return {};
  }
  /// Defines the funcs of the kernel and hands its results to the pipeline
  /// (KernelPipeline::setResult), without any schedule.
  virtual std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const = 0;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_HALIDEFAMILY_H
