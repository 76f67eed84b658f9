//===- FuseAttention.cpp - Softmax attention becomes one op ---------------===//
#include "AttentionMatcher.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_FUSEATTENTION
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

static std::string describe(const AttentionMatch &match, AttentionOp op) {
  std::string text =
      llvm::formatv("{0} heads of {1} columns", match.heads, op.getHeadDim());
  if (match.kvHeads != match.heads)
    text += llvm::formatv(", {0} of keys", match.kvHeads);
  if (match.keyMask)
    text += ", with a key mask";
  if (match.bias)
    text += ", with a bias";
  if (match.causal != Causal::none)
    text += ", causal";
  if (match.softcap != 0)
    text += ", with a softcap";
  return text;
}

namespace {
struct FuseAttention : attune::impl::FuseAttentionBase<FuseAttention> {
  void runOnOperation() override {
    WeightContents contents(getOperation());
    forEachEntryBlock(getOperation(), [&](Block &block) {
      SmallVector<SoftmaxOp> candidates;
      for (auto op : block.getOps<SoftmaxOp>())
        if (AttentionMatcher::isCandidate(op))
          candidates.push_back(op);
      if (candidates.empty())
        return;
      SymbolicShapes shapes(block);
      for (SoftmaxOp op : candidates)
        fuse(op, shapes, contents);
    });
    eraseDeadOps(getOperation());
  }

private:
  void fuse(SoftmaxOp op, SymbolicShapes &shapes, WeightContents &contents) {
    AttentionMatcher matcher(shapes, contents);
    FailureOr<AttentionMatch> match = matcher.match(op);
    if (failed(match))
      return remarkMissed(op, "attention", matcher.getMissed());
    // In front of the product with the values: everything it reads stands
    // before.
    MatmulOp context = match->context;
    OpBuilder builder(context);
    const SymbolicShape &heads = match->contextShape;
    auto attention = AttentionOp::create(
        builder, op.getLoc(),
        getTensorType(builder.getF32Type(),
                      {heads[0], heads[2], heads[1] * heads[3]}),
        match->query, match->key, match->value, match->keyMask, match->bias,
        builder.getI64IntegerAttr(match->heads),
        builder.getI64IntegerAttr(match->kvHeads),
        builder.getF32FloatAttr(static_cast<float>(match->scale)),
        CausalAttr::get(&getContext(), match->causal),
        builder.getF32FloatAttr(static_cast<float>(match->softcap)));
    Value result = matcher.buildContext(builder, attention.getResult());
    if (!result) {
      remarkMissed(op, "attention",
                   {"the extents of batch and length are not known by name",
                    "name the dynamic dimensions of the model's inputs"});
      return;
    }
    shapes.replace(context.getResult(), result);
    remarkFused(attention, "attention", describe(*match, attention));
  }
};
} // namespace
