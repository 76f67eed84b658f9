//===- MergeProjections.cpp - Linear maps of one input become one ---------===//
#include "Common.h"
#include "WeightNaming.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/CheckedArithmetic.h"

namespace attune {
#define GEN_PASS_DEF_MERGEPROJECTIONS
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

namespace {
using Group = SmallVector<LinearOp, 3>;

struct MergeProjections : attune::impl::MergeProjectionsBase<MergeProjections> {
  void runOnOperation() override {
    // A map that nobody reads is no part of a wider one.
    eraseDeadOps(getOperation());
    SymbolTable table(getOperation());
    symbols = &table;
    stacked.clear();
    replaced.clear();
    forEachEntryBlock(getOperation(), [&](Block &block) {
      llvm::MapVector<Value, Group> groups;
      for (auto op : block.getOps<LinearOp>())
        groups[op.getInput()].push_back(op);
      for (auto &[input, group] : groups)
        if (group.size() > 1)
          visit(group);
    });
    eraseUnusedWeights();
  }

private:
  /// Merges those of the maps of one input that can be merged.
  void visit(ArrayRef<LinearOp> group) {
    Group mergeable;
    for (LinearOp op : group) {
      std::optional<MissedReason> missed = whyAlone(op);
      if (missed)
        remarkMissed(op, "projections", *missed);
      else
        mergeable.push_back(op);
    }
    if (mergeable.size() < 2)
      return;
    bool someBias =
        llvm::any_of(mergeable, [](LinearOp op) { return bool(op.getBias()); });
    for (LinearOp op : mergeable)
      if (someBias && !op.getBias())
        return remarkMissed(
            op, "projections",
            {"some of the maps of one input have a bias, this one has none",
             "give all of them a bias, zeros where there is none"});
    merge(mergeable);
  }

  /// What `value` is made of by ops that read nothing else computed: the
  /// activation of a gate. Null where others use something on the way.
  static LinearOp getActivated(Value value) {
    for (unsigned depth = 0; depth < 4; ++depth) {
      Operation *op = value.getDefiningOp();
      if (!op || !value.hasOneUse())
        return {};
      if (auto linear = dyn_cast<LinearOp>(op))
        return linear;
      if (!isa<ElementwiseOpInterface>(op) || op->getNumOperands() != 1)
        return {};
      value = op->getOperand(0);
    }
    return {};
  }

  /// The other map of act(gate(x)) * up(x), where `op` is one of them. What is
  /// behind a wider map would be a kernel of its own that reads its result
  /// again; behind the second of two it is computed in registers.
  static LinearOp findGated(LinearOp op) {
    Operation *user = op;
    for (unsigned depth = 0; depth < 4; ++depth) {
      if (user->getNumResults() != 1 || !user->getResult(0).hasOneUse())
        return {};
      Value value = user->getResult(0);
      user = *value.user_begin();
      if (isa<MulOp>(user)) {
        Value other = user->getOperand(user->getOperand(0) == value ? 1 : 0);
        LinearOp map = getActivated(other);
        return map && map != op && map.getInput() == op.getInput() &&
                       other.getType() == value.getType()
                   ? map
                   : LinearOp();
      }
      if (!isa<ElementwiseOpInterface>(user) || user->getNumOperands() != 1)
        return {};
    }
    return {};
  }

  /// Why `op` cannot be a part of a merged map; nullopt when it can.
  std::optional<MissedReason> whyAlone(LinearOp op) {
    for (Value weight : {Value(op.getWeight()), Value(op.getBias())})
      if (weight && !getPlainWeight(weight))
        return MissedReason{"weight or bias is computed, not declared",
                            "declare it as a weight of the model"};
    if (findGated(op))
      return MissedReason{
          "gate/up left as two projections: their product is computed in the "
          "kernel of one of them",
          "nothing is to be done: one wider map was measured to be no faster"};
    for (OpOperand &use : op.getResult().getUses()) {
      auto reader = dyn_cast<KernelOpInterface>(use.getOwner());
      if (!reader || !reader.acceptsStrided(use.getOperandNumber()))
        return MissedReason{
            quoted(use.getOwner()) +
                " uses the result and cannot read a slice without a copy",
            "only results that attention reads can be parts of a wider one"};
    }
    return std::nullopt;
  }

  /// The declaration that `value` loads when its layout is still open.
  WeightOp getPlainWeight(Value value) {
    LoadWeightOp load = getLoadedWeight(value);
    auto weight =
        load ? symbols->lookup<WeightOp>(load.getWeight()) : WeightOp();
    bool isPlain = weight && !weight.getLayout() && !weight.getOffset() &&
                   !weight.getValueAttr();
    return isPlain ? weight : WeightOp();
  }

  /// The weights of `values` stacked along the first dimension, declared once
  /// for each list of weights (layers may share theirs); null when there are
  /// more elements than can be counted.
  WeightOp stack(ArrayRef<Value> values) {
    SmallVector<Attribute> parts, pieces;
    SmallVector<StringRef> names;
    SmallVector<int64_t> shape;
    for (Value value : values) {
      WeightOp weight = getPlainWeight(value);
      parts.push_back(weight.getSymNameAttr());
      names.push_back(weight.getSymName());
      llvm::append_range(pieces, weight.getPieces());
      ArrayRef<int64_t> part =
          cast<RankedTensorType>(weight.getType()).getShape();
      if (shape.empty()) {
        llvm::append_range(shape, part);
        continue;
      }
      auto rows = llvm::checkedAdd(shape[0], part[0]);
      if (!rows)
        return {};
      shape[0] = *rows;
    }
    int64_t columns = shape.size() > 1 ? shape[1] : 1;
    if (!llvm::checkedMul(shape[0], columns))
      return {};

    Builder attributes(&getContext());
    WeightOp &merged = stacked[attributes.getArrayAttr(parts)];
    if (merged)
      return merged;
    auto first = symbols->lookup<WeightOp>(names.front());
    OpBuilder builder(first);
    merged =
        WeightOp::create(builder, first.getLoc(), mergeNames(names),
                         RankedTensorType::get(shape, builder.getF32Type()),
                         builder.getArrayAttr(pieces), /*value=*/ElementsAttr(),
                         /*layout=*/Attribute(), /*offset=*/IntegerAttr());
    symbols->insert(merged, Block::iterator(first));
    replaced.insert_range(parts);
    return merged;
  }

  void merge(ArrayRef<LinearOp> group) {
    SmallVector<Value> weights, biases;
    SmallVector<Location> locations;
    for (LinearOp op : group) {
      weights.push_back(op.getWeight());
      if (op.getBias())
        biases.push_back(op.getBias());
      locations.push_back(op.getLoc());
    }
    WeightOp weight = stack(weights);
    WeightOp bias = biases.empty() ? WeightOp() : stack(biases);
    if (!weight || (!biases.empty() && !bias))
      return;

    // At the first of them: its input is there, and its users come behind.
    LinearOp first = group.front();
    Location loc = mergeLocations(locations);
    OpBuilder builder(first);
    auto load = [&](WeightOp declared) -> Value {
      return LoadWeightOp::create(builder, loc, declared.getType(),
                                  declared.getSymName());
    };
    auto resultType = cast<RankedTensorType>(first.getType());
    SmallVector<int64_t> shape(resultType.getShape());
    int64_t axis = resultType.getRank() - 1;
    shape[axis] = cast<RankedTensorType>(weight.getType()).getDimSize(0);
    Value loadedWeight = load(weight);
    Value loadedBias = bias ? load(bias) : Value();
    auto merged = LinearOp::create(builder, loc, resultType.clone(shape),
                                   first.getInput(), loadedWeight, loadedBias);
    int64_t offset = 0;
    for (LinearOp op : group) {
      int64_t size =
          cast<RankedTensorType>(op.getWeight().getType()).getDimSize(0);
      auto part = SliceOp::create(builder, op.getLoc(), op.getType(),
                                  merged.getResult(), axis, offset, size);
      offset += size;
      op.replaceAllUsesWith(part.getResult());
    }
    for (LinearOp op : group)
      op.erase();
    remarkFused(
        merged, "projections",
        llvm::formatv("{0} linear maps of one input", group.size()).str());
  }

  /// Erases the declarations whose parts went into others, once nobody loads
  /// them.
  void eraseUnusedWeights() {
    if (replaced.empty())
      return;
    eraseDeadOps(getOperation());
    DenseSet<Attribute> used;
    getOperation().walk(
        [&](LoadWeightOp op) { used.insert(op.getWeightAttr().getAttr()); });
    for (Attribute name : replaced)
      if (!used.contains(name))
        symbols->erase(symbols->lookup(cast<StringAttr>(name)));
  }

  SymbolTable *symbols = nullptr;
  /// The stacked weight of each list of weight names.
  DenseMap<Attribute, WeightOp> stacked;
  SetVector<Attribute> replaced;
};
} // namespace
