//===- Reduce.cpp - The family of reductions over dimensions --------------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"
#include "Prologue.h"

using namespace mlir;
using namespace attune;

namespace {

/// Partial results that hide the latency of the operation.
constexpr int64_t kPartial = 4;

/// The type that elements are combined in: means of integers need sums that do
/// not wrap.
Type getSumType(ReduceOp op) {
  Type element = op.getInput().getType().getElementType();
  if (op.getKind() != ReduceKind::mean || isa<FloatType>(element))
    return element;
  return IntegerType::get(op.getContext(), 64,
                          element.isUnsignedInteger() ? IntegerType::Unsigned
                                                      : IntegerType::Signless);
}

/// When the last dimension is reduced, vectors run along it and their lanes are
/// combined in the end; else vectors hold neighbouring results.
class ReduceEmitter {
public:
  ReduceEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<ReduceOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc), kind(op.getKind()),
        input(op.getInput(), op.getAxes()),
        source(builder, loc, op.getInput().getType().getElementType()),
        scalar(builder, loc, getSumType(op)),
        vector(scalar.with(
            input.hasDims()
                ? getVectorLanes(scalar.getElementType(), emission.target)
                : 1)) {}

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) {
          input.isLastReduced() ? emitRow(item) : emitBlock(item);
        });
  }

private:
  ItemCounts prepare(func::FuncOp function) {
    input.prepare(emission, function, builder);
    output = emitReshape(builder, loc, emission.getOutput(function, 0),
                         {input.rows, input.columns});
    if (input.isLastReduced())
      return {input.rows, emitItemsOfTask(builder, loc, input.count)};
    Value block = math.constant(getBlock());
    blocks = math.ceilDiv(input.columns, block);
    Value steps = math.mul(input.count, math.min(input.columns, block));
    return {math.mul(input.rows, blocks), emitItemsOfTask(builder, loc, steps)};
  }

  /// Columns of an item where vectors hold neighbouring results.
  int64_t getBlock() const { return 16 * vector.getLanes(); }

  Value load(const NumberMath &number, ArrayRef<Value> kept,
             ArrayRef<Value> reduced, Value last, Value mask = {}) const {
    NumberMath own = source.with(number.getLanes());
    return number.convert(input.load(own, kept, reduced, last, mask), own);
  }

  Value combine(const NumberMath &number, Value a, Value b) const {
    return number.combine(kind, a, b);
  }

  void store(const NumberMath &number, Value total, ArrayRef<Value> indices,
             Value mask = {}) const {
    if (kind == ReduceKind::mean) {
      Value divisor = number.isFloat()
                          ? input.count
                          : math.max(input.count, math.constant(1));
      total = number.div(total, number.splat(scalar.fromIndex(divisor)));
    }
    NumberMath own = source.with(number.getLanes());
    own.store(own.convert(total, number), output, indices, mask);
  }

  /// One result from whole rows of the last run.
  void emitRow(Value item) {
    SmallVector<Value> kept = emitDelinearize(builder, loc, item, input.kept);
    Value length = input.reduced.back();
    auto outer = ArrayRef(input.reduced).drop_back();
    int64_t lanes = vector.getLanes();
    Value zero = math.constant(0), one = math.constant(1);
    // Several vectors, then one, then element by element.
    Value step = math.constant(lanes * kPartial), width = math.constant(lanes);
    Value whole = math.mul(math.div(length, step), step);
    Value vectors = math.mul(math.div(length, width), width);
    SmallVector<Value> partial(kPartial, vector.identity(kind));
    partial.push_back(scalar.identity(kind));
    partial = emitNest(
        builder, loc, outer, partial,
        [&](ArrayRef<Value> reduced, ValueRange carried) {
          SmallVector<Value> next = emitLoop(
              builder, loc, zero, whole, step, carried.drop_back(),
              [&](OpBuilder &, Location, Value i, ValueRange values) {
                SmallVector<Value> results;
                for (int64_t p = 0; p < kPartial; ++p)
                  results.push_back(combine(
                      vector, values[p],
                      load(vector, kept, reduced, math.add(i, p * lanes))));
                return results;
              });
          auto rest = [&](const NumberMath &number, Value from, Value to,
                          Value by, Value total) -> Value {
            return emitLoop(builder, loc, from, to, by, total,
                            [&](OpBuilder &, Location, Value i,
                                ValueRange values) -> SmallVector<Value> {
                              return {combine(number, values[0],
                                              load(number, kept, reduced, i))};
                            })[0];
          };
          next[0] = rest(vector, whole, vectors, width, next[0]);
          next.push_back(rest(scalar, vectors, length, one, carried.back()));
          return next;
        });
    Value total = partial[0];
    for (int64_t p = 1; p < kPartial; ++p)
      total = combine(vector, total, partial[p]);
    total = combine(scalar, vector.reduceLanes(kind, total), partial.back());
    store(scalar, total, {item, zero});
  }

  /// A block of neighbouring results.
  void emitBlock(Value item) {
    Value row = math.div(item, blocks);
    Value first = math.mul(math.rem(item, blocks), getBlock());
    Value end = math.min(math.add(first, getBlock()), input.columns);
    SmallVector<Value> kept = emitDelinearize(builder, loc, row, input.kept);
    auto emitVectors = [&](const NumberMath &number, Value column,
                           int64_t copies, Value mask) {
      SmallVector<Value> columns;
      for (int64_t i = 0; i < copies; ++i)
        columns.push_back(math.add(column, i * number.getLanes()));
      SmallVector<Value> totals(copies, number.identity(kind));
      totals = emitNest(
          builder, loc, input.reduced, totals,
          [&](ArrayRef<Value> reduced, ValueRange carried) {
            SmallVector<Value> next;
            for (auto [total, place] : llvm::zip(carried, columns))
              next.push_back(combine(number, total,
                                     load(number, kept, reduced, place, mask)));
            return next;
          });
      for (auto [total, place] : llvm::zip(totals, columns))
        store(number, total, {row, place}, mask);
    };
    int64_t lanes = vector.getLanes();
    Value step = math.constant(lanes * kPartial);
    Value whole =
        math.add(first, math.mul(math.div(math.sub(end, first), step), step));
    emitPlainLoop(builder, loc, first, whole, step,
                  [&](OpBuilder &, Location, Value column) {
                    emitVectors(vector, column, kPartial, Value());
                  });
    emitColumns(builder, loc, whole, end, lanes,
                hasMaskedAccess(source.getElementType()),
                [&](Value column, int64_t width, Value mask) {
                  emitVectors(scalar.with(width), column, 1, mask);
                });
  }

  KernelEmission &emission;
  OpBuilder &builder;
  ReduceOp op;
  Location loc;
  IndexMath math;
  ReduceKind kind;
  ReducedOperand input;
  NumberMath source, scalar, vector;
  Value blocks, output;
};

/// Reductions over any dimensions, and elementwise ops of f32 before them.
class ReduceFamily : public KernelFamily {
public:
  StringRef getName() const override { return "reduce"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto op = cast<ReduceOp>(kernel.getAnchor().getOperation());
    return Prologue::supports(kernel, op.getInput(), reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    ReduceEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createReduceFamily() {
  return std::make_unique<ReduceFamily>();
}
