//===- MapAlgorithm.h - Elements that are computed alone --------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_MAPALGORITHM_H
#define ATTUNE_LIB_BACKEND_HALIDE_MAPALGORITHM_H

#include "HalideFamily.h"

namespace attune {

/// A result each of whose elements is computed from a few elements of the
/// operands. Tasks are runs of rows, vectors run along columns.
class MapAlgorithm : public Algorithm {
public:
  /// `element` is the result at (column, row).
  MapAlgorithm(KernelPipeline &pipeline, Halide::Expr element,
               Halide::Var column, Halide::Var row);

  void scheduleCpu() override;
  void scheduleGpu() override;

private:
  KernelPipeline &pipeline;
  Halide::Var column, row;
  Halide::Func result{"result"};
};

/// A family of such kernels. Its knob `elements` is about how many elements a
/// task computes.
class MapFamily : public HalideFamily {
public:
  llvm::LogicalResult supports(KernelOp kernel,
                               std::string &reason) const override;
  llvm::SmallVector<Knob> getKnobs(KernelOp, const TargetDesc &) const override;
  Schedule getDefaultSchedule(KernelOp, const TargetDesc &) const override;
  llvm::LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                                     const TargetDesc &,
                                     std::string &reason) const override;
};

/// Row `row` of result 0 as indices of its leading dimensions, the last of them
/// first.
std::vector<Halide::Expr> getRowIndices(KernelPipeline &pipeline,
                                        Halide::Expr row);

/// The number of a block argument of the kernel's region.
unsigned getArgument(mlir::Value value);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_MAPALGORITHM_H
