//===- MaterializeResults.cpp - Results and reshapes with memory ----------===//
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace attune {
#define GEN_PASS_DEF_MATERIALIZERESULTS
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace attune;

/// Tells that something is copied, which is no candidate of a fusion.
static void remarkCopied(Operation *op, StringRef why) {
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("copy").category("compile"))
      << remark::reason("{0}", why.str());
}

namespace {

struct MaterializeResults
    : public attune::impl::MaterializeResultsBase<MaterializeResults> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      materializeReshapes(function);
      materializeReturns(function);
    }
  }

  /// Whether the value is a part of another one's memory, with gaps.
  static bool isStrided(Value value) {
    Operation *op = value.getDefiningOp();
    return op && (isa<SliceOp, SelectOp>(op) ||
                  (isa<ViewOpInterface>(op) && isStrided(op->getOperand(0))));
  }

  /// A reshape shows its operand in other extents; one that merges dimensions
  /// of a part needs that part in memory of its own.
  void materializeReshapes(func::FuncOp function) {
    function.walk([&](ReshapeOp reshape) {
      auto input = cast<RankedTensorType>(reshape.getInput().getType());
      auto result = cast<RankedTensorType>(reshape.getResult().getType());
      bool splits = result.getRank() > input.getRank() && !reshape.getExtents();
      if (isStrided(reshape.getInput()) && !splits)
        reshape.getInputMutable().assign(
            copy(reshape, reshape.getInput(), "a part that is reshaped"));
    });
  }

  /// Every result is computed by an op that writes it, and only once.
  void materializeReturns(func::FuncOp function) {
    Operation *terminator = function.front().getTerminator();
    llvm::SmallPtrSet<Value, 4> returned;
    for (OpOperand &operand : terminator->getOpOperands()) {
      Value value = operand.get();
      Operation *op = value.getDefiningOp();
      bool computed = op && !isa<ViewOpInterface, LoadWeightOp, ExtentsOp>(op);
      bool isFirst = !computed || returned.insert(value).second;
      if (!computed || !isFirst)
        operand.set(copy(terminator, value,
                         isFirst ? "a result that no kernel computes"
                                 : "a result that is returned twice"));
    }
  }

  static Value copy(Operation *before, Value value, StringRef why) {
    remarkCopied(before, why);
    OpBuilder builder(before);
    auto type = cast<RankedTensorType>(value.getType());
    return TransposeOp::create(builder, value.getLoc(), type, value,
                               builder.getDenseI64ArrayAttr(llvm::to_vector(
                                   llvm::seq<int64_t>(0, type.getRank()))));
  }
};

} // namespace
