//===- LinearAlgorithm.h - Products with packed weights ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_LINEARALGORITHM_H
#define ATTUNE_LIB_BACKEND_HALIDE_LINEARALGORITHM_H

#include "HalideFamily.h"
#include "attune/Backend/LLVM/LinearSchedule.h"

namespace attune {

/// What follows a product, and where its operands lie: shared by the forms in
/// which a linear kernel is written.
class LinearAlgorithm : public Algorithm {
public:
  LinearAlgorithm(KernelPipeline &pipeline, const LinearSchedule &schedule);

protected:
  /// The input at (k, row).
  Halide::Expr inputAt(Halide::Expr k, Halide::Expr row);
  /// The weight at k in a column of a panel.
  Halide::Expr weightAt(Halide::Expr columnInPanel, Halide::Expr k,
                        Halide::Expr panel);
  /// Bias and epilogue on the sum of products.
  Halide::Expr finish(Halide::Expr sum);

  KernelPipeline &pipeline;
  LinearSchedule schedule;
  LinearOp linear;
  int n, k, panel, numPanels;
  Halide::Expr rows;
  Halide::Var column{"column"}, row{"row"};
  Halide::Func result{"result"};

private:
  bool showsRows;
};

/// The sums of register tiles as a func over (column in tile, tile across, row
/// in tile, tile down): its extents in a tile are constants, whatever those of
/// the result are, so that a tile stays in registers.
class TiledLinear : public LinearAlgorithm {
public:
  TiledLinear(KernelPipeline &pipeline, const LinearSchedule &schedule);
  void scheduleCpu() override;
  void scheduleGpu() override;

private:
  void chooseTile();
  Halide::Expr product(Halide::Expr k);
  Halide::Expr weightOfTile(Halide::Expr k);
  void addProducts(Halide::Func func, Halide::Expr first, int length);
  Halide::Func definePartial(Halide::Expr first, int length, bool byRun);
  /// The tiles of one task: across and down.
  std::pair<Halide::Expr, Halide::Expr> getTilesOfTask();
  int getPackedStride();
  void vectorize(Halide::Stage stage);
  void scheduleProducts(Halide::Func func);

  int mr, columns, runOfK, wholeRuns;
  Halide::Var ci{"ci"}, co{"co"}, ri{"ri"}, ro{"ro"}, run{"run"};
  Halide::Var lane{"lane"}, vec{"vec"};
  Halide::RDom runs;
  Halide::Func sums{"sums"};
  /// Sums over one run of k, and over the shorter last one, where k is cut.
  llvm::SmallVector<Halide::Func, 2> partials;
  /// The rows of a task in memory of its own; undefined without packa.
  Halide::Func packed;
  Halide::Var packedK{"pk"}, packedRow{"pr"};
};

/// The product as it is written in books, for autoschedulers.
class PlainLinear : public LinearAlgorithm {
public:
  PlainLinear(KernelPipeline &pipeline, const LinearSchedule &schedule);
  void scheduleCpu() override {}
  void scheduleGpu() override {}

private:
  Halide::Func sums{"sums"};
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_LINEARALGORITHM_H
