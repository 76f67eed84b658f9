//===- Matmul.cpp - Products of two activations ---------------------------===//
#include "Families.h"
#include "MatmulEmitter.h"

using namespace mlir;
using namespace attune;

namespace {

class MatmulFamily : public KernelFamily {
public:
  StringRef getName() const override { return "matmul"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto matmul = dyn_cast_or_null<MatmulOp>(kernel.getAnchor().getOperation());
    if (!matmul || !isa<BlockArgument>(matmul.getLhs()) ||
        !isa<BlockArgument>(matmul.getRhs())) {
      reason = "a matmul kernel needs attune.matmul on its own arguments";
      return failure();
    }
    return RegionEmitter::supportsResults(kernel, matmul.getResult(), reason);
  }

  SmallVector<Knob> getKnobs(KernelOp,
                             const TargetDesc &target) const override {
    return MatmulSchedule::getKnobs(target);
  }

  Schedule getDefaultSchedule(KernelOp,
                              const TargetDesc &target) const override {
    return MatmulSchedule(Schedule(), target).toSchedule();
  }

  LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    return MatmulSchedule(schedule, target).verify(target, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    auto matmul = cast<MatmulOp>(emission.kernel.getAnchor().getOperation());
    MatmulEmitter(emission, builder, matmul).emitGrid();
    MatmulEmitter(emission, builder, matmul).emitTask();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createMatmulFamily() {
  return std::make_unique<MatmulFamily>();
}
