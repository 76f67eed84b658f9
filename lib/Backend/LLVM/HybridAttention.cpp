//===- HybridAttention.cpp - The family of hybrid attention ---------------===//
#include "Families.h"
#include "HybridAttentionEmitter.h"

using namespace mlir;
using namespace attune;

namespace {

/// Scratch memory that a task may take.
constexpr int64_t kMostScratch = int64_t(1) << 28;

class HybridAttentionFamily : public KernelFamily {
public:
  StringRef getName() const override { return "hybrid_attention"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto op = cast<HybridAttentionOp>(kernel.getAnchor().getOperation());
    // Whatever the target; of all of them this one takes the most.
    TargetDesc widest;
    widest.vectorBits = 512;
    widest.vectorRegisters = 32;
    if (HybridAttentionEmitter::getScratchBytes(op, widest) > kMostScratch) {
      reason = "hybrid attention of " + std::to_string(op.getFeatures()) +
               " features and " + std::to_string(op.getValueDim()) +
               " columns needs too much scratch memory";
      return failure();
    }
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    HybridAttentionEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createHybridAttentionFamily() {
  return std::make_unique<HybridAttentionFamily>();
}
