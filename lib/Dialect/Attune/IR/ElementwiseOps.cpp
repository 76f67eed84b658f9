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

LogicalResult attune::verifyBroadcast(Operation *op, Type lhs, Type rhs,
                                      Type result) {
  auto left = cast<RankedTensorType>(lhs).getShape();
  auto right = cast<RankedTensorType>(rhs).getShape();
  size_t rank = std::max(left.size(), right.size());
  SmallVector<int64_t> expected(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t a = i + left.size() < rank ? 1 : left[i + left.size() - rank];
    int64_t b = i + right.size() < rank ? 1 : right[i + right.size() - rank];
    if (!extentsAgree(a, b) && a != 1 && b != 1)
      return op->emitOpError()
             << "expected operands that broadcast, got shapes "
             << shapeText(left) << " and " << shapeText(right);
    if (a == 1)
      expected[i] = b;
    else if (b == 1 || ShapedType::isDynamic(b))
      expected[i] = a;
    else
      expected[i] = b;
  }
  return verifyShape(op, "a result", result, expected);
}

LogicalResult GeluOp::verify() {
  if (getApproximate() != "none" && getApproximate() != "tanh")
    return emitOpError() << "expected approximate to be \"none\" or \"tanh\", "
                            "got \""
                         << getApproximate() << "\"";
  return success();
}
