//===- IndexOps.cpp - Elements chosen by position -------------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

/// Verifies that a list has one entry a dimension of `value`.
static LogicalResult verifyCount(Operation *op, StringRef what, size_t count,
                                 Value value) {
  if (count == static_cast<size_t>(ranked(value).getRank()))
    return success();
  return op->emitOpError() << "expected " << ranked(value).getRank() << " "
                           << what << ", one a dimension, got " << count;
}

static LogicalResult verifySameElements(Operation *op, Value input,
                                        Value result) {
  Type from = ranked(input).getElementType(),
       to = ranked(result).getElementType();
  if (from == to)
    return success();
  return op->emitOpError() << "expected elements of " << from << ", got " << to;
}

//===----------------------------------------------------------------------===//
// ConstantOp, ExtentsOp, IotaOp
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  if (isa<RankedTensorType>(getValue().getShapedType()))
    return success();
  return emitOpError() << "expected a ranked tensor, got "
                       << getValue().getType();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

bool ConstantOp::isCheap() { return true; }

bool ConstantOp::readsOnce(unsigned) { return true; }

bool ConstantOp::readsExtent(unsigned, int64_t) { return false; }

void ConstantOp::inferSymbolicShapes(ArrayRef<SymbolicShape>,
                                     SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape;
  for (int64_t extent : ranked(getResult()).getShape())
    shape.push_back(extent);
  results.push_back(shape);
}

LogicalResult ExtentsOp::verify() {
  if (!ranked(getResult()).getElementType().isInteger(64))
    return emitOpError() << "expected a result of i64, got "
                         << getResult().getType();
  return verifyShape(*this, "a result", getResult().getType(),
                     {static_cast<int64_t>(getExtents().getExtents().size())});
}

// With symbols it is no kernel's, but the plan's.
bool ExtentsOp::isCheap() {
  return !ShapedType::isDynamicShape(getExtents().getStaticShape());
}

bool ExtentsOp::readsOnce(unsigned) { return true; }

bool ExtentsOp::readsExtent(unsigned, int64_t) { return false; }

void ExtentsOp::inferSymbolicShapes(ArrayRef<SymbolicShape>,
                                    SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(
      {DimExpr(static_cast<int64_t>(getExtents().getExtents().size()))});
}

LogicalResult IotaOp::verify() {
  Type element = ranked(getResult()).getElementType();
  if (getStart().getType() != element || getStep().getType() != element ||
      element.isInteger(1))
    return emitOpError() << "expected start and step to be numbers of the "
                            "result's type "
                         << element;
  if (getExtents().getExtents().size() != 1)
    return emitOpError("expected one extent");
  return verifyShape(*this, "a result", getResult().getType(),
                     getExtents().getStaticShape());
}

bool IotaOp::isCheap() { return true; }

bool IotaOp::readsOnce(unsigned) { return true; }

bool IotaOp::readsExtent(unsigned, int64_t) { return false; }

void IotaOp::inferSymbolicShapes(ArrayRef<SymbolicShape>,
                                 SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(getExtents().getShape());
}

//===----------------------------------------------------------------------===//
// ExpandOp
//===----------------------------------------------------------------------===//

LogicalResult ExpandOp::verify() {
  SmallVector<int64_t> shape = getExtents().getStaticShape();
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  bool fits = input.size() <= shape.size();
  for (size_t i = 0; fits && i < input.size(); ++i)
    fits = input[i] == 1 ||
           extentsAgree(input[i], shape[i + shape.size() - input.size()]);
  if (!fits)
    return emitOpError() << "expected extents that the operand's shape "
                         << shapeText(input) << " broadcasts to, got "
                         << shapeText(shape);
  return verifyShape(*this, "a result", getResult().getType(), shape);
}

bool ExpandOp::isCheap() { return true; }

bool ExpandOp::readsOnce(unsigned) {
  return ranked(getInput()).getShape() == ranked(getResult()).getShape();
}

bool ExpandOp::readsExtent(unsigned, int64_t) { return false; }

void ExpandOp::inferSymbolicShapes(ArrayRef<SymbolicShape>,
                                   SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(getExtents().getShape());
}

//===----------------------------------------------------------------------===//
// ConcatOp
//===----------------------------------------------------------------------===//

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("expected an operand");
  int64_t axis = getAxis();
  if (failed(verifyAxis(*this, getInputs()[0], axis)))
    return failure();
  SmallVector<int64_t> expected(ranked(getInputs()[0]).getShape());
  int64_t sum = 0;
  for (Value input : getInputs()) {
    SmallVector<int64_t> shape(ranked(input).getShape());
    if (failed(verifySameElements(*this, input, getResult())))
      return failure();
    if (shape.size() == expected.size()) {
      sum = ShapedType::isDynamic(sum) || ShapedType::isDynamic(shape[axis])
                ? ShapedType::kDynamic
                : sum + shape[axis];
      shape[axis] = expected[axis];
    }
    if (shape.size() != expected.size() ||
        !llvm::all_of_zip(shape, expected, extentsAgree))
      return emitOpError() << "expected operands that agree but for dimension "
                           << axis << ", got " << shapeText(expected) << " and "
                           << shapeText(ranked(input).getShape());
  }
  expected[axis] = sum;
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

bool ConcatOp::isCheap() { return false; }

bool ConcatOp::readsOnce(unsigned) { return true; }

// Where the next operand begins.
bool ConcatOp::readsExtent(unsigned index, int64_t dim) {
  return dim == static_cast<int64_t>(getAxis()) &&
         index + 1 < getInputs().size();
}

void ConcatOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = operands[0];
  for (const SymbolicShape &operand : operands.drop_front())
    shape[getAxis()] += operand[getAxis()];
  results.push_back(shape);
}

//===----------------------------------------------------------------------===//
// ExtractOp
//===----------------------------------------------------------------------===//

LogicalResult ExtractOp::verify() {
  if (failed(verifyCount(*this, "offsets", getOffsets().getExtents().size(),
                         getInput())) ||
      failed(verifyCount(*this, "sizes", getSizes().getExtents().size(),
                         getInput())) ||
      failed(verifyCount(*this, "steps", getSteps().size(), getInput())))
    return failure();
  if (Value origin = getOrigin())
    if (failed(verifyShape(*this, "an origin", origin.getType(),
                           {ranked(getInput()).getRank()})))
      return failure();
  for (auto [extent, offset, size, step] :
       llvm::zip(ranked(getInput()).getShape(), getOffsets().getShape(),
                 getSizes().getShape(), getSteps())) {
    if (step == 0)
      return emitOpError("expected steps other than 0");
    std::optional<int64_t> first = offset.getConstant(),
                           count = size.getConstant();
    if (count && *count < 0)
      return emitOpError() << "expected sizes of 0 or more, got " << *count;
    if (ShapedType::isDynamic(extent) || !first || !count || *count == 0)
      continue;
    // Beyond these bounds the last element could not be counted.
    constexpr int64_t kLimit = int64_t(1) << 40;
    if (std::abs(step) > kLimit || *count > kLimit || *first < 0 ||
        *first >= extent || *first + (*count - 1) * step < 0 ||
        *first + (*count - 1) * step >= extent)
      return emitOpError() << "expected elements within the extent " << extent
                           << ", got offset " << *first << ", size " << *count
                           << " and step " << step;
  }
  return verifyShape(*this, "a result", getResult().getType(),
                     getSizes().getStaticShape());
}

bool ExtractOp::isCheap() { return true; }

bool ExtractOp::readsOnce(unsigned index) { return index == 0; }

// Offsets that come at run time are bounded.
bool ExtractOp::readsExtent(unsigned index, int64_t) {
  return index == 0 && getOrigin();
}

void ExtractOp::inferSymbolicShapes(ArrayRef<SymbolicShape>,
                                    SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(getSizes().getShape());
}

//===----------------------------------------------------------------------===//
// PadOp
//===----------------------------------------------------------------------===//

LogicalResult PadOp::verify() {
  if (failed(
          verifyCount(*this, "entries of low", getLow().size(), getInput())) ||
      failed(
          verifyCount(*this, "entries of high", getHigh().size(), getInput())))
    return failure();
  if (Value value = getValue())
    if (ranked(value).getRank() != 0 ||
        failed(verifySameElements(*this, value, getResult())))
      return emitOpError() << "expected a scalar of the operand's type as "
                              "value, got "
                           << value.getType();
  constexpr int64_t kLimit = int64_t(1) << 40;
  SmallVector<int64_t> expected;
  for (auto [extent, low, high] :
       llvm::zip(ranked(getInput()).getShape(), getLow(), getHigh())) {
    if (std::abs(low) > kLimit || std::abs(high) > kLimit)
      return emitOpError("expected padding of at most 2^40 elements");
    int64_t padded = ShapedType::isDynamic(extent) ? ShapedType::kDynamic
                                                   : extent + low + high;
    if (!ShapedType::isDynamic(extent) && padded < 0)
      return emitOpError() << "expected an extent of 0 or more, got " << padded;
    if (extent == 0 && padded > 0 && getMode() != PadMode::constant)
      return emitOpError("expected elements to repeat, got an extent of 0");
    expected.push_back(padded);
  }
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

bool PadOp::isCheap() { return false; }

bool PadOp::readsOnce(unsigned index) {
  return index == 0 && getMode() == PadMode::constant;
}

bool PadOp::readsExtent(unsigned index, int64_t dim) {
  return index == 0 && (getLow()[dim] != 0 || getHigh()[dim] != 0);
}

void PadOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = operands[0];
  for (auto [extent, low, high] : llvm::zip(shape, getLow(), getHigh()))
    extent += DimExpr(low) + DimExpr(high);
  results.push_back(shape);
}

//===----------------------------------------------------------------------===//
// GatherOp, GatherElementsOp, GatherNDOp
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::verify() {
  if (failed(verifyAxis(*this, getInput(), getAxis())))
    return failure();
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  SmallVector<int64_t> expected(input.take_front(getAxis()));
  llvm::append_range(expected, ranked(getIndices()).getShape());
  llvm::append_range(expected, input.drop_front(getAxis() + 1));
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

bool GatherOp::isCheap() { return false; }

bool GatherOp::readsOnce(unsigned) { return false; }

bool GatherOp::readsExtent(unsigned index, int64_t dim) {
  return index == 0 && dim == static_cast<int64_t>(getAxis());
}

void GatherOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  ArrayRef<DimExpr> input = operands[0];
  SymbolicShape shape(input.take_front(getAxis()));
  llvm::append_range(shape, operands[1]);
  llvm::append_range(shape, input.drop_front(getAxis() + 1));
  results.push_back(shape);
}

LogicalResult GatherElementsOp::verify() {
  if (failed(verifyAxis(*this, getInput(), getAxis())))
    return failure();
  if (ranked(getIndices()).getRank() != ranked(getInput()).getRank())
    return emitOpError() << "expected indices of rank "
                         << ranked(getInput()).getRank() << ", got "
                         << ranked(getIndices()).getRank();
  return verifyShape(*this, "a result", getResult().getType(),
                     ranked(getIndices()).getShape());
}

bool GatherElementsOp::isCheap() { return false; }

bool GatherElementsOp::readsOnce(unsigned index) { return index == 1; }

bool GatherElementsOp::readsExtent(unsigned index, int64_t dim) {
  return index == 0 && dim == static_cast<int64_t>(getAxis());
}

void GatherElementsOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[1]);
}

LogicalResult GatherNDOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  ArrayRef<int64_t> indices = ranked(getIndices()).getShape();
  int64_t batch = getBatchDims();
  if (batch < 0 || indices.empty() ||
      batch >= static_cast<int64_t>(indices.size()) ||
      ShapedType::isDynamic(indices.back()) || indices.back() < 1 ||
      batch + indices.back() > static_cast<int64_t>(input.size()))
    return emitOpError() << "expected tuples of 1 to "
                         << static_cast<int64_t>(input.size()) - batch
                         << " indices behind " << batch
                         << " dimensions, got indices of shape "
                         << shapeText(indices);
  SmallVector<int64_t> expected(indices.drop_back());
  llvm::append_range(expected, input.drop_front(batch + indices.back()));
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

bool GatherNDOp::isCheap() { return false; }

bool GatherNDOp::readsOnce(unsigned) { return false; }

bool GatherNDOp::readsExtent(unsigned index, int64_t dim) {
  int64_t first = getBatchDims();
  return index == 0 && dim >= first &&
         dim < first + ranked(getIndices()).getShape().back();
}

void GatherNDOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                     SmallVectorImpl<SymbolicShape> &results) {
  int64_t tuple = ranked(getIndices()).getShape().back();
  SymbolicShape shape(ArrayRef(operands[1]).drop_back());
  llvm::append_range(shape,
                     ArrayRef(operands[0]).drop_front(getBatchDims() + tuple));
  results.push_back(shape);
}
