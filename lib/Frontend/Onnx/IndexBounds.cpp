//===- IndexBounds.cpp - Indices that follow from extents -----------------===//
//
// Exporters index tables by position and masks by row and column: 0, 1, ... up
// to an extent, shifted by another one. How large such indices become is known
// as a polynomial of the symbols, and has to fit what they index.
//
//===----------------------------------------------------------------------===//
#include "GraphBuilder.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace attune;

/// Ops to look through.
static constexpr unsigned kMaxDepth = 16;

/// Whether `extent` is not negative, whatever its symbols are.
static bool isNeverNegative(const DimExpr &extent) {
  return llvm::all_of(extent.getTerms(),
                      [](const auto &term) { return term.second >= 0; });
}

static std::optional<DimExpr> largestOf(ConstantOp op) {
  auto values = dyn_cast<DenseIntElementsAttr>(op.getValue());
  if (!values || values.empty())
    return std::nullopt;
  int64_t largest = 0;
  for (const APInt &value : values.getValues<APInt>()) {
    if (value.getSignificantBits() > 32 || value.isNegative())
      return std::nullopt;
    largest = std::max(largest, value.getSExtValue());
  }
  return DimExpr(largest);
}

static std::optional<DimExpr> largestOf(IotaOp op) {
  auto start = dyn_cast<IntegerAttr>(op.getStart()),
       step = dyn_cast<IntegerAttr>(op.getStep());
  if (!start || !step || start.getValue().isNegative() ||
      step.getValue().isNegative() ||
      start.getValue().getSignificantBits() > 32 ||
      step.getValue().getSignificantBits() > 32)
    return std::nullopt;
  DimExpr count = op.getExtents().getShape().front();
  return DimExpr(start.getValue().getSExtValue()) +
         (count - DimExpr(1)) * DimExpr(step.getValue().getSExtValue());
}

/// The largest element of a tensor of integers that are not negative; nullopt
/// when it is not known exactly.
static std::optional<DimExpr> largest(Value value, unsigned depth = 0) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == kMaxDepth || !GraphBuilder::element(value).isInteger())
    return std::nullopt;
  if (auto constant = dyn_cast<ConstantOp>(op))
    return largestOf(constant);
  if (auto iota = dyn_cast<IotaOp>(op))
    return largestOf(iota);
  if (auto extents = dyn_cast<ExtentsOp>(op)) {
    const SymbolicShape &numbers = extents.getExtents().getShape();
    bool isOne = numbers.size() == 1 && isNeverNegative(numbers.front());
    return isOne ? std::optional(numbers.front()) : std::nullopt;
  }
  if (isa<ReshapeOp, ExpandOp, TransposeOp, CastOp>(op))
    return largest(op->getOperand(0), depth + 1);
  if (!isa<AddOp, MulOp>(op))
    return std::nullopt;
  std::optional<DimExpr> a = largest(op->getOperand(0), depth + 1),
                         b = largest(op->getOperand(1), depth + 1);
  if (!a || !b)
    return std::nullopt;
  return isa<AddOp>(op) ? *a + *b : *a * *b;
}

void GraphBuilder::requireIndices(Value indices, const DimExpr &extent) {
  if (std::optional<DimExpr> last = largest(indices))
    requireAtMost(*last + DimExpr(1), extent);
}

void GraphBuilder::requireTuples(Value indices, ArrayRef<DimExpr> extents) {
  auto parts = indices.getDefiningOp<ConcatOp>();
  if (extents.size() == 1)
    return requireIndices(indices, extents.front());
  if (!parts || static_cast<int64_t>(parts.getAxis()) + 1 != rank(indices) ||
      parts.getInputs().size() != extents.size())
    return;
  for (auto [part, extent] : llvm::zip(parts.getInputs(), extents))
    if (shape(part).back() == DimExpr(1))
      requireIndices(part, extent);
}
