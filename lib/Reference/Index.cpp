//===- Index.cpp - Elements chosen by position ----------------------------===//
#include "Numbers.h"
#include "attune/Reference/ElementTypes.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace attune;

/// A number of an attribute as the interpreter keeps integers.
static int64_t toInteger(Type element, const llvm::APInt &value) {
  return element.isUnsignedInteger() || element.isInteger(1)
             ? static_cast<int64_t>(value.getZExtValue())
             : value.getSExtValue();
}

static double toDouble(llvm::APFloat value) {
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

/// An index counted from the end where negative, and brought into [0, extent).
static int64_t wrapIndex(int64_t index, int64_t extent) {
  if (index < 0)
    index = index < -extent ? 0 : index + extent;
  return std::clamp<int64_t>(index, 0, std::max<int64_t>(extent - 1, 0));
}

namespace {

struct ConstantModel
    : ReferenceOpInterface::ExternalModel<ConstantModel, ConstantOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter, Operands,
                        Results &results) const {
    auto value = dyn_cast<DenseElementsAttr>(cast<ConstantOp>(op).getValue());
    if (!value)
      return errorAt(op, "expected dense elements");
    auto type = cast<RankedTensorType>(value.getType());
    Type element = type.getElementType();
    if (isa<FloatType>(element)) {
      std::vector<double> values;
      for (const llvm::APFloat &number : value.getValues<llvm::APFloat>())
        values.push_back(toDouble(number));
      results.push_back(
          interpreter.store(element, type.getShape(), std::move(values)));
      return llvm::Error::success();
    }
    std::vector<int64_t> values;
    for (const llvm::APInt &number : value.getValues<llvm::APInt>())
      values.push_back(toInteger(element, number));
    results.push_back(Tensor::integers(type.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

struct ExtentsModel
    : ReferenceOpInterface::ExternalModel<ExtentsModel, ExtentsOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter, Operands,
                        Results &results) const {
    auto values = interpreter.evaluate(op, cast<ExtentsOp>(op).getExtents());
    if (!values)
      return values.takeError();
    int64_t count = values->size();
    results.push_back(Tensor::integers(
        {count}, std::vector<int64_t>(values->begin(), values->end())));
    return llvm::Error::success();
  }
};

struct IotaModel : ReferenceOpInterface::ExternalModel<IotaModel, IotaOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter, Operands,
                        Results &results) const {
    auto iota = cast<IotaOp>(op);
    auto shape = interpreter.evaluate(op, iota.getExtents());
    if (!shape)
      return shape.takeError();
    if (llvm::Error error = checkSize(op, *shape))
      return error;
    int64_t count = shape->front();
    Type element = elementOf(iota.getResult());
    if (isa<FloatType>(element)) {
      double start = toDouble(cast<FloatAttr>(iota.getStart()).getValue());
      double step = toDouble(cast<FloatAttr>(iota.getStep()).getValue());
      std::vector<double> values(count);
      for (int64_t i = 0; i < count; ++i)
        values[i] = start + i * step;
      results.push_back(interpreter.store(element, *shape, std::move(values)));
      return llvm::Error::success();
    }
    uint64_t start =
        toInteger(element, cast<IntegerAttr>(iota.getStart()).getValue());
    uint64_t step =
        toInteger(element, cast<IntegerAttr>(iota.getStep()).getValue());
    std::vector<int64_t> values(count);
    for (int64_t i = 0; i < count; ++i)
      values[i] = static_cast<int64_t>(start + uint64_t(i) * step);
    results.push_back(Tensor::integers(*shape, std::move(values)));
    return llvm::Error::success();
  }
};

struct ExpandModel
    : ReferenceOpInterface::ExternalModel<ExpandModel, ExpandOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &input = *operands[0];
    auto shape = interpreter.evaluate(op, cast<ExpandOp>(op).getExtents());
    if (!shape)
      return shape.takeError();
    if (llvm::Error error = checkSize(op, *shape))
      return error;
    if (broadcast(input.getShape(), *shape) != *shape)
      return errorAt(op, "expected an operand that broadcasts to " +
                             extentsText(*shape) + ", got the shape " +
                             extentsText(input.getShape()));
    results.push_back(
        input.gather(*shape, broadcastStrides(input.getShape(), *shape)));
    return llvm::Error::success();
  }
};

struct ConcatModel
    : ReferenceOpInterface::ExternalModel<ConcatModel, ConcatOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    int64_t axis = cast<ConcatOp>(op).getAxis();
    SmallVector<int64_t, 4> shape(operands[0]->getShape());
    shape[axis] = 0;
    for (const Tensor *operand : operands) {
      SmallVector<int64_t, 4> expected(shape);
      expected[axis] = operand->getDim(axis);
      if (llvm::Error error = expectShape(op, "an operand", *operand, expected))
        return error;
      shape[axis] += operand->getDim(axis);
    }
    if (llvm::Error error = checkSize(op, shape))
      return error;
    ElementList values(elementOf(op->getResult(0)), shape);
    forEachIndex(shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t, 4> source(index);
      unsigned i = 0;
      while (source[axis] >= operands[i]->getDim(axis))
        source[axis] -= operands[i++]->getDim(axis);
      values.add(*operands[i],
                 offsetOf(source, rowMajorStrides(operands[i]->getShape())));
    });
    results.push_back(values.finish());
    return llvm::Error::success();
  }
};

struct ExtractModel
    : ReferenceOpInterface::ExternalModel<ExtractModel, ExtractOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto extract = cast<ExtractOp>(op);
    const Tensor &input = *operands[0];
    auto sizes = interpreter.evaluate(op, extract.getSizes());
    if (!sizes)
      return sizes.takeError();
    SmallVector<int64_t, 4> offsets;
    if (extract.getOrigin()) {
      llvm::append_range(offsets, operands[1]->getIntegers());
    } else {
      auto evaluated = interpreter.evaluate(op, extract.getOffsets());
      if (!evaluated)
        return evaluated.takeError();
      offsets = *evaluated;
    }
    if (llvm::Error error = checkSize(op, *sizes))
      return error;
    auto strides = rowMajorStrides(input.getShape());
    int64_t first = 0;
    bool isEmpty = llvm::is_contained(*sizes, 0);
    for (auto [d, extent] : llvm::enumerate(input.getShape())) {
      int64_t step = extract.getSteps()[d], offset = offsets[d];
      int64_t range = (*sizes)[d] - 1, last;
      if (!isEmpty &&
          (offset < 0 || offset >= extent ||
           llvm::MulOverflow(range, step, last) ||
           llvm::AddOverflow(last, offset, last) || last < 0 || last >= extent))
        return errorAt(op, "expected elements within the extent " +
                               Twine(extent) + " of dimension " + Twine(d) +
                               ", got offset " + Twine(offset) + ", size " +
                               Twine((*sizes)[d]) + " and step " + Twine(step));
      if (isEmpty)
        continue;
      first += offset * strides[d];
      strides[d] *= step;
    }
    results.push_back(input.gather(*sizes, strides, first));
    return llvm::Error::success();
  }
};

struct PadModel : ReferenceOpInterface::ExternalModel<PadModel, PadOp> {
  /// The operand's index for index `i` of the padded dimension; nullopt: none.
  static std::optional<int64_t> source(PadMode mode, int64_t i,
                                       int64_t extent) {
    if (i >= 0 && i < extent)
      return i;
    if (mode == PadMode::constant || extent == 0)
      return std::nullopt;
    if (mode == PadMode::edge)
      return i < 0 ? 0 : extent - 1;
    // Reflections repeat after there and back.
    int64_t period =
        mode == PadMode::wrap ? extent : std::max<int64_t>(2 * extent - 2, 1);
    i = (i % period + period) % period;
    return i < extent ? i : period - i;
  }

  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto pad = cast<PadOp>(op);
    const Tensor &input = *operands[0];
    SmallVector<int64_t, 4> shape;
    for (auto [extent, low, high] :
         llvm::zip(input.getShape(), pad.getLow(), pad.getHigh()))
      shape.push_back(extent + low + high);
    if (llvm::Error error = checkSize(op, shape))
      return error;
    auto strides = rowMajorStrides(input.getShape());
    ElementList values(elementOf(op->getResult(0)), shape);
    forEachIndex(shape, [&](ArrayRef<int64_t> index) {
      int64_t position = 0;
      bool isInside = true;
      for (auto [d, i] : llvm::enumerate(index)) {
        auto from = source(pad.getMode(), i - pad.getLow()[d], input.getDim(d));
        isInside &= from.has_value();
        position += from.value_or(0) * strides[d];
      }
      if (isInside)
        values.add(input, position);
      else if (operands.size() > 1)
        values.add(*operands[1], 0);
      else
        values.addZero();
    });
    results.push_back(values.finish());
    return llvm::Error::success();
  }
};

struct GatherModel
    : ReferenceOpInterface::ExternalModel<GatherModel, GatherOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    int64_t axis = cast<GatherOp>(op).getAxis();
    const Tensor &input = *operands[0], &indices = *operands[1];
    int64_t rank = indices.getRank(), extent = input.getDim(axis);
    SmallVector<int64_t, 4> shape(input.getShape().take_front(axis));
    llvm::append_range(shape, indices.getShape());
    llvm::append_range(shape, input.getShape().drop_front(axis + 1));
    if (llvm::Error error = checkSize(op, shape))
      return error;
    auto strides = rowMajorStrides(input.getShape());
    auto indexStrides = rowMajorStrides(indices.getShape());
    ElementList values(elementOf(op->getResult(0)), shape);
    forEachIndex(shape, [&](ArrayRef<int64_t> index) {
      if (extent == 0)
        return values.addZero();
      int64_t chosen = wrapIndex(
          indices.getInteger(offsetOf(index.slice(axis, rank), indexStrides)),
          extent);
      SmallVector<int64_t, 4> source(index.take_front(axis));
      source.push_back(chosen);
      llvm::append_range(source, index.drop_front(axis + rank));
      values.add(input, offsetOf(source, strides));
    });
    results.push_back(values.finish());
    return llvm::Error::success();
  }
};

struct GatherElementsModel
    : ReferenceOpInterface::ExternalModel<GatherElementsModel,
                                          GatherElementsOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    int64_t axis = cast<GatherElementsOp>(op).getAxis();
    const Tensor &input = *operands[0], &indices = *operands[1];
    int64_t extent = input.getDim(axis);
    for (int64_t d = 0; d < input.getRank(); ++d)
      if (d != axis && indices.getDim(d) > input.getDim(d))
        return errorAt(op, "expected indices of at most the operand's extents "
                           "but for dimension " +
                               Twine(axis) + ", got " +
                               extentsText(indices.getShape()) + " and " +
                               extentsText(input.getShape()));
    auto strides = rowMajorStrides(input.getShape());
    ElementList values(elementOf(op->getResult(0)), indices.getShape());
    int64_t position = 0;
    forEachIndex(indices.getShape(), [&](ArrayRef<int64_t> index) {
      int64_t chosen = wrapIndex(indices.getInteger(position++), extent);
      if (extent == 0)
        return values.addZero();
      SmallVector<int64_t, 4> source(index);
      source[axis] = chosen;
      values.add(input, offsetOf(source, strides));
    });
    results.push_back(values.finish());
    return llvm::Error::success();
  }
};

struct GatherNDModel
    : ReferenceOpInterface::ExternalModel<GatherNDModel, GatherNDOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    int64_t batch = cast<GatherNDOp>(op).getBatchDims();
    const Tensor &input = *operands[0], &indices = *operands[1];
    int64_t tuple = indices.getDim(-1), leading = indices.getRank() - 1;
    for (int64_t d = 0; d < batch; ++d)
      if (indices.getDim(d) != input.getDim(d))
        return errorAt(op, "expected indices that agree with the operand in " +
                               Twine(batch) + " dimensions, got " +
                               extentsText(indices.getShape()) + " and " +
                               extentsText(input.getShape()));
    SmallVector<int64_t, 4> shape(indices.getShape().drop_back());
    llvm::append_range(shape, input.getShape().drop_front(batch + tuple));
    if (llvm::Error error = checkSize(op, shape))
      return error;
    bool isEmpty = llvm::is_contained(input.getShape(), 0);
    auto strides = rowMajorStrides(input.getShape());
    auto indexStrides = rowMajorStrides(indices.getShape());
    ElementList values(elementOf(op->getResult(0)), shape);
    forEachIndex(shape, [&](ArrayRef<int64_t> index) {
      if (isEmpty)
        return values.addZero();
      SmallVector<int64_t, 4> source(index.take_front(batch));
      int64_t first = offsetOf(index.take_front(leading),
                               ArrayRef(indexStrides).drop_back());
      for (int64_t i = 0; i < tuple; ++i)
        source.push_back(
            wrapIndex(indices.getInteger(first + i), input.getDim(batch + i)));
      llvm::append_range(source, index.drop_front(leading));
      values.add(input, offsetOf(source, strides));
    });
    results.push_back(values.finish());
    return llvm::Error::success();
  }
};

struct RotaryModel
    : ReferenceOpInterface::ExternalModel<RotaryModel, RotaryOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto rotary = cast<RotaryOp>(op);
    const Tensor &input = *operands[0], &cosines = *operands[1],
                 &sines = *operands[2];
    int64_t batch = input.getDim(0), length = input.getDim(1),
            columns = input.getDim(2), heads = rotary.getHeads();
    int64_t size = columns / heads, half = cosines.getDim(2);
    bool isShared = cosines.getDim(0) == 1;
    if (llvm::Error error = expectShape(op, "cosines", cosines,
                                        {isShared ? 1 : batch, length, half}))
      return error;
    if (llvm::Error error = expectShape(op, "sines", sines, cosines.getShape()))
      return error;
    std::vector<double> values = input.toDoubles();
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t s = 0; s < length; ++s)
        for (int64_t h = 0; h < heads; ++h)
          for (int64_t i = 0; i < half; ++i) {
            int64_t first = (b * length + s) * columns + h * size;
            int64_t angle = ((isShared ? 0 : b) * length + s) * half + i;
            double c = cosines.getFloat(angle), t = sines.getFloat(angle);
            double &x = values[first + (rotary.getInterleaved() ? 2 * i : i)];
            double &y = values[first + (rotary.getInterleaved() ? 2 * i + 1
                                                                : i + half)];
            double rotated = x * c - y * t;
            y = y * c + x * t;
            x = rotated;
          }
    results.push_back(interpreter.store(input.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachIndexModels(MLIRContext &context) {
  ConcatOp::attachInterface<ConcatModel>(context);
  ConstantOp::attachInterface<ConstantModel>(context);
  ExpandOp::attachInterface<ExpandModel>(context);
  ExtentsOp::attachInterface<ExtentsModel>(context);
  ExtractOp::attachInterface<ExtractModel>(context);
  GatherElementsOp::attachInterface<GatherElementsModel>(context);
  GatherNDOp::attachInterface<GatherNDModel>(context);
  GatherOp::attachInterface<GatherModel>(context);
  IotaOp::attachInterface<IotaModel>(context);
  PadOp::attachInterface<PadModel>(context);
  RotaryOp::attachInterface<RotaryModel>(context);
}
