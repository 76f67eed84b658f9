//===- Numbers.h - Elements of any type ----------------------------*- C++
//-*-===//
#ifndef ATTUNE_LIB_REFERENCE_NUMBERS_H
#define ATTUNE_LIB_REFERENCE_NUMBERS_H

#include "Models.h"

namespace attune {

/// The element type of a tensor of the IR.
inline mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// Collects the elements of a tensor one after another from those of others:
/// integers exactly, floats as doubles, which the interpreter rounds to what
/// the result's type asks for.
class ElementList {
public:
  /// Room for the elements of `shape`, which countElements has checked.
  ElementList(mlir::Type element, llvm::ArrayRef<int64_t> shape)
      : isFloat(mlir::isa<mlir::FloatType>(element)), shape(shape) {
    size_t count = countElements(shape).value_or(0);
    isFloat ? floats.reserve(count) : integers.reserve(count);
  }
  /// Appends the element at a row-major position.
  void add(const Tensor &tensor, int64_t position) {
    if (isFloat)
      floats.push_back(tensor.getFloat(position));
    else
      integers.push_back(tensor.getInteger(position));
  }
  void addZero() { isFloat ? floats.push_back(0) : integers.push_back(0); }

  Tensor finish() {
    return isFloat ? Tensor::doubles(shape, std::move(floats))
                   : Tensor::integers(shape, std::move(integers));
  }

private:
  bool isFloat;
  llvm::SmallVector<int64_t, 4> shape;
  std::vector<double> floats;
  std::vector<int64_t> integers;
};

/// The shape that all of `operands` broadcast to; an error when they do not or
/// when it has more elements than can be.
llvm::Expected<llvm::SmallVector<int64_t, 4>>
broadcastOperands(mlir::Operation *op, Operands operands);

/// An error when `shape` has more elements than can be.
llvm::Error checkSize(mlir::Operation *op, llvm::ArrayRef<int64_t> shape);

} // namespace attune

#endif // ATTUNE_LIB_REFERENCE_NUMBERS_H
