//===- FuseLinear.cpp - Products with weights become attune.linear --------===//
#include "Common.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

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
    // Operands come first, so that a sum meets the linear map its product
    // has become.
    for (Operation *op : candidates) {
      if (auto matmul = dyn_cast<MatmulOp>(op))
        fuseProduct(matmul);
      else
        fuseBias(cast<AddOp>(op));
    }
    eraseDeadOps(getOperation());
  }

private:
  void fuseProduct(MatmulOp op) {
    if (!getLoadedWeight(op.getRhs()) ||
        cast<RankedTensorType>(op.getRhs().getType()).getRank() != 2)
      return;
    if (!op.getTransposeRhs())
      return remarkMissed(
          op, "linear",
          {"the weight is stored as [inputs, outputs]",
           "store the weight as [outputs, inputs] and set transpose_rhs"});
    OpBuilder builder(op);
    auto linear = LinearOp::create(builder, op.getLoc(), op.getType(),
                                   op.getLhs(), op.getRhs(), /*bias=*/Value());
    op.replaceAllUsesWith(linear.getResult());
    op.erase();
    remarkFused(linear, "linear", "a product with a declared weight");
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
