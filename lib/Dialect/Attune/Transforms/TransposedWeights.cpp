//===- TransposedWeights.cpp - Weights declared the other way -------------===//
#include "TransposedWeights.h"

using namespace mlir;
using namespace attune;

/// The same bytes read as the transpose of `[rows, columns]`; null where they
/// are more than one matrix.
static PieceAttr transposePiece(PieceAttr piece, int64_t rows,
                                int64_t columns) {
  // A transposed piece holds [columns, rows]: exactly what is wanted.
  return PieceAttr::get(piece.getContext(), piece.getFile(), piece.getOffset(),
                        piece.getType(), rows * columns,
                        piece.getTransposed() ? 0 : columns);
}

/// The transpose of a matrix of f32; null where its elements are not known.
static DenseElementsAttr transposeValue(ElementsAttr value,
                                        RankedTensorType type) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || !dense.getElementType().isF32())
    return {};
  if (dense.isSplat())
    return DenseElementsAttr::get(type, dense.getSplatValue<APFloat>());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  SmallVector<float> source(dense.getValues<float>());
  SmallVector<float> target(source.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      target[i * columns + j] = source[j * rows + i];
  return DenseElementsAttr::get(type, ArrayRef<float>(target));
}

WeightOp TransposedWeights::declare(WeightOp weight) {
  WeightOp &known = transposes[weight];
  if (known)
    return known;
  auto type = cast<RankedTensorType>(weight.getType());
  if (type.getRank() != 2 || !type.getElementType().isF32() ||
      weight.getLayout() || weight.getOffset())
    return {};
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  auto transposed =
      RankedTensorType::get({columns, rows}, type.getElementType());
  ElementsAttr value;
  SmallVector<Attribute> pieces;
  if (ElementsAttr old = weight.getValueAttr()) {
    value = transposeValue(old, transposed);
    if (!value)
      return {};
  } else {
    // Stacked rows become columns side by side, which no list of pieces says.
    if (weight.getPieces().size() != 1)
      return {};
    auto piece = cast<PieceAttr>(weight.getPieces()[0]);
    if (piece.getTransposed() && piece.getTransposed() != rows)
      return {};
    pieces.push_back(transposePiece(piece, rows, columns));
  }
  OpBuilder builder(weight);
  // The name stays where the old declaration goes; both may be needed, though.
  std::string name = (weight.getSymName() + ".transposed").str();
  known = WeightOp::create(builder, weight.getLoc(), name, transposed,
                           builder.getArrayAttr(pieces), value,
                           /*layout=*/Attribute(), /*offset=*/IntegerAttr());
  symbols.insert(known, Block::iterator(weight));
  return known;
}

Value TransposedWeights::load(OpBuilder &builder, LoadWeightOp load) {
  auto weight = symbols.lookup<WeightOp>(load.getWeight());
  WeightOp transposed = weight ? declare(weight) : WeightOp();
  if (!transposed)
    return {};
  return LoadWeightOp::create(builder, load.getLoc(), transposed.getType(),
                              transposed.getSymName());
}

void TransposedWeights::eraseUnused() {
  DenseSet<Attribute> used;
  module.walk(
      [&](LoadWeightOp op) { used.insert(op.getWeightAttr().getAttr()); });
  for (auto &[old, transposed] : transposes) {
    auto weight = cast<WeightOp>(old);
    if (!transposed || used.contains(weight.getSymNameAttr()))
      continue;
    // What the model calls the weight is what users look for.
    StringAttr name = weight.getSymNameAttr();
    StringAttr current = transposed.getSymNameAttr();
    symbols.erase(weight);
    symbols.remove(transposed);
    transposed.setSymName(name);
    symbols.insert(transposed);
    module.walk([&](LoadWeightOp op) {
      if (op.getWeightAttr().getAttr() == current)
        op.setWeightAttr(FlatSymbolRefAttr::get(name));
    });
  }
  transposes.clear();
}
