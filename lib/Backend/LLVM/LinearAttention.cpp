//===- LinearAttention.cpp - The family of linear attention ---------------===//
#include "Families.h"
#include "LinearAttentionChunked.h"
#include "LinearAttentionRecurrent.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Threading.h"

using namespace mlir;
using namespace attune;

namespace {

LinearAttentionOp getOp(KernelOp kernel) {
  return cast<LinearAttentionOp>(kernel.getAnchor().getOperation());
}

/// The threads that share the items: of this machine when kernels are made for
/// it. More tasks than threads would give up that heads beside each other are
/// read together.
int64_t getThreads(const TargetDesc &target) {
  constexpr int64_t kUnknown = 8;
  if (target.name != "native")
    return kUnknown;
  return std::clamp<int64_t>(
      llvm::hardware_concurrency().compute_thread_count(), 1, 256);
}

/// Fills both functions: which form an item takes is a matter of its length.
void emitKernel(KernelEmission &emission, OpBuilder &builder,
                const LinearAttentionTiling &tiling) {
  LinearAttentionKernel kernel(emission, builder, tiling);
  ChunkedLinearAttention chunked(kernel);
  RecurrentLinearAttention recurrent(kernel);
  bool hasChunks = ChunkedLinearAttention::supports(kernel.op);
  // Results of the state after the last key take two passes in any case.
  bool hasTokens = !kernel.op.getFull();
  emitItems(
      emission, builder,
      [&](func::FuncOp function) {
        ItemCounts counts = kernel.enter(function);
        if (function != emission.task)
          return counts;
        ScratchAllocator scratch(emission.getScratch());
        kernel.queryRows.prepare(function, scratch, tiling.chunk);
        kernel.keyRows.prepare(function, scratch, tiling.chunk);
        if (hasChunks)
          chunked.prepare(scratch);
        if (hasTokens)
          recurrent.prepare(scratch);
        emission.setScratchBytes(scratch.getBytes());
        return counts;
      },
      [&](Value item) {
        kernel.setItem(item);
        if (!hasChunks)
          return recurrent.emitItem();
        if (!hasTokens)
          return chunked.emitItem();
        Value isShort = kernel.math.less(
            kernel.queries, kernel.math.constant(tiling.recurrent));
        scf::IfOp::create(
            builder, kernel.loc, isShort,
            [&](OpBuilder &, Location) {
              recurrent.emitItem();
              scf::YieldOp::create(builder, kernel.loc);
            },
            [&](OpBuilder &, Location) {
              chunked.emitItem();
              scf::YieldOp::create(builder, kernel.loc);
            });
      });
}

class LinearAttentionFamily : public KernelFamily {
public:
  StringRef getName() const override { return "linear_attention"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    LinearAttentionOp op = getOp(kernel);
    if (failed(LinearAttentionRows::supports(op.getQuery(), reason)) ||
        failed(LinearAttentionRows::supports(op.getKey(), reason)))
      return failure();
    for (Value operand : op->getOperands().drop_front(2)) {
      // The scales that the features of the keys come with.
      auto map = operand.getDefiningOp<FeatureMapOp>();
      bool isScale = map && operand == op.getLogWeights() &&
                     operand == map.getLogScale() &&
                     op.getKey() == map.getResult();
      if (isa<BlockArgument>(operand) || isScale)
        continue;
      reason = "operands of linear attention must be operands of the kernel";
      return failure();
    }
    if (!llvm::equal(kernel.getYield().getValues(), op->getResults())) {
      reason = "linear attention takes no epilogue";
      return failure();
    }
    if (op.getFull() && !ChunkedLinearAttention::supports(op)) {
      reason = "too many key columns for attention to all keys";
      return failure();
    }
    return success();
  }

  SmallVector<Knob> getKnobs(KernelOp kernel,
                             const TargetDesc &target) const override {
    LinearAttentionOp op = getOp(kernel);
    SmallVector<Knob> knobs;
    bool wide = target.vectorRegisters >= 32;
    if (ChunkedLinearAttention::supports(op)) {
      knobs = {
          {"chunk", "most tokens of a chunk", {16, 24, 32, 48, 64, 96, 128}},
          {"mr", "rows of a register tile",
           wide ? SmallVector<int64_t>{4, 6, 8, 12, 14}
                : SmallVector<int64_t>{3, 4, 5, 6}},
          {"nv", "vectors of a register tile",
           wide ? SmallVector<int64_t>{1, 2, 4}
                : SmallVector<int64_t>{1, 2, 3}},
          {"unroll", "unrolling of the inner loops", {1, 2, 4, 8}},
      };
      if (!op.getFull())
        knobs.push_back({"recurrent",
                         "sequences shorter than this go token by token",
                         {2, 3, 4, 6, 8, 12, 16, 32}});
    }
    knobs.push_back(
        {"tasks",
         "tasks to make of few heads where there are columns enough",
         {1, 2, 4, 8, 16}});
    return knobs;
  }

  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override {
    LinearAttentionOp op = getOp(kernel);
    LinearAttentionTiling tiling = getAnalytic(op, target);
    Schedule schedule;
    for (const Knob &knob : getKnobs(kernel, target))
      schedule.set(knob.name, *getKnob(tiling, knob.name));
    return schedule;
  }

  LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    LinearAttentionTiling tiling = getTiling(kernel, schedule, target);
    struct Range {
      StringRef name;
      int64_t lowest, highest;
    };
    for (Range range : {Range{"chunk", 1, 1024},
                        {"recurrent", 0, 1 << 20},
                        {"mr", 1, 32},
                        {"nv", 1, 8},
                        {"unroll", 1, 16},
                        {"tasks", 1, 1024}}) {
      int64_t value = *getKnob(tiling, range.name);
      if (value >= range.lowest && value <= range.highest)
        continue;
      reason = llvm::formatv("{0} = {1} is not between {2} and {3}", range.name,
                             value, range.lowest, range.highest);
      return failure();
    }
    if (int64_t needed = getRegisters(tiling);
        needed > target.vectorRegisters) {
      reason =
          llvm::formatv("a tile of mr = {0} by nv = {1} needs {2} vector "
                        "registers of {3}",
                        tiling.mr, tiling.nv, needed, target.vectorRegisters);
      return failure();
    }
    return success();
  }

  std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const override {
    std::string reason;
    LinearAttentionOp op = getOp(kernel);
    if (failed(verifySchedule(kernel, schedule, target, reason)) ||
        !ChunkedLinearAttention::supports(op))
      return std::nullopt;
    LinearAttentionTiling tiling = getTiling(kernel, schedule, target);
    Footprint footprint;
    footprint.registers = getRegisters(tiling);
    // A panel of state and values passes over the queries and scores of a
    // chunk.
    footprint.l1Bytes =
        4 * (op.getKeyDim() + tiling.chunk) * (tiling.getColumns() + tiling.mr);
    footprint.l2Bytes = ChunkedLinearAttention::getChunkBytes(op, tiling);
    return footprint;
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    emitKernel(emission, builder,
               getTiling(emission.kernel, emission.schedule, emission.target));
    return success();
  }

private:
  static int64_t *getKnob(LinearAttentionTiling &tiling, StringRef name) {
    return llvm::StringSwitch<int64_t *>(name)
        .Case("chunk", &tiling.chunk)
        .Case("recurrent", &tiling.recurrent)
        .Case("mr", &tiling.mr)
        .Case("nv", &tiling.nv)
        .Case("unroll", &tiling.unroll)
        .Case("tasks", &tiling.tasks)
        .Default(nullptr);
  }

  /// The analytic choice.
  static LinearAttentionTiling getAnalytic(LinearAttentionOp op,
                                           const TargetDesc &target) {
    LinearAttentionTiling tiling;
    bool wide = target.vectorRegisters >= 32;
    tiling.lanes = target.getLanes();
    // The largest tiles that leave a register for the element of the left
    // side; lower ones with many registers, as tiles end at the diagonal.
    tiling.mr = wide ? 8 : 6;
    tiling.nv = 2;
    tiling.unroll = 4;
    // Longer chunks cost each token more products with the others of its chunk,
    // and read and write the state less often: short ones as long as that
    // stays close. In whole register tiles.
    int64_t stateBytes = 4 * op.getKeyDim() * op.getValueDim();
    tiling.chunk = op.getFull() || stateBytes > target.l2Bytes / 8 ? 48 : 32;
    // The delta rules have twice as many of those products.
    if (op.isDelta())
      tiling.chunk = 24;
    tiling.chunk -= tiling.chunk % tiling.mr;
    tiling.recurrent = 8;
    tiling.tasks = getThreads(target);
    return tiling;
  }

  static LinearAttentionTiling getTiling(KernelOp kernel,
                                         const Schedule &schedule,
                                         const TargetDesc &target) {
    LinearAttentionTiling tiling = getAnalytic(getOp(kernel), target);
    for (StringRef name :
         {"chunk", "recurrent", "mr", "nv", "unroll", "tasks"}) {
      int64_t *value = getKnob(tiling, name);
      *value = schedule.get(name, *value);
    }
    return tiling;
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createLinearAttentionFamily() {
  return std::make_unique<LinearAttentionFamily>();
}
