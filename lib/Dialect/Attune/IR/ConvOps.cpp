//===- ConvOps.cpp - Convolutions and pooling over windows ----------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

namespace {
/// How windows walk over the spatial dimensions.
struct Windows {
  ArrayRef<int64_t> strides, low, high, dilations;

  bool isValid(size_t rank) const {
    constexpr int64_t kLimit = int64_t(1) << 30;
    for (ArrayRef<int64_t> list : {strides, low, high, dilations})
      if (list.size() != rank ||
          llvm::any_of(list, [&](int64_t v) { return v < 0 || v > kLimit; }))
        return false;
    return !llvm::is_contained(strides, 0) && !llvm::is_contained(dilations, 0);
  }
  /// Windows along dimension `i`; negative when none fits.
  int64_t count(size_t i, int64_t extent, int64_t kernel) const {
    int64_t span = (kernel - 1) * dilations[i] + 1;
    int64_t room = extent + low[i] + high[i] - span;
    return room < 0 ? 0 : room / strides[i] + 1;
  }
};
} // namespace

/// Verifies the windows and appends how many there are in each dimension.
static LogicalResult verifyWindows(Operation *op, const Windows &windows,
                                   ArrayRef<int64_t> input,
                                   ArrayRef<int64_t> kernel,
                                   SmallVectorImpl<int64_t> &counts) {
  if (input.size() < 3 || input.size() > 5)
    return op->emitOpError()
           << "expected an operand of shape [batch, channels, "
              "one to three extents], got "
           << shapeText(input);
  ArrayRef<int64_t> spatial = input.drop_front(2);
  if (kernel.size() != spatial.size() || !windows.isValid(spatial.size()))
    return op->emitOpError()
           << "expected kernel, strides, low, high and dilations for "
           << static_cast<int64_t>(spatial.size())
           << " dimensions, strides and dilations positive";
  for (auto [i, extent] : llvm::enumerate(spatial)) {
    if (ShapedType::isDynamic(extent) || extent > (int64_t(1) << 30) ||
        ShapedType::isDynamic(kernel[i]) || kernel[i] < 1 ||
        kernel[i] > (int64_t(1) << 20))
      return op->emitOpError()
             << "expected static spatial extents, got " << shapeText(input);
    counts.push_back(windows.count(i, extent, kernel[i]));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ConvOp
//===----------------------------------------------------------------------===//

LogicalResult ConvOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  ArrayRef<int64_t> weight = ranked(getWeight()).getShape();
  if (weight.size() != input.size() || !ranked(getWeight()).hasStaticShape())
    return emitOpError() << "expected a static weight of the operand's rank, "
                            "got "
                         << getWeight().getType();
  SmallVector<int64_t> counts;
  if (failed(verifyWindows(*this,
                           {getStrides(), getLow(), getHigh(), getDilations()},
                           input, weight.drop_front(2), counts)))
    return failure();
  int64_t groups = getGroups();
  if (groups < 1 || weight[0] % groups != 0 ||
      weight[1] > (int64_t(1) << 40) / groups ||
      !extentsAgree(input[1], weight[1] * groups))
    return emitOpError() << "expected " << groups << " groups of " << weight[1]
                         << " channels, got an operand of shape "
                         << shapeText(input) << " and a weight of shape "
                         << shapeText(weight);
  if (Value bias = getBias())
    if (failed(verifyShape(*this, "a bias", bias.getType(), weight[0])))
      return failure();
  SmallVector<int64_t> expected = {input[0], weight[0]};
  llvm::append_range(expected, counts);
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void ConvOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                 SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = {operands[0][0]};
  for (int64_t extent : ranked(getResult()).getShape().drop_front())
    shape.push_back(extent);
  results.push_back(shape);
}

StringRef ConvOp::getKernelFamily() { return "conv"; }

DimExpr ConvOp::getFlops(ArrayRef<SymbolicShape>,
                         ArrayRef<SymbolicShape> results) {
  auto weight = ranked(getWeight());
  return getNumElements(results[0]) *
         (weight.getNumElements() / std::max<int64_t>(weight.getDimSize(0), 1) *
          2);
}

bool ConvOp::acceptsEpilogue() { return false; }

//===----------------------------------------------------------------------===//
// PoolWindowOp
//===----------------------------------------------------------------------===//

LogicalResult PoolWindowOp::verify() {
  if (getKind() != ReduceKind::max && getKind() != ReduceKind::mean &&
      getKind() != ReduceKind::sum)
    return emitOpError("expected max, mean or sum");
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  SmallVector<int64_t> counts;
  if (failed(verifyWindows(*this,
                           {getStrides(), getLow(), getHigh(), getDilations()},
                           input, getKernel(), counts)))
    return failure();
  SmallVector<int64_t> expected = {input[0], input[1]};
  llvm::append_range(expected, counts);
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void PoolWindowOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = {operands[0][0], operands[0][1]};
  for (int64_t extent : ranked(getResult()).getShape().drop_front(2))
    shape.push_back(extent);
  results.push_back(shape);
}

StringRef PoolWindowOp::getKernelFamily() { return "pool_window"; }

DimExpr PoolWindowOp::getFlops(ArrayRef<SymbolicShape>,
                               ArrayRef<SymbolicShape> results) {
  int64_t size = 1;
  for (int64_t extent : getKernel())
    size *= extent;
  return getNumElements(results[0]) * size;
}

bool PoolWindowOp::acceptsEpilogue() { return false; }
