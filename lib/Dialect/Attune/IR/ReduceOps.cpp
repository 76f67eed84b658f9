//===- ReduceOps.cpp - Many elements become one, or find their place ------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

/// `shape` with extents of one in place of `axes`, or without them.
template <typename Extent>
static SmallVector<Extent, 4>
reduceShape(ArrayRef<Extent> shape, ArrayRef<int64_t> axes, bool keepDims) {
  SmallVector<Extent, 4> result;
  for (auto [i, extent] : llvm::enumerate(shape))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      result.push_back(extent);
    else if (keepDims)
      result.push_back(Extent(1));
  return result;
}

//===----------------------------------------------------------------------===//
// ReduceOp
//===----------------------------------------------------------------------===//

LogicalResult ReduceOp::verify() {
  int64_t previous = -1;
  for (int64_t axis : getAxes()) {
    if (failed(verifyAxis(*this, getInput(), axis)))
      return failure();
    if (axis <= previous)
      return emitOpError("expected ascending axes");
    previous = axis;
  }
  if (ranked(getInput()).getElementType().isInteger(1) &&
      getKind() != ReduceKind::max && getKind() != ReduceKind::min)
    return emitOpError("expected max or min for i1");
  return verifyShape(
      *this, "a result", getResult().getType(),
      reduceShape(ranked(getInput()).getShape(), getAxes(), getKeepDims()));
}

void ReduceOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(
      reduceShape(ArrayRef<DimExpr>(operands[0]), getAxes(), getKeepDims()));
}

StringRef ReduceOp::getKernelFamily() { return "reduce"; }

DimExpr ReduceOp::getFlops(ArrayRef<SymbolicShape> operands,
                           ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]);
}

bool ReduceOp::acceptsEpilogue() { return false; }

// Elementwise ops of other elements than f32 have no vector code.
bool ReduceOp::acceptsPrologue(unsigned) {
  return ranked(getInput()).getElementType().isF32();
}

//===----------------------------------------------------------------------===//
// ArgReduceOp
//===----------------------------------------------------------------------===//

LogicalResult ArgReduceOp::verify() {
  if (failed(verifyAxis(*this, getInput(), getAxis())))
    return failure();
  if (getKind() != ReduceKind::max && getKind() != ReduceKind::min)
    return emitOpError("expected max or min");
  int64_t axis = getAxis();
  if (ranked(getInput()).getDimSize(axis) == 0)
    return emitOpError("expected elements to choose from, got an extent of 0");
  return verifyShape(
      *this, "a result", getResult().getType(),
      reduceShape(ranked(getInput()).getShape(), axis, getKeepDims()));
}

void ArgReduceOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                      SmallVectorImpl<SymbolicShape> &results) {
  int64_t axis = getAxis();
  results.push_back(
      reduceShape(ArrayRef<DimExpr>(operands[0]), axis, getKeepDims()));
}

StringRef ArgReduceOp::getKernelFamily() { return "arg_reduce"; }

DimExpr ArgReduceOp::getFlops(ArrayRef<SymbolicShape> operands,
                              ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]);
}

bool ArgReduceOp::acceptsEpilogue() { return false; }

bool ArgReduceOp::acceptsPrologue(unsigned) {
  return ranked(getInput()).getElementType().isF32();
}

//===----------------------------------------------------------------------===//
// CumulateOp
//===----------------------------------------------------------------------===//

LogicalResult CumulateOp::verify() {
  if (getKind() != ReduceKind::sum && getKind() != ReduceKind::prod)
    return emitOpError("expected sum or prod");
  if (ranked(getInput()).getElementType().isInteger(1))
    return emitOpError("expected numbers, got i1");
  return verifyAxis(*this, getInput(), getAxis());
}

void CumulateOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                     SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef CumulateOp::getKernelFamily() { return "cumulate"; }

DimExpr CumulateOp::getFlops(ArrayRef<SymbolicShape> operands,
                             ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]);
}

bool CumulateOp::acceptsEpilogue() { return false; }

//===----------------------------------------------------------------------===//
// TopKOp
//===----------------------------------------------------------------------===//

LogicalResult TopKOp::verify() {
  if (failed(verifyAxis(*this, getInput(), getAxis())))
    return failure();
  SmallVector<int64_t> expected(ranked(getInput()).getShape());
  int64_t k = getK(), extent = expected[getAxis()];
  if (k < 0 || (!ShapedType::isDynamic(extent) && k > extent))
    return emitOpError() << "expected k in [0, " << extent << "], got " << k;
  expected[getAxis()] = k;
  if (failed(verifyShape(*this, "values", getValues().getType(), expected)))
    return failure();
  return verifyShape(*this, "indices", getIndices().getType(), expected);
}

void TopKOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                 SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = operands[0];
  shape[getAxis()] = static_cast<int64_t>(getK());
  results.append({shape, shape});
}

StringRef TopKOp::getKernelFamily() { return "top_k"; }

DimExpr TopKOp::getFlops(ArrayRef<SymbolicShape> operands,
                         ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]);
}

bool TopKOp::acceptsEpilogue() { return false; }

//===----------------------------------------------------------------------===//
// ScatterElementsOp, ScatterNDOp
//===----------------------------------------------------------------------===//

LogicalResult ScatterElementsOp::verify() {
  if (failed(verifyAxis(*this, getInput(), getAxis())))
    return failure();
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  ArrayRef<int64_t> indices = ranked(getIndices()).getShape();
  if (indices.size() != input.size())
    return emitOpError() << "expected indices of rank "
                         << static_cast<int64_t>(input.size()) << ", got "
                         << static_cast<int64_t>(indices.size());
  int64_t axis = getAxis();
  for (auto [i, pair] : llvm::enumerate(llvm::zip(indices, input))) {
    auto [given, extent] = pair;
    if (static_cast<int64_t>(i) != axis && !ShapedType::isDynamic(given) &&
        !ShapedType::isDynamic(extent) && given > extent)
      return emitOpError() << "expected indices within the operand's shape "
                           << shapeText(input) << ", got "
                           << shapeText(indices);
  }
  return verifyShape(*this, "updates", getUpdates().getType(), indices);
}

void ScatterElementsOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef ScatterElementsOp::getKernelFamily() { return "scatter"; }

DimExpr ScatterElementsOp::getFlops(ArrayRef<SymbolicShape> operands,
                                    ArrayRef<SymbolicShape>) {
  return getNumElements(operands[2]);
}

bool ScatterElementsOp::acceptsEpilogue() { return false; }

LogicalResult ScatterNDOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  ArrayRef<int64_t> indices = ranked(getIndices()).getShape();
  if (indices.empty() || ShapedType::isDynamic(indices.back()) ||
      indices.back() < 1 || indices.back() > static_cast<int64_t>(input.size()))
    return emitOpError() << "expected tuples of 1 to "
                         << static_cast<int64_t>(input.size())
                         << " indices, got indices of shape "
                         << shapeText(indices);
  SmallVector<int64_t> expected(indices.drop_back());
  llvm::append_range(expected, input.drop_front(indices.back()));
  return verifyShape(*this, "updates", getUpdates().getType(), expected);
}

void ScatterNDOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                      SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef ScatterNDOp::getKernelFamily() { return "scatter"; }

DimExpr ScatterNDOp::getFlops(ArrayRef<SymbolicShape> operands,
                              ArrayRef<SymbolicShape>) {
  return getNumElements(operands[2]);
}

bool ScatterNDOp::acceptsEpilogue() { return false; }
