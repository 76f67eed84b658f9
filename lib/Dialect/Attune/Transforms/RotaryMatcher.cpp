//===- RotaryMatcher.cpp - Finds rotary position embeddings ---------------===//
#include "RotaryMatcher.h"
#include "RotaryTables.h"

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {
/// Some of the columns of a tensor.
struct Columns {
  Value of;
  int64_t offset, size, step;
};
} // namespace

/// Reads `value` as columns of another tensor.
static std::optional<Columns> getColumns(Value value) {
  int64_t last = ranked(value).getRank() - 1;
  if (auto slice = value.getDefiningOp<SliceOp>())
    return static_cast<int64_t>(slice.getAxis()) == last
               ? std::optional(Columns{
                     slice.getInput(), static_cast<int64_t>(slice.getOffset()),
                     static_cast<int64_t>(slice.getSize()), 1})
               : std::nullopt;
  auto extract = value.getDefiningOp<ExtractOp>();
  if (!extract)
    return std::nullopt;
  SymbolicShape offsets = extract.getOffsets().getShape();
  ArrayRef<int64_t> steps = extract.getSteps();
  for (int64_t i = 0; i < last; ++i)
    if (offsets[i] != DimExpr(0) || steps[i] != 1 ||
        ranked(extract.getInput()).getDimSize(i) != ranked(value).getDimSize(i))
      return std::nullopt;
  std::optional<int64_t> offset = offsets[last].getConstant(),
                         size =
                             extract.getSizes().getShape()[last].getConstant();
  if (!offset || !size)
    return std::nullopt;
  return Columns{extract.getInput(), *offset, *size, steps[last]};
}

static bool isLast(ConcatOp op) {
  return op.getInputs().size() == 2 && static_cast<int64_t>(op.getAxis()) ==
                                           ranked(op.getResult()).getRank() - 1;
}

/// `value` without a last dimension of one that was put behind.
static Value withoutLast(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  if (!reshape)
    return {};
  ArrayRef<int64_t> from = ranked(reshape.getInput()).getShape();
  ArrayRef<int64_t> to = ranked(value).getShape();
  return !to.empty() && to.back() == 1 && to.drop_back() == from
             ? Value(reshape.getInput())
             : Value();
}

namespace {
/// a * c - b * s, or a * c + b * s.
struct Pair {
  Value a, c, b, s;
};
} // namespace

/// Reads a sum or a difference of two products.
static std::optional<Pair> getPair(Value value, bool isSum) {
  Operation *op = value.getDefiningOp();
  if (!op || (isSum ? !isa<AddOp>(op) : !getBinary(value, BinaryKind::k_sub)))
    return std::nullopt;
  auto lhs = op->getOperand(0).getDefiningOp<MulOp>();
  auto rhs = op->getOperand(1).getDefiningOp<MulOp>();
  if (!lhs || !rhs)
    return std::nullopt;
  Pair pair = {lhs.getLhs(), lhs.getRhs(), rhs.getLhs(), rhs.getRhs()};
  // Columns stand before angles.
  if (!getColumns(pair.a))
    std::swap(pair.a, pair.c);
  if (!getColumns(pair.b))
    std::swap(pair.b, pair.s);
  return pair;
}

/// concat(-x2, x1), where both are columns of x.
static bool isTurned(ConcatOp op) {
  Value first = op.getInputs()[0], second = op.getInputs()[1];
  if (Value inner = withoutLast(first)) {
    first = inner;
    second = withoutLast(second);
  }
  auto neg = getProduct(first);
  if (!neg || neg->factor != -1 || !second)
    return false;
  auto high = getColumns(neg->value), low = getColumns(second);
  return high && low && high->of == low->of;
}

bool RotaryMatcher::isCandidate(ConcatOp op) {
  if (!isLast(op) || !ranked(op.getResult()).getElementType().isF32())
    return false;
  Value first = op.getInputs()[0], second = op.getInputs()[1];
  if (isTurned(op))
    return true;
  if (Value inner = withoutLast(first)) {
    first = inner;
    second = withoutLast(second);
  }
  auto real = getPair(first, /*isSum=*/false);
  auto imaginary = second ? getPair(second, /*isSum=*/true) : std::nullopt;
  return real && imaginary && getColumns(real->a) && getColumns(real->b);
}

LogicalResult RotaryMatcher::fail(const Twine &reason, const Twine &hint) {
  missed = {reason.str(), hint.str()};
  return failure();
}

/// x * cos + turned(x) * sin, where turned(x) is concat(-x2, x1), or the same
/// of interleaved columns.
LogicalResult RotaryMatcher::matchTurned(ConcatOp op) {
  Value first = op.getInputs()[0], second = op.getInputs()[1];
  ops.add(op);
  Operation *whole = op;
  if (Value inner = withoutLast(first)) {
    found.interleaved = true;
    ops.add(first.getDefiningOp());
    ops.add(second.getDefiningOp());
    first = inner;
    second = withoutLast(second);
  }
  auto neg = getProduct(first);
  Columns high = *getColumns(neg->value), low = *getColumns(second);
  Value x = high.of;
  int64_t columns = ranked(x).getShape().back(), half = columns / 2;
  int64_t step = found.interleaved ? 2 : 1;
  if (columns % 2 != 0 || low.offset != 0 || low.size != half ||
      high.offset != (found.interleaved ? 1 : half) || high.size != half ||
      low.step != step || high.step != step)
    return found.interleaved
               ? fail("the parts that are swapped are not the even and the odd "
                      "columns of a head",
                      "swap columns 2i and 2i + 1 of those that are rotated")
               : fail("the parts that are swapped are not the halves of a head",
                      "swap the halves of the columns that are rotated");
  StringRef what =
      found.interleaved ? "the swapped columns" : "the swapped halves";
  if (!op.getResult().hasOneUse())
    return fail(what + " have another use",
                "compute them a second time for it");
  if (found.interleaved) {
    auto merge = dyn_cast<ReshapeOp>(*op.getResult().user_begin());
    if (!merge || merge.getResult().getType() != x.getType())
      return fail("the pairs are not put back into columns",
                  "reshape them to the shape of the operand");
    if (!merge.getResult().hasOneUse())
      return fail(what + " have another use",
                  "compute them a second time for it");
    ops.add(merge);
    whole = merge;
  }
  Value swapped = whole->getResult(0);
  auto turned = dyn_cast<MulOp>(*swapped.user_begin());
  if (!turned || !turned.getResult().hasOneUse())
    return fail(what + " are not multiplied with sines only",
                "compute x * cos + rotate_half(x) * sin");
  auto sum = dyn_cast<AddOp>(*turned.getResult().user_begin());
  auto kept =
      sum ? getOther(sum, turned.getResult()).getDefiningOp<MulOp>() : MulOp();
  if (!kept || (kept.getLhs() != x && kept.getRhs() != x))
    return fail(
        "the product with the sines is not added to x * cos of the same "
        "x",
        "compute x * cos + rotate_half(x) * sin");
  found.input = x;
  found.sin = getOther(turned, swapped);
  found.cos = getOther(kept, x);
  found.rotated = columns;
  found.root = sum;
  found.isDoubled = true;
  Doubling doubling = found.interleaved ? Doubling::Pairs : Doubling::Halves;
  for (Value angles : {found.cos, found.sin}) {
    ArrayRef<int64_t> shape = ranked(angles).getShape();
    if (!shape.empty() && shape.back() == columns &&
        hasDoubledColumns(angles, doubling, contents))
      continue;
    return found.interleaved
               ? fail("cosines or sines are not known to be the same for both "
                      "columns of a pair",
                      "repeat each column of the angles twice")
               : fail("cosines or sines are not known to be the same for both "
                      "halves",
                      "compute them of concat(angles, angles)");
  }
  if (sum.getResult().getType() != x.getType())
    return fail("cosines and sines have more dimensions than what is rotated",
                "give them the shape [batch or 1, 1, length, columns]");
  ops.add(neg->value.getDefiningOp());
  ops.add(first.getDefiningOp());
  ops.add(second.getDefiningOp());
  ops.add(turned);
  ops.add(kept);
  ops.add(sum);
  return success();
}

/// concat(x1 * cos - x2 * sin, x1 * sin + x2 * cos), or the same interleaved.
LogicalResult RotaryMatcher::matchParts(ConcatOp op) {
  Value first = op.getInputs()[0], second = op.getInputs()[1];
  found.root = op;
  ops.add(op);
  if (Value inner = withoutLast(first)) {
    ops.add(first.getDefiningOp());
    ops.add(second.getDefiningOp());
    first = inner;
    second = withoutLast(second);
    found.interleaved = true;
    auto merge = op.getResult().hasOneUse()
                     ? dyn_cast<ReshapeOp>(*op.getResult().user_begin())
                     : ReshapeOp();
    if (!merge)
      return fail("the pairs are not put back into columns",
                  "reshape them to the shape of the operand");
    found.root = merge;
    ops.add(merge);
  }
  Pair real = *getPair(first, false), imaginary = *getPair(second, true);
  // The sum may have its products in any order.
  if (imaginary.a != real.a) {
    std::swap(imaginary.a, imaginary.b);
    std::swap(imaginary.c, imaginary.s);
  }
  if (imaginary.a != real.a || imaginary.b != real.b || imaginary.c != real.s ||
      imaginary.s != real.c)
    return fail("the second part is not x1 * sin + x2 * cos of the first's "
                "operands",
                "compute x1 * cos - x2 * sin and x1 * sin + x2 * cos");
  Columns low = *getColumns(real.a), high = *getColumns(real.b);
  int64_t columns = ranked(low.of).getShape().back();
  int64_t half = columns / 2;
  bool isHalves =
      low.offset == 0 && high.offset == half && low.step == 1 && high.step == 1;
  bool isPairs =
      low.offset == 0 && high.offset == 1 && low.step == 2 && high.step == 2;
  if (low.of != high.of || columns % 2 != 0 || low.size != half ||
      high.size != half || !(found.interleaved ? isPairs : isHalves))
    return fail("what is rotated together are not the halves of a head, nor "
                "its pairs of columns",
                "rotate columns i and i + R/2, or 2i and 2i + 1");
  found.input = low.of;
  found.cos = real.c;
  found.sin = real.s;
  found.rotated = columns;
  for (Value angles : {found.cos, found.sin}) {
    ArrayRef<int64_t> shape = ranked(angles).getShape();
    if (shape.empty() || shape.back() != half)
      return fail("cosines or sines have not one column for each pair",
                  "give them half as many columns as are rotated");
  }
  if (found.root->getResult(0).getType() != low.of.getType())
    return fail("the result has another shape than what is rotated",
                "give cosines and sines the shape [batch or 1, length, 1, "
                "columns / 2]");
  for (Value part : {first, second}) {
    ops.add(part.getDefiningOp());
    for (Value product : part.getDefiningOp()->getOperands())
      ops.add(product.getDefiningOp());
  }
  ops.add(real.a.getDefiningOp());
  ops.add(real.b.getDefiningOp());
  return success();
}

void RotaryMatcher::matchRest() {
  // concat(rotated, rest), both of one tensor.
  auto columns = getColumns(found.input);
  Value rotated = found.root->getResult(0);
  if (!columns || columns->offset != 0 || columns->step != 1 ||
      !rotated.hasOneUse())
    return;
  auto join = dyn_cast<ConcatOp>(*rotated.user_begin());
  if (!join || !isLast(join) || join.getInputs()[0] != rotated)
    return;
  auto rest = getColumns(join.getInputs()[1]);
  if (!rest || rest->of != columns->of || rest->offset != columns->size ||
      rest->step != 1 || join.getResult().getType() != columns->of.getType())
    return;
  found.input = columns->of;
  found.root = join;
}

FailureOr<RotaryMatch> RotaryMatcher::match(ConcatOp op) {
  found = {};
  ops = {};
  if (failed(isTurned(op) ? matchTurned(op) : matchParts(op)))
    return failure();
  if (auto other = ops.findOtherUse(found.root))
    return fail(other->reason, other->hint);
  matchRest();
  return found;
}
