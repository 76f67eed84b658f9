//===- RotaryTables.cpp - Cosines and sines of rotary embeddings ----------===//
#include "RotaryTables.h"
#include "Matchers.h"

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The columns of known numbers are doubled.
static bool isDoubledConstant(const Contents &numbers, Doubling doubling) {
  ArrayRef<int64_t> shape = numbers.getType().getShape();
  if (shape.empty() || shape.back() % 2 != 0)
    return false;
  size_t columns = shape.back(), half = columns / 2;
  bool isHalves = doubling == Doubling::Halves;
  for (size_t row = 0; row < numbers.size(); row += columns)
    for (size_t i = 0; i < half; ++i)
      // Negated, so that NaN is unequal too.
      if (!(numbers[row + (isHalves ? i : 2 * i)] ==
            numbers[row + (isHalves ? i + half : 2 * i + 1)]))
        return false;
  return true;
}

/// A concatenation of two along the last dimension that are the same.
static bool isTwice(Value value) {
  auto concat = value.getDefiningOp<ConcatOp>();
  return concat && concat.getInputs().size() == 2 &&
         concat.getInputs()[0] == concat.getInputs()[1] &&
         static_cast<int64_t>(concat.getAxis()) == ranked(value).getRank() - 1;
}

/// `reshape` merges a dimension of two, along which all is the same, into the
/// last.
static bool mergesDoubled(ReshapeOp reshape, Doubling doubling) {
  Value wideValue = reshape.getInput();
  ArrayRef<int64_t> wide = ranked(wideValue).getShape();
  ArrayRef<int64_t> merged = ranked(reshape.getResult()).getShape();
  if (wide.size() < 2 || merged.empty() || ShapedType::isDynamic(wide.back()))
    return false;
  // Counted from the last: [..., 2, R/2] has halves, [..., R/2, 2] pairs.
  size_t dim = doubling == Doubling::Halves ? 2 : 1;
  if (wide[wide.size() - dim] != 2 ||
      wide[wide.size() - 1] * wide[wide.size() - 2] != merged.back())
    return false;
  if (doubling == Doubling::Pairs && isTwice(wideValue))
    return true;
  auto expand = wideValue.getDefiningOp<ExpandOp>();
  if (!expand)
    return false;
  ArrayRef<int64_t> from = ranked(expand.getInput()).getShape();
  return from.size() < dim || from[from.size() - dim] == 1;
}

static bool check(Value value, Doubling doubling, WeightContents &contents,
                  unsigned depth) {
  Operation *op = value.getDefiningOp();
  // What exporters write is a few ops deep.
  if (!op || depth == 0)
    return false;
  auto operand = [&](unsigned i) {
    return check(op->getOperand(i), doubling, contents, depth - 1);
  };
  if (getSplat(value))
    return true;
  if (const Contents *numbers = contents.get(value))
    return isDoubledConstant(*numbers, doubling);
  if (isa<ConcatOp>(op))
    return doubling == Doubling::Halves && isTwice(value);
  if (isa<UnaryOp, ScaleOp, CastOp>(op))
    return operand(0);
  if (isa<MulOp, AddOp>(op)) {
    // One number a row has no columns.
    auto passes = [&](unsigned i) {
      ArrayRef<int64_t> shape = ranked(op->getOperand(i)).getShape();
      return shape.empty() || shape.back() == 1 || operand(i);
    };
    return passes(0) && passes(1);
  }
  int64_t rank = ranked(value).getRank();
  auto keepsLast = [&] {
    ArrayRef<int64_t> from = ranked(op->getOperand(0)).getShape();
    return !from.empty() && rank > 0 && !ShapedType::isDynamic(from.back()) &&
           from.back() > 1 && from.back() == ranked(value).getShape().back();
  };
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return keepsLast() ? operand(0) : mergesDoubled(reshape, doubling);
  if (isa<ExpandOp>(op))
    return keepsLast() && operand(0);
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return transpose.getPermutation().back() == rank - 1 && operand(0);
  // Rows chosen by positions.
  if (auto gather = dyn_cast<GatherOp>(op))
    return static_cast<int64_t>(gather.getAxis()) + 1 <
               ranked(gather.getInput()).getRank() &&
           operand(0);
  if (isa<EmbeddingOp>(op))
    return operand(1);
  if (auto extract = dyn_cast<ExtractOp>(op))
    return keepsLast() && extract.getSteps().back() == 1 && operand(0);
  return isa<SliceOp, SelectOp>(op) && keepsLast() && operand(0);
}

bool attune::hasDoubledColumns(Value value, Doubling doubling,
                               WeightContents &contents) {
  return check(value, doubling, contents, 16);
}
