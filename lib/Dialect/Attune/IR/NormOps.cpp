//===- NormOps.cpp - Normalisation and pooling ----------------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static LogicalResult verifyEpsilon(Operation *op, const APFloat &epsilon) {
  if (epsilon.isFinite() && !epsilon.isNegative())
    return success();
  return op->emitOpError() << "expected a finite, non-negative epsilon, got "
                           << epsilon.convertToDouble();
}

//===----------------------------------------------------------------------===//
// LayerNormOp
//===----------------------------------------------------------------------===//

LogicalResult LayerNormOp::verify() {
  ArrayRef<int64_t> shape = ranked(getInput()).getShape();
  if (shape.empty() || ShapedType::isDynamic(shape.back()))
    return emitOpError() << "expected a static last extent, got "
                         << shapeText(shape);
  if (failed(verifyShape(*this, "gamma", getGamma().getType(), shape.back())) ||
      failed(verifyShape(*this, "beta", getBeta().getType(), shape.back())))
    return failure();
  return verifyEpsilon(*this, getEpsilon());
}

void LayerNormOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                      SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef LayerNormOp::getKernelFamily() { return "layer_norm"; }

// Sum; difference, square, sum; product and sum with the affine part.
DimExpr LayerNormOp::getFlops(ArrayRef<SymbolicShape> operands,
                              ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]) * 7;
}

bool LayerNormOp::acceptsPrologue(unsigned index) { return index == 0; }

//===----------------------------------------------------------------------===//
// RmsNormOp
//===----------------------------------------------------------------------===//

LogicalResult RmsNormOp::verify() {
  ArrayRef<int64_t> shape = ranked(getInput()).getShape();
  if (shape.empty() || ShapedType::isDynamic(shape.back()))
    return emitOpError() << "expected a static last extent, got "
                         << shapeText(shape);
  if (failed(verifyShape(*this, "gamma", getGamma().getType(), shape.back())))
    return failure();
  return verifyEpsilon(*this, getEpsilon());
}

void RmsNormOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                    SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef RmsNormOp::getKernelFamily() { return "rms_norm"; }

// Square, sum; products with the scale and gamma.
DimExpr RmsNormOp::getFlops(ArrayRef<SymbolicShape> operands,
                            ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]) * 4;
}

bool RmsNormOp::acceptsPrologue(unsigned index) { return index == 0; }

//===----------------------------------------------------------------------===//
// L2NormalizeOp
//===----------------------------------------------------------------------===//

LogicalResult L2NormalizeOp::verify() {
  ArrayRef<int64_t> shape = ranked(getInput()).getShape();
  if (shape.empty() || ShapedType::isDynamic(shape.back()))
    return emitOpError() << "expected a static last extent, got "
                         << shapeText(shape);
  return verifyEpsilon(*this, getEpsilon());
}

void L2NormalizeOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef L2NormalizeOp::getKernelFamily() { return "l2_normalize"; }

DimExpr L2NormalizeOp::getFlops(ArrayRef<SymbolicShape> operands,
                                ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]) * 3;
}

bool L2NormalizeOp::acceptsPrologue(unsigned index) { return index == 0; }

//===----------------------------------------------------------------------===//
// PoolOp
//===----------------------------------------------------------------------===//

LogicalResult PoolOp::verify() {
  ArrayRef<int64_t> shape = ranked(getInput()).getShape();
  if (shape.size() != 3)
    return emitOpError() << "expected input of shape [batch, length, columns], "
                            "got "
                         << shapeText(shape);
  if (failed(verifyShape(*this, "a mask", getMask().getType(),
                         shape.take_front(2))))
    return failure();
  return verifyShape(*this, "a result", getResult().getType(),
                     {shape[0], shape[2]});
}

void PoolOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                 SmallVectorImpl<SymbolicShape> &results) {
  results.push_back({operands[0][0], operands[0][2]});
}

StringRef PoolOp::getKernelFamily() { return "pool"; }

DimExpr PoolOp::getFlops(ArrayRef<SymbolicShape> operands,
                         ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]);
}
