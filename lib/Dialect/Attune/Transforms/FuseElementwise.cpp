//===- FuseElementwise.cpp - Fused regions around anchors -----------------===//
#include "FusionGroups.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "mlir/IR/IRMapping.h"

namespace attune {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

namespace {
struct FuseElementwise : attune::impl::FuseElementwiseBase<FuseElementwise> {
  using FuseElementwiseBase::FuseElementwiseBase;

  void runOnOperation() override {
    forEachEntryBlock(getOperation(), [&](Block &block) {
      FusionGrouping grouping(block, join);
      for (auto &[op, reason] : grouping.getMissed())
        remarkMissed(op, "elementwise", reason);
      for (const FusionGroup *group : grouping.getGroups())
        createRegion(*group);
    });
  }

private:
  void createRegion(const FusionGroup &group) {
    SmallVector<Operation *> members(group.members);
    llvm::sort(members, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    DenseSet<Operation *> inside(members.begin(), members.end());
    SetVector<Value> inputs;
    for (Operation *op : members)
      for (Value operand : op->getOperands())
        if (!inside.contains(operand.getDefiningOp()))
          inputs.insert(operand);

    Operation *named = group.anchor ? group.anchor : group.last;
    OpBuilder builder(group.last);
    auto fused =
        FusedOp::create(builder, named->getLoc(), group.last->getResultTypes(),
                        inputs.getArrayRef());
    Block *body = builder.createBlock(&fused.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    for (Operation *op : members)
      builder.clone(*op, mapping);
    SmallVector<Value> results;
    for (Value result : group.last->getResults())
      results.push_back(mapping.lookup(result));
    YieldOp::create(builder, named->getLoc(), results);

    group.last->replaceAllUsesWith(fused.getResults());
    if (group.numPrologue || group.numEpilogue)
      remarkFused(fused, "elementwise",
                  llvm::formatv("{0} with {1} ops before and {2} behind it",
                                quoted(group.anchor), group.numPrologue,
                                group.numEpilogue)
                      .str());
    // Users first.
    for (Operation *op : llvm::reverse(members))
      op->erase();
  }
};
} // namespace
