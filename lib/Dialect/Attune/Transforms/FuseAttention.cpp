//===- FuseAttention.cpp - Softmax attention becomes one op ---------------===//
#include "AttentionMatcher.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_FUSEATTENTION
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

namespace {
struct FuseAttention : attune::impl::FuseAttentionBase<FuseAttention> {
  void runOnOperation() override {
    SmallVector<SoftmaxOp> candidates;
    forEachEntryBlock(getOperation(), [&](Block &block) {
      llvm::append_range(candidates, block.getOps<SoftmaxOp>());
    });
    for (SoftmaxOp op : candidates)
      fuse(op);
    eraseDeadOps(getOperation());
  }

private:
  void fuse(SoftmaxOp op) {
    AttentionMatcher matcher;
    FailureOr<AttentionMatch> match = matcher.match(op);
    if (failed(match))
      return remarkMissed(op, "attention", matcher.getMissed());
    // At the end of what it replaces: everything it reads stands before.
    Operation *merged = match->merged;
    OpBuilder builder(merged);
    auto attention = AttentionOp::create(
        builder, op.getLoc(), merged->getResult(0).getType(), match->query,
        match->key, match->value, match->keyMask, /*bias=*/Value(),
        builder.getI64IntegerAttr(match->heads),
        builder.getI64IntegerAttr(match->heads),
        builder.getF32FloatAttr(static_cast<float>(match->scale)));
    merged->getResult(0).replaceAllUsesWith(attention.getResult());
    remarkFused(attention, "attention",
                llvm::formatv("{0} heads of {1} columns{2}", match->heads,
                              attention.getHeadDim(),
                              match->keyMask ? ", with a key mask" : "")
                    .str());
  }
};
} // namespace
