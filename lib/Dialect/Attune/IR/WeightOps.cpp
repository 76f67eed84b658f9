//===- WeightOps.cpp - Weights by reference -------------------------------===//
#include "attune/Dialect/Attune/IR/Attune.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace attune;

LogicalResult WeightOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return emitOpError() << "expected a static shape, got " << type;
  // What a file says may be larger than what can be counted.
  if (ElementsAttr value = getValueAttr()) {
    if (!getPieces().empty() || value.getType() != type)
      return emitOpError() << "expected either pieces or a value of the type "
                           << type << ", got a value of " << value.getType();
    return success();
  }
  std::optional<int64_t> elements = 1, count = 0;
  for (int64_t extent : type.getShape())
    elements = elements ? llvm::checkedMul(*elements, extent) : std::nullopt;
  for (auto piece : getPieces().getAsRange<PieceAttr>()) {
    if (piece.getOffset() < 0 || piece.getCount() < 0)
      return emitOpError() << "expected offset and count of a piece to be "
                              "non-negative, got "
                           << piece;
    Type stored = piece.getType(), wanted = type.getElementType();
    bool converts =
        wanted.isF32() && (stored.isF16() || stored.isBF16() || stored.isF64());
    if (stored != wanted && !converts)
      return emitOpError() << "expected pieces of "
                           << (wanted.isF32() ? "f32, f16, bf16 or f64"
                                              : "the weight's element type")
                           << ", got " << stored;
    int64_t rows = piece.getTransposed();
    if (rows < 0 ||
        (rows > 0 && (type.getRank() != 2 || rows > piece.getCount() ||
                      piece.getCount() != rows * type.getDimSize(1))))
      return emitOpError() << "expected transposed pieces to be rows of a "
                              "matrix, got "
                           << piece;
    count = count ? llvm::checkedAdd(*count, piece.getCount()) : std::nullopt;
  }
  if (!elements || !count)
    return emitOpError("expected at most 2^63 - 1 elements");
  if (*count != *elements)
    return emitOpError() << "expected pieces of " << *elements
                         << " elements together, got " << *count;
  return success();
}

LogicalResult LoadWeightOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto weight =
      tables.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << "expected a declared weight, but "
                         << getWeightAttr() << " is none";
  if (weight.getType() != getResult().getType())
    return emitOpError() << "expected the type " << weight.getType() << " of "
                         << getWeightAttr() << ", got "
                         << getResult().getType();
  return success();
}

void LoadWeightOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape>, SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape;
  for (int64_t extent :
       cast<RankedTensorType>(getResult().getType()).getShape())
    shape.push_back(extent);
  results.push_back(shape);
}
