//===- PlanWeights.cpp - Places in the weights file -----------------------===//
#include "attune/Compiler/Passes.h"
#include "attune/Kernel/Packing.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace attune {
#define GEN_PASS_DEF_PLANWEIGHTS
#include "attune/Compiler/Passes.h.inc"
} // namespace attune

using namespace attune;

namespace {

struct PlanWeights : public attune::impl::PlanWeightsBase<PlanWeights> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    ::llvm::StringSet<> used;
    module.walk([&](LoadWeightOp load) { used.insert(load.getWeight()); });

    int64_t end = 4096;
    if (auto known = module->getAttrOfType<IntegerAttr>(kWeightsEndAttr))
      end = std::max(end, known.getInt());
    SmallVector<WeightOp> open;
    for (WeightOp weight :
         llvm::make_early_inc_range(module.getOps<WeightOp>())) {
      if (!used.contains(weight.getSymName())) {
        weight.erase();
        continue;
      }
      if (std::optional<uint64_t> offset = weight.getOffset())
        end = std::max<int64_t>(end, *offset + getBytes(weight));
      else
        open.push_back(weight);
    }
    Builder builder(&getContext());
    for (WeightOp weight : open) {
      end = llvm::alignTo(end, 64);
      weight.setOffsetAttr(builder.getI64IntegerAttr(end));
      end += getBytes(weight);
      ++numPlaced;
    }
    module->setAttr(kWeightsEndAttr, builder.getI64IntegerAttr(end));
  }

  static int64_t getBytes(WeightOp weight) {
    return 4 * getPackedSize(cast<RankedTensorType>(weight.getType()),
                             weight.getLayoutAttr());
  }
};

} // namespace
