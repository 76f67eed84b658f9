//===- RowResults.h - Results that are computed row by row ------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_ROWRESULTS_H
#define ATTUNE_LIB_BACKEND_HALIDE_ROWRESULTS_H

#include "RegionExprs.h"

namespace attune {

/// The results of a kernel, all of one shape, as funcs of (column, row) with
/// one loop nest.
class RowResults {
public:
  explicit RowResults(KernelPipeline &pipeline) : pipeline(pipeline) {}

  /// The position that `define` gives values for.
  Position getPosition() const { return {column, row}; }
  Halide::Var getColumnVar() const { return column; }
  Halide::Var getRowVar() const { return row; }
  /// Hands the results to the pipeline, given what is known at the position.
  void define(const KnownExprs &known);

  /// Tasks of about `elements` elements, in whole rows; `unroll` vectors of a
  /// row at a time.
  void scheduleCpu(int64_t elements, int64_t unroll);
  void scheduleGpu();
  /// Computes a func for one row, or for one task.
  Halide::LoopLevel atRow() const;
  Halide::LoopLevel atTask() const;

private:
  KernelPipeline &pipeline;
  Halide::Var column{"column"}, row{"row"}, task{"task"};
  std::vector<Halide::Func> results;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_ROWRESULTS_H
