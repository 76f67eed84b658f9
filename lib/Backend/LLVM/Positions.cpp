//===- Positions.cpp - The family of position ids -------------------------===//
#include "Families.h"
#include "IndexMath.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attune;

namespace {

/// One task a sequence.
class PositionsFamily : public KernelFamily {
public:
  StringRef getName() const override { return "positions"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    Operation *anchor = kernel.getAnchor();
    if (isa<BlockArgument>(anchor->getOperand(0)) &&
        kernel.getYield().getNumOperands() == 1 &&
        kernel.getYield().getOperand(0) == anchor->getResult(0))
      return success();
    reason = "positions take neither prologue nor epilogue";
    return failure();
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    auto op = cast<PositionsOp>(emission.kernel.getAnchor().getOperation());
    Location loc = op.getLoc();
    IndexMath math(builder, loc);
    builder.setInsertionPointToStart(&emission.grid.getBody().front());
    Value sizes = emission.getOutput(emission.grid, 0);
    func::ReturnOp::create(builder, loc, math.dim(sizes, 0));

    builder.setInsertionPointToStart(&emission.task.getBody().front());
    Value ids = emission.getInput(
        emission.task, cast<BlockArgument>(op.getIds()).getArgNumber());
    Value output = emission.getOutput(emission.task, 0);
    Value batch = emission.getTaskIndex();
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIntOp::create(builder, loc, value, 64);
    };
    Value zero = constant(0), one = constant(1);
    Value offset = constant(op.getOffset());
    std::optional<uint64_t> paddingId = op.getPaddingId();
    Value padding = paddingId ? constant(*paddingId) : Value();
    emitLoop(
        builder, loc, math.constant(0), math.dim(output, 1), math.constant(1),
        zero,
        [&](OpBuilder &b, Location l, Value s,
            ValueRange carried) -> SmallVector<Value> {
          Value position = carried[0], next, result;
          if (!padding) {
            result = position;
            next = arith::AddIOp::create(b, l, position, one);
          } else {
            Value id = memref::LoadOp::create(b, l, ids, ValueRange{batch, s});
            Value isToken = arith::CmpIOp::create(
                b, l, arith::CmpIPredicate::ne, id, padding);
            Value step = arith::SelectOp::create(b, l, isToken, one, zero);
            next = arith::AddIOp::create(b, l, position, step);
            result = arith::SelectOp::create(b, l, isToken, next, zero);
          }
          result = arith::AddIOp::create(b, l, result, offset);
          memref::StoreOp::create(b, l, result, output, ValueRange{batch, s});
          return {next};
        });
    func::ReturnOp::create(builder, loc);
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createPositionsFamily() {
  return std::make_unique<PositionsFamily>();
}
