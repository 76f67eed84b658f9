//===- RaiseSilu.cpp - Finds SiLU and quick GELU in sigmoids --------------===//
#include "ActivationMatcher.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_RAISESILU
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

// sigmoid(x), sigmoid(1.702 x).
static constexpr Cubic kSigmoids[] = {{0, 1, 0, 0}, {0, 1.702, 0, 0}};

namespace {
struct RaiseSilu : attune::impl::RaiseSiluBase<RaiseSilu> {
  void runOnOperation() override {
    SmallVector<Operation *> candidates;
    forEachEntryBlock(getOperation(), [&](Block &block) {
      for (Operation &op : block)
        if (isa<UnaryOp, BinaryOp>(op))
          candidates.push_back(&op);
    });
    for (Operation *op : candidates) {
      if (auto sigmoid = getUnary(op->getResult(0), UnaryKind::k_sigmoid))
        raiseGate(sigmoid);
      else if (auto div = getBinary(op->getResult(0), BinaryKind::k_div))
        raiseQuotient(div);
    }
    eraseDeadOps(getOperation());
  }

private:
  /// x * sigmoid(x).
  void raiseGate(UnaryOp op) {
    // The gates of a GLU and of recurrent cells are no activations of their
    // own input: they are multiplied with something else, or not at all.
    bool isMultiplied = llvm::any_of(
        op->getUsers(), [](Operation *user) { return isa<MulOp>(user); });
    if (!isMultiplied)
      return;
    GatedForm form;
    form.function = op.getResult();
    form.arguments = kSigmoids;
    MissedReason missed;
    FailureOr<GatedMatch> match = matchGated(form, missed);
    if (failed(match))
      return remarkMissed(op, "silu", missed);
    replace(match->root, match->input, match->argument == 1);
  }

  /// x / (1 + exp(-x)).
  void raiseQuotient(BinaryOp op) {
    auto add = op.getRhs().getDefiningOp<AddOp>();
    if (!add || op.getLhs().getType() != op.getType() ||
        !cast<RankedTensorType>(op.getType()).getElementType().isF32())
      return;
    for (Value operand : add->getOperands()) {
      auto exp = getUnary(operand, UnaryKind::k_exp);
      if (!exp || !isSplat(getOther(add, operand), 1))
        continue;
      auto argument = getPolynomial(exp.getInput(), op.getLhs());
      if (!argument || (*argument)[0] != 0 || (*argument)[2] != 0 ||
          (*argument)[3] != 0)
        continue;
      double slope = -(*argument)[1];
      bool isQuick = isNear(slope, 1.702);
      if (!isQuick && !isNear(slope, 1)) {
        remarkMissed(
            op, "silu",
            {llvm::formatv("the exponential is of {0} times the input", -slope),
             "use exp(-x), or exp(-1.702 x)"});
        return;
      }
      MatchedOps ops;
      ops.addBetween(add.getResult(), op.getLhs());
      if (auto other = ops.findOtherUse(op))
        return remarkMissed(op, "silu", *other);
      return replace(op, op.getLhs(), isQuick);
    }
  }

  static void replace(Operation *root, Value input, bool isQuick) {
    OpBuilder builder(root);
    Value result;
    if (isQuick)
      result =
          QuickGeluOp::create(builder, root->getLoc(), input.getType(), input);
    else
      result = SiluOp::create(builder, root->getLoc(), input.getType(), input);
    root->getResult(0).replaceAllUsesWith(result);
    remarkFused(result.getDefiningOp(), "silu",
                isQuick ? "sigmoid of 1.702 x: quick GELU" : "sigmoid of x");
  }
};
} // namespace
