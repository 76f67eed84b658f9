//===- RowFamily.h - Families whose kernels work row by row -----*- C++ -*-===//
//
// Norms, softmax and their like: what happens to one row depends on that row
// alone, and elementwise ops before and after the anchor run in the same pass.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_ROWFAMILY_H
#define ATTUNE_LIB_BACKEND_HALIDE_ROWFAMILY_H

#include "Fold.h"
#include "HalideFamily.h"
#include "RowResults.h"
#include <functional>

namespace attune {

/// Steps over each row: buffers, reductions to single values, the result.
class RowAlgorithm : public Algorithm {
public:
  /// An element of a row, at a column.
  using Element = std::function<Halide::Expr(Halide::Expr column)>;

  explicit RowAlgorithm(KernelPipeline &pipeline);

  template <typename Op> Op getAnchor() const {
    KernelOp kernel = pipeline.getKernel();
    return mlir::cast<Op>(kernel.getAnchor().getOperation());
  }
  Halide::Expr getColumns() { return pipeline.getColumns(); }

  /// The values of the region in a row. Those that are computed are computed
  /// once and kept, if `buffered`.
  Element load(mlir::Value value, bool buffered);
  /// The same elements, computed once and kept.
  Element keep(const Element &element, const std::string &name);
  /// Combines the elements of a row, from `init`. The row is taken in several
  /// vectors at a time.
  Halide::Expr reduce(Combine kind, float init, const Element &element);
  /// The sums of elements that one pass computes.
  std::vector<Halide::Expr> sum(const std::vector<Element> &elements);
  /// A value that is computed once for a row.
  Halide::Expr once(Halide::Expr value, const std::string &name);
  /// Hands the anchor's result to the epilogue.
  void finish(const Element &result);

  void scheduleCpu() override;
  void scheduleGpu() override;

private:
  std::vector<Halide::Expr> reduceAll(Combine kind, float init,
                                      const std::vector<Element> &elements);

  /// Partial results of a reduction side by side, from whole steps and from
  /// what is left, and the results.
  struct Reduction {
    Halide::Func partial;
    Halide::RDom steps, rest;
    Fold fold;
  };

  KernelPipeline &pipeline;
  RowResults results;
  int width; ///< elements of a row that one step of a reduction combines
  Halide::Var column, row, part{"part"};
  std::vector<Halide::Func> buffers, values;
  std::vector<Reduction> reductions;
};

/// Knob `elements`: about how many elements a task computes, in whole rows.
class HalideRowFamily : public HalideFamily {
public:
  llvm::LogicalResult supports(KernelOp kernel,
                               std::string &reason) const override;
  llvm::SmallVector<Knob> getKnobs(KernelOp kernel,
                                   const TargetDesc &target) const override;
  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override;
  llvm::LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                                     const TargetDesc &target,
                                     std::string &reason) const override;
  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override;

protected:
  virtual void defineRow(RowAlgorithm &row) const = 0;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_ROWFAMILY_H
