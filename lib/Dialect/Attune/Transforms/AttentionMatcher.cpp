//===- AttentionMatcher.cpp - Finds attention around a softmax ------------===//
#include "AttentionMatcher.h"
#include "CausalMask.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

LogicalResult AttentionMatcher::fail(const Twine &reason, const Twine &hint) {
  missed = {reason.str(), hint.str()};
  return failure();
}

Operation *AttentionMatcher::getOnlyUser(Value value, StringRef what) {
  if (value.hasOneUse())
    return *value.user_begin();
  Operation *consumer = nullptr;
  for (Operation *user : value.getUsers())
    if (isa<KernelOpInterface, ElementwiseOpInterface, ViewOpInterface>(user))
      consumer = user;
  std::string others = otherUsers(value, consumer);
  (void)fail(what + " have another use" +
                 (others.empty() ? std::string() : ", by " + others),
             "compute " + what +
                 " a second time for it, so that attention need not store "
                 "them");
  return nullptr;
}

/// A few ops behind `value` is a product.
static bool leadsToProduct(Value value, unsigned depth) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (isa<MatmulOp>(user))
      return true;
    bool passes = isa<ScaleOp, MulOp, MaskOp, WhereOp, CastOp, ReshapeOp,
                      TransposeOp, BinaryOp>(user);
    return passes && depth > 0 && leadsToProduct(user->getResult(0), depth - 1);
  });
}

bool AttentionMatcher::isCandidate(SoftmaxOp softmax) {
  return leadsToProduct(softmax.getResult(), 4);
}

FailureOr<AttentionMatch> AttentionMatcher::match(SoftmaxOp softmax) {
  found = {};
  terms.clear();
  product = {};
  if (failed(matchContext(softmax)))
    return failure();
  builder = OpBuilder(found.context);
  if (failed(matchScores(softmax)) ||
      failed(findGroups({softmax.getResult(), softmax.getInput()})) ||
      failed(matchOperands()) || failed(buildBias()))
    return failure();
  if (!std::isfinite(static_cast<float>(found.scale)))
    return fail("the scales together are not a finite constant",
                "scale by one finite constant");
  return found;
}

/// where(is_nan(p), 0, p), which exporters put behind a softmax for rows
/// without keys: attention gives zeros for them. Null for anything else.
static WhereOp getRowsMended(Value probabilities) {
  WhereOp mended;
  for (Operation *user : probabilities.getUsers()) {
    if (auto choice = dyn_cast<WhereOp>(user)) {
      auto isNan = getUnary(choice.getCondition(), UnaryKind::k_is_nan);
      if (isNan && isNan.getInput() == probabilities &&
          isNan.getResult().hasOneUse() && isSplat(choice.getOnTrue(), 0) &&
          choice.getOnFalse() == probabilities && !mended) {
        mended = choice;
        continue;
      }
    }
    if (!getUnary(user->getNumResults() == 1 ? user->getResult(0) : Value(),
                  UnaryKind::k_is_nan))
      return {};
  }
  return mended;
}

LogicalResult AttentionMatcher::matchContext(SoftmaxOp softmax) {
  Value probabilities = softmax.getResult();
  if (WhereOp mended = getRowsMended(probabilities))
    probabilities = mended.getResult();
  Operation *user = getOnlyUser(probabilities, "the probabilities");
  if (!user)
    return failure();
  // Heads taken together with the batch, or apart.
  if (auto reshape = dyn_cast<ReshapeOp>(user)) {
    SymbolicShape from = shapes.get(probabilities),
                  to = shapes.get(reshape.getResult());
    if (from.size() >= 2 && to.size() >= 2 &&
        ArrayRef(from).take_back(2) == ArrayRef(to).take_back(2)) {
      probabilities = reshape.getResult();
      user = getOnlyUser(probabilities, "the probabilities");
      if (!user)
        return failure();
    }
  }
  if (isa<MaskOp>(user))
    return fail("the mask stands behind the softmax",
                "mask the scores before the softmax");
  auto context = dyn_cast<MatmulOp>(user);
  if (!context)
    return fail("the probabilities go through " + quoted(user) +
                    " before the product with the values",
                "multiply the probabilities with the values directly");
  if (context.getLhs() != probabilities)
    return fail("the probabilities are not the left operand of the product "
                "with the values",
                "compute matmul(probabilities, values)");
  found.context = context;
  return success();
}

LogicalResult AttentionMatcher::takeMask(MaskOp op) {
  if (found.keyMask && found.keyMask != op.getKeyMask())
    return fail("the scores have two masks", "combine the masks into one");
  found.keyMask = op.getKeyMask();
  return success();
}

LogicalResult AttentionMatcher::matchScores(SoftmaxOp softmax) {
  Value value = softmax.getInput();
  double factor = 1;
  while (true) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return fail("the scores are an argument of the function",
                  "compute them as the product of query and key");
    if (!getOnlyUser(value, "the scores"))
      return failure();
    if (auto matmul = dyn_cast<MatmulOp>(op)) {
      product = matmul;
      found.scale *= factor;
      return success();
    }
    Value next;
    if (failed(matchStep(op, next, factor)))
      return failure();
    bool isReshape = isa<ReshapeOp>(op);
    if (!isReshape && next.getType() != value.getType())
      return fail("what " + quoted(op) +
                      " joins to the scores is larger than "
                      "they are",
                  "give query and key the batch and heads of the bias");
    value = next;
  }
}

bool AttentionMatcher::keepsMatrices(ReshapeOp reshape) {
  SymbolicShape from = shapes.get(reshape.getInput()),
                to = shapes.get(reshape.getResult());
  return from.size() >= 2 && to.size() >= 2 &&
         ArrayRef(from).take_back(2) == ArrayRef(to).take_back(2);
}

LogicalResult AttentionMatcher::matchStep(Operation *op, Value &next,
                                          double &factor) {
  if (auto scaled = getProduct(op->getResult(0))) {
    factor *= scaled->factor;
    next = scaled->value;
    return success();
  }
  if (auto mask = dyn_cast<MaskOp>(op)) {
    // The scales met so far stand behind this mask; -inf, which it puts in,
    // keeps its meaning under positive factors only.
    if (factor <= 0)
      return fail("the masked scores are scaled by a constant that is not "
                  "positive",
                  "scale the scores before the mask");
    next = mask.getScores();
    if (found.softcap != 0)
      return fail("the mask stands before the softcap",
                  "mask the scores behind it");
    return takeMask(mask);
  }
  if (isa<AddOp>(op) || getBinary(op->getResult(0), BinaryKind::k_sub))
    return matchSum(op, next, factor);
  if (auto choice = dyn_cast<WhereOp>(op))
    return matchChoice(choice, next, factor);
  if (auto tanh = dyn_cast<TanhOp>(op)) {
    // cap * tanh(s / cap): what is inside is scaled by the cap in the op.
    if (found.softcap != 0 || !(factor > 0) ||
        !std::isfinite(static_cast<float>(factor)))
      return fail("'attune.tanh' of the scores is no softcap",
                  "compute cap * tanh(scores / cap)");
    found.softcap = factor;
    next = tanh.getInput();
    // found.scale * tanh's argument: the cap goes back into the scale.
    return success();
  }
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    if (keepsMatrices(reshape)) {
      next = reshape.getInput();
      return success();
    }
  }
  return fail(quoted(op) + " stands between the product of query and key and "
                           "the softmax",
              "keep to scales, masks, sums and softcaps between them");
}

/// Whether `value` is made of a product by ops that are matched.
static bool comesFromProduct(Value value, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return false;
  if (isa<MatmulOp>(op))
    return true;
  if (auto product = getProduct(value))
    return comesFromProduct(product->value, depth - 1);
  if (isa<MaskOp, TanhOp, ReshapeOp>(op))
    return comesFromProduct(op->getOperand(0), depth - 1);
  if (isa<AddOp, MulOp, WhereOp>(op) || getBinary(value, BinaryKind::k_sub))
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      return comesFromProduct(operand, depth - 1);
    });
  return false;
}

bool AttentionMatcher::matchBlend(Operation *op, Value &next, double factor) {
  bool isSub = !isa<AddOp>(op);
  for (unsigned i : {0, 1}) {
    auto kept = op->getOperand(i).getDefiningOp<MulOp>();
    if (!kept || (isSub && i == 1) || !kept.getResult().hasOneUse())
      continue;
    Value other = op->getOperand(1 - i);
    auto added = getTriangle(other, contents);
    if (!added || added->below != 0)
      continue;
    for (unsigned j : {0, 1}) {
      auto mask = getTriangle(kept->getOperand(j), contents);
      if (!mask || mask->below != 1 || mask->above != 0 ||
          mask->offset != added->offset)
        continue;
      next = kept->getOperand(1 - j);
      Term term;
      term.rank = ranked(next).getRank();
      term.factor = isSub ? -factor : factor;
      term.value = other;
      term.isBlend = true;
      terms.push_back(term);
      return true;
    }
  }
  return false;
}

LogicalResult AttentionMatcher::matchSum(Operation *op, Value &next,
                                         double factor) {
  if (found.softcap == 0 && matchBlend(op, next, factor))
    return success();
  bool isFirst = comesFromProduct(op->getOperand(0), 12);
  if (!isFirst && !comesFromProduct(op->getOperand(1), 12))
    return fail(quoted(op) + " has no operand that is a product",
                "compute the scores as the product of query and key");
  if (found.softcap != 0)
    return fail("the bias stands before the softcap",
                "add the bias behind the softcap");
  // Of two, the one that has the shape of the result.
  if (isFirst && op->getOperand(0).getType() != op->getResult(0).getType() &&
      comesFromProduct(op->getOperand(1), 12))
    isFirst = false;
  Value other = op->getOperand(isFirst ? 1 : 0);
  next = op->getOperand(isFirst ? 0 : 1);
  Term term;
  term.rank = ranked(next).getRank();
  if (!isa<AddOp>(op)) {
    if (!isFirst)
      return fail("the scores are taken off another tensor",
                  "add the bias to the scores");
    term.factor = -1;
  }
  term.factor *= factor;
  term.value = other;
  // where(visible, 0, -inf), added.
  Value chosen = other;
  while (auto expand = chosen.getDefiningOp<ExpandOp>())
    chosen = expand.getInput();
  auto choice = chosen.getDefiningOp<WhereOp>();
  if (choice && term.factor > 0) {
    bool keepsTrue = isSplat(choice.getOnTrue(), 0);
    auto fill = getSplat(keepsTrue ? choice.getOnFalse() : choice.getOnTrue());
    if (fill && *fill <= -1e9 &&
        (keepsTrue || isSplat(choice.getOnFalse(), 0))) {
      term.condition = choice.getCondition();
      term.isVisible = keepsTrue;
      term.fill = *fill;
    }
  }
  terms.push_back(term);
  return success();
}

LogicalResult AttentionMatcher::matchChoice(WhereOp op, Value &next,
                                            double factor) {
  bool keepsTrue = comesFromProduct(op.getOnTrue(), 12);
  next = keepsTrue ? op.getOnTrue() : op.getOnFalse();
  if (!keepsTrue && !comesFromProduct(next, 12))
    return fail("'attune.where' has no operand that is a product",
                "compute the scores as the product of query and key");
  if (found.softcap != 0)
    return fail("the mask stands before the softcap",
                "mask the scores behind it");
  auto fill = getSplat(keepsTrue ? op.getOnFalse() : op.getOnTrue());
  if (!fill)
    return fail("masked scores become something that is no constant",
                "let masked scores become -inf");
  if (factor <= 0)
    return fail("the masked scores are scaled by a constant that is not "
                "positive",
                "scale the scores before the mask");
  Term term;
  term.rank = ranked(next).getRank();
  term.factor = factor;
  term.condition = op.getCondition();
  term.isVisible = keepsTrue;
  term.fill = *fill;
  terms.push_back(term);
  return success();
}
