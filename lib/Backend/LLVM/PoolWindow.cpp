//===- PoolWindow.cpp - The family of pooling over windows ----------------===//
#include "Families.h"
#include "PlainLoops.h"
#include "Windows.h"

using namespace mlir;
using namespace attune;

namespace {

/// An item is one row of the result's last dimension.
class PoolWindowEmitter {
public:
  PoolWindowEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<PoolWindowOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc),
        windows(Windows::get(op.getInput().getType().getShape().drop_front(2),
                             op.getResult().getType().getShape().drop_front(2),
                             op.getKernel(), op.getStrides(), op.getLow(),
                             op.getDilations())),
        number(builder, loc, op.getInput().getType().getElementType()),
        counts(op.getKind() == ReduceKind::mean && !op.getCountPadding()) {}

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) { emitRow(item); });
  }

private:
  ItemCounts prepare(func::FuncOp function) {
    input = getOperandBuffer(emission, function, op.getInput());
    Value planes = math.mul(math.dim(input, 0), math.dim(input, 1));
    SmallVector<Value> inputShape = {planes}, outputShape = {planes};
    itemShape = {planes};
    int64_t each = std::max<int64_t>(windows.getLast().count, 1);
    for (const WindowDim &dim : windows.getDims()) {
      inputShape.push_back(math.constant(dim.extent));
      outputShape.push_back(math.constant(dim.count));
      each *= dim.kernel;
    }
    for (const WindowDim &dim : windows.getOuter())
      itemShape.push_back(math.constant(dim.count));
    input = emitReshape(builder, loc, input, inputShape);
    output =
        emitReshape(builder, loc, emission.getOutput(function, 0), outputShape);
    return {emitProduct(builder, loc, itemShape),
            emitItemsOfTask(builder, loc, math.constant(each))};
  }

  void emitRow(Value item) {
    SmallVector<Value> place = emitDelinearize(builder, loc, item, itemShape);
    Type element = number.getElementType();
    emitColumns(
        builder, loc, math.constant(0), math.constant(windows.getLast().count),
        windows.getLanes(element, emission.target), hasMaskedAccess(element),
        [&](Value column, int64_t lanes, Value mask) {
          emitVector(number.with(lanes), place, column, mask);
        });
  }

  void emitVector(const NumberMath &each, ArrayRef<Value> place, Value column,
                  Value mask) {
    Value identity = each.identity(op.getKind());
    Value one = each.constant(1);
    SmallVector<Value> totals = {identity};
    if (counts)
      totals.push_back(each.zero());
    totals = windows.emit(
        builder, loc, place.drop_front(), totals,
        [&](const Windows::Position &position, ValueRange carried) {
          SmallVector<Value> indices = {place[0]};
          llvm::append_range(indices, position.outer);
          Value valid;
          Value x = windows.load(builder, loc, each, input, indices, column,
                                 position.kernel.back(), mask, identity, valid);
          SmallVector<Value> next = {each.combine(op.getKind(), carried[0], x)};
          if (counts)
            next.push_back(
                each.add(carried[1],
                         valid ? each.select(valid, one, each.zero()) : one));
          return next;
        });
    Value result = totals[0];
    if (counts)
      result = each.div(result, totals[1]);
    else if (op.getKind() == ReduceKind::mean)
      result = each.div(result, each.constant(getWindowSize()));
    SmallVector<Value> at(place);
    at.push_back(column);
    each.store(result, output, at, mask);
  }

  double getWindowSize() const {
    double size = 1;
    for (const WindowDim &dim : windows.getDims())
      size *= static_cast<double>(dim.kernel);
    return size;
  }

  KernelEmission &emission;
  OpBuilder &builder;
  PoolWindowOp op;
  Location loc;
  IndexMath math;
  Windows windows;
  NumberMath number;
  bool counts; ///< elements within the operand
  Value input, output;
  SmallVector<Value> itemShape;
};

class PoolWindowFamily : public KernelFamily {
public:
  StringRef getName() const override { return "pool_window"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto op = cast<PoolWindowOp>(kernel.getAnchor().getOperation());
    Type element = op.getInput().getType().getElementType();
    if (op.getKind() != ReduceKind::max && element.isInteger(1)) {
      reason = "bools have no sums";
      return failure();
    }
    if (op.getKind() == ReduceKind::mean && !isa<FloatType>(element)) {
      reason = "means of integers";
      return failure();
    }
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    PoolWindowEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createPoolWindowFamily() {
  return std::make_unique<PoolWindowFamily>();
}
