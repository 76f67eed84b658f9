//===- KernelPipeline.h - A kernel on its way to Halide ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_KERNELPIPELINE_H
#define ATTUNE_LIB_BACKEND_HALIDE_KERNELPIPELINE_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Kernel/Schedule.h"
#include "attune/Kernel/Target.h"
#include <Halide.h>

namespace attune {

/// How a buffer of the kernel is shown to Halide, innermost dimension first.
enum class BufferForm {
  Full, ///< with all dimensions of the memref
  Rows  ///< as a matrix (column, row): leading dimensions collapsed to one
};

/// One planned kernel, its operands as Halide parameters and its results as
/// funcs. All operands are in host memory, at min 0 in every dimension; extents
/// and strides that the memref types give are constants to Halide.
class KernelPipeline {
public:
  struct Options {
    /// Rows of result 0 that a launch has at most, and one at least; 0: any
    /// number.
    int64_t mostRows = 0;
    /// Whether the function first compares the buffers with what its schedule
    /// needs, and returns a status other than 0 where they are too small.
    bool checksBuffers = false;
  };

  /// `schedule` and `target` must outlive the pipeline.
  KernelPipeline(KernelOp kernel, const Schedule &schedule,
                 const TargetDesc &target, Options options);
  KernelPipeline(KernelOp kernel, const Schedule &schedule,
                 const TargetDesc &target)
      : KernelPipeline(kernel, schedule, target, Options()) {}

  KernelOp getKernel() const { return kernel; }
  const Schedule &getSchedule() const { return schedule; }
  const TargetDesc &getTarget() const { return target; }
  const Halide::Target &getHalideTarget() const { return halideTarget; }
  /// Options::mostRows.
  int64_t getMostRows() const { return options.mostRows; }
  /// f32 elements in a vector register.
  int getLanes() const { return static_cast<int>(target.getLanes()); }

  /// Argument `index` of the kernel; packed weights have the rank of their
  /// layout: (column in panel, k, panel). The same parameter in every call.
  Halide::ImageParam getInput(unsigned index, BufferForm form);

  /// Extent `dim` of the tensor type of result 0: a constant, or a parameter
  /// that launches set.
  Halide::Expr getResultExtent(unsigned dim);
  /// Columns (last extent) and rows (product of the others) of result 0.
  Halide::Expr getColumns();
  Halide::Expr getRows();

  /// Says that `func` computes result `index`; in the form Rows it has the
  /// dimensions (column, row), else those of the tensor, innermost first.
  void setResult(unsigned index, Halide::Func func, BufferForm form);
  llvm::ArrayRef<Halide::Func> getResults() const { return results; }

  /// A parameter of the compiled function, in order.
  struct Passed {
    enum Kind { Buffer, Extent } kind;
    /// Number among arguments, then results; for extents: the dimension of
    /// result 0.
    unsigned index;
    BufferForm form = BufferForm::Full;
    Halide::Argument argument;
  };
  /// Inputs and extents in order of first use; results follow in the compiled
  /// function, in order.
  llvm::ArrayRef<Passed> getInputs() const { return inputs; }
  BufferForm getResultForm(unsigned index) const { return forms[index]; }

private:
  KernelOp kernel;
  const Schedule &schedule;
  const TargetDesc &target;
  Options options;
  Halide::Target halideTarget;
  std::vector<Passed> inputs;
  std::vector<Halide::ImageParam> params; // of inputs; undefined for extents
  std::vector<Halide::Param<int32_t>> extents; // likewise
  std::vector<Halide::Func> results;
  std::vector<BufferForm> forms;
};

/// Halide's name of a CPU and its features, for code without a runtime of its
/// own, assertions and bounds queries. Its functions take the user context.
Halide::Target getHalideTarget(const TargetDesc &target);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_KERNELPIPELINE_H
