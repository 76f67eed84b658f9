//===- AttentionMatcher.cpp - Finds attention around a softmax ------------===//
#include "AttentionMatcher.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static constexpr int64_t kHeadsFirst[] = {0, 2, 1, 3};
static constexpr int64_t kHeadsFirstColumns[] = {0, 2, 3, 1};

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Result dimension `i` of the reshape is operand dimension `i`.
static bool keepsDim(ReshapeOp op, unsigned i) {
  if (op.getShape()[i] == 0)
    return true;
  int64_t extent = ranked(op.getInput()).getDimSize(i);
  return !ShapedType::isDynamic(extent) &&
         extent == ranked(op.getResult()).getDimSize(i);
}

/// The reshape keeps batch and length: says so of both, or of one while the
/// other is what remains.
static bool keepsRows(ReshapeOp op) {
  ArrayRef<int64_t> shape = op.getShape();
  bool first = keepsDim(op, 0), second = keepsDim(op, 1);
  return (first && second) || (first && shape[1] == -1) ||
         (second && shape[0] == -1);
}

/// `op` splits [B, T, H * D] into [B, T, H, D].
static bool isSplit(ReshapeOp op) {
  ArrayRef<int64_t> input = ranked(op.getInput()).getShape();
  ArrayRef<int64_t> result = ranked(op.getResult()).getShape();
  return input.size() == 3 && result.size() == 4 &&
         !ShapedType::isDynamic(input[2]) &&
         !ShapedType::isDynamic(result[2]) &&
         !ShapedType::isDynamic(result[3]) && result[2] > 0 && result[3] > 0 &&
         input[2] % result[2] == 0 && input[2] / result[2] == result[3] &&
         keepsRows(op);
}

/// `op` merges [B, T, H, D] into [B, T, H * D].
static bool isMerge(ReshapeOp op) {
  ArrayRef<int64_t> input = ranked(op.getInput()).getShape();
  ArrayRef<int64_t> result = ranked(op.getResult()).getShape();
  return input.size() == 4 && result.size() == 3 &&
         !ShapedType::isDynamic(input[2]) && !ShapedType::isDynamic(input[3]) &&
         !ShapedType::isDynamic(result[2]) && input[2] > 0 &&
         result[2] % input[2] == 0 && result[2] / input[2] == input[3] &&
         keepsRows(op);
}

static std::string formatList(ArrayRef<int64_t> values) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(values, os);
  os << ']';
  return text;
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
  if (others.empty() && value.use_empty())
    (void)fail(what + " are not used", "remove the softmax");
  else
    (void)fail(what + " have another use" +
                   (others.empty() ? std::string() : ", by " + others),
               "compute " + what +
                   " a second time for it, so that attention need not store "
                   "them");
  return nullptr;
}

FailureOr<AttentionMatch> AttentionMatcher::match(SoftmaxOp softmax) {
  found = {};
  if (ranked(softmax.getResult()).getRank() != 4) {
    (void)fail("the softmax runs over scores of rank " +
                   Twine(ranked(softmax.getResult()).getRank()),
               "give scores the shape [batch, heads, queries, keys]");
    return failure();
  }
  if (failed(matchContext(softmax)) || failed(matchScores(softmax)) ||
      failed(checkTypes()))
    return failure();
  return found;
}

LogicalResult AttentionMatcher::matchContext(SoftmaxOp softmax) {
  Operation *user = getOnlyUser(softmax.getResult(), "the probabilities");
  if (!user)
    return failure();
  if (isa<MaskOp>(user))
    return fail("the mask stands behind the softmax",
                "mask the scores before the softmax");
  auto context = dyn_cast<MatmulOp>(user);
  if (!context)
    return fail("the probabilities go through " + quoted(user) +
                    " before the product with the values",
                "multiply the probabilities with the values directly");
  if (context.getLhs() != softmax.getResult() || context.getTransposeRhs())
    return fail("the probabilities are not the left operand of a plain "
                "product with the values",
                "compute matmul(probabilities, values)");
  if (failed(matchHeads(context.getRhs(), "value", kHeadsFirst,
                        /*takeScales=*/false, found.value)))
    return failure();

  Operation *next = getOnlyUser(context.getResult(), "the heads' results");
  if (!next)
    return failure();
  auto transpose = dyn_cast<TransposeOp>(next);
  if (!transpose || transpose.getPermutation() != ArrayRef(kHeadsFirst))
    return fail("the result of the heads goes to " + quoted(next) +
                    (transpose ? " with permutation " +
                                     formatList(transpose.getPermutation())
                               : std::string()),
                "transpose it by [0, 2, 1, 3]");
  next = getOnlyUser(transpose.getResult(), "the heads' results");
  if (!next)
    return failure();
  auto merge = dyn_cast<ReshapeOp>(next);
  if (!merge || !isMerge(merge))
    return fail("the heads are not merged by a reshape, but go to " +
                    quoted(next),
                "reshape the result to [batch, length, heads * head size]");
  found.merged = merge;
  return success();
}

LogicalResult AttentionMatcher::takeMask(MaskOp op) {
  if (found.keyMask && found.keyMask != op.getKeyMask())
    return fail("the scores have two masks", "combine the masks into one");
  found.keyMask = op.getKeyMask();
  return success();
}

LogicalResult AttentionMatcher::matchScores(SoftmaxOp softmax) {
  Operation *user = softmax;
  bool allPositive = true;
  while (true) {
    Value scores = user->getOperand(0);
    Operation *op = scores.getDefiningOp();
    if (!op)
      return fail("the scores are an argument of the function",
                  "compute them as the product of query and key");
    if (!isa<ScaleOp, MaskOp, MatmulOp>(op))
      return fail(quoted(op) +
                      " stands between the product of query and key and the "
                      "softmax",
                  "keep to scale and mask between them");
    if (!getOnlyUser(scores, "the scores"))
      return failure();
    if (auto scale = dyn_cast<ScaleOp>(op)) {
      double factor = scale.getFactor().convertToDouble();
      allPositive &= factor > 0;
      found.scale *= factor;
    } else if (auto mask = dyn_cast<MaskOp>(op)) {
      // The scales met so far stand behind this mask; -inf, which it puts in,
      // keeps its meaning under positive factors only.
      if (!allPositive)
        return fail("the masked scores are scaled by a constant that is not "
                    "positive",
                    "scale the scores before the mask");
      if (failed(takeMask(mask)))
        return failure();
    } else {
      auto product = cast<MatmulOp>(op);
      if (failed(matchHeads(product.getLhs(), "query", kHeadsFirst,
                            /*takeScales=*/true, found.query)) ||
          failed(matchHeads(product.getRhs(), "key",
                            product.getTransposeRhs()
                                ? ArrayRef(kHeadsFirst)
                                : ArrayRef(kHeadsFirstColumns),
                            /*takeScales=*/true, found.key)))
        return failure();
      return success();
    }
    user = op;
  }
}

LogicalResult AttentionMatcher::matchHeads(Value value, StringRef name,
                                           ArrayRef<int64_t> expected,
                                           bool takeScales, Value &packed) {
  // permutation[i] is the dimension of the current value that dimension i of
  // the operand is.
  SmallVector<int64_t> permutation = {0, 1, 2, 3};
  auto peelScale = [&](Value from) {
    auto scale = takeScales ? from.getDefiningOp<ScaleOp>() : ScaleOp();
    if (scale)
      found.scale *= scale.getFactor().convertToDouble();
    return scale ? scale.getInput() : Value();
  };
  while (true) {
    if (ranked(value).getRank() != 4)
      return fail("the " + name + " has rank " + Twine(ranked(value).getRank()),
                  "split it into [batch, heads, length, head size]");
    if (Value inner = peelScale(value)) {
      value = inner;
      continue;
    }
    auto transpose = value.getDefiningOp<TransposeOp>();
    if (!transpose)
      break;
    for (int64_t &dim : permutation)
      dim = transpose.getPermutation()[dim];
    value = transpose.getInput();
  }
  auto split = value.getDefiningOp<ReshapeOp>();
  if (!split || !isSplit(split)) {
    Operation *source = value.getDefiningOp();
    return fail("the " + name + " is not split into heads by a reshape, but " +
                    (source ? "comes from " + quoted(source)
                            : std::string("is an argument")),
                "reshape [batch, length, heads * head size] to [batch, length, "
                "heads, head size]");
  }
  if (ArrayRef(permutation) != expected)
    return fail("the heads of the " + name + " are transposed by " +
                    formatList(permutation),
                "transpose them by " + formatList(expected));
  int64_t heads = ranked(value).getDimSize(2);
  if (found.heads != 0 && found.heads != heads)
    return fail("the " + name + " has " + Twine(heads) +
                    " heads, the values have " + Twine(found.heads),
                "give query, key and value as many heads");
  found.heads = heads;
  packed = split.getInput();
  while (Value inner = peelScale(packed))
    packed = inner;
  return success();
}

LogicalResult AttentionMatcher::checkTypes() {
  ArrayRef<int64_t> query = ranked(found.query).getShape();
  ArrayRef<int64_t> key = ranked(found.key).getShape();
  ArrayRef<int64_t> value = ranked(found.value).getShape();
  // Products broadcast leading extents, attention does not.
  if (query[0] != key[0] || key[0] != value[0])
    return fail("query, key and value have different batch extents",
                "give them the same");
  if (query[2] != key[2])
    return fail("query and key have different widths", "give them the same");
  if (!std::isfinite(static_cast<float>(found.scale)))
    return fail("the scales together are not a finite constant",
                "scale by one finite constant");
  return success();
}
