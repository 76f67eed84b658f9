//===- PlanWeights.cpp - Places in the weights file -----------------------===//
#include "PassRemarks.h"
#include "attune/Compiler/Passes.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Kernel/Packing.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CheckedArithmetic.h"
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
      if (known.getType().isSignlessInteger(64))
        end = std::max(end, known.getInt());
    SmallVector<WeightOp> open;
    for (WeightOp weight :
         llvm::make_early_inc_range(module.getOps<WeightOp>())) {
      if (!used.contains(weight.getSymName())) {
        weight.erase();
        continue;
      }
      if (IntegerAttr offset = weight.getOffsetAttr()) {
        FailureOr<int64_t> last = getEnd(weight, offset.getInt());
        if (failed(last))
          return signalPassFailure();
        end = std::max(end, *last);
      } else {
        open.push_back(weight);
      }
    }
    Builder builder(&getContext());
    for (WeightOp weight : open) {
      int64_t offset = llvm::alignTo(end, 64);
      FailureOr<int64_t> last = getEnd(weight, offset);
      if (failed(last))
        return signalPassFailure();
      weight.setOffsetAttr(builder.getI64IntegerAttr(offset));
      end = *last;
    }
    remarkDone(module, "weights",
               Twine(open.size()) + " weights placed, the file ends at byte " +
                   Twine(end));
    module->setAttr(kWeightsEndAttr, builder.getI64IntegerAttr(end));
  }

  /// Where a weight at `offset` ends.
  static FailureOr<int64_t> getEnd(WeightOp weight, int64_t offset) {
    auto type = cast<RankedTensorType>(weight.getType());
    int64_t elements = getPackedSize(type, weight.getLayoutAttr());
    if (elements < 0)
      return weight.emitError()
             << "'" << weight.getSymName() << "' of type " << weight.getType()
             << " cannot be stored in the layout " << weight.getLayoutAttr();
    std::optional<int64_t> end = llvm::checkedMulAdd<int64_t>(
        elements, getElementBytes(type.getElementType()), offset);
    if (offset < 0 || !end || *end > kMaxWeightsBytes)
      return weight.emitError()
             << "'" << weight.getSymName() << "' at " << offset
             << " does not lie in a weights file of at most "
             << kMaxWeightsBytes << " bytes";
    return *end;
  }
};

} // namespace
