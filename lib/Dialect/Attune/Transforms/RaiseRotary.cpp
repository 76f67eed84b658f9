//===- RaiseRotary.cpp - Finds rotary embeddings in sums of products ------===//
#include "RotaryMatcher.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_RAISEROTARY
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

static constexpr int64_t kHeadsFirst[] = {0, 2, 1, 3};

namespace {
/// Builds attune.rotary on packed heads.
class RotaryBuilder {
public:
  RotaryBuilder(const RotaryMatch &match, SymbolicShapes &shapes)
      : match(match), shapes(shapes), builder(match.root),
        loc(match.root->getLoc()) {}

  /// What replaces the root's result; null with a reason.
  Value build(MissedReason &missed) {
    SymbolicShape shape = shapes.get(match.input);
    if (shape.size() != 4) {
      missed = {
          llvm::formatv("what is rotated has rank {0}", shape.size()),
          "split it into heads before: [batch, heads, length, head size]"};
      return {};
    }
    std::optional<bool> headsFirst = findHeads(shape);
    if (!headsFirst) {
      missed = {"the shape of the cosines does not tell heads from positions",
                "give cosines and sines extent one where heads are"};
      return {};
    }
    int64_t axis = *headsFirst ? 1 : 2;
    std::optional<int64_t> heads = shape[axis].getConstant();
    if (!heads || *heads < 1 || !shape[3].getConstant()) {
      missed = {"the number or the size of heads is not known",
                "give their dimensions static extents"};
      return {};
    }
    DimExpr length = shape[*headsFirst ? 2 : 1];
    Value rows = *headsFirst
                     ? shapes.transpose(builder, loc, match.input, kHeadsFirst)
                     : match.input;
    Value packed = shapes.reshape(builder, loc, rows,
                                  {shape[0], length, shape[3] * *heads});
    Value cos = buildAngles(match.cos, *headsFirst, length);
    Value sin = buildAngles(match.sin, *headsFirst, length);
    if (!packed || !cos || !sin || cos.getType() != sin.getType()) {
      missed = {"the extents of batch and length are not known by name",
                "name the dynamic dimensions of the model's inputs"};
      return {};
    }
    rotary = RotaryOp::create(builder, loc, packed.getType(), packed, cos, sin,
                              builder.getI64IntegerAttr(*heads),
                              match.interleaved ? builder.getUnitAttr()
                                                : UnitAttr());
    Value split = shapes.reshape(builder, loc, rotary.getResult(),
                                 {shape[0], length, *heads, shape[3]});
    if (!split) {
      missed = {"the extents of batch and length are not known by name",
                "name the dynamic dimensions of the model's inputs"};
      return {};
    }
    return *headsFirst ? shapes.transpose(builder, loc, split, kHeadsFirst)
                       : split;
  }

  RotaryOp getRotary() { return rotary; }

private:
  SymbolicShape padded(Value value) {
    SymbolicShape shape = shapes.get(value);
    while (shape.size() < 4)
      shape.insert(shape.begin(), DimExpr(1));
    return shape;
  }

  /// Heads stand where cosines have extent one, positions where they have not.
  std::optional<bool> findHeads(const SymbolicShape &shape) {
    std::optional<bool> found;
    for (Value angles : {match.cos, match.sin}) {
      SymbolicShape table = padded(angles);
      if (table.size() != 4)
        return std::nullopt;
      bool first = table[1] == DimExpr(1) && agree(table[2], shape[2]);
      bool second = table[2] == DimExpr(1) && agree(table[1], shape[1]);
      if (first && second)
        first = shape[1].getConstant() && !shape[2].getConstant();
      if (first == second && !first)
        return std::nullopt;
      if (found && *found != first)
        return std::nullopt;
      found = first;
    }
    return found;
  }

  static bool agree(const DimExpr &a, const DimExpr &b) {
    return a == b || (!a.getConstant() && !b.getConstant());
  }

  /// [batch or 1, length, rotated / 2].
  Value buildAngles(Value angles, bool headsFirst, const DimExpr &length) {
    SymbolicShape shape = padded(angles);
    int64_t half = match.rotated / 2;
    if (match.isDoubled && match.interleaved) {
      // One of each pair.
      SymbolicShape pairs = shapes.get(angles);
      pairs.back() = DimExpr(half);
      pairs.push_back(DimExpr(2));
      angles = shapes.reshape(builder, loc, angles, pairs);
      if (!angles)
        return {};
      auto type = cast<RankedTensorType>(angles.getType());
      SmallVector<int64_t> extents(type.getShape());
      extents.back() = 1;
      angles = SliceOp::create(builder, loc, type.clone(extents), angles,
                               type.getRank() - 1, 0, 1);
    } else if (match.isDoubled) {
      auto type = cast<RankedTensorType>(angles.getType());
      SmallVector<int64_t> extents(type.getShape());
      extents.back() = half;
      angles = SliceOp::create(builder, loc, type.clone(extents), angles,
                               type.getRank() - 1, 0, half);
    }
    return shapes.reshape(builder, loc, angles,
                          {shape[0], shape[headsFirst ? 2 : 1], half});
  }

  const RotaryMatch &match;
  SymbolicShapes &shapes;
  OpBuilder builder;
  Location loc;
  RotaryOp rotary;
};

struct RaiseRotary : attune::impl::RaiseRotaryBase<RaiseRotary> {
  void runOnOperation() override {
    WeightContents contents(getOperation());
    forEachEntryBlock(getOperation(), [&](Block &block) {
      SmallVector<ConcatOp> candidates;
      for (auto op : block.getOps<ConcatOp>())
        if (RotaryMatcher::isCandidate(op))
          candidates.push_back(op);
      if (candidates.empty())
        return;
      SymbolicShapes shapes(block);
      for (ConcatOp op : candidates)
        raise(op, shapes, contents);
    });
    eraseDeadOps(getOperation());
  }

private:
  static void raise(ConcatOp op, SymbolicShapes &shapes,
                    WeightContents &contents) {
    RotaryMatcher matcher(shapes, contents);
    FailureOr<RotaryMatch> match = matcher.match(op);
    if (failed(match))
      return remarkMissed(op, "rotary", matcher.getMissed());
    RotaryBuilder builder(*match, shapes);
    MissedReason missed;
    Value result = builder.build(missed);
    if (!result)
      return remarkMissed(op, "rotary", missed);
    Value old = match->root->getResult(0);
    if (result.getType() != old.getType())
      return remarkMissed(op, "rotary",
                          {"the result has another shape than what is rotated",
                           "rotate a tensor of the shape of the result"});
    old.replaceAllUsesWith(result);
    remarkFused(builder.getRotary(), "rotary",
                llvm::formatv("{0} columns of {1} heads{2}", match->rotated,
                              builder.getRotary().getHeads(),
                              match->interleaved ? ", interleaved" : "")
                    .str());
  }
};
} // namespace
