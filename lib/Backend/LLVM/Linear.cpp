//===- Linear.cpp - Products with packed weights --------------------------===//
#include "Families.h"
#include "LinearEmitter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

namespace {

class LinearFamily : public KernelFamily {
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
        failed(RegionEmitter::supportsValue(linear.getBias(), {}, reason)))
      return failure();
    return RegionEmitter::supportsResults(kernel, linear.getResult(), reason);
  }

  SmallVector<Knob> getKnobs(KernelOp kernel,
                             const TargetDesc &target) const override {
    RankedTensorType type = getWeightType(kernel);
    return LinearSchedule::getKnobs(target, type.getDimSize(0),
                                    type.getDimSize(1));
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

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    LinearSchedule schedule =
        read(emission.kernel, emission.schedule, emission.target);
    LinearOp linear = getLinear(emission.kernel);
    unsigned index = cast<BlockArgument>(linear.getWeight()).getArgNumber();
    auto type = cast<RankedTensorType>(linear.getWeight().getType());
    auto buffer =
        cast<MemRefType>(emission.getInput(emission.task, index).getType());
    auto expected = MemRefType::get(
        {int64_t(llvm::divideCeil(type.getDimSize(0), schedule.panel)),
         type.getDimSize(1), schedule.panel},
        type.getElementType());
    if (buffer != expected)
      return emission.kernel.emitOpError()
             << "expected the weight as " << expected << ", got " << buffer;
    LinearEmitter emitter(emission, builder, linear, schedule);
    emitter.emitGrid();
    emitter.emitTask();
    return success();
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

std::unique_ptr<KernelFamily> attune::createLinearFamily() {
  return std::make_unique<LinearFamily>();
}
