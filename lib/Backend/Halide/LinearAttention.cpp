//===- LinearAttention.cpp - The family of linear attention ---------------===//
#include "AttentionForm.h"
#include "Families.h"
#include "LinearAttentionForm.h"

using namespace mlir;
using namespace attune;

namespace {

/// Heads beyond this would need more scratch memory than a core's L2.
constexpr int64_t kMostColumns = 2048;

/// Heads of a task, where there are enough.
constexpr int64_t kMostHeads = 4;

LinearAttentionOp getOp(KernelOp kernel) {
  return cast<LinearAttentionOp>(kernel.getAnchor().getOperation());
}

class LinearAttentionAlgorithm : public Algorithm {
public:
  LinearAttentionAlgorithm(KernelPipeline &pipeline,
                           const LinearAttentionTiles &tiles)
      : form(pipeline, getOp(pipeline.getKernel()), tiles) {}

  void scheduleCpu() override { form.scheduleCpu(); }
  void scheduleGpu() override { form.scheduleGpu(); }

private:
  LinearAttentionForm form;
};

/// Knobs as in the LLVM backend where they mean the same.
class LinearAttentionFamily : public HalideFamily {
public:
  StringRef getName() const override { return "linear_attention"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    LinearAttentionOp op = getOp(kernel);
    for (auto [isThere, what] :
         {std::pair(op.isDelta(), "the delta rules"),
          {op.decaysColumns(), "a decay of each column"},
          {op.getLogWeights() != nullptr, "log weights"},
          {op.getSquash().has_value(), "a squashed state"}})
      if (isThere) {
        reason = std::string("linear attention with ") + what +
                 " is left to the LLVM backend";
        return failure();
      }
    if (op.getKeyDim() > kMostColumns || op.getValueDim() > kMostColumns) {
      reason = "a head size of more than " + std::to_string(kMostColumns);
      return failure();
    }
    if (failed(Features::supports(op.getQuery(), reason)) ||
        failed(Features::supports(op.getKey(), reason)))
      return failure();
    // Queries and keys come last, and with or without a map.
    for (Value operand : op->getOperands().drop_front(2))
      if (!isa<BlockArgument>(operand)) {
        reason = "operands of linear attention must be operands of the kernel";
        return failure();
      }
    if (kernel.getYield().getValues() != op->getResults()) {
      reason = "linear attention takes no epilogue";
      return failure();
    }
    return success();
  }

  SmallVector<Knob> getKnobs(KernelOp, const TargetDesc &) const override {
    return {
        {"chunk", "tokens of a chunk", {16, 32, 64, 128, 256}},
        {"rows", "rows of a register tile", {2, 4, 6, 8}},
        {"columns", "vectors of columns of a register tile", {1, 2, 3, 4, 5}},
        {"unroll", "unrolling of the inner loops", {1, 2, 4}},
        {"heads", "heads whose states are a task", {1, 2, 4, 8}},
    };
  }

  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override {
    bool wide = target.vectorRegisters >= 32;
    Schedule schedule;
    schedule.set("chunk", 64).set("rows", wide ? 5 : 4);
    schedule.set("columns", wide ? 5 : 3).set("unroll", 2);
    // Heads lie beside each other in memory; but a second core needs some.
    int64_t heads = getOp(kernel).getKvHeads();
    return schedule.set("heads", std::clamp<int64_t>(heads / 2, 1, kMostHeads));
  }

  LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    Schedule analytic = getDefaultSchedule(kernel, target);
    for (auto [name, highest] : {std::pair<StringRef, int64_t>("chunk", 1024),
                                 {"rows", 32},
                                 {"columns", 8},
                                 {"unroll", 16},
                                 {"heads", 64}}) {
      int64_t value = schedule.get(name, analytic.get(name, 1));
      if (value >= 1 && value <= highest)
        continue;
      reason = (name + " = " + Twine(value) + " is not between 1 and " +
                Twine(highest))
                   .str();
      return failure();
    }
    LinearAttentionTiles tiles = getTiles(kernel, schedule, target, 0);
    int64_t registers = getRegisters(tiles);
    if (registers <= target.vectorRegisters)
      return success();
    reason = "register tiles of rows = " + std::to_string(tiles.rows) +
             " by columns = " + std::to_string(tiles.columns) + " need " +
             std::to_string(registers) + " vector registers of " +
             std::to_string(target.vectorRegisters);
    return failure();
  }

  std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const override {
    std::string reason;
    if (failed(verifySchedule(kernel, schedule, target, reason)))
      return std::nullopt;
    LinearAttentionOp op = getOp(kernel);
    LinearAttentionTiles tiles = getTiles(kernel, schedule, target, 0);
    int64_t chunk = tiles.chunk, keyDim = op.getKeyDim(),
            valueDim = op.getValueDim();
    Footprint footprint;
    footprint.registers = getRegisters(tiles);
    // All keys of a chunk pass over the values of a tile.
    footprint.l1Bytes = 4 * chunk * (keyDim + tiles.lanes * tiles.columns);
    // Features, scores and weights, values and context, and the state.
    footprint.l2Bytes =
        4 * (2 * chunk * (keyDim + chunk + valueDim) + keyDim * valueDim);
    return footprint;
  }

  /// A token of one sequence: the recurrent form.
  SmallVector<int64_t> getRowLimits(KernelOp, const Schedule &,
                                    const TargetDesc &) const override {
    return {1};
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    return std::make_unique<LinearAttentionAlgorithm>(
        pipeline, getTiles(pipeline.getKernel(), pipeline.getSchedule(),
                           pipeline.getTarget(), pipeline.getMostRows()));
  }

private:
  static int64_t getRegisters(const LinearAttentionTiles &tiles) {
    // Sums, a row of vectors, and one element.
    return std::max(tiles.rows, tiles.keyRows) * tiles.columns + tiles.columns +
           1;
  }

  LinearAttentionTiles getTiles(KernelOp kernel, const Schedule &schedule,
                                const TargetDesc &target,
                                int64_t mostRows) const {
    Schedule analytic = getDefaultSchedule(kernel, target);
    auto knob = [&](StringRef name) {
      return static_cast<int>(schedule.get(name, analytic.get(name, 1)));
    };
    LinearAttentionOp op = getOp(kernel);
    LinearAttentionTiles tiles;
    tiles.lanes = static_cast<int>(target.getLanes());
    bool isStep = mostRows == 1 && !op.getFull();
    tiles.chunk =
        isStep ? 1
               : static_cast<int>(llvm::alignTo(knob("chunk"), tiles.lanes));
    tiles.rows = getDivisor(tiles.chunk, knob("rows"));
    tiles.keyRows = getDivisor(static_cast<int>(op.getKeyDim()), knob("rows"));
    int lanes = AttentionForm::getColumnLanes(
        static_cast<int>(op.getValueDim()), tiles.lanes);
    int columns =
        static_cast<int>(op.getValueDim()) + (op.getDenominator() ? 1 : 0);
    tiles.columns = getDivisor((columns + lanes - 1) / lanes, knob("columns"));
    tiles.unroll = knob("unroll");
    tiles.heads = getDivisor(static_cast<int>(op.getKvHeads()), knob("heads"));
    return tiles;
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideLinearAttention() {
  return std::make_unique<LinearAttentionFamily>();
}
