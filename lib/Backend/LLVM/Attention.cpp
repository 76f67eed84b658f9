//===- Attention.cpp - The family of softmax attention --------------------===//
#include "AttentionEmitter.h"
#include "Families.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

namespace {

/// Heads beyond this would need more scratch memory than a core's L2.
constexpr int64_t kMaxHeadDim = 4096;

class AttentionFamily : public KernelFamily {
public:
  StringRef getName() const override { return "attention"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto op = cast<AttentionOp>(kernel.getAnchor().getOperation());
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
    if (op.getHeadDim() > kMaxHeadDim || op.getValueDim() > kMaxHeadDim) {
      reason = "a head size of more than " + std::to_string(kMaxHeadDim);
      return failure();
    }
    return success();
  }

  SmallVector<Knob> getKnobs(KernelOp,
                             const TargetDesc &target) const override {
    // The heights that fill the register file for some width, and lower ones:
    // sixteen registers hold 14x1, 6x2, 4x3, and 32 hold 14x2, 9x3, 6x4.
    bool wide = target.vectorRegisters >= 32;
    return {
        {"mr", "rows of a register tile",
         wide ? SmallVector<int64_t>{4, 5, 6, 8, 9, 10, 12, 14}
              : SmallVector<int64_t>{2, 3, 4, 5, 6, 8, 10, 14}},
        {"nv", "vectors of queries of a register tile", {1, 2, 3, 4}},
        {"kb", "keys of a block", {32, 48, 64, 96, 128, 192, 256, 512}},
        {"qblocks",
         "blocks of queries that share keys of long sequences",
         {1, 2, 4, 8}},
        {"unroll", "unrolling of the inner loops", {1, 2, 4, 8}},
    };
  }

  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override {
    bool manyRegisters = target.vectorRegisters >= 32;
    // Tiles that leave registers for operands. Three vectors read fewer
    // elements of keys and values a product, but waste more lanes where there
    // are sixteen.
    int64_t mr = manyRegisters ? 8 : 4, nv = manyRegisters ? 2 : 3;
    // The scores of a block take three eighths of L1.
    int64_t bytesPerKey = nv * target.getLanes() * 4;
    int64_t kb =
        std::clamp<int64_t>(target.l1Bytes * 3 / 8 / bytesPerKey, 32, 512);
    Schedule schedule;
    schedule.set("mr", mr).set("nv", nv).set("kb", kb);
    schedule.set("qblocks", 4).set("unroll", 2);
    return schedule;
  }

  LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    AttentionTiling tiling = getTiling(kernel, schedule, target);
    auto within = [&](StringRef name, int64_t value, int64_t lowest,
                      int64_t highest) {
      if (value >= lowest && value <= highest)
        return true;
      reason = (name + " = " + Twine(value) + " is not between " +
                Twine(lowest) + " and " + Twine(highest))
                   .str();
      return false;
    };
    if (!within("mr", tiling.mr, 1, 32) || !within("nv", tiling.nv, 1, 8) ||
        !within("kb", tiling.kb, 1, 4096) ||
        !within("qblocks", tiling.qblocks, 1, 64) ||
        !within("unroll", tiling.unroll, 1, 16))
      return failure();
    int64_t registers = getRegisters(tiling);
    if (registers > target.vectorRegisters) {
      reason = "a tile of mr = " + std::to_string(tiling.mr) +
               " by nv = " + std::to_string(tiling.nv) + " needs " +
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
    auto op = cast<AttentionOp>(kernel.getAnchor().getOperation());
    AttentionTiling tiling = getTiling(kernel, schedule, target);
    int64_t headDim = op.getHeadDim(), valueDim = op.getValueDim();
    int64_t queries = tiling.getBlockQueries();
    Footprint footprint;
    footprint.registers = getRegisters(tiling);
    // Scores are written and read three times; all keys of the block pass over
    // the packed queries, all columns of the values over the scores.
    int64_t scores = tiling.kb * queries * 4;
    footprint.l1Bytes = scores + headDim * queries * 4;
    // Keys and values of the block are read by all sub-blocks, whose queries
    // and sums are read by all blocks.
    footprint.l2Bytes = scores + (headDim + valueDim) * tiling.kb * 4 +
                        (headDim + valueDim) * queries * 4 * tiling.qblocks;
    return footprint;
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    auto op = cast<AttentionOp>(emission.kernel.getAnchor().getOperation());
    AttentionEmitter emitter(
        emission, op,
        getTiling(emission.kernel, emission.schedule, emission.target));
    builder.setInsertionPointToStart(&emission.grid.getBody().front());
    emitter.emitGrid(builder, op.getLoc());
    builder.setInsertionPointToStart(&emission.task.getBody().front());
    emitter.emitTask(builder, op.getLoc());
    return success();
  }

private:
  /// Sums, a row of queries or scores, and one element of keys or values.
  static int64_t getRegisters(const AttentionTiling &tiling) {
    return tiling.mr * tiling.nv + tiling.nv + 1;
  }
  AttentionTiling getTiling(KernelOp kernel, const Schedule &schedule,
                            const TargetDesc &target) const {
    Schedule analytic = getDefaultSchedule(kernel, target);
    auto knob = [&](StringRef name) {
      return schedule.get(name, analytic.get(name, 1));
    };
    AttentionTiling tiling;
    tiling.lanes = target.getLanes();
    tiling.mr = knob("mr");
    tiling.nv = knob("nv");
    // Whole register tiles.
    tiling.kb = llvm::alignTo(std::max<int64_t>(knob("kb"), 1),
                              std::max<int64_t>(tiling.mr, 1));
    tiling.qblocks = knob("qblocks");
    tiling.unroll = knob("unroll");
    return tiling;
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createAttentionFamily() {
  return std::make_unique<AttentionFamily>();
}
