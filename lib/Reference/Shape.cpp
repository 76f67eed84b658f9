//===- Shape.cpp - Other forms and parts of a tensor ----------------------===//
#include "Models.h"

using namespace mlir;
using namespace attune;

namespace {

struct ReshapeModel
    : ReferenceOpInterface::ExternalModel<ReshapeModel, ReshapeOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0];
    auto reshape = cast<ReshapeOp>(op);
    SmallVector<int64_t, 4> shape(reshape.getShape());
    if (ShapeAttr extents = reshape.getExtentsAttr()) {
      auto evaluated = interpreter.evaluate(op, extents);
      if (!evaluated)
        return evaluated.takeError();
      return show(op, input, *evaluated, results);
    }
    int64_t *open = nullptr;
    for (auto [i, extent] : llvm::enumerate(shape)) {
      if (extent == 0)
        extent = input.getDim(i);
      else if (extent == -1)
        open = &extent;
    }
    if (open) {
      *open = 1;
      std::optional<int64_t> known = countElements(shape);
      if (known && *known > 0)
        *open = input.getNumElements() / *known;
    }
    return show(op, input, shape, results);
  }

  static llvm::Error show(Operation *op, const Tensor &input,
                          ArrayRef<int64_t> shape, Results &results) {
    if (countElements(shape) != input.getNumElements())
      return errorAt(op, "expected " + Twine(input.getNumElements()) +
                             " elements as the operand of shape " +
                             extentsText(input.getShape()) +
                             " has, got the shape " + extentsText(shape));
    results.push_back(input.reshape(shape));
    return llvm::Error::success();
  }
};

struct SliceModel : ReferenceOpInterface::ExternalModel<SliceModel, SliceOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto slice = cast<SliceOp>(op);
    const Tensor &input = *operands[0];
    int64_t axis = slice.getAxis(), offset = slice.getOffset(),
            size = slice.getSize();
    int64_t extent = input.getDim(axis);
    if (size > extent || offset > extent - size)
      return errorAt(op, "expected a range within the extent " + Twine(extent) +
                             " of dimension " + Twine(axis) + ", got offset " +
                             Twine(offset) + " and size " + Twine(size));
    SmallVector<int64_t, 4> shape(input.getShape());
    shape[axis] = size;
    auto strides = rowMajorStrides(input.getShape());
    results.push_back(input.gather(shape, strides, offset * strides[axis]));
    return llvm::Error::success();
  }
};

struct SelectModel
    : ReferenceOpInterface::ExternalModel<SelectModel, SelectOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto select = cast<SelectOp>(op);
    const Tensor &input = *operands[0];
    int64_t axis = select.getAxis(), index = select.getIndex();
    if (index >= input.getDim(axis))
      return errorAt(op, "expected an index within the extent " +
                             Twine(input.getDim(axis)) + " of dimension " +
                             Twine(axis) + ", got " + Twine(index));
    SmallVector<int64_t, 4> shape(input.getShape());
    auto strides = rowMajorStrides(shape);
    int64_t first = index * strides[axis];
    shape.erase(shape.begin() + axis);
    strides.erase(strides.begin() + axis);
    results.push_back(input.gather(shape, strides, first));
    return llvm::Error::success();
  }
};

struct TransposeModel
    : ReferenceOpInterface::ExternalModel<TransposeModel, TransposeOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0];
    auto inputStrides = rowMajorStrides(input.getShape());
    SmallVector<int64_t, 4> shape, strides;
    for (int64_t dim : cast<TransposeOp>(op).getPermutation()) {
      shape.push_back(input.getDim(dim));
      strides.push_back(inputStrides[dim]);
    }
    results.push_back(input.gather(shape, strides));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachShapeModels(MLIRContext &context) {
  ReshapeOp::attachInterface<ReshapeModel>(context);
  SelectOp::attachInterface<SelectModel>(context);
  SliceOp::attachInterface<SliceModel>(context);
  TransposeOp::attachInterface<TransposeModel>(context);
}
