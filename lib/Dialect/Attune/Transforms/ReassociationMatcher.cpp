//===- ReassociationMatcher.cpp - Finds attention without softmax ---------===//
#include "ReassociationMatcher.h"
#include "CausalMask.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The scores of attention have no more ops than these between the products.
static constexpr unsigned kMostSteps = 16;

/// The product that `value` is computed from, by ops that go along with the
/// scores; null for anything else.
static MatmulOp findProduct(Value value, unsigned depth = kMostSteps) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return {};
  if (auto product = dyn_cast<MatmulOp>(op))
    return product;
  if (!isa<ElementwiseOpInterface, ReshapeOp, SoftmaxOp, MaskOp>(op))
    return {};
  for (Value operand : op->getOperands())
    if (MatmulOp product = findProduct(operand, depth - 1))
      return product;
  return {};
}

bool ReassociationMatcher::isCandidate(MatmulOp context) {
  MatmulOp product = findProduct(context.getLhs());
  if (!product)
    return false;
  return llvm::none_of(
      ValueRange{product.getLhs(), product.getRhs(), context.getRhs()},
      [](Value operand) { return getLoadedWeight(operand) != nullptr; });
}

/// The op that sums up rows of scores, of `value` without `epsilon`, which is
/// added to the sums.
static ReduceOp getSumOfRows(Value value, double &epsilon) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      int64_t last = ranked(reduce.getInput()).getRank() - 1;
      bool isSum = reduce.getKind() == ReduceKind::sum &&
                   reduce.getAxes() == ArrayRef(last) &&
                   ranked(value).getElementType().isF32();
      return isSum ? reduce : ReduceOp();
    }
    if (!value.hasOneUse())
      return {};
    if (isa<AddOp>(op)) {
      unsigned at = getSplat(op->getOperand(1)) ? 1 : 0;
      auto number = getSplat(op->getOperand(at));
      if (!number || op->getOperand(1 - at).getType() != value.getType())
        return {};
      epsilon += *number;
      value = op->getOperand(1 - at);
    } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      // The dimension that the sum took away.
      ArrayRef<int64_t> to = ranked(value).getShape();
      if (to.empty() || to.back() != 1 ||
          to.drop_back() != ranked(reshape.getInput()).getShape())
        return {};
      value = reshape.getInput();
    } else {
      return {};
    }
  }
  return {};
}

Value ReassociationMatcher::getRowSums(Value value, double &epsilon) {
  ReduceOp reduce = getSumOfRows(value, epsilon);
  // Of scores, and not of anything else that has rows.
  if (!reduce || !findProduct(reduce.getInput()) ||
      ranked(value).getRank() != ranked(reduce.getInput()).getRank())
    return {};
  return reduce.getInput();
}

/// What `op` divides `dividend` by: it is a division, or a product with a
/// reciprocal, which then is among `ops`. Null for anything else.
static Value getDivisor(Operation *op, Value dividend,
                        SmallVectorImpl<Operation *> &ops) {
  if (op->getNumResults() != 1 || op->getNumOperands() != 2)
    return {};
  Value result = op->getResult(0);
  if (auto div = getBinary(result, BinaryKind::k_div))
    return div.getLhs() == dividend ? div.getRhs() : Value();
  if (!isa<MulOp>(op) || !llvm::is_contained(op->getOperands(), dividend))
    return {};
  Value factor = getOther(op, dividend);
  auto reciprocal = getUnary(factor, UnaryKind::k_reciprocal);
  auto quotient = getBinary(factor, BinaryKind::k_div);
  if (!factor.hasOneUse() ||
      !(reciprocal || (quotient && isSplat(quotient.getLhs(), 1) &&
                       quotient.getRhs().getType() == factor.getType())))
    return {};
  ops.push_back(factor.getDefiningOp());
  return reciprocal ? reciprocal.getInput() : quotient.getRhs();
}

FailureOr<Reassociation> ReassociationMatcher::match(MatmulOp context) {
  found = {};
  found.context = context;
  builder = OpBuilder(context);
  result.replaced = context.getResult();
  result.ops.push_back(context);
  // The division by the sums may come last.
  if (context.getResult().hasOneUse()) {
    Operation *user = *context.getResult().user_begin();
    SmallVector<Operation *> ops = {user};
    Value divisor = getDivisor(user, context.getResult(), ops);
    double ignored = 0;
    if (divisor && user->getResult(0).getType() == context.getType() &&
        getRowSums(divisor, ignored)) {
      if (failed(takeQuotient(context.getLhs(), divisor)))
        return failure();
      result.ops.append(ops);
      result.replaced = user->getResult(0);
    }
  }
  if (failed(walk()) || failed(findGroups(stages)) || failed(matchOperands()) ||
      failed(finish()))
    return failure();
  result.attention = found;
  return result;
}

LogicalResult ReassociationMatcher::walk() {
  Value stage = found.context.getLhs();
  Operation *user = found.context;
  while (true) {
    stages.push_back(stage);
    Operation *op = stage.getDefiningOp();
    if (!op || stages.size() > 2 * kMostSteps)
      return fail("the scores are no product of queries and keys",
                  "compute them as the product of query and key");
    if (stage == summed)
      summed = {};
    if (failed(checkUses(stage, user)))
      return failure();
    result.ops.push_back(op);
    if (auto matmul = dyn_cast<MatmulOp>(op)) {
      product = matmul;
      break;
    }
    Value next;
    if (failed(step(op, next)))
      return failure();
    if (!isa<ReshapeOp>(op) && next.getType() != stage.getType())
      return fail("what " + quoted(op) +
                      " joins to the scores is larger than they are",
                  "give query and key the batch and heads of it");
    stage = next;
    user = op;
  }
  if (summed)
    return fail("the sums that divide are of other scores",
                "divide the scores by the sums of their own rows");
  return success();
}

LogicalResult ReassociationMatcher::checkUses(Value stage, Operation *user) {
  for (Operation *other : stage.getUsers())
    if (other != user && other != sum)
      return fail("the scores have another use, by " + quoted(other),
                  "compute the scores a second time for it, so that they need "
                  "not be stored");
  return success();
}

LogicalResult ReassociationMatcher::step(Operation *op, Value &next) {
  if (auto scaled = getProduct(op->getResult(0))) {
    // Above the sums, constants are in these as well.
    (sum && !summed ? inner : outer) *= scaled->factor;
    next = scaled->value;
    return success();
  }
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    if (keepsMatrices(reshape)) {
      next = reshape.getInput();
      return success();
    }
    return fail("the scores are reshaped", "keep to their rows and columns");
  }
  if (isa<SoftmaxOp>(op))
    return fail("a softmax stands between the products",
                "no order of the products equals it; linear attention "
                "approximates it");
  if (auto mask = dyn_cast<MaskOp>(op))
    return fail("the mask puts -inf into the scores, which only a softmax "
                "makes zeros of",
                "multiply the scores with a mask of zeros and ones");
  if (isa<AddOp>(op) || getBinary(op->getResult(0), BinaryKind::k_sub))
    return fail("a bias is added to the scores, by " + quoted(op),
                "leave the bias out: no state of fixed size has it");
  SmallVector<Operation *> ops;
  double ignored = 0;
  for (Value dividend : op->getOperands())
    if (Value divisor = getDivisor(op, dividend, ops);
        divisor && getRowSums(divisor, ignored)) {
      result.ops.append(ops);
      next = dividend;
      return takeQuotient(next, divisor);
    }
  if (isa<MulOp>(op)) {
    bool isFirst = bool(findProduct(op->getOperand(0)));
    if (isFirst && findProduct(op->getOperand(1)))
      return fail("the scores are multiplied with what is computed from a "
                  "product",
                  "multiply them with constants and masks only");
    next = op->getOperand(isFirst ? 0 : 1);
    return takeFactor(next, op->getOperand(isFirst ? 1 : 0),
                      /*isDivisor=*/false);
  }
  if (auto div = getBinary(op->getResult(0), BinaryKind::k_div)) {
    next = div.getLhs();
    return takeFactor(next, div.getRhs(), /*isDivisor=*/true);
  }
  if (auto choice = dyn_cast<WhereOp>(op))
    return takeChoice(choice, next);
  return fail(quoted(op) + " of the scores is not linear",
              "keep to scales, multiplying masks and the division by sums of "
              "rows");
}

LogicalResult ReassociationMatcher::takeQuotient(Value dividend,
                                                 Value divisor) {
  if (sum)
    return fail("the scores are divided by sums twice",
                "divide them by the sums of their rows once");
  if (isMasked)
    return fail("a mask stands behind the division by the sums",
                "mask the scores before they are summed up");
  Value of = getRowSums(divisor, epsilon);
  for (Value value = divisor; value != of;
       value = value.getDefiningOp()->getOperand(
           getSplat(value.getDefiningOp()->getOperand(0)) ? 1 : 0)) {
    if (!value.hasOneUse())
      return fail("the sums of the scores have another use",
                  "compute them a second time for it");
    sum = value.getDefiningOp();
    result.ops.push_back(sum);
  }
  summed = of;
  // Only constants may stand between what is divided and what is summed up.
  Value value = dividend;
  while (value != of) {
    auto scaled = getProduct(value);
    if (!scaled)
      return fail("the sums that divide are of other scores",
                  "divide the scores by the sums of their own rows");
    value = scaled->value;
  }
  return success();
}

LogicalResult ReassociationMatcher::takeFactor(Value stage, Value factor,
                                               bool isDivisor) {
  if (!ranked(factor).getElementType().isF32())
    return fail("a factor of the scores is not of f32", "cast it to f32");
  ArrayRef<int64_t> shape = ranked(factor).getShape();
  if (shape.empty() || shape.back() == 1) {
    if (sum)
      return fail("a factor of rows stands before the division by the sums",
                  "leave it out: the division cancels it");
    if (ranked(stage).getRank() != ranked(found.context.getResult()).getRank())
      return fail("the scores are reshaped behind a factor of rows",
                  "apply it to the product with the values");
    result.rowFactors.push_back({factor, isDivisor});
    return success();
  }
  if (isDivisor)
    return fail("the scores are divided by what differs from key to key",
                "multiply them with the reciprocals");
  isMasked |= !sum;
  if (auto triangle = getTriangle(factor, contents);
      triangle && takeTriangle(factor, triangle->below, triangle->above)) {
    (sum ? inner : outer) *= triangle->below;
    return success();
  }
  return takeKeyFactor(stage, factor);
}

bool ReassociationMatcher::takeTriangle(Value mask, double below,
                                        double above) {
  auto triangle = getTriangle(mask, contents);
  const SymbolicShape &shape = shapes.get(mask);
  const SymbolicShape &whole = shapes.get(stages.back());
  if (!triangle || above != 0 || below == 0 || shape.size() < 2 ||
      whole.size() < 2 || shape.back() == DimExpr(1) ||
      shape[shape.size() - 2] == DimExpr(1))
    return false;
  // Queries are the tokens of the keys, each sees those up to itself.
  if (triangle->offset != DimExpr(0) || whole.back() != whole[whole.size() - 2])
    return false;
  result.isCausal = true;
  return true;
}

LogicalResult ReassociationMatcher::takeKeyFactor(Value stage, Value factor) {
  const SymbolicShape &shape = shapes.get(factor);
  bool isOfKeys = shape.size() < 2 || shape[shape.size() - 2] == DimExpr(1);
  if (!isOfKeys)
    return fail("the scores are multiplied with a matrix of queries and keys "
                "that is no causal mask of as many queries as keys",
                "multiply them with a mask of keys, or with a lower triangle "
                "of ones");
  if (keyFactor)
    return fail("two masks of keys multiply the scores",
                "combine the masks into one");
  keyFactor = factor;
  keyFactorRank = ranked(stage).getRank();
  return success();
}

LogicalResult ReassociationMatcher::takeChoice(WhereOp op, Value &next) {
  bool keepsTrue = isSplat(op.getOnFalse(), 0);
  if (!keepsTrue && !isSplat(op.getOnTrue(), 0))
    return fail("masked scores become something other than zero",
                "let masked scores be zero");
  next = keepsTrue ? op.getOnTrue() : op.getOnFalse();
  isMasked |= !sum;
  Value condition = op.getCondition();
  if (auto triangle = getTriangle(condition, contents)) {
    bool below = (triangle->below != 0) == keepsTrue;
    bool above = (triangle->above != 0) == keepsTrue;
    if (takeTriangle(condition, below, above))
      return success();
  }
  Location loc = op.getLoc();
  if (!keepsTrue)
    condition = UnaryOp::create(builder, loc, condition.getType(),
                                UnaryKind::k_logical_not, condition);
  // Stays a mask of zeros and ones: an i1 that is cast.
  Value factor = CastOp::create(
      builder, loc, ranked(condition).clone(builder.getF32Type()), condition);
  return takeKeyFactor(next, factor);
}

/// The tensor of i64 whose elements other than zero `factor` has ones for, and
/// zeros for the others; null for anything else.
static Value getIdMask(Value factor) {
  while (Operation *op = factor.getDefiningOp()) {
    if (isa<ReshapeOp, ExpandOp>(op)) {
      factor = op->getOperand(0);
      continue;
    }
    Type type = ranked(factor).getElementType();
    if (auto cast = dyn_cast<CastOp>(op)) {
      Type from = ranked(cast.getInput()).getElementType();
      if (type.isInteger(1) && from.isSignlessInteger(64))
        return cast.getInput();
      if (!from.isInteger(1))
        return {};
      factor = cast.getInput();
      continue;
    }
    auto compare = dyn_cast<CompareOp>(op);
    bool isMask =
        compare && compare.getKind() == CompareKind::k_ne &&
        isSplat(compare.getRhs(), 0) &&
        ranked(compare.getLhs()).getElementType().isSignlessInteger(64);
    return isMask ? compare.getLhs() : Value();
  }
  return {};
}

LogicalResult ReassociationMatcher::buildKeyFactor() {
  if (!keyFactor)
    return success();
  Location loc = keyFactor.getLoc();
  SymbolicShape keys = {shapes.get(found.key)[0], shapes.get(found.key)[1]};
  if (Value mask = getIdMask(keyFactor); mask && shapes.get(mask) == keys) {
    found.keyMask = mask;
    return success();
  }
  Value heads = regroup(keyFactor, keyFactorRank);
  SymbolicShape shape = heads ? shapes.get(heads) : SymbolicShape();
  if (!heads || shape[1] != DimExpr(1) || shape[3] != keys[1])
    return fail("the mask of keys is not the same for all heads",
                "give it the shape [batch, 1, 1, keys]");
  result.keyFactor =
      shapes.reshape(builder, loc, heads, {shape[0], shape[3], DimExpr(1)});
  if (!result.keyFactor)
    return fail("the extents of batch and length are not known by name",
                "name the dynamic dimensions of the model's inputs");
  return success();
}

LogicalResult ReassociationMatcher::finish() {
  if (result.isCausal && scores[2] != scores[3])
    return fail("the mask is causal, but queries and keys differ in number",
                "give the queries the positions of the keys");
  // What scales query and key scales the scores before they are summed up.
  inner *= found.scale;
  found.scale = outer;
  if (sum) {
    double denominator = epsilon / inner;
    if (!(denominator >= 0) || !std::isfinite(denominator) || inner == 0)
      return fail("the sums that divide have a negative constant added",
                  "add a positive one, or none");
    result.denominator = denominator;
  } else {
    found.scale *= inner;
  }
  if (!std::isfinite(found.scale))
    return fail("the scales together are not a finite constant",
                "scale by one finite constant");
  return buildKeyFactor();
}
