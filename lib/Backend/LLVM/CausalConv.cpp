//===- CausalConv.cpp - The family of causal convolutions -----------------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"
#include "VectorMath.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

namespace {

/// An item is one channel of one sequence. The first results reach back into
/// the past and go one by one, the others are vectors.
class CausalConvEmitter {
public:
  CausalConvEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<CausalConvOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc),
        scalar(builder, loc, builder.getF32Type()),
        kernel(op.getWeight().getType().getDimSize(1)) {}

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) { emitRow(item); });
  }

private:
  ItemCounts prepare(func::FuncOp function) {
    auto buffer = [&](Value operand) {
      return operand ? getOperandBuffer(emission, function, operand) : Value();
    };
    input = buffer(op.getInput());
    weight = buffer(op.getWeight());
    bias = buffer(op.getBias());
    past = buffer(op.getPast());
    output = emission.getOutput(function, 0);
    present = emission.getOutput(function, 1);
    length = math.dim(input, 2);
    return {math.mul(math.dim(input, 0), math.dim(input, 1)),
            emitItemsOfTask(builder, loc, math.mul(length, kernel))};
  }

  /// Element `i` of the past and the input, one behind the other.
  Value at(Value i) {
    Value before = math.constant(kernel - 1);
    return scf::IfOp::create(
               builder, loc, math.less(i, before),
               [&](OpBuilder &, Location) {
                 Value x = past && kernel > 1
                               ? scalar.load(past, {batch, channel, i})
                               : scalar.zero();
                 scf::YieldOp::create(builder, loc, x);
               },
               [&](OpBuilder &, Location) {
                 scf::YieldOp::create(
                     builder, loc,
                     scalar.load(input, {batch, channel, math.sub(i, before)}));
               })
        .getResult(0);
  }

  void emitResult(const NumberMath &number, Value t, Value mask,
                  function_ref<Value(Value)> load) {
    Value start =
        bias ? number.splat(scalar.load(bias, channel)) : number.zero();
    Value sum = emitUnrolledLoop(
        builder, loc, math.constant(kernel), /*unroll=*/4, start,
        [&](OpBuilder &, Location, Value j,
            ValueRange carried) -> SmallVector<Value> {
          Value w = number.splat(scalar.load(weight, {channel, j}));
          return {number.mulAdd(w, load(math.add(t, j)), carried[0])};
        })[0];
    if (op.getSilu())
      sum = number.mul(sum, emitSigmoid(builder, loc, sum));
    number.store(sum, output, {batch, channel, t}, mask);
  }

  void emitRow(Value item) {
    batch = math.div(item, math.dim(input, 1));
    channel = math.rem(item, math.dim(input, 1));
    Value zero = math.constant(0), one = math.constant(1);
    Value before = math.constant(kernel - 1);
    Value head = math.min(before, length);
    emitPlainLoop(
        builder, loc, zero, head, one, [&](OpBuilder &, Location, Value t) {
          emitResult(scalar, t, Value(), [&](Value i) { return at(i); });
        });
    emitColumns(builder, loc, head, length, emission.target.getLanes(),
                /*masked=*/true, [&](Value t, int64_t width, Value mask) {
                  NumberMath number = scalar.with(width);
                  emitResult(number, t, mask, [&](Value i) {
                    return number.load(
                        input, {batch, channel, math.sub(i, before)}, mask);
                  });
                });
    emitPlainLoop(
        builder, loc, zero, before, one, [&](OpBuilder &, Location, Value i) {
          scalar.store(at(math.add(length, i)), present, {batch, channel, i});
        });
  }

  KernelEmission &emission;
  OpBuilder &builder;
  CausalConvOp op;
  Location loc;
  IndexMath math;
  NumberMath scalar;
  int64_t kernel;
  Value input, weight, bias, past, output, present, length, batch, channel;
};

class CausalConvFamily : public KernelFamily {
public:
  StringRef getName() const override { return "causal_conv"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    CausalConvEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createCausalConvFamily() {
  return std::make_unique<CausalConvFamily>();
}
