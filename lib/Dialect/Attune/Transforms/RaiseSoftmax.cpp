//===- RaiseSoftmax.cpp - Finds softmax in exponentials and sums ----------===//
#include "Matchers.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_RAISESOFTMAX
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

namespace {
/// `exp * factor`, divided by the sum of `exp`.
struct Candidate {
  Operation *root;
  UnaryOp exp;
  ReduceOp sum;
};

struct RaiseSoftmax : attune::impl::RaiseSoftmaxBase<RaiseSoftmax> {
  void runOnOperation() override {
    SmallVector<Candidate> candidates;
    forEachEntryBlock(getOperation(), [&](Block &block) {
      for (Operation &op : block)
        if (std::optional<Candidate> found = findCandidate(&op))
          candidates.push_back(*found);
    });
    for (Candidate &candidate : candidates) {
      MissedReason missed;
      Value input = match(candidate, missed);
      if (input)
        replace(candidate, input);
      else
        remarkMissed(candidate.root, "softmax", missed);
    }
    eraseDeadOps(getOperation());
  }

private:
  /// The sum of something, behind a reshape that puts its dimension back.
  static ReduceOp getSum(Value value) {
    if (auto reshape = value.getDefiningOp<ReshapeOp>())
      value = reshape.getInput();
    auto reduce = value.getDefiningOp<ReduceOp>();
    return reduce && reduce.getKind() == ReduceKind::sum ? reduce : ReduceOp();
  }

  /// `op` divides an exponential by a sum of that exponential.
  static std::optional<Candidate> findCandidate(Operation *op) {
    Value dividend, divisor;
    if (op->getNumResults() != 1)
      return std::nullopt;
    if (auto div = getBinary(op->getResult(0), BinaryKind::k_div)) {
      dividend = div.getLhs();
      divisor = div.getRhs();
    } else if (auto mul = dyn_cast<MulOp>(op)) {
      for (Value operand : mul->getOperands())
        if (auto inverse = getUnary(operand, UnaryKind::k_reciprocal)) {
          dividend = getOther(mul, operand);
          divisor = inverse.getInput();
        }
    }
    if (!dividend)
      return std::nullopt;
    UnaryOp exp = getUnary(dividend, UnaryKind::k_exp);
    ReduceOp sum = getSum(divisor);
    if (!exp || !sum || sum.getInput() != exp.getResult())
      return std::nullopt;
    return Candidate{op, exp, sum};
  }

  /// What the softmax is of; null with a reason.
  static Value match(Candidate candidate, MissedReason &missed) {
    auto type = cast<RankedTensorType>(candidate.exp.getResult().getType());
    int64_t last = type.getRank() - 1;
    if (!type.getElementType().isF32()) {
      missed = {"the numbers are not of f32", "cast them to f32 before"};
      return {};
    }
    ReduceOp sum = candidate.sum;
    if (sum.getAxes() != ArrayRef(last) ||
        candidate.root->getResult(0).getType() != type ||
        !keepsRows(candidate)) {
      missed = {"the sum is not one over the last dimension",
                "transpose that dimension to the end"};
      return {};
    }
    Value input = candidate.exp.getInput();
    MatchedOps ops;
    ops.add(candidate.exp);
    ops.addBetween(candidate.root->getOperand(0), candidate.exp.getResult());
    ops.addBetween(candidate.root->getOperand(1), candidate.exp.getResult());
    // Without the maximum: the same numbers, where none overflows.
    if (auto sub = getBinary(input, BinaryKind::k_sub)) {
      Value max = sub.getRhs();
      if (auto reshape = max.getDefiningOp<ReshapeOp>())
        max = reshape.getInput();
      auto reduce = max.getDefiningOp<ReduceOp>();
      if (reduce && reduce.getKind() == ReduceKind::max &&
          reduce.getInput() == sub.getLhs()) {
        if (reduce.getAxes() != ArrayRef(last) ||
            cast<RankedTensorType>(sub.getRhs().getType()).getShape() !=
                ArrayRef(rowsOf(type))) {
          missed = {"the maximum is not one over the last dimension, as the "
                    "sum is",
                    "subtract the maximum of each row"};
          return {};
        }
        ops.add(sub);
        input = sub.getLhs();
        ops.addBetween(sub.getRhs(), input);
      }
    }
    if (auto other = ops.findOtherUse(candidate.root)) {
      missed = *other;
      return {};
    }
    return input;
  }

  static SmallVector<int64_t> rowsOf(RankedTensorType type) {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = 1;
    return shape;
  }

  /// The divisor has one number a row.
  static bool keepsRows(Candidate candidate) {
    auto type = cast<RankedTensorType>(candidate.exp.getResult().getType());
    for (Value operand : candidate.root->getOperands())
      if (operand != candidate.exp.getResult())
        return cast<RankedTensorType>(operand.getType()).getShape() ==
               ArrayRef(rowsOf(type));
    return false;
  }

  static void replace(Candidate candidate, Value input) {
    OpBuilder builder(candidate.root);
    auto softmax = SoftmaxOp::create(builder, candidate.root->getLoc(),
                                     input.getType(), input);
    candidate.root->getResult(0).replaceAllUsesWith(softmax.getResult());
    remarkFused(softmax, "softmax",
                input == candidate.exp.getInput()
                    ? "exponentials divided by their sum, no maximum taken off"
                    : "exponentials divided by their sum");
  }
};
} // namespace
