//===- TopK.cpp - The family of the k largest elements --------------------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

namespace {

/// The results of a row are a heap while its elements pass by, with the element
/// that is to go first at its root; in the end the heap is sorted in place.
/// O(n log k) and no memory of its own.
class TopKEmitter {
public:
  TopKEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<TopKOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc),
        number(builder, loc, op.getInput().getType().getElementType()),
        place(builder, loc, builder.getI64Type()), smallest(op.getSmallest()) {}

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) { emitRow(item); });
  }

private:
  struct Entry {
    Value value, index;
  };

  ItemCounts prepare(func::FuncOp function) {
    int64_t axis = op.getAxis();
    input =
        emitAxisView(builder, loc,
                     getOperandBuffer(emission, function, op.getInput()), axis);
    values = emitAxisView(builder, loc, emission.getOutput(function, 0), axis);
    indices = emitAxisView(builder, loc, emission.getOutput(function, 1), axis);
    return {math.mul(math.dim(input, 0), math.dim(input, 2)),
            emitItemsOfTask(builder, loc, math.dim(input, 1))};
  }

  Entry get(Value i) const {
    return {number.load(values, {outer, i, inner}),
            place.load(indices, {outer, i, inner})};
  }
  void set(Value i, Entry entry) const {
    number.store(entry.value, values, {outer, i, inner});
    place.store(entry.index, indices, {outer, i, inner});
  }
  Entry select(Value condition, Entry a, Entry b) const {
    return {number.select(condition, a.value, b.value),
            place.select(condition, a.index, b.index)};
  }

  /// a > b, a NaN above all numbers; with `smallest` a < b and NaNs last.
  Value precedes(Value a, Value b) const {
    Value before = smallest ? number.greater(b, a) : number.greater(a, b);
    if (!number.isFloat())
      return before;
    Value isNaN = number.isNaN(smallest ? b : a);
    Value other = number.isNaN(smallest ? a : b);
    Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
    Value only = arith::AndIOp::create(
        builder, loc, isNaN, arith::XOrIOp::create(builder, loc, other, yes));
    return arith::OrIOp::create(builder, loc, before, only);
  }
  /// Whether `a` comes before `b` in the result: no two entries are equal.
  Value precedes(Entry a, Entry b) const {
    Value after = precedes(b.value, a.value);
    Value no = arith::ConstantIntOp::create(builder, loc, 0, 1);
    Value tie = arith::SelectOp::create(builder, loc, after, no,
                                        place.greater(b.index, a.index));
    return arith::OrIOp::create(builder, loc, precedes(a.value, b.value), tie);
  }

  /// Puts `entry` in place of the root of the heap whose root is at `start`
  /// and which ends before `size`: an entry comes after both of its children
  /// in the order of the result.
  void sift(Entry entry, Value start, Value size) {
    auto childOf = [&](Value i) { return math.add(math.mul(i, 2), 1); };
    // Moves children up until one belongs below the entry.
    auto loop = scf::WhileOp::create(
        builder, loc, builder.getIndexType(), ValueRange{start},
        [&](OpBuilder &, Location, ValueRange args) {
          Value child = childOf(args[0]);
          Value has = math.less(child, size);
          auto moves = scf::IfOp::create(
              builder, loc, has,
              [&](OpBuilder &, Location) {
                Value second = math.add(child, 1);
                Value other =
                    math.select(math.less(second, size), second, child);
                Value larger =
                    math.select(precedes(get(child), get(other)), other, child);
                Entry last = get(larger);
                Value goesUp = precedes(entry, last);
                scf::YieldOp::create(builder, loc, ValueRange{goesUp, larger});
              },
              [&](OpBuilder &, Location) {
                Value no = arith::ConstantIntOp::create(builder, loc, 0, 1);
                scf::YieldOp::create(builder, loc, ValueRange{no, args[0]});
              });
          Value next =
              math.select(moves.getResult(0), moves.getResult(1), args[0]);
          scf::IfOp::create(builder, loc, moves.getResult(0),
                            [&](OpBuilder &, Location) {
                              set(args[0], get(next));
                              scf::YieldOp::create(builder, loc);
                            });
          scf::ConditionOp::create(builder, loc, moves.getResult(0),
                                   ValueRange{next});
        },
        [&](OpBuilder &, Location, ValueRange args) {
          scf::YieldOp::create(builder, loc, args);
        });
    set(loop.getResult(0), entry);
  }

  void emitRow(Value item) {
    outer = math.div(item, math.dim(input, 2));
    inner = math.rem(item, math.dim(input, 2));
    Value zero = math.constant(0), one = math.constant(1);
    Value length = math.dim(input, 1), all = math.dim(values, 1);
    Value k = math.min(all, length);
    auto element = [&](Value i) -> Entry {
      return {number.load(input, {outer, i, inner}), place.fromIndex(i)};
    };
    auto loop = [&](Value first, Value end, function_ref<void(Value)> body) {
      emitPlainLoop(builder, loc, first, end, one,
                    [&](OpBuilder &, Location, Value i) { body(i); });
    };
    loop(zero, k, [&](Value i) { set(i, element(i)); });
    // Of a row shorter than k nothing is left to choose.
    loop(k, all, [&](Value i) { set(i, {number.zero(), place.zero()}); });
    Value half = math.div(k, math.constant(2));
    loop(zero, half, [&](Value i) {
      Value root = math.sub(math.sub(half, one), i);
      sift(get(root), root, k);
    });
    Value some = math.select(math.less(zero, k), length, zero);
    loop(k, some, [&](Value i) {
      Entry entry = element(i);
      scf::IfOp::create(builder, loc, precedes(entry, get(zero)),
                        [&](OpBuilder &, Location) {
                          sift(entry, zero, k);
                          scf::YieldOp::create(builder, loc);
                        });
    });
    // The root is the last of those that are left.
    loop(one, math.max(k, one), [&](Value i) {
      Value end = math.sub(k, i);
      Entry entry = get(end);
      set(end, get(zero));
      sift(entry, zero, end);
    });
  }

  KernelEmission &emission;
  OpBuilder &builder;
  TopKOp op;
  Location loc;
  IndexMath math;
  NumberMath number, place;
  bool smallest;
  Value input, values, indices, outer, inner;
};

class TopKFamily : public KernelFamily {
public:
  StringRef getName() const override { return "top_k"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    TopKEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createTopKFamily() {
  return std::make_unique<TopKFamily>();
}
