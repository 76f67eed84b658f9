//===- ElementwiseOps.cpp - Activations, sums, scaling --------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

std::string attune::shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os, [&](int64_t extent) {
    if (ShapedType::isDynamic(extent))
      os << '?';
    else
      os << extent;
  });
  os << ']';
  return text;
}

LogicalResult attune::verifyShape(Operation *op, StringRef what, Type type,
                                  ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  if (shape.size() == expected.size() &&
      llvm::all_of_zip(shape, expected, extentsAgree))
    return success();
  return op->emitOpError() << "expected " << what << " of shape "
                           << shapeText(expected) << ", got "
                           << shapeText(shape);
}

LogicalResult attune::verifyAxis(Operation *op, Value value, int64_t axis) {
  if (axis >= 0 && axis < ranked(value).getRank())
    return success();
  return op->emitOpError() << "expected an axis in [0, "
                           << ranked(value).getRank() << "), got " << axis;
}

SymbolicShape attune::broadcastShapes(const SymbolicShape &lhs,
                                      const SymbolicShape &rhs) {
  const SymbolicShape &longer = lhs.size() >= rhs.size() ? lhs : rhs;
  const SymbolicShape &shorter = lhs.size() >= rhs.size() ? rhs : lhs;
  SymbolicShape result = longer;
  for (size_t i = 0, shift = longer.size() - shorter.size(); i < shorter.size();
       ++i)
    if (result[i + shift] == DimExpr(1))
      result[i + shift] = shorter[i];
  return result;
}

/// The shape that `types` broadcast to, checked against `result`.
static LogicalResult verifyBroadcast(Operation *op, TypeRange types,
                                     Type result) {
  SmallVector<int64_t> shape;
  for (Type type : types) {
    ArrayRef<int64_t> other = cast<RankedTensorType>(type).getShape();
    if (other.size() > shape.size())
      shape.insert(shape.begin(), other.size() - shape.size(), 1);
    for (size_t i = 0; i < other.size(); ++i) {
      int64_t &extent = shape[i + shape.size() - other.size()];
      if (extent == 1)
        extent = other[i];
      else if (other[i] != 1 && !extentsAgree(extent, other[i]))
        return op->emitOpError()
               << "expected operands that broadcast, got shapes "
               << shapeText(cast<RankedTensorType>(types[0]).getShape())
               << " and " << shapeText(other);
      else if (ShapedType::isDynamic(extent) && other[i] != 1)
        extent = other[i];
    }
  }
  return verifyShape(op, "a result", result, shape);
}

LogicalResult attune::verifyBroadcast(Operation *op, Type lhs, Type rhs,
                                      Type result) {
  return ::verifyBroadcast(op, {lhs, rhs}, result);
}

LogicalResult GeluOp::verify() {
  if (getApproximate() != "none" && getApproximate() != "tanh")
    return emitOpError() << "expected approximate to be \"none\" or \"tanh\", "
                            "got \""
                         << getApproximate() << "\"";
  return success();
}

//===----------------------------------------------------------------------===//
// Any number
//===----------------------------------------------------------------------===//

static Type elementOf(Value value) { return ranked(value).getElementType(); }

static SymbolicShape broadcastAll(ArrayRef<SymbolicShape> shapes) {
  SymbolicShape result = shapes.front();
  for (const SymbolicShape &shape : shapes.drop_front())
    result = broadcastShapes(result, shape);
  return result;
}

LogicalResult UnaryOp::verify() {
  Type input = elementOf(getInput()), result = elementOf(getResult());
  UnaryKind kind = getKind();
  bool asks = kind >= UnaryKind::k_is_nan;
  StringRef expected;
  if (kind == UnaryKind::k_logical_not)
    expected = input.isInteger(1) ? "" : "i1";
  else if (kind == UnaryKind::k_bitwise_not)
    expected = isa<IntegerType>(input) ? "" : "integers";
  else if (kind >= UnaryKind::k_reciprocal)
    expected = isa<FloatType>(input) ? "" : "floats";
  else
    expected = input.isInteger(1) ? "numbers" : "";
  if (!expected.empty())
    return emitOpError() << "expected " << expected << " for '"
                         << stringifyUnaryKind(kind) << "', got " << input;
  if (asks ? !result.isInteger(1) : result != input)
    return emitOpError() << "expected a result of "
                         << (asks ? Type(IntegerType::get(getContext(), 1))
                                  : input)
                         << ", got " << result;
  return verifyShape(*this, "a result", getResult().getType(),
                     ranked(getInput()).getShape());
}

void UnaryOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                  SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

int64_t UnaryOp::getFlopsPerElement() {
  switch (getKind()) {
  case UnaryKind::k_exp:
  case UnaryKind::k_log:
    return 8;
  case UnaryKind::k_erf:
  case UnaryKind::k_sigmoid:
    return 12;
  default:
    return getKind() >= UnaryKind::k_sin && getKind() <= UnaryKind::k_atanh ? 15
                                                                            : 1;
  }
}

LogicalResult BinaryOp::verify() {
  Type type = elementOf(getLhs());
  BinaryKind kind = getKind();
  auto integer = dyn_cast<IntegerType>(type);
  StringRef expected;
  if (kind >= BinaryKind::k_shift_left)
    expected = integer && integer.isUnsigned() ? "" : "unsigned integers";
  else if (kind >= BinaryKind::k_bitwise_and)
    expected = integer ? "" : "integers";
  else if (kind >= BinaryKind::k_and)
    expected = type.isInteger(1) ? "" : "i1";
  else
    expected = type.isInteger(1) ? "numbers" : "";
  if (!expected.empty())
    return emitOpError() << "expected " << expected << " for '"
                         << stringifyBinaryKind(kind) << "', got " << type;
  return ::verifyBroadcast(*this, getOperandTypes(), getResult().getType());
}

void BinaryOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(broadcastAll(operands));
}

LogicalResult CompareOp::verify() {
  return ::verifyBroadcast(*this, getOperandTypes(), getResult().getType());
}

void CompareOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                    SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(broadcastAll(operands));
}

LogicalResult WhereOp::verify() {
  return ::verifyBroadcast(*this, getOperandTypes(), getResult().getType());
}

void WhereOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                  SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(broadcastAll(operands));
}

LogicalResult CastOp::verify() {
  if (getSaturate() && !isa<IntegerType>(elementOf(getResult())))
    return emitOpError("expected integers as the result with saturate");
  return verifyShape(*this, "a result", getResult().getType(),
                     ranked(getInput()).getShape());
}

void CastOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                 SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getResult().getType() ? getInput() : Value();
}
