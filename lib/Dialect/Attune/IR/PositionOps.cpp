//===- PositionOps.cpp - Embeddings and positions -------------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

//===----------------------------------------------------------------------===//
// EmbeddingOp
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() {
  ArrayRef<int64_t> table = ranked(getTable()).getShape();
  if (table.size() != 2 || ShapedType::isDynamicShape(table))
    return emitOpError() << "expected a table of static shape [rows, columns], "
                            "got "
                         << shapeText(table);
  SmallVector<int64_t> expected(ranked(getIds()).getShape());
  expected.push_back(table[1]);
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void EmbeddingOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                      SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = operands[0];
  shape.push_back(operands[1][1]);
  results.push_back(shape);
}

StringRef EmbeddingOp::getKernelFamily() { return "embedding"; }

DimExpr EmbeddingOp::getFlops(ArrayRef<SymbolicShape>,
                              ArrayRef<SymbolicShape>) {
  return 0;
}

// A row of the table for each id.
DimExpr EmbeddingOp::getElementsRead(unsigned index,
                                     ArrayRef<SymbolicShape> operands,
                                     ArrayRef<SymbolicShape> results) {
  return getNumElements(index == 1 ? results[0] : operands[index]);
}

// A sum of embeddings runs in the norm behind it, which reads each once.
bool EmbeddingOp::acceptsEpilogue() { return false; }

//===----------------------------------------------------------------------===//
// PositionsOp
//===----------------------------------------------------------------------===//

LogicalResult PositionsOp::verify() {
  if (ranked(getIds()).getRank() != 2)
    return emitOpError() << "expected ids of shape [batch, length], got "
                         << shapeText(ranked(getIds()).getShape());
  if (static_cast<int64_t>(getOffset()) < 0)
    return emitOpError() << "expected a non-negative offset, got "
                         << static_cast<int64_t>(getOffset());
  return success();
}

void PositionsOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                      SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef PositionsOp::getKernelFamily() { return "positions"; }

DimExpr PositionsOp::getFlops(ArrayRef<SymbolicShape>,
                              ArrayRef<SymbolicShape>) {
  return 0;
}

bool PositionsOp::acceptsEpilogue() { return false; }

//===----------------------------------------------------------------------===//
// RotaryOp
//===----------------------------------------------------------------------===//

LogicalResult RotaryOp::verify() {
  ArrayRef<int64_t> shape = ranked(getInput()).getShape();
  int64_t heads = getHeads();
  if (shape.size() != 3 || ShapedType::isDynamic(shape[2]) || heads < 1 ||
      shape[2] % heads != 0)
    return emitOpError() << "expected an operand of shape [batch, length, "
                         << heads << " * head size], got " << shapeText(shape);
  for (Value angles : {getCos(), getSin()}) {
    ArrayRef<int64_t> table = ranked(angles).getShape();
    if (table.size() != 3 ||
        (table[0] != 1 && !extentsAgree(table[0], shape[0])) ||
        !extentsAgree(table[1], shape[1]) || ShapedType::isDynamic(table[2]) ||
        table[2] < 1 || table[2] > shape[2] / heads / 2)
      return emitOpError()
             << "expected cosines and sines of shape [batch or 1, "
                "length, at most half of a head], got "
             << shapeText(table);
  }
  return verifyShape(*this, "sines", getSin().getType(),
                     ranked(getCos()).getShape());
}

void RotaryOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}
