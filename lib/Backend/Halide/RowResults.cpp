//===- RowResults.cpp - Results that are computed row by row --------------===//
#include "RowResults.h"

using namespace attune;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

void RowResults::define(const KnownExprs &known) {
  RegionExprs region(pipeline);
  for (auto [i, value] :
       llvm::enumerate(region.getResults(getPosition(), known))) {
    Func result("result" + std::to_string(i));
    result(column, row) = value;
    pipeline.setResult(i, result, BufferForm::Rows);
    results.push_back(result);
  }
}

void RowResults::scheduleCpu(int64_t elements, int64_t unroll) {
  // At least one row.
  Halide::Expr rows = Halide::max(static_cast<int32_t>(elements) /
                                      Halide::max(pipeline.getColumns(), 1),
                                  1);
  int lanes = pipeline.getLanes(), count = static_cast<int>(unroll);
  Var vector("vector");
  for (Func &result : results) {
    result.split(row, task, row, rows, TailStrategy::GuardWithIf)
        .parallel(task)
        .split(column, column, vector, lanes * count, TailStrategy::GuardWithIf)
        .vectorize(vector, lanes)
        .unroll(vector);
    if (result.name() != results.front().name())
      result.compute_with(results.front(), row);
  }
}

void RowResults::scheduleGpu() {
  Var block("block"), thread("thread");
  for (Func &result : results)
    result.gpu_tile(column, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(row);
}

Halide::LoopLevel RowResults::atRow() const { return {results.front(), row}; }
Halide::LoopLevel RowResults::atTask() const { return {results.front(), task}; }
