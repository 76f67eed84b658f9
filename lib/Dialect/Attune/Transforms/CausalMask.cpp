//===- CausalMask.cpp - Finds causal masks in comparisons -----------------===//
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

Causal attune::getCausal(Value condition, bool isVisible,
                         const DimExpr &queries, const DimExpr &keys) {
  while (Operation *op = condition.getDefiningOp()) {
    if (getUnary(condition, UnaryKind::k_logical_not))
      isVisible = !isVisible;
    else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      // Extents of one in front.
      ArrayRef<int64_t> from = ranked(reshape.getInput()).getShape();
      ArrayRef<int64_t> to = ranked(reshape.getResult()).getShape();
      while (to.size() > from.size() && to.front() == 1)
        to = to.drop_front();
      if (from != to)
        return Causal::none;
    } else if (!isa<ExpandOp>(op))
      break;
    condition = op->getOperand(0);
  }
  auto compare = condition.getDefiningOp<CompareOp>();
  if (!compare)
    return Causal::none;
  auto lhs = getRamp(compare.getLhs()), rhs = getRamp(compare.getRhs());
  if (!lhs || !rhs || !lhs->dim || !rhs->dim)
    return Causal::none;
  // As `key <= query + offset` for visible keys.
  CompareKind kind = compare.getKind();
  bool isQueryFirst = *lhs->dim == 1 && *rhs->dim == 0;
  if (!isQueryFirst && !(*lhs->dim == 0 && *rhs->dim == 1))
    return Causal::none;
  if (isQueryFirst) {
    std::swap(lhs, rhs);
    kind = kind == CompareKind::k_lt   ? CompareKind::k_gt
           : kind == CompareKind::k_le ? CompareKind::k_ge
           : kind == CompareKind::k_gt ? CompareKind::k_lt
           : kind == CompareKind::k_ge ? CompareKind::k_le
                                       : kind;
  }
  DimExpr offset = rhs->start - lhs->start;
  bool orEqual = kind == (isVisible ? CompareKind::k_le : CompareKind::k_gt);
  bool less = kind == (isVisible ? CompareKind::k_lt : CompareKind::k_ge);
  if (!orEqual && !less)
    return Causal::none;
  if (less)
    offset = offset - DimExpr(1);
  if (offset == DimExpr(0))
    return Causal::start;
  return offset == keys - queries ? Causal::end : Causal::none;
}
