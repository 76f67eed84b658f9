//===- Conv.cpp - The family of convolutions ------------------------------===//
#include "Families.h"
#include "PlainLoops.h"
#include "Windows.h"

using namespace mlir;
using namespace attune;

namespace {

/// Direct loops: an item is one row of the result's last dimension for a few
/// channels that read the same elements, each with a vector of neighbours in a
/// register.
class ConvEmitter {
public:
  ConvEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<ConvOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc),
        weightShape(op.getWeight().getType().getShape()),
        windows(Windows::get(op.getInput().getType().getShape().drop_front(2),
                             op.getResult().getType().getShape().drop_front(2),
                             weightShape.drop_front(2), op.getStrides(),
                             op.getLow(), op.getDilations())),
        number(builder, loc, op.getInput().getType().getElementType()) {
    int64_t outOfGroup = weightShape[0] / op.getGroups();
    while (block * 2 <= 8 && outOfGroup % (block * 2) == 0)
      block *= 2;
  }

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) { emitRow(item); });
  }

private:
  ItemCounts prepare(func::FuncOp function) {
    input = getOperandBuffer(emission, function, op.getInput());
    Value batch = math.dim(input, 0);
    int64_t out = weightShape[0], each = weightShape[1] * block;
    int64_t channels = weightShape[1] * op.getGroups();
    SmallVector<Value> inputShape = {batch, math.constant(channels)};
    SmallVector<Value> weight = {math.constant(out),
                                 math.constant(weightShape[1])};
    SmallVector<Value> outputShape = {batch, math.constant(out)};
    itemShape = {batch, math.constant(out / block)};
    for (const WindowDim &dim : windows.getDims()) {
      inputShape.push_back(math.constant(dim.extent));
      weight.push_back(math.constant(dim.kernel));
      outputShape.push_back(math.constant(dim.count));
      each *= dim.kernel;
    }
    for (const WindowDim &dim : windows.getOuter())
      itemShape.push_back(math.constant(dim.count));
    input = emitReshape(builder, loc, input, inputShape);
    weights = emitReshape(builder, loc,
                          getOperandBuffer(emission, function, op.getWeight()),
                          weight);
    output =
        emitReshape(builder, loc, emission.getOutput(function, 0), outputShape);
    if (Value value = op.getBias())
      bias = getOperandBuffer(emission, function, value);
    // Vectors make several steps at once.
    each *= std::max<int64_t>(windows.getLast().count / 8, 1);
    return {emitProduct(builder, loc, itemShape),
            emitItemsOfTask(builder, loc, math.constant(each))};
  }

  void emitRow(Value item) {
    SmallVector<Value> place = emitDelinearize(builder, loc, item, itemShape);
    Value batch = place[0], out = math.mul(place[1], block);
    ArrayRef<Value> window = ArrayRef(place).drop_front(2);
    int64_t outOfGroup = weightShape[0] / op.getGroups();
    Value group = math.div(out, math.constant(outOfGroup));
    Value firstChannel = math.mul(group, weightShape[1]);
    Type element = number.getElementType();
    emitColumns(
        builder, loc, math.constant(0), math.constant(windows.getLast().count),
        windows.getLanes(element, emission.target), hasMaskedAccess(element),
        [&](Value column, int64_t lanes, Value mask) {
          emitVectors(number.with(lanes), batch, out, firstChannel, window,
                      column, mask);
        });
  }

  void emitVectors(const NumberMath &each, Value batch, Value out,
                   Value firstChannel, ArrayRef<Value> window, Value column,
                   Value mask) {
    SmallVector<Value> totals;
    for (int64_t i = 0; i < block; ++i)
      totals.push_back(bias ? each.splat(number.load(bias, math.add(out, i)))
                            : each.zero());
    Value zero = each.zero();
    totals = emitLoop(
        builder, loc, math.constant(0), math.constant(weightShape[1]),
        math.constant(1), totals,
        [&](OpBuilder &, Location, Value channel, ValueRange carried) {
          return windows.emit(
              builder, loc, window, carried,
              [&](const Windows::Position &position, ValueRange sums) {
                SmallVector<Value> indices = {batch,
                                              math.add(firstChannel, channel)};
                llvm::append_range(indices, position.outer);
                Value valid;
                Value x =
                    windows.load(builder, loc, each, input, indices, column,
                                 position.kernel.back(), mask, zero, valid);
                SmallVector<Value> next;
                for (int64_t i = 0; i < block; ++i) {
                  SmallVector<Value> at = {math.add(out, i), channel};
                  llvm::append_range(at, position.kernel);
                  next.push_back(each.mulAdd(
                      each.splat(number.load(weights, at)), x, sums[i]));
                }
                return next;
              });
        });
    for (int64_t i = 0; i < block; ++i) {
      SmallVector<Value> at = {batch, math.add(out, i)};
      llvm::append_range(at, window);
      at.push_back(column);
      each.store(totals[i], output, at, mask);
    }
  }

  KernelEmission &emission;
  OpBuilder &builder;
  ConvOp op;
  Location loc;
  IndexMath math;
  ArrayRef<int64_t> weightShape;
  Windows windows;
  NumberMath number;
  int64_t block = 1; ///< channels of an item
  Value input, weights, output, bias;
  SmallVector<Value> itemShape;
};

class ConvFamily : public KernelFamily {
public:
  StringRef getName() const override { return "conv"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto op = cast<ConvOp>(kernel.getAnchor().getOperation());
    if (op.getInput().getType().getElementType().isInteger(1)) {
      reason = "bools have no sums and products";
      return failure();
    }
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    ConvEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createConvFamily() {
  return std::make_unique<ConvFamily>();
}
