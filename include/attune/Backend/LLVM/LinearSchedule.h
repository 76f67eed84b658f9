//===- LinearSchedule.h - How a linear layer is computed --------*- C++ -*-===//
#ifndef ATTUNE_BACKEND_LLVM_LINEARSCHEDULE_H
#define ATTUNE_BACKEND_LLVM_LINEARSCHEDULE_H

#include "attune/Backend/Backend.h"
#include "attune/Kernel/Target.h"
#include <string>

namespace attune {

/// The knobs of family "linear", which the backends for CPUs share. A task
/// computes a block of rows by a group of columns; in it, tiles of registers go
/// down the rows of one column strip after the other, so that a strip of the
/// weight stays in L1/L2 while it is used, and the block of rows in L2.
struct LinearSchedule {
  int64_t mr = 6;       ///< rows of a register tile
  int64_t nv = 2;       ///< vectors of a register tile
  int64_t panel = 16;   ///< columns of a panel of the packed weight
  int64_t unroll = 4;   ///< steps of k in one iteration
  int64_t mc = 48;      ///< most rows of a task
  int64_t nc = 96;      ///< most columns of a task
  int64_t tasks = 24;   ///< tasks to make where there are columns enough
  int64_t kc = 4096;    ///< longest run of k that a tile is kept in registers
  int64_t packa = 0;    ///< 1: copy the block of rows to scratch memory first
  int64_t prefetch = 1; ///< strips ahead that the weight is fetched; 0: none

  /// The analytic choice for a weight of n x k.
  static LinearSchedule getDefault(const TargetDesc &target, int64_t n,
                                   int64_t k);
  /// `schedule` with the default where it says nothing.
  static LinearSchedule get(const Schedule &schedule, const TargetDesc &target,
                            int64_t n, int64_t k) {
    return getDefault(target, n, k).with(schedule);
  }
  /// This one, but for the knobs that `schedule` has.
  LinearSchedule with(const Schedule &schedule) const;
  Schedule toSchedule() const;
  llvm::LogicalResult verify(const TargetDesc &target,
                             std::string &reason) const;

  /// k in runs of equal length, at most kc: the length.
  int64_t getRunOfK(int64_t k) const;
  /// Vector registers of a tile: sums, a row of b, and one element of a.
  int64_t getRegisters() const { return mr * nv + nv + 1; }
  /// What a task on full blocks of rows uses again.
  Footprint getFootprint(const TargetDesc &target, int64_t n, int64_t k) const;

  /// The knobs for a weight of n x k, without choices that mean the same.
  static llvm::SmallVector<Knob> getKnobs(const TargetDesc &target, int64_t n,
                                          int64_t k);
};

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_LINEARSCHEDULE_H
