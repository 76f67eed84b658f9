//===- Linear.cpp - Products with packed weights --------------------------===//
#include "Autoschedule.h"
#include "Families.h"
#include "LinearAlgorithm.h"
#include "RegionExprs.h"
#include "llvm/Support/MathExtras.h"
#include <tuple>

using namespace mlir;
using namespace attune;

/// Shapes of register tiles whose inner loops reach the peak: those of the
/// registers that an ISA has, by what they load for a step of k.
static SmallVector<std::pair<int64_t, int64_t>>
getTiles(const TargetDesc &target) {
  if (target.vectorRegisters >= 32)
    return {{8, 3}, {6, 4}, {12, 2}};
  return {{4, 3}, {6, 2}};
}

/// The tile that spends least on rows and columns that are not there and on
/// loads.
static std::pair<int64_t, int64_t> chooseTile(const TargetDesc &target,
                                              int64_t n, int64_t k) {
  std::pair<int64_t, int64_t> best;
  double least = 0;
  for (auto [mr, nv] : getTiles(target)) {
    int64_t columns = nv * target.getLanes();
    double loads = static_cast<double>(mr + nv) / static_cast<double>(mr * nv);
    // Rows that lie a multiple of a page apart push each other out of L1.
    double conflicts = k * 4 % 4096 == 0 && mr > 6 ? 0.03 : 0;
    // Lengths and batches are mostly multiples of sixteen.
    double ragged = 16 % mr ? 0.02 : 0;
    double cost =
        static_cast<double>(llvm::alignTo(std::max<int64_t>(n, 1), columns)) *
        (1 + 0.1 * loads + conflicts + ragged);
    if (best.first == 0 || cost < least) {
      best = {mr, nv};
      least = cost;
    }
  }
  return best;
}

/// The analytic choice of what `schedule` leaves open.
static LinearSchedule complete(const Schedule &schedule,
                               const TargetDesc &target, int64_t n, int64_t k) {
  LinearSchedule s = LinearSchedule::getDefault(target, n, k);
  std::tie(s.mr, s.nv) = chooseTile(target, n, k);
  // Values that are no good are left for verifySchedule to name.
  int64_t mr = std::clamp<int64_t>(schedule.get("mr", s.mr), 1, 64);
  int64_t registers = target.vectorRegisters - 1;
  s.nv = std::clamp<int64_t>(registers / (mr + 1), 1, s.nv);
  s.nv = std::clamp<int64_t>(schedule.get("nv", s.nv), 1, 64);
  s.mr = std::clamp<int64_t>((registers - s.nv) / s.nv, 1, s.mr);
  // Panels as wide as tiles: the weight is read from beginning to end.
  int64_t columns = s.nv * target.getLanes();
  s.panel = columns;
  int64_t strips = target.l2Bytes / 2 / (4 * columns * std::max<int64_t>(k, 1));
  s.nc = std::clamp<int64_t>(strips, 1, std::max<int64_t>(96 / columns, 1)) *
         columns;
  s.prefetch = 0;
  return s.with(schedule);
}

namespace {

class LinearFamily : public HalideFamily {
public:
  StringRef getName() const override { return "linear"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto linear = dyn_cast_or_null<LinearOp>(kernel.getAnchor().getOperation());
    if (!linear || !isa<BlockArgument>(linear.getInput()) ||
        !isa<BlockArgument>(linear.getWeight())) {
      reason = "a linear kernel needs attune.linear on its own arguments";
      return failure();
    }
    if (linear.getBias() &&
        failed(RegionExprs::supportsValue(linear.getBias(), {}, reason)))
      return failure();
    return RegionExprs::supportsResults(kernel, linear.getResult(), reason);
  }

  SmallVector<Knob> getKnobs(KernelOp kernel,
                             const TargetDesc &target) const override {
    RankedTensorType type = getWeightType(kernel);
    SmallVector<Knob> knobs = LinearSchedule::getKnobs(
        target, type.getDimSize(0), type.getDimSize(1));
    llvm::erase_if(knobs,
                   [](const Knob &knob) { return knob.name == "prefetch"; });
    return knobs;
  }

  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override {
    Schedule schedule, all = read(kernel, Schedule(), target).toSchedule();
    for (const auto &[name, value] : all.getValues())
      if (name != "prefetch")
        schedule.set(name, value);
    return schedule;
  }

  LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    return read(kernel, schedule, target).verify(target, reason);
  }

  std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const override {
    RankedTensorType type = getWeightType(kernel);
    LinearSchedule linear = read(kernel, schedule, target);
    std::string reason;
    if (failed(linear.verify(target, reason)))
      return std::nullopt;
    return linear.getFootprint(target, type.getDimSize(0), type.getDimSize(1));
  }

  Attribute getOperandLayout(KernelOp kernel, unsigned index,
                             const Schedule &schedule,
                             const TargetDesc &target) const override {
    auto weight = cast<BlockArgument>(getLinear(kernel).getWeight());
    if (weight.getArgNumber() != index)
      return {};
    return PanelsAttr::get(kernel.getContext(),
                           read(kernel, schedule, target).panel);
  }

  /// One row is a stream of the weight; a few are a tile of their own.
  SmallVector<int64_t> getRowLimits(KernelOp kernel, const Schedule &schedule,
                                    const TargetDesc &target) const override {
    SmallVector<int64_t> limits = {1};
    constexpr int64_t few = 4;
    if (read(kernel, schedule, target).mr > few)
      limits.push_back(few);
    return limits;
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    LinearSchedule schedule = read(pipeline.getKernel(), pipeline.getSchedule(),
                                   pipeline.getTarget());
    if (usesAutoscheduler(pipeline.getSchedule()))
      return std::make_unique<PlainLinear>(pipeline, schedule);
    return std::make_unique<TiledLinear>(pipeline, schedule);
  }

private:
  static LinearOp getLinear(KernelOp kernel) {
    return cast<LinearOp>(kernel.getAnchor().getOperation());
  }
  static RankedTensorType getWeightType(KernelOp kernel) {
    return cast<RankedTensorType>(getLinear(kernel).getWeight().getType());
  }
  static LinearSchedule read(KernelOp kernel, const Schedule &schedule,
                             const TargetDesc &target) {
    RankedTensorType type = getWeightType(kernel);
    return complete(schedule, target, type.getDimSize(0), type.getDimSize(1));
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideLinear() {
  return std::make_unique<LinearFamily>();
}
