//===- RaiseNorm.cpp - What both passes for norms do ----------------------===//
#include "RaiseNorm.h"
#include "attune/Dialect/Attune/Transforms/SymbolicShapes.h"

using namespace mlir;
using namespace attune;

namespace {
/// Builds the op of one match.
class NormBuilder {
public:
  NormBuilder(const NormMatch &match, NormKind kind, SymbolicShapes &shapes)
      : match(match), kind(kind), shapes(shapes), builder(match.root),
        loc(match.root->getLoc()) {}

  /// What replaces the root's result; null where shapes cannot be said.
  Value build() {
    SymbolicShape whole = shapes.get(match.input);
    SymbolicShape rows = whole;
    DimExpr width = 1;
    for (int64_t i = 0; i < match.dims; ++i) {
      width *= rows.back();
      rows.pop_back();
    }
    rows.push_back(width);
    Value input = shapes.reshape(builder, loc, match.input, rows);
    if (!input)
      return {};
    Value gamma = vector(match.gamma, *width.getConstant(), 1);
    auto epsilon = builder.getF64FloatAttr(match.epsilon);
    Value result;
    if (kind == NormKind::Rms)
      result = RmsNormOp::create(builder, loc, input.getType(), input, gamma,
                                 epsilon);
    else
      result = LayerNormOp::create(builder, loc, input.getType(), input, gamma,
                                   vector(match.beta, *width.getConstant(), 0),
                                   epsilon);
    norm = result.getDefiningOp();
    return shapes.reshape(builder, loc, result, whole);
  }

  Operation *getNorm() { return norm; }

private:
  Value vector(Value given, int64_t width, double absent) {
    if (!given)
      return loadSplat(builder, loc, absent, width);
    return shapes.reshape(builder, loc, given, {width});
  }

  const NormMatch &match;
  NormKind kind;
  SymbolicShapes &shapes;
  OpBuilder builder;
  Location loc;
  Operation *norm = nullptr;
};
} // namespace

static std::string describe(const NormMatch &match) {
  std::string text = match.gamma && match.beta ? "with scale and shift"
                     : match.gamma             ? "with scale"
                     : match.beta              ? "with shift"
                                               : "without scale";
  if (match.dims > 1)
    text += llvm::formatv(", over {0} dimensions", match.dims);
  return text;
}

void attune::raiseNorms(ModuleOp module, NormKind kind, StringRef pattern) {
  forEachEntryBlock(module, [&](Block &block) {
    SmallVector<Operation *> candidates;
    for (Operation &op : block)
      if (auto found = NormMatcher::findCandidate(&op))
        if (found->kind == kind)
          candidates.push_back(&op);
    if (candidates.empty())
      return;
    SymbolicShapes shapes(block);
    for (Operation *op : candidates) {
      // Looked at again: what is divided may be the norm before by now.
      std::optional<NormCandidate> candidate = NormMatcher::findCandidate(op);
      if (!candidate)
        continue;
      NormMatcher matcher;
      FailureOr<NormMatch> match = matcher.match(*candidate);
      if (failed(match)) {
        remarkMissed(candidate->normalised, pattern, matcher.getMissed());
        continue;
      }
      NormBuilder builder(*match, kind, shapes);
      Value result = builder.build();
      if (!result || result.getType() != match->root->getResult(0).getType()) {
        remarkMissed(candidate->normalised, pattern,
                     {"the dimensions cannot be taken together",
                      "normalise the last dimension only"});
        continue;
      }
      match->root->getResult(0).replaceAllUsesWith(result);
      remarkFused(builder.getNorm(), pattern, describe(*match));
    }
  });
  eraseDeadOps(module);
}
