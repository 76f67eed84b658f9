//===- Attention.cpp - The family of softmax attention --------------------===//
#include "AttentionForm.h"
#include "Families.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

/// Heads beyond this would need more scratch memory than a core's L2.
constexpr int64_t kMaxHeadDim = 4096;
/// Keys of a block, for single queries.
constexpr int kRowKeys = 512;
/// Queries of a tile and keys of a block on GPUs.
constexpr int kGpuQueries = 16, kGpuKeys = 512;

/// The largest divisor of `whole` up to `bound`.
int64_t getDivisor(int64_t whole, int64_t bound) {
  int64_t divisor = std::clamp<int64_t>(bound, 1, whole);
  while (whole % divisor)
    --divisor;
  return divisor;
}

AttentionOp getOp(KernelOp kernel) {
  return cast<AttentionOp>(kernel.getAnchor().getOperation());
}

/// Queries in tiles, or one at a time when there are only few.
class AttentionAlgorithm : public Algorithm {
public:
  AttentionAlgorithm(KernelPipeline &pipeline, const AttentionTiles &tiling,
                     int few)
      : tiling(tiling), shape(getOp(pipeline.getKernel())) {
    AttentionOp op = getOp(pipeline.getKernel());
    Expr queries = pipeline.getResultExtent(1);
    if (pipeline.getHalideTarget().has_gpu_feature()) {
      tiles = std::make_unique<AttentionForm>(pipeline, op, kGpuQueries,
                                              kGpuKeys, 1);
    } else {
      isFew = Halide::Internal::simplify(queries <= few);
      if (!Halide::Internal::is_const_one(isFew))
        tiles = std::make_unique<AttentionForm>(
            pipeline, op, tiling.getQueries(), tiling.kb, tiling.mr);
      if (!Halide::Internal::is_const_zero(isFew))
        rows = std::make_unique<AttentionForm>(pipeline, op, 1, kRowKeys,
                                               tiling.lanes);
    }
    if (tiles && rows)
      result(column, query, batch) =
          Halide::select(isFew, rows->get(column, query, batch),
                         tiles->get(column, query, batch));
    else
      result(column, query, batch) =
          (tiles ? tiles : rows)->get(column, query, batch);
    pipeline.setResult(0, result, BufferForm::Full);
  }

  void scheduleCpu() override {
    result.bound(column, 0, shape.heads * shape.valueDim);
    if (rows) {
      Var task("task_of_row");
      scheduleTasks(tiles ? result.specialize(isFew) : Halide::Stage(result), 1,
                    task);
      rows->scheduleRows({result, task}, tiling.lanes);
    }
    if (tiles) {
      Var task("task_of_tile");
      scheduleTasks(Halide::Stage(result), tiling.getQueries(), task);
      tiles->scheduleTiles({result, task}, tiling);
    }
  }

  void scheduleGpu() override {
    Var block("block"), thread("thread");
    result.gpu_tile(column, block, thread, 64, TailStrategy::GuardWithIf)
        .gpu_blocks(query, batch);
    tiles->scheduleGpu();
  }

private:
  /// A task is `queries` queries of one head.
  void scheduleTasks(Halide::Stage stage, int queries, Var task) {
    Var head("head"), tile("tile");
    int lanes = AttentionForm::getColumnLanes(shape.valueDim, tiling.lanes);
    stage.split(column, head, column, shape.valueDim)
        .split(query, tile, query, queries, TailStrategy::GuardWithIf)
        .reorder(column, query, tile, head, batch)
        .vectorize(column, lanes, TailStrategy::GuardWithIf)
        .fuse(tile, head, task)
        .fuse(task, batch, task)
        .parallel(task);
  }

  AttentionTiles tiling;
  AttentionShape shape;
  Expr isFew;
  std::unique_ptr<AttentionForm> tiles, rows;
  Var column{"column"}, query{"query"}, batch{"batch"};
  Func result{"result"};
};

/// Knobs as in the LLVM backend where they mean the same; `few` is its own.
class AttentionFamily : public HalideFamily {
public:
  StringRef getName() const override { return "attention"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    AttentionOp op = getOp(kernel);
    for (Value operand : op->getOperands())
      if (!isa<BlockArgument>(operand)) {
        reason = "operands of attention must be operands of the kernel";
        return failure();
      }
    if (kernel.getYield().getNumOperands() != 1 ||
        kernel.getYield().getOperand(0) != op.getResult()) {
      reason = "attention takes no epilogue";
      return failure();
    }
    // Halide's loops over keys are the same for all queries, so that causal
    // attention would cost twice what it needs; and it takes infinities for
    // what never is.
    for (auto [isThere, what] :
         {std::pair(op.getCausal() != Causal::none, "causal attention"),
          {op.getBias() != nullptr, "attention with a bias"},
          {!op.getSoftcap().isZero(), "attention with capped scores"}})
      if (isThere) {
        reason = std::string(what) + " is left to the LLVM backend";
        return failure();
      }
    if (op.getHeadDim() > kMaxHeadDim || op.getValueDim() > kMaxHeadDim) {
      reason = "a head size of more than " + std::to_string(kMaxHeadDim);
      return failure();
    }
    return success();
  }

  SmallVector<Knob> getKnobs(KernelOp,
                             const TargetDesc &target) const override {
    bool wide = target.vectorRegisters >= 32;
    return {
        {"mr", "keys of a register tile of scores",
         wide ? SmallVector<int64_t>{4, 6, 8, 10, 12, 14}
              : SmallVector<int64_t>{2, 3, 4, 6}},
        {"nv", "vectors of queries of a tile", {1, 2, 3, 4}},
        {"kb", "keys of a block", {64, 96, 128, 192, 256, 512}},
        {"rows", "queries of a register tile of results", {4, 6, 8, 12}},
        {"columns", "vectors of columns of a register tile", {1, 2, 4}},
        {"unroll", "unrolling of the inner loops", {1, 2, 4}},
        {"few", "queries up to which each is a tile of its own", {0, 4, 8, 16}},
    };
  }

  Schedule getDefaultSchedule(KernelOp,
                              const TargetDesc &target) const override {
    bool wide = target.vectorRegisters >= 32;
    Schedule schedule;
    schedule.set("mr", wide ? 8 : 4).set("nv", wide ? 2 : 3).set("kb", 128);
    schedule.set("rows", wide ? 8 : 6).set("columns", 2).set("unroll", 2);
    return schedule.set("few", 8);
  }

  LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    Schedule analytic = getDefaultSchedule(kernel, target);
    auto within = [&](StringRef name, int64_t lowest, int64_t highest) {
      int64_t value = schedule.get(name, analytic.get(name, 1));
      if (value >= lowest && value <= highest)
        return true;
      reason = (name + " = " + Twine(value) + " is not between " +
                Twine(lowest) + " and " + Twine(highest))
                   .str();
      return false;
    };
    if (!within("mr", 1, 32) || !within("nv", 1, 8) || !within("kb", 1, 4096) ||
        !within("rows", 1, 32) || !within("columns", 1, 8) ||
        !within("unroll", 1, 16) || !within("few", 0, 1 << 20))
      return failure();
    AttentionTiles tiling = getTiling(kernel, schedule, target);
    int64_t registers = getRegisters(tiling);
    if (registers > target.vectorRegisters) {
      reason = "register tiles of mr = " + std::to_string(tiling.mr) +
               " by nv = " + std::to_string(tiling.nv) +
               " and rows = " + std::to_string(tiling.rows) +
               " by columns = " + std::to_string(tiling.columns) + " need " +
               std::to_string(registers) + " vector registers of " +
               std::to_string(target.vectorRegisters);
      return failure();
    }
    return success();
  }

  std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const override {
    std::string reason;
    if (failed(verifySchedule(kernel, schedule, target, reason)))
      return std::nullopt;
    AttentionShape shape(getOp(kernel));
    AttentionTiles tiling = getTiling(kernel, schedule, target);
    int64_t queries = tiling.getQueries();
    int64_t scores = tiling.kb * queries * 4; // and as many weights
    Footprint footprint;
    footprint.registers = getRegisters(tiling);
    // All keys of the block pass over the packed queries; all vectors of
    // columns of the values over the weights.
    footprint.l1Bytes = std::max(scores, int64_t(shape.headDim) * queries * 4);
    footprint.l2Bytes =
        2 * scores +
        4 * int64_t(shape.headDim + shape.valueDim) * (tiling.kb + queries);
    return footprint;
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    KernelOp kernel = pipeline.getKernel();
    const Schedule &schedule = pipeline.getSchedule();
    Schedule analytic = getDefaultSchedule(kernel, pipeline.getTarget());
    return std::make_unique<AttentionAlgorithm>(
        pipeline, getTiling(kernel, schedule, pipeline.getTarget()),
        static_cast<int>(schedule.get("few", analytic.get("few", 0))));
  }

private:
  static int64_t getRegisters(const AttentionTiles &tiling) {
    // Sums, a row of vectors, and one element.
    auto count = [](int64_t rows, int64_t vectors) {
      return rows * vectors + vectors + 1;
    };
    return std::max(count(tiling.mr, tiling.nv),
                    count(tiling.rows, tiling.columns));
  }

  AttentionTiles getTiling(KernelOp kernel, const Schedule &schedule,
                           const TargetDesc &target) const {
    Schedule analytic = getDefaultSchedule(kernel, target);
    auto knob = [&](StringRef name) {
      return static_cast<int>(schedule.get(name, analytic.get(name, 1)));
    };
    AttentionShape shape(getOp(kernel));
    AttentionTiles tiling;
    tiling.lanes = static_cast<int>(target.getLanes());
    tiling.mr = knob("mr");
    tiling.nv = knob("nv");
    tiling.kb = static_cast<int>(llvm::alignTo(knob("kb"), tiling.mr));
    tiling.rows = getDivisor(tiling.getQueries(), knob("rows"));
    int lanes = AttentionForm::getColumnLanes(shape.valueDim, tiling.lanes);
    tiling.columns =
        getDivisor(llvm::divideCeil(shape.valueDim, lanes), knob("columns"));
    tiling.unroll = knob("unroll");
    return tiling;
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideAttention() {
  return std::make_unique<AttentionFamily>();
}
