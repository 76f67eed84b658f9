//===- Cumulate.cpp - The family of running sums and products -------------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"

using namespace mlir;
using namespace attune;

namespace {

/// Vectors hold neighbours behind the dimension that is walked along; along the
/// last dimension each element waits for the one before.
class CumulateFamily : public KernelFamily {
public:
  StringRef getName() const override { return "cumulate"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    auto op = cast<CumulateOp>(emission.kernel.getAnchor().getOperation());
    Location loc = op.getLoc();
    IndexMath math(builder, loc);
    auto type = op.getInput().getType();
    if (type.getRank() == 0)
      return op.emitOpError("expected a dimension");
    NumberMath scalar(builder, loc, type.getElementType());
    int64_t lanes = getVectorLanes(scalar.getElementType(), emission.target);
    int64_t axis = op.getAxis();
    Value input, output, length, columns, blocks;
    constexpr int64_t kBlock = 256;
    auto prepare = [&](func::FuncOp function) -> ItemCounts {
      input = emitAxisView(builder, loc,
                           getOperandBuffer(emission, function, op.getInput()),
                           axis);
      output =
          emitAxisView(builder, loc, emission.getOutput(function, 0), axis);
      length = math.dim(input, 1);
      columns = math.dim(input, 2);
      blocks = math.ceilDiv(columns, math.constant(kBlock));
      Value steps = math.mul(length, math.min(columns, math.constant(kBlock)));
      return {math.mul(math.dim(input, 0), blocks),
              emitItemsOfTask(builder, loc, steps)};
    };
    auto emitVector = [&](const NumberMath &number, Value row, Value column,
                          Value mask) {
      Value last = math.sub(length, math.constant(1));
      emitLoop(builder, loc, math.constant(0), length, math.constant(1),
               number.identity(op.getKind()),
               [&](OpBuilder &, Location, Value step,
                   ValueRange total) -> SmallVector<Value> {
                 Value i = op.getReverse() ? math.sub(last, step) : step;
                 Value x = number.load(input, {row, i, column}, mask);
                 Value next = number.combine(op.getKind(), total[0], x);
                 number.store(op.getExclusive() ? total[0] : next, output,
                              {row, i, column}, mask);
                 return {next};
               });
    };
    emitItems(emission, builder, prepare, [&](Value item) {
      Value row = math.div(item, blocks);
      Value first = math.mul(math.rem(item, blocks), kBlock);
      Value end = math.min(math.add(first, kBlock), columns);
      emitColumns(builder, loc, first, end, lanes,
                  hasMaskedAccess(scalar.getElementType()) &&
                      axis + 1 < type.getRank(),
                  [&](Value column, int64_t width, Value mask) {
                    emitVector(scalar.with(width), row, column, mask);
                  });
    });
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createCumulateFamily() {
  return std::make_unique<CumulateFamily>();
}
