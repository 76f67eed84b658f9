//===- Linear.cpp - Products with packed weights --------------------------===//
#include "Autoschedule.h"
#include "Families.h"
#include "LinearAlgorithm.h"
#include "RegionExprs.h"

using namespace mlir;
using namespace attune;

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
    return read(kernel, Schedule(), target).toSchedule();
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
    return LinearSchedule::get(schedule, target, type.getDimSize(0),
                               type.getDimSize(1));
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideLinear() {
  return std::make_unique<LinearFamily>();
}
