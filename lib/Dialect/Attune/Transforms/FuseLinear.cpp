//===- FuseLinear.cpp - Products with weights become attune.linear --------===//
#include "TransposedWeights.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "attune/Dialect/Attune/Transforms/SymbolicShapes.h"

namespace attune {
#define GEN_PASS_DEF_FUSELINEAR
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

namespace {
struct FuseLinear : attune::impl::FuseLinearBase<FuseLinear> {
  void runOnOperation() override {
    SmallVector<Operation *> candidates;
    forEachEntryBlock(getOperation(), [&](Block &block) {
      for (Operation &op : block)
        if (isa<MatmulOp, AddOp>(op))
          candidates.push_back(&op);
    });
    TransposedWeights transposed(getOperation());
    // Operands come first, so that a sum meets the linear map its product
    // has become.
    for (Operation *op : candidates) {
      if (auto matmul = dyn_cast<MatmulOp>(op))
        fuseProduct(matmul, transposed);
      else
        fuseBias(cast<AddOp>(op));
    }
    forEachEntryBlock(getOperation(), keepDimensions);
    eraseDeadOps(getOperation());
    transposed.eraseUnused();
  }

private:
  void fuseProduct(MatmulOp op, TransposedWeights &transposed) {
    // The right operand may go through a transposition of its own.
    bool isTransposed = op.getTransposeRhs();
    Value rhs = op.getRhs();
    if (auto transpose = rhs.getDefiningOp<TransposeOp>())
      if (transpose.getPermutation() == ArrayRef<int64_t>{1, 0}) {
        rhs = transpose.getInput();
        isTransposed = !isTransposed;
      }
    LoadWeightOp load = getLoadedWeight(rhs);
    if (!load || cast<RankedTensorType>(rhs.getType()).getRank() != 2)
      return;
    auto inputType = cast<RankedTensorType>(op.getLhs().getType());
    if (!inputType.getElementType().isF32())
      return remarkMissed(op, "linear",
                          {"the operands are not of f32",
                           "cast them to f32 before the product"});
    OpBuilder builder(op);
    Value weight = isTransposed ? rhs : transposed.load(builder, load);
    if (!weight)
      return remarkMissed(
          op, "linear",
          {"the weight is stored as [inputs, outputs] in several pieces",
           "store the weight as [outputs, inputs] and set transpose_rhs"});
    auto linear = LinearOp::create(builder, op.getLoc(), op.getType(),
                                   op.getLhs(), weight, /*bias=*/Value());
    op.replaceAllUsesWith(linear.getResult());
    op.erase();
    remarkFused(linear, "linear", "a product with a declared weight");
  }

  /// linear(reshape(x)) -> reshape(linear(x)) where the reshape only takes the
  /// rows together: exporters flatten them for products of two matrices, and
  /// the reshape behind is undone then.
  static void keepDimensions(Block &block) {
    SmallVector<LinearOp> candidates(block.getOps<LinearOp>());
    if (candidates.empty())
      return;
    SymbolicShapes shapes(block);
    for (LinearOp op : candidates) {
      auto flatten = op.getInput().getDefiningOp<ReshapeOp>();
      if (!flatten)
        continue;
      auto from = cast<RankedTensorType>(flatten.getInput().getType());
      auto width = cast<RankedTensorType>(op.getWeight().getType());
      if (from.getRank() < 2 || from.getShape().back() != width.getDimSize(1))
        continue;
      OpBuilder builder(op);
      SymbolicShape shape = shapes.get(flatten.getInput());
      shape.back() = width.getDimSize(0);
      auto wide = LinearOp::create(
          builder, op.getLoc(), getTensorType(from.getElementType(), shape),
          flatten.getInput(), op.getWeight(), op.getBias());
      auto replace = [&](Value old) {
        builder.setInsertionPoint(old.getDefiningOp());
        Value again = shapes.reshape(builder, old.getLoc(), wide.getResult(),
                                     shapes.get(old));
        if (again && again.getType() == old.getType())
          old.replaceAllUsesWith(again);
      };
      for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
        if (auto reshape = dyn_cast<ReshapeOp>(user))
          replace(reshape.getResult());
      if (!op->use_empty()) {
        builder.setInsertionPointAfter(op);
        replace(op.getResult());
      }
    }
  }

  /// The map whose bias `vector` can be when the other operand of a sum is
  /// `product`.
  static LinearOp getBiasTarget(Value product, Value vector) {
    auto linear = product.getDefiningOp<LinearOp>();
    if (!linear || !getLoadedWeight(vector))
      return {};
    auto width =
        cast<RankedTensorType>(linear.getWeight().getType()).getDimSize(0);
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(vector.getType()).getShape();
    return shape == ArrayRef(width) ? linear : LinearOp();
  }

  void fuseBias(AddOp op) {
    Value vector = op.getRhs();
    LinearOp linear = getBiasTarget(op.getLhs(), vector);
    if (!linear) {
      vector = op.getLhs();
      linear = getBiasTarget(op.getRhs(), vector);
    }
    if (!linear || linear.getResult().getType() != op.getType())
      return;
    if (linear.getBias())
      return remarkMissed(op, "bias",
                          {"the linear map has a bias already",
                           "add the two vectors in the model's weights"});
    std::string others = otherUsers(linear.getResult(), op);
    if (!others.empty())
      return remarkMissed(
          op, "bias",
          {"the product without the bias is also used by " + others,
           "use the sum there, or compute the product twice"});
    // At the sum, since the vector may be loaded after the product.
    OpBuilder builder(op);
    auto fused =
        LinearOp::create(builder, linear.getLoc(), op.getType(),
                         linear.getInput(), linear.getWeight(), vector);
    op.replaceAllUsesWith(fused.getResult());
    op.erase();
    linear.erase();
    remarkFused(fused, "bias", "a sum with a weight vector of its width");
  }
};
} // namespace
