//===- MatmulSchedule.h - How two activations are multiplied ----*- C++ -*-===//
#ifndef ATTUNE_BACKEND_LLVM_MATMULSCHEDULE_H
#define ATTUNE_BACKEND_LLVM_MATMULSCHEDULE_H

#include "attune/Kernel/Schedule.h"
#include "attune/Kernel/Target.h"
#include "llvm/Support/LogicalResult.h"
#include <string>

namespace attune {

/// Knobs of family "matmul", which the backends for CPUs share: the register
/// tile as for "linear"; a task computes mc x nc of one product, over runs of
/// kc for which it packs the right-hand side into memory of its own, in the
/// panels that the register tiles read.
struct MatmulSchedule {
  int64_t mr, nv, mc, nc, kc, unroll;

  /// `schedule` with the analytic choice where it says nothing.
  MatmulSchedule(const Schedule &schedule, const TargetDesc &target);
  Schedule toSchedule() const;
  llvm::LogicalResult verify(const TargetDesc &target,
                             std::string &reason) const;
  static llvm::SmallVector<Knob> getKnobs(const TargetDesc &target);
};

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_MATMULSCHEDULE_H
