//===- RaiseGelu.cpp - Finds GELU in error functions and tangents ---------===//
#include "ActivationMatcher.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace attune {
#define GEN_PASS_DEF_RAISEGELU
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

// erf(x / sqrt(2)); tanh(sqrt(2 / pi) * (x + 0.044715 x^3)).
static constexpr double kSqrtHalf = 0.70710678118654752440;
static constexpr double kSlope = 0.79788456080286535588;
static constexpr Cubic kErf[] = {{0, kSqrtHalf, 0, 0}};
static constexpr Cubic kTanh[] = {{0, kSlope, 0, kSlope * 0.044715}};

namespace {
struct RaiseGelu : attune::impl::RaiseGeluBase<RaiseGelu> {
  void runOnOperation() override {
    SmallVector<Operation *> candidates;
    forEachEntryBlock(getOperation(), [&](Block &block) {
      for (Operation &op : block)
        if (isCandidate(&op))
          candidates.push_back(&op);
    });
    for (Operation *op : candidates)
      raise(op);
    eraseDeadOps(getOperation());
  }

private:
  /// An error function, or a tangent of a cubic, of which a multiple is
  /// multiplied with something: others are not meant to be GELU.
  static bool isCandidate(Operation *op) {
    if (isa<TanhOp>(op)) {
      // 1 + tanh, which nothing else has.
      return llvm::any_of(op->getUsers(), [&](Operation *user) {
        return isa<AddOp>(user) && isSplat(getOther(user, op->getResult(0)), 1);
      });
    }
    return op->getNumResults() == 1 &&
           getUnary(op->getResult(0), UnaryKind::k_erf);
  }

  void raise(Operation *op) {
    bool isErf = isa<UnaryOp>(op);
    GatedForm form;
    form.function = op->getResult(0);
    form.shift = 1;
    form.factor = 0.5;
    form.arguments = isErf ? ArrayRef(kErf) : ArrayRef(kTanh);
    MissedReason missed;
    FailureOr<GatedMatch> match = matchGated(form, missed);
    if (failed(match))
      return remarkMissed(op, "gelu", missed);
    OpBuilder builder(match->root);
    auto gelu =
        GeluOp::create(builder, match->root->getLoc(), match->input.getType(),
                       match->input, isErf ? "none" : "tanh");
    match->root->getResult(0).replaceAllUsesWith(gelu.getResult());
    remarkFused(gelu, "gelu", isErf ? "by the error function" : "by tanh");
  }
};
} // namespace
