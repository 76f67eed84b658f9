//===- Scatter.cpp - The family of tensors with elements changed ----------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

namespace {

/// Updates go one after the other, since indices may repeat. Slices of the
/// first dimension that no index can leave are items of their own.
class ScatterEmitter {
public:
  ScatterEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        anchor(emission.kernel.getAnchor().getOperation()),
        loc(anchor->getLoc()), math(builder, loc),
        type(cast<RankedTensorType>(anchor->getResult(0).getType())),
        number(builder, loc, type.getElementType()),
        lanes(getVectorLanes(number.getElementType(), emission.target)) {
    if (auto elements = dyn_cast<ScatterElementsOp>(anchor)) {
      mode = elements.getMode();
      axis = elements.getAxis();
    } else {
      mode = cast<ScatterNDOp>(anchor).getMode();
    }
  }

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) {
          copy(item);
          isa<ScatterNDOp>(anchor) ? emitSlices() : emitElements(item);
        });
  }

private:
  bool hasItems() const { return axis > 0; }

  ItemCounts prepare(func::FuncOp function) {
    input = getOperandBuffer(emission, function, anchor->getOperand(0));
    indices = getOperandBuffer(emission, function, anchor->getOperand(1));
    updates = getOperandBuffer(emission, function, anchor->getOperand(2));
    output = emission.getOutput(function, 0);
    extents = emitExtents(builder, loc, output);
    Value all = emitProduct(builder, loc, extents), one = math.constant(1);
    Value items = hasItems() ? extents[0] : one;
    size = hasItems()
               ? emitProduct(builder, loc, ArrayRef(extents).drop_front())
               : all;
    flatInput = emitReshape(builder, loc, input, all);
    flatOutput = emitReshape(builder, loc, output, all);
    return {items, emitItemsOfTask(builder, loc, size)};
  }

  void copy(Value item) {
    Value first = math.mul(item, size);
    emitColumns(builder, loc, first, math.add(first, size), lanes,
                /*masked=*/false, [&](Value i, int64_t width, Value) {
                  NumberMath each = number.with(width);
                  each.store(each.load(flatInput, i), flatOutput, i);
                });
  }

  /// `index`, i64, counted from the end where negative; `isWithin` becomes
  /// false when it is out of range.
  Value wrap(Value index, Value extent, Value &isWithin) {
    Type i64 = builder.getI64Type();
    Value limit = arith::IndexCastOp::create(builder, loc, i64, extent);
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
    Value negative = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, index, zero);
    Value fromEnd = arith::AddIOp::create(builder, loc, index, limit);
    index = arith::SelectOp::create(builder, loc, negative, fromEnd, index);
    Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       index, limit);
    isWithin =
        isWithin
            ? arith::AndIOp::create(builder, loc, isWithin, fits).getResult()
            : fits;
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      index);
  }

  Value update(const NumberMath &each, Value old, Value value) const {
    switch (mode) {
    case ScatterMode::replace:
      return value;
    case ScatterMode::add:
      return each.add(old, value);
    case ScatterMode::mul:
      return each.mul(old, value);
    case ScatterMode::max:
      return each.max(old, value);
    case ScatterMode::min:
      return each.min(old, value);
    }
    return value;
  }

  void ifWithin(Value isWithin, function_ref<void()> body) {
    scf::IfOp::create(builder, loc, isWithin, [&](OpBuilder &, Location) {
      body();
      scf::YieldOp::create(builder, loc);
    });
  }

  void emitElements(Value item) {
    SmallVector<Value> loops = emitExtents(builder, loc, indices);
    auto visit = [&](SmallVector<Value> place) {
      Value index =
          NumberMath(builder, loc, builder.getI64Type()).load(indices, place);
      Value isWithin;
      SmallVector<Value> target(place);
      target[axis] = wrap(index, extents[axis], isWithin);
      ifWithin(isWithin, [&] {
        Value old = number.load(output, target);
        number.store(update(number, old, number.load(updates, place)), output,
                     target);
      });
    };
    if (!hasItems()) {
      emitNest(builder, loc, loops, {},
               [&](ArrayRef<Value> place, ValueRange) -> SmallVector<Value> {
                 visit(SmallVector<Value>(place));
                 return {};
               });
      return;
    }
    // Indices may have fewer slices than the operand.
    ifWithin(math.less(item, loops[0]), [&] {
      emitNest(builder, loc, ArrayRef(loops).drop_front(), {},
               [&](ArrayRef<Value> rest, ValueRange) -> SmallVector<Value> {
                 SmallVector<Value> place = {item};
                 llvm::append_range(place, rest);
                 visit(place);
                 return {};
               });
    });
  }

  void emitSlices() {
    SmallVector<Value> shape = emitExtents(builder, loc, indices);
    int64_t depth = cast<MemRefType>(indices.getType()).getShape().back();
    Value tuples = emitProduct(builder, loc, ArrayRef(shape).drop_back());
    Value tupleView =
        emitReshape(builder, loc, indices, {tuples, shape.back()});
    Value slice =
        emitProduct(builder, loc, ArrayRef(extents).drop_front(depth));
    Value flatUpdates = emitReshape(builder, loc, updates, {tuples, slice});
    NumberMath index(builder, loc, builder.getI64Type());
    emitPlainLoop(
        builder, loc, math.constant(0), tuples, math.constant(1),
        [&](OpBuilder &, Location, Value tuple) {
          Value isWithin, target;
          for (int64_t i = 0; i < depth; ++i) {
            Value each = wrap(index.load(tupleView, {tuple, math.constant(i)}),
                              extents[i], isWithin);
            target = i ? math.add(math.mul(target, extents[i]), each) : each;
          }
          ifWithin(isWithin, [&] {
            Value first = math.mul(target, slice);
            emitColumns(builder, loc, math.constant(0), slice, lanes,
                        /*masked=*/false, [&](Value i, int64_t width, Value) {
                          NumberMath each = number.with(width);
                          Value place = math.add(first, i);
                          Value old = each.load(flatOutput, place);
                          Value value = each.load(flatUpdates, {tuple, i});
                          each.store(update(each, old, value), flatOutput,
                                     place);
                        });
          });
        });
  }

  KernelEmission &emission;
  OpBuilder &builder;
  Operation *anchor;
  Location loc;
  IndexMath math;
  RankedTensorType type;
  NumberMath number;
  int64_t lanes;
  int64_t axis = 0;
  ScatterMode mode;
  Value input, indices, updates, output, flatInput, flatOutput, size;
  SmallVector<Value> extents;
};

class ScatterFamily : public KernelFamily {
public:
  StringRef getName() const override { return "scatter"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    Type element =
        cast<RankedTensorType>(kernel.getResultTypes()[0]).getElementType();
    Operation *anchor = kernel.getAnchor();
    auto elements = dyn_cast<ScatterElementsOp>(anchor);
    ScatterMode mode =
        elements ? elements.getMode() : cast<ScatterNDOp>(anchor).getMode();
    if (element.isInteger(1) &&
        (mode == ScatterMode::add || mode == ScatterMode::mul)) {
      reason = "bools have no sums and products";
      return failure();
    }
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    ScatterEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createScatterFamily() {
  return std::make_unique<ScatterFamily>();
}
