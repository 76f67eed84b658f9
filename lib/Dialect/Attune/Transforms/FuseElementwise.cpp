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
      giveOrigins(block);
      FusionGrouping grouping(block, join);
      for (auto &[op, reason] : grouping.getMissed())
        remarkMissed(op, "elementwise", reason);
      // Before uses go away.
      SmallVector<FusionGroup> stored = grouping.getStored();
      for (const FusionGroup *group : grouping.getGroups())
        createRegion(*group, grouping);
      // What uses are left need memory.
      for (const FusionGroup &group : stored)
        createRegion(group, grouping);
      // Users before what they use; a list, for erasing moves the iterators of
      // a block that is walked backwards.
      SmallVector<Operation *> indexed;
      for (Operation &op : block)
        if (isa<IndexedOpInterface>(op))
          indexed.push_back(&op);
      for (Operation *op : llvm::reverse(indexed))
        if (op->use_empty())
          op->erase();
    });
  }

private:
  /// Boxes whose offsets have symbols read their values from memory.
  static void giveOrigins(Block &block) {
    OpBuilder builder(block.getParentOp()->getContext());
    DenseMap<Attribute, Value> values;
    for (ExtractOp extract : block.getOps<ExtractOp>()) {
      ShapeAttr offsets = extract.getOffsets();
      if (extract.getOrigin() ||
          !ShapedType::isDynamicShape(offsets.getStaticShape()))
        continue;
      Value &origin = values[offsets];
      if (!origin) {
        builder.setInsertionPointToStart(&block);
        auto type = RankedTensorType::get(
            {static_cast<int64_t>(offsets.getExtents().size())},
            builder.getI64Type());
        origin = ExtentsOp::create(builder, extract.getLoc(), type, offsets);
      }
      extract.getOriginMutable().assign(origin);
    }
  }

  void createRegion(const FusionGroup &group, const FusionGrouping &grouping) {
    SmallVector<Operation *> members(group.members);
    llvm::sort(members, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    DenseSet<Operation *> inside(members.begin(), members.end());
    SetVector<Value> inputs;
    SetVector<Operation *> copies;
    for (Operation *op : members)
      for (OpOperand &operand : op->getOpOperands())
        if (grouping.isCloned(operand))
          copies.insert(operand.get().getDefiningOp());
        else if (!inside.contains(operand.get().getDefiningOp()))
          inputs.insert(operand.get());

    Operation *named = group.anchor ? group.anchor : group.last;
    OpBuilder builder(group.last);
    auto fused =
        FusedOp::create(builder, named->getLoc(), group.last->getResultTypes(),
                        inputs.getArrayRef());
    Block *body = builder.createBlock(&fused.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    // An op may need one both ways: the copy is for the members that take it.
    IRMapping copied;
    for (Operation *op : copies)
      copied.map(op->getResult(0), builder.clone(*op)->getResult(0));
    for (Operation *op : members) {
      Operation *clone = builder.clone(*op, mapping);
      for (OpOperand &operand : op->getOpOperands())
        if (grouping.isCloned(operand))
          clone->setOperand(operand.getOperandNumber(),
                            copied.lookup(operand.get()));
    }
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
