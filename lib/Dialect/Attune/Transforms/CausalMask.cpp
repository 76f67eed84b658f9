//===- CausalMask.cpp - Finds causal masks --------------------------------===//
#include "CausalMask.h"
#include "Matchers.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {
/// The elements are `start + i`, with i the index in one dimension.
struct Ramp {
  DimExpr start;
  /// Counted from the last dimension, which is 0; nullopt for one number.
  std::optional<int64_t> dim;
};
} // namespace

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The only dimension whose extent is not one, counted from the last; nullopt
/// where there are several, or none.
static std::optional<int64_t> getLongDim(RankedTensorType type) {
  std::optional<int64_t> found;
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    if (extent == 1)
      continue;
    if (found)
      return std::nullopt;
    found = type.getRank() - 1 - static_cast<int64_t>(i);
  }
  return found;
}

static std::optional<Ramp> getRamp(Value value, unsigned depth = 12) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return std::nullopt;
  if (auto number = getSplat(value)) {
    if (*number != std::floor(*number) || std::abs(*number) > 1e15)
      return std::nullopt;
    return Ramp{DimExpr(static_cast<int64_t>(*number)), std::nullopt};
  }
  if (auto iota = dyn_cast<IotaOp>(op)) {
    auto start = dyn_cast<IntegerAttr>(iota.getStart());
    auto step = dyn_cast<IntegerAttr>(iota.getStep());
    if (!start || !step || step.getValue() != 1)
      return std::nullopt;
    return Ramp{DimExpr(start.getValue().getSExtValue()), 0};
  }
  if (auto extents = dyn_cast<ExtentsOp>(op)) {
    SymbolicShape numbers = extents.getExtents().getShape();
    return numbers.size() == 1
               ? std::optional(Ramp{numbers.front(), std::nullopt})
               : std::nullopt;
  }
  auto inner = getRamp(op->getOperands().empty() ? Value() : op->getOperand(0),
                       depth - 1);
  if (!inner)
    return std::nullopt;
  if (isa<CastOp>(op)) {
    // Positions are small enough for f32 and i32.
    Type type = ranked(value).getElementType();
    return type.isInteger(64) || type.isInteger(32) || type.isF32() ||
                   type.isF64()
               ? inner
               : std::nullopt;
  }
  if (isa<ExpandOp>(op))
    return inner;
  if (isa<ReshapeOp, TransposeOp>(op)) {
    if (inner->dim) {
      auto from = getLongDim(ranked(op->getOperand(0)));
      if (!from || from != inner->dim)
        return std::nullopt;
      inner->dim = getLongDim(ranked(value));
      if (!inner->dim)
        return std::nullopt;
    }
    return inner;
  }
  bool isSub = bool(getBinary(value, BinaryKind::k_sub));
  if (isa<AddOp>(op) || isSub) {
    auto other = getRamp(op->getOperand(1), depth - 1);
    if (!other || (other->dim && (inner->dim || isSub)))
      return std::nullopt;
    inner->start =
        isSub ? inner->start - other->start : inner->start + other->start;
    if (other->dim)
      inner->dim = other->dim;
    return inner;
  }
  return std::nullopt;
}

/// A comparison of positions.
static std::optional<Triangle> getComparison(CompareOp compare) {
  auto lhs = getRamp(compare.getLhs()), rhs = getRamp(compare.getRhs());
  // key - query <= offset
  auto difference = getBinary(compare.getLhs(), BinaryKind::k_sub);
  if (difference && rhs && !rhs->dim) {
    DimExpr offset = rhs->start;
    lhs = getRamp(difference.getLhs());
    rhs = getRamp(difference.getRhs());
    if (rhs)
      rhs->start += offset;
  }
  if (!lhs || !rhs || !lhs->dim || !rhs->dim)
    return std::nullopt;
  bool isQueryFirst = *lhs->dim == 1 && *rhs->dim == 0;
  if (!isQueryFirst && !(*lhs->dim == 0 && *rhs->dim == 1))
    return std::nullopt;
  // As a comparison of the key with the query.
  CompareKind kind = compare.getKind();
  if (isQueryFirst) {
    std::swap(lhs, rhs);
    kind = kind == CompareKind::k_lt   ? CompareKind::k_gt
           : kind == CompareKind::k_le ? CompareKind::k_ge
           : kind == CompareKind::k_gt ? CompareKind::k_lt
           : kind == CompareKind::k_ge ? CompareKind::k_le
                                       : kind;
  }
  Triangle triangle;
  triangle.offset = rhs->start - lhs->start;
  switch (kind) {
  case CompareKind::k_le:
    return triangle;
  case CompareKind::k_lt:
    triangle.offset = triangle.offset - DimExpr(1);
    return triangle;
  case CompareKind::k_gt:
    std::swap(triangle.below, triangle.above);
    return triangle;
  case CompareKind::k_ge:
    triangle.offset = triangle.offset - DimExpr(1);
    std::swap(triangle.below, triangle.above);
    return triangle;
  default:
    return std::nullopt;
  }
}

/// The last two dimensions of a tensor whose others are one.
static std::optional<std::pair<int64_t, int64_t>>
getMatrix(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  if (shape.size() < 2 || llvm::any_of(shape.drop_back(2), [](int64_t extent) {
        return extent != 1;
      }))
    return std::nullopt;
  return std::pair(shape[shape.size() - 2], shape.back());
}

/// A matrix of numbers that are all known.
static std::optional<Triangle> getConstant(const Contents &numbers) {
  auto extents = getMatrix(numbers.getType());
  // One row says nothing of the others.
  if (!extents || extents->first < 2 || extents->second < 2)
    return std::nullopt;
  int64_t rows = extents->first, columns = extents->second;
  Triangle triangle;
  triangle.below = numbers[(rows - 1) * columns];
  triangle.above = numbers[columns - 1];
  if (triangle.below == triangle.above)
    return std::nullopt;
  // Where the diagonal meets the first row, or the first column.
  int64_t offset = -1;
  while (offset + 1 < columns && numbers[offset + 1] == triangle.below)
    ++offset;
  while (offset < 0 && -offset < rows &&
         numbers[-offset * columns] != triangle.below)
    --offset;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      if (numbers[i * columns + j] !=
          (j <= i + offset ? triangle.below : triangle.above))
        return std::nullopt;
  triangle.offset = DimExpr(offset);
  return triangle;
}

/// Reads a box cut out of a triangle, or a view of it; nullopt for other ops.
static std::optional<Triangle> getView(Operation *op, const Triangle &input) {
  RankedTensorType from = ranked(op->getOperand(0));
  RankedTensorType to = ranked(op->getResult(0));
  Triangle triangle = input;
  int64_t rank = from.getRank();
  if (auto extract = dyn_cast<ExtractOp>(op)) {
    if (extract.getOrigin() || rank < 2)
      return std::nullopt;
    SymbolicShape offsets = extract.getOffsets().getShape();
    ArrayRef<int64_t> steps = extract.getSteps();
    if (steps[rank - 2] != 1 || steps[rank - 1] != 1)
      return std::nullopt;
    triangle.offset += offsets[rank - 2] - offsets[rank - 1];
    return triangle;
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    int64_t axis = slice.getAxis(), offset = slice.getOffset();
    if (rank < 2)
      return std::nullopt;
    if (axis == rank - 2)
      triangle.offset += DimExpr(offset);
    if (axis == rank - 1)
      triangle.offset = triangle.offset - DimExpr(offset);
    return triangle;
  }
  auto withoutOnes = [](RankedTensorType type) {
    ArrayRef<int64_t> shape = type.getShape();
    while (shape.size() > 2 && shape.front() == 1)
      shape = shape.drop_front();
    return shape;
  };
  // Extents of one in front.
  if (isa<ReshapeOp>(op))
    return withoutOnes(from) == withoutOnes(to) ? std::optional(triangle)
                                                : std::nullopt;
  // Repeated along other dimensions.
  if (isa<ExpandOp>(op) && rank >= 2 &&
      from.getShape().take_back(2) == to.getShape().take_back(2))
    return triangle;
  return std::nullopt;
}

/// What an elementwise op makes of each of the two numbers.
static std::optional<Triangle>
map(Triangle triangle, llvm::function_ref<std::optional<double>(double)> one) {
  auto below = one(triangle.below), above = one(triangle.above);
  if (!below || !above || std::isnan(*below) || std::isnan(*above))
    return std::nullopt;
  triangle.below = *below;
  triangle.above = *above;
  return triangle;
}

static std::optional<double> castNumber(double number, CastOp cast) {
  Type to = ranked(cast.getResult()).getElementType();
  if (to.isInteger(1))
    return number != 0;
  if (to.isF32() || to.isF64())
    return to.isF32() ? static_cast<double>(static_cast<float>(number))
                      : number;
  // Small numbers fit every type of integers.
  bool fits = isa<IntegerType>(to) && number >= 0 && number <= 127 &&
              number == std::floor(number);
  return fits ? std::optional(number) : std::nullopt;
}

static std::optional<double> compare(double lhs, CompareKind kind, double rhs) {
  switch (kind) {
  case CompareKind::k_eq:
    return lhs == rhs;
  case CompareKind::k_ne:
    return lhs != rhs;
  case CompareKind::k_lt:
    return lhs < rhs;
  case CompareKind::k_le:
    return lhs <= rhs;
  case CompareKind::k_gt:
    return lhs > rhs;
  case CompareKind::k_ge:
    return lhs >= rhs;
  }
  return std::nullopt;
}

static std::optional<Triangle> find(Value value, WeightContents &contents,
                                    unsigned depth) {
  Operation *op = value.getDefiningOp();
  // What exporters write is a few ops deep.
  if (!op || depth == 0 || !isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  if (const Contents *numbers = contents.get(value))
    return getConstant(*numbers);
  auto operand = [&](unsigned i) {
    return find(op->getOperand(i), contents, depth - 1);
  };
  if (isa<ExtractOp, SliceOp, ReshapeOp, ExpandOp>(op)) {
    auto input = operand(0);
    return input ? getView(op, *input) : std::nullopt;
  }
  if (auto choice = dyn_cast<WhereOp>(op)) {
    auto onTrue = getSplat(choice.getOnTrue()),
         onFalse = getSplat(choice.getOnFalse());
    auto condition = onTrue && onFalse ? operand(0) : std::nullopt;
    return condition ? map(*condition,
                           [&](double number) {
                             return number != 0 ? onTrue : onFalse;
                           })
                     : std::nullopt;
  }
  if (getUnary(value, UnaryKind::k_logical_not)) {
    auto input = operand(0);
    return input ? map(*input,
                       [](double number) -> std::optional<double> {
                         return number == 0;
                       })
                 : std::nullopt;
  }
  if (auto cast = dyn_cast<CastOp>(op)) {
    auto input = operand(0);
    return input ? map(*input,
                       [&](double number) { return castNumber(number, cast); })
                 : std::nullopt;
  }
  if (auto comparison = dyn_cast<CompareOp>(op)) {
    auto number = getSplat(comparison.getRhs());
    if (auto input = number ? operand(0) : std::nullopt)
      return map(*input, [&](double lhs) {
        return compare(lhs, comparison.getKind(), *number);
      });
    return getComparison(comparison);
  }
  if (auto product = getProduct(value)) {
    auto input = find(product->value, contents, depth - 1);
    return input ? map(*input,
                       [&](double number) -> std::optional<double> {
                         return number * product->factor;
                       })
                 : std::nullopt;
  }
  // A sum with one number, or a difference of both.
  bool isSub = bool(getBinary(value, BinaryKind::k_sub));
  if (!(isa<AddOp>(op) || isSub) ||
      !isa<FloatType>(ranked(value).getElementType()))
    return std::nullopt;
  for (unsigned i : {0, 1})
    if (auto number = getSplat(op->getOperand(i))) {
      auto input = operand(1 - i);
      double sign = isSub && i == 0 ? -1 : 1;
      double added = isSub && i == 1 ? -*number : *number;
      return input ? map(*input,
                         [&](double other) -> std::optional<double> {
                           return sign * other + added;
                         })
                   : std::nullopt;
    }
  return std::nullopt;
}

std::optional<Triangle> attune::getTriangle(Value value,
                                            WeightContents &contents) {
  return find(value, contents, 16);
}

Causal attune::getCausal(const DimExpr &offset, const DimExpr &queries,
                         const DimExpr &keys) {
  if (offset == DimExpr(0))
    return Causal::start;
  return offset == keys - queries ? Causal::end : Causal::none;
}
