//===- RecurrentEmitter.cpp - Steps of recurrent networks -----------------===//
#include "RecurrentEmitter.h"
#include "VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attune;

/// Rows of the recurrent weight that share the loads of the state.
static constexpr int64_t kRows = 4;

static Type elementOf(Operation *op) {
  return cast<RankedTensorType>(op->getOperand(0).getType()).getElementType();
}

RecurrentEmitter::RecurrentEmitter(KernelEmission &emission, OpBuilder &builder,
                                   int64_t gates)
    : emission(emission), builder(builder),
      op(emission.kernel.getAnchor().getOperation()), loc(op->getLoc()),
      math(builder, loc), scalar(builder, loc, elementOf(op)),
      lanes(getVectorLanes(scalar.getElementType(), emission.target)),
      gates(gates), scratch(emission.getScratch()) {
  llvm::TypeSwitch<Operation *>(op).Case<GruOp, LstmOp, RnnOp>([&](auto each) {
    input = each.getInput();
    recurrent = each.getRecurrent();
    bias = each.getBias();
    lengths = each.getLengths();
    initial = each.getInitialHidden();
    reverse = each.getReverse();
    if (each.getClip())
      clip = each.getClip()->convertToDouble();
    auto parameter = [](ArrayRef<double> list, size_t i) {
      return i < list.size() ? list[i] : 0;
    };
    for (auto [i, attr] : llvm::enumerate(each.getActivations()))
      activations.push_back({cast<GateActivationAttr>(attr).getValue(),
                             parameter(each.getAlpha(), i),
                             parameter(each.getBeta(), i)});
  });
  hidden = cast<RankedTensorType>(recurrent.getType()).getDimSize(1);
}

Value RecurrentEmitter::getBuffer(Value operand) {
  return operand ? getOperandBuffer(emission, emission.task, operand) : Value();
}

void RecurrentEmitter::emit() {
  Value steps, lengthBuffer;
  auto prepare = [&](func::FuncOp function) -> ItemCounts {
    Value shown = getOperandBuffer(emission, function, input);
    Value one = math.constant(1);
    if (function == emission.task) {
      inputBuffer = shown;
      recurrentBuffer = getBuffer(recurrent);
      biasBuffer = getBuffer(bias);
      lengthBuffer = getBuffer(lengths);
      output = emission.getOutput(function, 0);
      steps = math.dim(shown, 0);
      state = allocateRow(hidden);
      sums = allocateRow(gates * hidden);
    }
    return {math.dim(shown, 1), one};
  };
  emitItems(emission, builder, prepare, [&](Value item) {
    batch = item;
    Value zero = math.constant(0), one = math.constant(1);
    Value count = steps;
    if (lengthBuffer) {
      Value length = NumberMath(builder, loc, builder.getI64Type())
                         .load(lengthBuffer, batch);
      length = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                          length);
      length = arith::MaxSIOp::create(builder, loc, length, zero);
      count = arith::MinSIOp::create(builder, loc, length, steps);
    }
    loadRow(state, getBuffer(initial));
    prepareSequence();
    emitPlainLoop(builder, loc, zero, count, one,
                  [&](OpBuilder &, Location, Value i) {
                    step = reverse ? math.sub(math.sub(count, one), i) : i;
                    emitStep();
                  });
    emitPlainLoop(
        builder, loc, count, steps, one, [&](OpBuilder &, Location, Value i) {
          forEachUnit([&](Value unit, int64_t width, Value mask) {
            NumberMath number = scalar.with(width);
            number.store(number.zero(), output, {i, batch, unit}, mask);
          });
        });
    storeRow(state, emission.getOutput(emission.task, 1));
    finishSequence();
  });
  emission.setScratchBytes(scratch.getBytes());
}

Value RecurrentEmitter::allocateRow(int64_t columns) {
  return scratch.allocate(builder, loc, columns, scalar.getElementType());
}

void RecurrentEmitter::forEachUnit(ColumnBody body) {
  emitColumns(builder, loc, math.constant(0), math.constant(hidden), lanes,
              /*masked=*/true, body);
}

void RecurrentEmitter::loadRow(Value row, Value operand) {
  forEachUnit([&](Value unit, int64_t width, Value mask) {
    NumberMath number = scalar.with(width);
    Value value =
        operand ? number.load(operand, {batch, unit}, mask) : number.zero();
    number.store(value, row, unit, mask);
  });
}

void RecurrentEmitter::storeRow(Value row, Value target) {
  forEachUnit([&](Value unit, int64_t width, Value mask) {
    NumberMath number = scalar.with(width);
    number.store(number.load(row, unit, mask), target, {batch, unit}, mask);
  });
}

void RecurrentEmitter::emitProducts(Value vector, int64_t first, int64_t end,
                                    bool addInput) {
  NumberMath wide = scalar.with(lanes);
  Value length = math.constant(hidden);
  Value whole = math.constant(hidden / lanes * lanes);
  auto emitRows = [&](Value row, int64_t count) {
    auto run = [&](const NumberMath &number, Value from, Value to,
                   ValueRange init) {
      return emitLoop(
          builder, loc, from, to, math.constant(number.getLanes()), init,
          [&](OpBuilder &, Location, Value k, ValueRange carried) {
            Value x = number.load(vector, k);
            SmallVector<Value> next;
            for (int64_t r = 0; r < count; ++r)
              next.push_back(number.mulAdd(
                  number.load(recurrentBuffer, {math.add(row, r), k}), x,
                  carried[r]));
            return next;
          });
    };
    SmallVector<Value> totals(count, wide.zero());
    totals = run(wide, math.constant(0), whole, totals);
    for (Value &total : totals)
      total = wide.reduceLanes(ReduceKind::sum, total);
    totals = run(scalar, whole, length, totals);
    for (int64_t r = 0; r < count; ++r) {
      Value place = math.add(row, r), total = totals[r];
      if (biasBuffer)
        total = scalar.add(total, scalar.load(biasBuffer, place));
      if (addInput)
        total =
            scalar.add(total, scalar.load(inputBuffer, {step, batch, place}));
      scalar.store(total, sums, place);
    }
  };
  int64_t middle = first + (end - first) / kRows * kRows;
  emitPlainLoop(builder, loc, math.constant(first), math.constant(middle),
                math.constant(kRows), [&](OpBuilder &, Location, Value row) {
                  emitRows(row, kRows);
                });
  emitPlainLoop(builder, loc, math.constant(middle), math.constant(end),
                math.constant(1),
                [&](OpBuilder &, Location, Value row) { emitRows(row, 1); });
}

Value RecurrentEmitter::loadSum(const NumberMath &number, int64_t gate,
                                Value unit, Value mask) {
  return number.load(sums, math.add(unit, gate * hidden), mask);
}

void RecurrentEmitter::storeSum(const NumberMath &number, Value value,
                                int64_t gate, Value unit, Value mask) {
  number.store(value, sums, math.add(unit, gate * hidden), mask);
}

Value RecurrentEmitter::loadInput(const NumberMath &number, int64_t gate,
                                  Value unit, Value mask) {
  return number.load(inputBuffer, {step, batch, math.add(unit, gate * hidden)},
                     mask);
}

void RecurrentEmitter::setState(const NumberMath &number, Value value,
                                Value unit, Value mask) {
  number.store(value, state, unit, mask);
  number.store(value, output, {step, batch, unit}, mask);
}

Value RecurrentEmitter::activate(const NumberMath &number, unsigned index,
                                 Value x, bool clipped) {
  bool isF32 = number.getElementType().isF32();
  auto constant = [&](double value) { return number.constant(value); };
  auto exp = [&](Value v) -> Value {
    return isF32 ? emitExp(builder, loc, v)
                 : math::ExpOp::create(builder, loc, v).getResult();
  };
  auto tanh = [&](Value v) -> Value {
    return isF32 ? emitTanh(builder, loc, v)
                 : math::TanhOp::create(builder, loc, v).getResult();
  };
  auto negate = [&](Value v) -> Value {
    return arith::NegFOp::create(builder, loc, v);
  };
  auto magnitude = [&](Value v) -> Value {
    return math::AbsFOp::create(builder, loc, v);
  };
  Value zero = number.zero(), one = constant(1);
  if (clip && clipped)
    x = number.min(number.max(x, constant(-*clip)), constant(*clip));
  const Activation &activation = activations[index];
  Value alpha = constant(activation.alpha), beta = constant(activation.beta);
  switch (activation.kind) {
  case GateActivation::sigmoid:
    if (isF32)
      return emitSigmoid(builder, loc, x);
    return number.div(one, number.add(one, exp(negate(x))));
  case GateActivation::tanh:
    return tanh(x);
  case GateActivation::relu:
    return number.max(x, zero);
  case GateActivation::affine:
    return number.add(number.mul(alpha, x), beta);
  case GateActivation::leaky_relu:
    return number.select(number.greater(zero, x), number.mul(alpha, x), x);
  case GateActivation::thresholded_relu:
    return number.select(number.greater(x, alpha), x, zero);
  case GateActivation::scaled_tanh:
    return number.mul(alpha, tanh(number.mul(beta, x)));
  case GateActivation::hard_sigmoid:
    return number.min(number.max(number.add(number.mul(alpha, x), beta), zero),
                      one);
  case GateActivation::elu:
    return number.select(number.greater(zero, x),
                         number.mul(alpha, number.sub(exp(x), one)), x);
  case GateActivation::softsign:
    return number.div(x, number.add(one, magnitude(x)));
  case GateActivation::softplus: {
    // max(x, 0) + log(1 + e^-|x|), which does not overflow.
    Value rest = number.add(one, exp(negate(magnitude(x))));
    return number.add(number.max(x, zero),
                      math::LogOp::create(builder, loc, rest));
  }
  }
  return x;
}
