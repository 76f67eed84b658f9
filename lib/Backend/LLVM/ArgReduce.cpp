//===- ArgReduce.cpp - The family of places of extremes -------------------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"
#include "Prologue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

namespace {

/// Each lane keeps the best element that it has seen and where. When the
/// dimension is the last, the lanes are compared in the end.
class ArgReduceEmitter {
public:
  ArgReduceEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<ArgReduceOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc),
        input(op.getInput(), static_cast<int64_t>(op.getAxis())),
        scalar(builder, loc, op.getInput().getType().getElementType()),
        place(builder, loc, builder.getI64Type()),
        lanes(hasMaskedAccess(scalar.getElementType())
                  ? getVectorLanes(scalar.getElementType(), emission.target)
                  : 1),
        isMax(op.getKind() == ReduceKind::max), selectLast(op.getSelectLast()) {
  }

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) {
          input.isLastReduced() ? emitRow(item) : emitColumnsOf(item);
        });
  }

private:
  ItemCounts prepare(func::FuncOp function) {
    input.prepare(emission, function, builder);
    output = emitReshape(builder, loc, emission.getOutput(function, 0),
                         {input.rows, input.columns});
    // Nothing to choose from: nothing to compute.
    Value none = math.less(input.count, math.constant(1));
    return {
        math.select(none, math.constant(0), input.rows),
        emitItemsOfTask(builder, loc, math.mul(input.count, input.columns))};
  }

  /// Whether `x` takes the place of `best`. A NaN does, of anything but a NaN.
  Value isBetter(const NumberMath &number, Value x, Value best,
                 bool ofEqual) const {
    Value a = isMax ? x : best;
    Value b = isMax ? best : x;
    Value better = ofEqual ? number.greaterOrEqual(a, b) : number.greater(a, b);
    if (!number.isFloat())
      return better;
    better = arith::OrIOp::create(builder, loc, better, number.isNaN(x));
    if (ofEqual) // the last NaN counts
      return better;
    Value one = arith::ConstantOp::create(
        builder, loc, better.getType(),
        cast<TypedAttr>(builder.getOneAttr(better.getType())));
    Value isNumber =
        arith::XOrIOp::create(builder, loc, number.isNaN(best), one);
    return arith::AndIOp::create(builder, loc, better, isNumber);
  }

  /// Takes the elements from `first` on, in steps of `step`. Starts with
  /// `init`, the best element and its place.
  SmallVector<Value> scan(const NumberMath &number, Value first, Value end,
                          Value step, ValueRange init,
                          function_ref<Value(Value)> load,
                          function_ref<Value(Value)> placeOf) {
    NumberMath places = place.with(number.getLanes());
    return emitLoop(builder, loc, first, end, step, init,
                    [&](OpBuilder &, Location, Value i,
                        ValueRange best) -> SmallVector<Value> {
                      Value x = load(i);
                      Value better = isBetter(number, x, best[0], selectLast);
                      return {number.select(better, x, best[0]),
                              places.select(better, placeOf(i), best[1])};
                    });
  }

  Value indexOf(Value i) const { return place.fromIndex(i); }

  void emitRow(Value item) {
    SmallVector<Value> kept = emitDelinearize(builder, loc, item, input.kept);
    NumberMath number = scalar.with(lanes);
    NumberMath places = place.with(lanes);
    Value zero = math.constant(0), one = math.constant(1);
    auto loadScalar = [&](Value i) { return input.load(scalar, kept, {}, i); };
    Value length = input.reduced.back(), width = math.constant(lanes);
    Value whole = math.mul(math.div(length, width), width);
    SmallVector<Value> best = {loadScalar(zero), indexOf(zero)};
    if (lanes == 1) {
      best = scan(scalar, one, length, one, best, loadScalar,
                  [&](Value i) { return indexOf(i); });
    } else {
      // All lanes start with the first element: it is at place 0 in each.
      Value offsets = arith::ConstantOp::create(
          builder, loc, cast<VectorType>(places.getType()),
          DenseElementsAttr::get(cast<VectorType>(places.getType()),
                                 ArrayRef<int64_t>(llvm::to_vector(
                                     llvm::seq<int64_t>(0, lanes)))));
      SmallVector<Value> all = scan(
          number, zero, whole, width,
          {number.splat(best[0]), places.splat(best[1])},
          [&](Value i) { return input.load(number, kept, {}, i); },
          [&](Value i) {
            return places.add(places.splat(indexOf(i)), offsets);
          });
      for (int64_t lane = 0; lane < lanes; ++lane)
        best =
            merge(best, vector::ExtractOp::create(builder, loc, all[0], lane),
                  vector::ExtractOp::create(builder, loc, all[1], lane));
      best = scan(scalar, whole, length, one, best, loadScalar,
                  [&](Value i) { return indexOf(i); });
    }
    place.store(best[1], output, {item, zero});
  }

  /// Of two candidates the better; of equal ones the first or the last.
  SmallVector<Value> merge(ArrayRef<Value> best, Value x, Value where) {
    Value strictly = isBetter(scalar, x, best[0], /*ofEqual=*/false);
    Value atLeast = isBetter(scalar, x, best[0], /*ofEqual=*/true);
    Value order = selectLast ? place.greater(where, best[1])
                             : place.greater(best[1], where);
    Value tie = arith::AndIOp::create(builder, loc, atLeast, order);
    Value better = arith::OrIOp::create(builder, loc, strictly, tie);
    return {scalar.select(better, x, best[0]),
            place.select(better, where, best[1])};
  }

  void emitColumnsOf(Value item) {
    SmallVector<Value> kept = emitDelinearize(builder, loc, item, input.kept);
    emitColumns(
        builder, loc, math.constant(0), input.columns, lanes, /*masked=*/true,
        [&](Value column, int64_t width, Value mask) {
          NumberMath number = scalar.with(width), places = place.with(width);
          auto load = [&](Value i) {
            return input.load(number, kept, i, column, mask);
          };
          Value zero = math.constant(0), one = math.constant(1);
          SmallVector<Value> best =
              scan(number, one, input.count, one, {load(zero), places.zero()},
                   load, [&](Value i) { return places.splat(indexOf(i)); });
          places.store(best[1], output, {item, column}, mask);
        });
  }

  KernelEmission &emission;
  OpBuilder &builder;
  ArgReduceOp op;
  Location loc;
  IndexMath math;
  ReducedOperand input;
  NumberMath scalar, place;
  int64_t lanes;
  bool isMax, selectLast;
  Value output;
};

class ArgReduceFamily : public KernelFamily {
public:
  StringRef getName() const override { return "arg_reduce"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto op = cast<ArgReduceOp>(kernel.getAnchor().getOperation());
    return Prologue::supports(kernel, op.getInput(), reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    ArgReduceEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createArgReduceFamily() {
  return std::make_unique<ArgReduceFamily>();
}
