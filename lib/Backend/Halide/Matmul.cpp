//===- Matmul.cpp - Products of two activations ---------------------------===//
#include "Autoschedule.h"
#include "Families.h"
#include "MapAlgorithm.h"
#include "RegionExprs.h"
#include "attune/Backend/LLVM/MatmulSchedule.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

/// The schedule that `schedule` stands for. Distances between rows are known
/// only when a kernel runs: each row of a tile takes a register for its
/// address.
static MatmulSchedule complete(const Schedule &schedule,
                               const TargetDesc &target) {
  MatmulSchedule s(schedule, target);
  s.mr = schedule.get("mr", std::min<int64_t>(s.mr, 8));
  return s;
}

namespace {

/// Register tiles as in LinearAlgorithm.h, for every product of the batch: the
/// batch's dimensions follow in every func, the last of them first. The strip
/// of the right-hand side that a column of tiles reads is packed for it.
class MatmulAlgorithm : public Algorithm {
public:
  explicit MatmulAlgorithm(KernelPipeline &pipeline);
  void scheduleCpu() override;
  void scheduleGpu() override;

private:
  static RankedTensorType getType(Value value) {
    return cast<RankedTensorType>(value.getType());
  }
  std::vector<Expr> withBatch(std::vector<Expr> place) const {
    llvm::append_range(place, batch);
    return place;
  }
  /// Element (`first`, `second`) of an operand's matrices, innermost first.
  Expr operandAt(Value operand, Expr first, Expr second);
  Expr leftAt(Expr k, Expr row) { return operandAt(matmul.getLhs(), k, row); }
  Expr rightAt(Expr column, Expr k) {
    return matmul.getTransposeRhs() ? operandAt(matmul.getRhs(), k, column)
                                    : operandAt(matmul.getRhs(), column, k);
  }
  void defineTiles();
  void definePlain();
  /// What follows the product, at the place of the result.
  Expr finish(Expr sum);
  void vectorize(Halide::Stage stage);

  KernelPipeline &pipeline;
  MatmulOp matmul;
  MatmulSchedule schedule;
  Expr m, n, k;
  int mr, columns;
  Var column{"column"}, row{"row"};
  std::vector<Var> batch;
  Var ci{"ci"}, co{"co"}, ri{"ri"}, ro{"ro"}, kp{"kp"};
  Var lane{"lane"}, vec{"vec"};
  RDom r, inStrip;
  Func packed{"packed"}, sums{"sums"}, result{"result"};
};

MatmulAlgorithm::MatmulAlgorithm(KernelPipeline &pipeline)
    : pipeline(pipeline),
      matmul(cast<MatmulOp>(pipeline.getKernel().getAnchor().getOperation())),
      schedule(complete(pipeline.getSchedule(), pipeline.getTarget())) {
  int64_t rank = getType(matmul.getResult()).getRank();
  m = pipeline.getResultExtent(rank - 2);
  n = pipeline.getResultExtent(rank - 1);
  k = pipeline.getInput(getArgument(matmul.getLhs()), BufferForm::Full)
          .dim(0)
          .extent();
  for (int64_t dim = rank - 3; dim >= 0; --dim)
    batch.emplace_back("b" + std::to_string(dim));
  bool gpu = pipeline.getHalideTarget().has_gpu_feature();
  mr = gpu ? 4 : static_cast<int>(schedule.mr);
  columns = gpu ? 4 : static_cast<int>(schedule.nv) * pipeline.getLanes();
  r = RDom(0, k, "k");
  if (usesAutoscheduler(pipeline.getSchedule()))
    definePlain();
  else
    defineTiles();
  pipeline.setResult(0, result, BufferForm::Full);
}

Expr MatmulAlgorithm::operandAt(Value operand, Expr first, Expr second) {
  ArrayRef<int64_t> shape = getType(operand).getShape();
  ArrayRef<int64_t> full = getType(matmul.getResult()).getShape();
  std::vector<Expr> place{first, second};
  for (size_t i = 0; i + 2 < shape.size(); ++i) {
    bool repeated =
        shape[shape.size() - 3 - i] == 1 && full[full.size() - 3 - i] != 1;
    place.push_back(repeated ? Expr(0) : Expr(batch[i]));
  }
  return pipeline.getInput(getArgument(operand), BufferForm::Full)(place);
}

Expr MatmulAlgorithm::finish(Expr sum) {
  // Rows of the result count through the matrices of the batch.
  Expr matrix = 0;
  int64_t rank = getType(matmul.getResult()).getRank();
  for (int64_t dim = 0; dim + 2 < rank; ++dim)
    matrix = matrix * pipeline.getResultExtent(dim) + batch[rank - 3 - dim];
  KnownExprs known;
  known[matmul.getResult()] = sum;
  return RegionExprs(pipeline).getResults({column, matrix * m + row}, known)[0];
}

void MatmulAlgorithm::definePlain() {
  std::vector<Expr> place = withBatch({column, row});
  sums(place) = 0.0f;
  sums(place) += leftAt(r, Halide::min(row, m - 1)) *
                 rightAt(Halide::min(column, n - 1), r);
  result(place) = finish(sums(place));
}

void MatmulAlgorithm::defineTiles() {
  Expr row = Halide::min(Halide::likely(ro * mr + ri), m - 1);
  std::vector<Expr> tile = withBatch({ci, co, ri, ro});
  Expr right;
  if (pipeline.getHalideTarget().has_gpu_feature()) {
    right = rightAt(Halide::min(co * columns + ci, n - 1), r);
  } else {
    // Columns that are not there stay undefined, and so do their sums.
    inStrip = RDom(0, columns, "strip");
    inStrip.where(co * columns + inStrip < n);
    packed(withBatch({ci, kp, co})) = Halide::undef<float>();
    packed(withBatch({inStrip, kp, co})) = rightAt(co * columns + inStrip, kp);
    right = packed(withBatch({ci, r, co}));
  }
  sums(tile) = 0.0f;
  sums(tile) += leftAt(r, row) * right;
  result(withBatch({column, this->row})) = finish(sums(withBatch(
      {column % columns, column / columns, this->row % mr, this->row / mr})));
}

/// Vectors along the columns of a tile, rows above them, both unrolled.
void MatmulAlgorithm::vectorize(Halide::Stage stage) {
  stage.split(ci, vec, lane, pipeline.getLanes(), TailStrategy::GuardWithIf)
      .reorder(lane, vec, ri)
      .vectorize(lane)
      .unroll(vec)
      .unroll(ri);
}

void MatmulAlgorithm::scheduleCpu() {
  Var strip("strip"), tile("tile"), group("group"), block("block"),
      task("task");
  constexpr TailStrategy guard = TailStrategy::GuardWithIf;
  int lanes = pipeline.getLanes();
  int strips = std::max<int>(schedule.nc / columns, 1);
  int tiles = std::max<int>(schedule.mc / mr, 1);
  result.split(column, strip, column, columns, guard)
      .split(row, tile, row, mr, guard)
      .split(strip, group, strip, strips, guard)
      .split(tile, block, tile, tiles, guard)
      .split(column, vec, lane, lanes, guard)
      .reorder(lane, vec, row, tile, strip, block, group)
      .vectorize(lane)
      .unroll(vec);
  // Tasks that follow each other read the same columns.
  result.fuse(block, group, task);
  for (const Var &dim : batch)
    result.fuse(task, dim, task);
  result.parallel(task);
  for (const Var &var : {task, strip, row, vec, lane})
    result.partition(var, Partition::Never);

  packed.compute_at(result, strip).bound(ci, 0, columns).bound_extent(co, 1);
  RVar outer("outer"), inner("inner");
  Halide::Stage packing = packed.update();
  packing.split(inStrip, outer, inner, lanes, guard);
  if (matmul.getTransposeRhs()) {
    // Rows of the operand are read along k.
    Var block("block");
    packing.split(kp, block, kp, lanes, guard)
        .reorder(kp, inner, outer, block)
        .vectorize(kp);
  } else {
    packing.reorder(inner, outer, kp).vectorize(inner).unroll(outer);
  }

  sums.compute_at(result, tile).bound(ci, 0, columns).bound(ri, 0, mr);
  sums.bound_extent(co, 1).bound_extent(ro, 1);
  vectorize(sums);
  Halide::Stage adding = sums.update();
  vectorize(adding);
  adding.split(r, outer, inner, static_cast<int>(schedule.unroll), guard)
      .reorder(lane, vec, ri, inner, outer)
      .unroll(inner);
}

void MatmulAlgorithm::scheduleGpu() {
  Var bx("bx"), by("by"), tx("tx"), ty("ty");
  constexpr TailStrategy guard = TailStrategy::GuardWithIf;
  constexpr int threads = 16;
  result.split(column, bx, column, threads * columns, guard)
      .split(column, tx, column, columns)
      .split(row, by, row, threads * mr, guard)
      .split(row, ty, row, mr)
      .reorder(column, row, tx, ty, bx, by)
      .unroll(column)
      .unroll(row)
      .gpu_threads(tx, ty);
  if (batch.empty()) {
    result.gpu_blocks(bx, by);
  } else {
    Var matrix = batch.front();
    for (const Var &dim : llvm::ArrayRef(batch).drop_front())
      result.fuse(matrix, dim, matrix);
    result.gpu_blocks(bx, by, matrix);
  }
  sums.compute_at(result, tx).bound(ci, 0, columns).bound(ri, 0, mr);
  sums.bound_extent(co, 1).bound_extent(ro, 1);
  sums.reorder(ci, ri).unroll(ci).unroll(ri);
  sums.update().reorder(ci, ri, r.x).unroll(ci).unroll(ri);
}

class MatmulFamily : public HalideFamily {
public:
  StringRef getName() const override { return "matmul"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto matmul = dyn_cast_or_null<MatmulOp>(kernel.getAnchor().getOperation());
    if (!matmul || !isa<BlockArgument>(matmul.getLhs()) ||
        !isa<BlockArgument>(matmul.getRhs())) {
      reason = "a matmul kernel needs attune.matmul on its own arguments";
      return failure();
    }
    return RegionExprs::supportsResults(kernel, matmul.getResult(), reason);
  }

  SmallVector<Knob> getKnobs(KernelOp,
                             const TargetDesc &target) const override {
    SmallVector<Knob> knobs = MatmulSchedule::getKnobs(target);
    llvm::erase_if(knobs, [](const Knob &knob) { return knob.name == "kc"; });
    return knobs;
  }

  Schedule getDefaultSchedule(KernelOp,
                              const TargetDesc &target) const override {
    Schedule schedule, all = complete(Schedule(), target).toSchedule();
    for (const auto &[name, value] : all.getValues())
      if (name != "kc")
        schedule.set(name, value);
    return schedule;
  }

  LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    return complete(schedule, target).verify(target, reason);
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    return std::make_unique<MatmulAlgorithm>(pipeline);
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideMatmul() {
  return std::make_unique<MatmulFamily>();
}
