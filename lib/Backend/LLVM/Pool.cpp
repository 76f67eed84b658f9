//===- Pool.cpp - The family of pooling over positions --------------------===//
#include "Families.h"
#include "IndexMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace attune;

namespace {

/// Vectors of columns that one pass over the positions combines.
constexpr int64_t kVectors = 4;

/// Combines the positions that count, for some columns of one sequence.
class PoolEmitter {
public:
  PoolEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<PoolOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), lanes(emission.target.getLanes()) {}

  int64_t getTaskColumns() const { return lanes * kVectors; }

  void emitTask() {
    IndexMath math(builder, loc);
    RegionEmitter region(emission, emission.task, builder);
    input = getInput(op.getInput());
    mask = getInput(op.getMask());
    Value blocks =
        math.ceilDiv(region.getColumns(), math.constant(getTaskColumns()));
    Value index = emission.getTaskIndex();
    batch = math.div(index, blocks);
    Value first = math.mul(math.rem(index, blocks), getTaskColumns());
    Value count = emitCount();
    Value left = math.sub(region.getColumns(), first);
    Value isWhole = math.atLeast(left, math.constant(getTaskColumns()));
    scf::IfOp::create(
        builder, loc, isWhole,
        [&](OpBuilder &, Location) {
          emitColumns(region, first, kVectors, Value(), count);
          scf::YieldOp::create(builder, loc);
        },
        [&](OpBuilder &, Location) {
          emitVectorLoop(builder, loc, left, lanes, {},
                         [&](OpBuilder &, Location, Value offset,
                             Value tailMask, ValueRange) -> SmallVector<Value> {
                           Value column =
                               IndexMath(builder, loc).add(first, offset);
                           emitColumns(region, column, 1, tailMask, count);
                           return {};
                         });
          scf::YieldOp::create(builder, loc);
        });
    func::ReturnOp::create(builder, loc);
  }

private:
  Value getInput(Value operand) const {
    return emission.getInput(emission.task,
                             cast<BlockArgument>(operand).getArgNumber());
  }
  VectorType getVectorType() const {
    return VectorType::get({lanes}, builder.getF32Type());
  }
  Value splat(float value) {
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(getVectorType(), value));
  }
  Value constant(float value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF32FloatAttr(value));
  }
  /// Whether position `s` counts.
  Value emitCounts(Value s) {
    Value word =
        memref::LoadOp::create(builder, loc, mask, ValueRange{batch, s});
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, word,
                                 zero);
  }
  /// The number of positions that count, as f32.
  Value emitCount() {
    IndexMath math(builder, loc);
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
    Value one = arith::ConstantIntOp::create(builder, loc, 1, 64);
    auto total = emitLoop(
        builder, loc, math.constant(0), math.dim(input, 1), math.constant(1),
        zero,
        [&](OpBuilder &, Location, Value s,
            ValueRange carried) -> SmallVector<Value> {
          Value step =
              arith::SelectOp::create(builder, loc, emitCounts(s), one, zero);
          return {arith::AddIOp::create(builder, loc, carried[0], step)};
        });
    return arith::SIToFPOp::create(builder, loc, builder.getF32Type(),
                                   total[0]);
  }

  Value load(Value s, Value column, Value tailMask) {
    SmallVector<Value> indices = {batch, s, column};
    if (!tailMask)
      return vector::LoadOp::create(builder, loc, getVectorType(), input,
                                    indices);
    return vector::MaskedLoadOp::create(builder, loc, getVectorType(), input,
                                        indices, tailMask, splat(0.0f));
  }

  /// Pools `count` vectors of columns from `column` and stores the results.
  void emitColumns(const RegionEmitter &region, Value column, int64_t vectors,
                   Value tailMask, Value count) {
    IndexMath math(builder, loc);
    bool isMax = op.getMode() == PoolMode::Max;
    constexpr float infinity = std::numeric_limits<float>::infinity();
    SmallVector<Value> state(vectors, splat(isMax ? -infinity : 0.0f));
    state = emitLoop(
        builder, loc, math.constant(0), math.dim(input, 1), math.constant(1),
        state,
        [&](OpBuilder &, Location, Value s,
            ValueRange carried) -> SmallVector<Value> {
          auto branch = scf::IfOp::create(
              builder, loc, emitCounts(s),
              [&](OpBuilder &, Location) {
                SmallVector<Value> next;
                for (int64_t v = 0; v < vectors; ++v) {
                  Value x = load(s, math.add(column, v * lanes), tailMask);
                  next.push_back(
                      isMax ? arith::MaximumFOp::create(builder, loc,
                                                        carried[v], x)
                                  .getResult()
                            : arith::AddFOp::create(builder, loc, carried[v], x)
                                  .getResult());
                }
                scf::YieldOp::create(builder, loc, next);
              },
              [&](OpBuilder &, Location) {
                scf::YieldOp::create(builder, loc, carried);
              });
          return SmallVector<Value>(branch.getResults());
        });
    for (int64_t v = 0; v < vectors; ++v) {
      KnownVectors known;
      known[op.getResult()] = emitResult(state[v], count);
      region.emitResults(builder, loc,
                         {batch, math.add(column, v * lanes), lanes, tailMask},
                         known);
    }
  }

  Value emitResult(Value state, Value count) {
    if (op.getMode() == PoolMode::Max) {
      Value none = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::OEQ, count, constant(0.0f));
      return arith::SelectOp::create(builder, loc, none, splat(-1e9f), state);
    }
    Value divisor =
        arith::MaximumFOp::create(builder, loc, count, constant(1e-9f));
    if (op.getMode() == PoolMode::MeanSqrt)
      divisor = math::SqrtOp::create(builder, loc, divisor);
    Value factor = arith::DivFOp::create(builder, loc, constant(1.0f), divisor);
    return arith::MulFOp::create(
        builder, loc, state,
        vector::BroadcastOp::create(builder, loc, getVectorType(), factor));
  }

  KernelEmission &emission;
  OpBuilder &builder;
  PoolOp op;
  Location loc;
  int64_t lanes;
  Value input, mask, batch;
};

/// A task pools a few vectors of columns of one sequence, so that one long
/// sequence keeps several threads busy.
class PoolFamily : public KernelFamily {
public:
  StringRef getName() const override { return "pool"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    Operation *anchor = kernel.getAnchor();
    for (Value operand : anchor->getOperands())
      if (!isa<BlockArgument>(operand)) {
        reason = "operands of pool must be operands of the kernel";
        return failure();
      }
    for (Type type : kernel.getYield().getOperandTypes())
      if (cast<RankedTensorType>(type).getShape() !=
          cast<RankedTensorType>(anchor->getResult(0).getType()).getShape()) {
        reason = "an epilogue of another shape than the anchor's result";
        return failure();
      }
    return RegionEmitter::supportsResults(kernel, anchor->getResults(), reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    Location loc = emission.kernel.getLoc();
    PoolEmitter emitter(emission, builder);
    IndexMath math(builder, loc);
    builder.setInsertionPointToStart(&emission.grid.getBody().front());
    RegionEmitter sizes(emission, emission.grid, builder);
    Value blocks = math.ceilDiv(sizes.getColumns(),
                                math.constant(emitter.getTaskColumns()));
    func::ReturnOp::create(builder, loc, math.mul(sizes.getRows(), blocks));
    builder.setInsertionPointToStart(&emission.task.getBody().front());
    emitter.emitTask();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createPoolFamily() {
  return std::make_unique<PoolFamily>();
}
