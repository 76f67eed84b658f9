//===- NormMatcher.cpp - Finds norms around a square root -----------------===//
#include "NormMatcher.h"

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// mean(x^2) - mean(x)^2: what x is.
static Value getVarianceOfMoments(Value value) {
  auto sub = getBinary(value, BinaryKind::k_sub);
  auto moment = sub ? getMean(sub.getLhs()) : std::nullopt;
  Value mean = sub ? getSquared(sub.getRhs()) : Value();
  auto first = mean ? getMean(mean) : std::nullopt;
  if (!moment || !first || moment->axes != first->axes)
    return {};
  return getSquared(moment->input) == first->input ? first->input : Value();
}

/// x - mean(x): what x is.
static std::optional<Mean> getCentred(Value value) {
  auto sub = getBinary(value, BinaryKind::k_sub);
  auto mean = sub ? getMean(sub.getRhs()) : std::nullopt;
  return mean && mean->input == sub.getLhs() ? mean : std::nullopt;
}

/// What `power` is a root of, and whether it is the inverse.
static std::pair<Value, bool> getRadicand(Operation *power) {
  Value result = power->getResult(0);
  if (auto sqrt = getUnary(result, UnaryKind::k_sqrt))
    return {sqrt.getInput(), false};
  if (auto pow = getBinary(result, BinaryKind::k_pow)) {
    if (isSplat(pow.getRhs(), 0.5))
      return {pow.getLhs(), false};
    if (isSplat(pow.getRhs(), -0.5))
      return {pow.getLhs(), true};
  }
  return {};
}

/// The value that users see of an op with casts of no effect behind it.
static Value skipUserCasts(Value value) {
  while (value.hasOneUse()) {
    auto cast = dyn_cast<CastOp>(*value.user_begin());
    if (!cast || cast.getResult().getType() != value.getType())
      break;
    value = cast.getResult();
  }
  return value;
}

std::optional<NormCandidate> NormMatcher::findCandidate(Operation *op) {
  if (!isa<UnaryOp, BinaryOp>(op))
    return std::nullopt;
  auto [radicand, isInverse] = getRadicand(op);
  if (!radicand || !isa<FloatType>(ranked(radicand).getElementType()))
    return std::nullopt;
  NormCandidate candidate = {};
  candidate.power = op;
  candidate.variance = radicand;
  candidate.epsilon = 0;
  auto isVariance = [](Value value) {
    auto mean = getMean(value);
    return getVarianceOfMoments(value) || (mean && getSquared(mean->input));
  };
  if (auto add = radicand.getDefiningOp<AddOp>())
    for (Value operand : add->getOperands())
      if (isVariance(operand)) {
        candidate.variance = operand;
        Value epsilon = getOther(add, operand);
        candidate.epsilon = add.getResult().getType() == operand.getType()
                                ? getSplat(epsilon)
                                : std::nullopt;
      }
  if (!isVariance(candidate.variance))
    return std::nullopt;

  // The quotient, behind a reciprocal of its own or not.
  Value root = op->getResult(0);
  SmallVector<std::pair<Value, bool>> divisors = {{root, !isInverse}};
  for (Operation *user : root.getUsers()) {
    if (isInverse || user->getNumResults() != 1)
      continue;
    Value result = user->getResult(0);
    auto div = getBinary(result, BinaryKind::k_div);
    if (getUnary(result, UnaryKind::k_reciprocal) ||
        (div && div.getRhs() == root && isSplat(div.getLhs(), 1)))
      divisors.push_back({result, false});
  }
  for (auto [divisor, divides] : divisors)
    for (Operation *user : divisor.getUsers()) {
      Value dividend;
      if (divides) {
        auto div = dyn_cast<BinaryOp>(user);
        if (div && div.getKind() == BinaryKind::k_div &&
            div.getRhs() == divisor && !getSplat(div.getLhs()))
          dividend = div.getLhs();
      } else if (isa<MulOp>(user)) {
        dividend = getOther(user, divisor);
      }
      if (!dividend)
        continue;
      candidate.dividend = dividend;
      candidate.normalised = user;
      auto mean = getMean(candidate.variance);
      Value squared = mean ? getSquared(mean->input) : Value();
      bool isCentred = !squared || getBinary(squared, BinaryKind::k_sub);
      candidate.kind = isCentred ? NormKind::Layer : NormKind::Rms;
      return candidate;
    }
  return std::nullopt;
}

LogicalResult NormMatcher::fail(const Twine &reason, const Twine &hint) {
  missed = {reason.str(), hint.str()};
  return failure();
}

LogicalResult NormMatcher::checkAxes(ArrayRef<int64_t> axes) {
  RankedTensorType type = ranked(found.input);
  int64_t count = axes.size();
  std::string list;
  llvm::raw_string_ostream os(list);
  llvm::interleaveComma(axes, os);
  if (!llvm::equal(axes, llvm::seq(type.getRank() - count, type.getRank())))
    return fail("the mean runs over dimension" +
                    Twine(count == 1 ? " " : "s ") + list +
                    " and not over the last",
                "transpose what is normalised to the end");
  for (int64_t extent : type.getShape().take_back(count))
    if (ShapedType::isDynamic(extent))
      return fail("the extent that the mean runs over is not known",
                  "give that dimension a static extent");
  found.dims = count;
  return success();
}

LogicalResult NormMatcher::matchInput(const NormCandidate &candidate) {
  auto mean = getMean(candidate.variance);
  if (candidate.kind == NormKind::Rms) {
    found.input = getSquared(mean->input);
    if (candidate.dividend != found.input)
      return fail("what is divided is not what the squares are of",
                  "divide the tensor by the root of its own mean square");
    return checkAxes(mean->axes);
  }
  auto centred = getCentred(candidate.dividend);
  if (!centred)
    return fail("what is divided is not a difference from the mean",
                "divide x - mean(x)");
  found.input = centred->input;
  if (Value of = getVarianceOfMoments(candidate.variance)) {
    if (of != found.input)
      return fail("the variance is not that of what is divided",
                  "take mean and variance of one tensor");
    mean = getMean(getBinary(candidate.variance, BinaryKind::k_sub).getLhs());
  } else {
    auto other = getCentred(getSquared(mean->input));
    if (!other || other->input != found.input || other->axes != centred->axes)
      return fail("the variance is not that of what is divided",
                  "take mean and variance of one tensor");
  }
  if (mean->axes != centred->axes)
    return fail("mean and variance run over different dimensions",
                "take both over the last dimension");
  return checkAxes(mean->axes);
}

/// The vector that `op` combines `product` with: one number for each of the
/// normalised elements.
Value NormMatcher::getVector(Operation *op, Value product) {
  if (op->getNumResults() != 1 ||
      op->getResult(0).getType() != product.getType())
    return {};
  Value vector = getOther(op, product);
  ArrayRef<int64_t> shape = ranked(vector).getShape();
  if (vector == product || getSplat(vector))
    return {};
  ArrayRef<int64_t> wanted = ranked(product).getShape().take_back(found.dims);
  while (static_cast<int64_t>(shape.size()) > found.dims && shape.front() == 1)
    shape = shape.drop_front();
  return shape == wanted ? vector : Value();
}

void NormMatcher::matchAffine(const NormCandidate &candidate) {
  found.root = candidate.normalised;
  Value value = skipUserCasts(found.root->getResult(0));
  if (!value.hasOneUse())
    return;
  auto mul = dyn_cast<MulOp>(*value.user_begin());
  found.gamma = mul ? getVector(mul, value) : Value();
  if (found.gamma) {
    found.root = mul;
    value = skipUserCasts(mul.getResult());
  }
  if (candidate.kind == NormKind::Rms || !value.hasOneUse())
    return;
  auto add = dyn_cast<AddOp>(*value.user_begin());
  found.beta = add ? getVector(add, value) : Value();
  if (found.beta)
    found.root = add;
}

FailureOr<NormMatch> NormMatcher::match(const NormCandidate &candidate) {
  found = {};
  ops = {};
  if (!candidate.epsilon || !(*candidate.epsilon >= 0))
    return fail("what is added to the mean of squares is no constant",
                "add a constant epsilon");
  found.epsilon = *candidate.epsilon;
  Value normalised = candidate.normalised->getResult(0);
  if (!ranked(normalised).getElementType().isF32())
    return fail("the numbers are not of f32", "cast them to f32 before");
  if (failed(matchInput(candidate)))
    return failure();
  if (normalised.getType() != found.input.getType())
    return fail("the quotient has another shape than what is normalised",
                "keep the reduced dimensions as extents of one");
  ops.addBetween(normalised, found.input);
  if (auto other = ops.findOtherUse(candidate.normalised))
    return fail(other->reason, other->hint);
  matchAffine(candidate);
  return found;
}
