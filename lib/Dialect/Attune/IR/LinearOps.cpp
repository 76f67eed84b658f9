//===- LinearOps.cpp - Products of matrices -------------------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::verify() {
  ArrayRef<int64_t> lhs = ranked(getLhs()).getShape();
  ArrayRef<int64_t> rhs = ranked(getRhs()).getShape();
  Type left = ranked(getLhs()).getElementType(),
       right = ranked(getRhs()).getElementType(),
       sum = ranked(getResult()).getElementType();
  bool integers = isa<IntegerType>(left) && isa<IntegerType>(right) &&
                  isa<IntegerType>(sum);
  if (left.isInteger(1) || (!integers && (left != right || left != sum)))
    return emitOpError() << "expected equal types of floats, or integers, got "
                         << left << ", " << right << " and " << sum;
  if (lhs.size() < 2 || rhs.size() < 2)
    return emitOpError() << "expected operands of rank 2 or more, got shapes "
                         << shapeText(lhs) << " and " << shapeText(rhs);
  bool transposed = getTransposeRhs();
  int64_t kLeft = lhs.back();
  int64_t kRight = rhs[rhs.size() - (transposed ? 1 : 2)];
  if (!extentsAgree(kLeft, kRight))
    return emitOpError() << "expected equal inner extents, got " << kLeft
                         << " and " << kRight;
  size_t rank = std::max(lhs.size(), rhs.size());
  SmallVector<int64_t> expected;
  for (size_t i = 0; i + 2 < rank; ++i) {
    int64_t a = i + lhs.size() < rank ? 1 : lhs[i + lhs.size() - rank];
    int64_t b = i + rhs.size() < rank ? 1 : rhs[i + rhs.size() - rank];
    if (!extentsAgree(a, b) && a != 1 && b != 1)
      return emitOpError()
             << "expected leading dimensions that broadcast, got shapes "
             << shapeText(lhs) << " and " << shapeText(rhs);
    expected.push_back(a == 1 || ShapedType::isDynamic(a) ? b : a);
  }
  expected.push_back(lhs[lhs.size() - 2]);
  expected.push_back(rhs[rhs.size() - (transposed ? 2 : 1)]);
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void MatmulOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape lhs = operands[0], rhs = operands[1];
  DimExpr m = lhs[lhs.size() - 2];
  DimExpr n = rhs[rhs.size() - (getTransposeRhs() ? 2 : 1)];
  lhs.pop_back_n(2);
  rhs.pop_back_n(2);
  SymbolicShape shape = broadcastShapes(lhs, rhs);
  shape.push_back(m);
  shape.push_back(n);
  results.push_back(shape);
}

// Other numbers than f32 take plain loops.
StringRef MatmulOp::getKernelFamily() {
  return ranked(getResult()).getElementType().isF32() ? "matmul"
                                                      : "contraction";
}

DimExpr MatmulOp::getFlops(ArrayRef<SymbolicShape> operands,
                           ArrayRef<SymbolicShape> results) {
  return getNumElements(results[0]) * operands[0].back() * 2;
}

bool MatmulOp::acceptsEpilogue() { return false; }

//===----------------------------------------------------------------------===//
// LinearOp
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  ArrayRef<int64_t> weight = ranked(getWeight()).getShape();
  if (input.empty())
    return emitOpError("expected an input of rank 1 or more, got rank 0");
  if (weight.size() != 2 || ShapedType::isDynamicShape(weight))
    return emitOpError() << "expected a weight of static shape [N, K], got "
                         << shapeText(weight);
  if (!extentsAgree(input.back(), weight[1]))
    return emitOpError() << "expected " << weight[1]
                         << " input columns as the weight has, got "
                         << shapeText(input);
  if (Value bias = getBias())
    if (failed(verifyShape(*this, "a bias", bias.getType(), weight[0])))
      return failure();
  SmallVector<int64_t> expected(input);
  expected.back() = weight[0];
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void LinearOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = operands[0];
  shape.back() = operands[1][0];
  results.push_back(shape);
}

StringRef LinearOp::getKernelFamily() { return "linear"; }

DimExpr LinearOp::getFlops(ArrayRef<SymbolicShape> operands,
                           ArrayRef<SymbolicShape> results) {
  DimExpr elements = getNumElements(results[0]);
  return elements * operands[0].back() * 2 + (getBias() ? elements : 0);
}
