//===- RowFamily.cpp - Families whose kernels work row by row -------------===//
#include "RowFamily.h"
#include "IndexMath.h"
#include "VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

/// Passes over a row take this many vectors at a time.
static constexpr int64_t kUnroll = 4;
/// Rows beyond this need more scratch memory than is reasonable.
static constexpr int64_t kMaxBufferColumns = int64_t(1) << 24;

//===----------------------------------------------------------------------===//
// RowEmitter
//===----------------------------------------------------------------------===//

Value RowEmitter::getBuffer(Value operand) const {
  return emission.getInput(emission.task,
                           cast<BlockArgument>(operand).getArgNumber());
}

Value RowEmitter::getRowsOfBatch() const {
  Value output = emission.getOutput(emission.task, 0);
  int64_t rank = cast<MemRefType>(output.getType()).getRank();
  return IndexMath(builder, loc).extents(output, 1, rank - 1);
}

Value RowEmitter::load(Value value, Value column, Value mask) const {
  return region.emit(builder, loc, value, {row, column, getLanes(), mask});
}

Value RowEmitter::loadBuffer(Value column) const {
  return vector::LoadOp::create(builder, loc, getVectorType(), buffer, column);
}

void RowEmitter::storeBuffer(Value vector, Value column) const {
  vector::StoreOp::create(builder, loc, vector, buffer, column);
}

Value RowEmitter::fill(Value vector, Value mask, float otherwise) const {
  if (!mask)
    return vector;
  return arith::SelectOp::create(builder, loc, mask, vector, splat(otherwise));
}

void RowEmitter::finish(Value result, Value column, Value mask) const {
  KernelOp kernel = emission.kernel;
  KnownVectors known;
  known[kernel.getAnchor()->getResult(0)] = result;
  region.emitResults(builder, loc, {row, column, getLanes(), mask}, known);
}

void RowEmitter::forEach(function_ref<void(Value, Value)> body) const {
  emitVectorLoop(builder, loc, region.getColumns(), getLanes(), kUnroll, {},
                 [&](OpBuilder &, Location, Value column, Value mask,
                     ValueRange) -> Values {
                   body(column, mask);
                   return {};
                 });
}

RowEmitter::Values
RowEmitter::reduce(unsigned count, float init, vector::CombiningKind kind,
                   function_ref<Values(Value, Value)> body) const {
  // Each step combines into the first `count` partial results and moves them
  // to the back, so that the copies of an unrolled loop use different ones.
  Values partial(count * kUnroll, splat(init));
  partial = emitVectorLoop(
      builder, loc, region.getColumns(), getLanes(), kUnroll, partial,
      [&](OpBuilder &, Location, Value column, Value mask, ValueRange carried) {
        Values next(carried.drop_front(count));
        for (auto [old, vector] : llvm::zip(carried, body(column, mask)))
          next.push_back(combine(kind, old, vector));
        return next;
      });
  Values results;
  for (unsigned i = 0; i < count; ++i) {
    Value total = partial[i];
    for (int64_t copy = 1; copy < kUnroll; ++copy)
      total = combine(kind, total, partial[copy * count + i]);
    // The order of a sum is free; a tree of shuffles is the fastest.
    results.push_back(vector::ReductionOp::create(
        builder, loc, kind, total, arith::FastMathFlags::reassoc));
  }
  return results;
}

Value RowEmitter::combine(vector::CombiningKind kind, Value a, Value b) const {
  return kind == vector::CombiningKind::ADD ? add(a, b) : max(b, a);
}

Value RowEmitter::splat(Value scalar) const {
  return vector::BroadcastOp::create(builder, loc, getVectorType(), scalar);
}
Value RowEmitter::splat(float value) const {
  return arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(getVectorType(), value));
}
Value RowEmitter::constant(float value) const {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getF32FloatAttr(value));
}
Value RowEmitter::add(Value a, Value b) const {
  return arith::AddFOp::create(builder, loc, a, b);
}
Value RowEmitter::sub(Value a, Value b) const {
  return arith::SubFOp::create(builder, loc, a, b);
}
Value RowEmitter::mul(Value a, Value b) const {
  return arith::MulFOp::create(builder, loc, a, b);
}
Value RowEmitter::div(Value a, Value b) const {
  return arith::DivFOp::create(builder, loc, a, b);
}
Value RowEmitter::fma(Value a, Value b, Value c) const {
  return math::FmaOp::create(builder, loc, a, b, c);
}
Value RowEmitter::max(Value a, Value b) const {
  Value larger =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(builder, loc, larger, a, b);
}

//===----------------------------------------------------------------------===//
// RowFamily
//===----------------------------------------------------------------------===//

LogicalResult RowFamily::supports(KernelOp kernel, std::string &reason) const {
  Operation *anchor = kernel.getAnchor();
  auto type = cast<RankedTensorType>(anchor->getResult(0).getType());
  if (type.getRank() == 0) {
    reason = "a tensor without dimensions";
    return failure();
  }
  for (Value value : kernel.getYield().getValues())
    if (cast<RankedTensorType>(value.getType()).getShape() != type.getShape()) {
      reason = "an epilogue of another shape than the anchor's result";
      return failure();
    }
  if (getBufferColumns(kernel) > kMaxBufferColumns) {
    reason =
        "rows of more than " + std::to_string(kMaxBufferColumns) + " columns";
    return failure();
  }
  for (OpOperand &operand : anchor->getOpOperands()) {
    Value value = operand.get();
    if (readsThroughRegion(operand.getOperandNumber())) {
      if (failed(RegionEmitter::supportsValue(value, {}, reason)))
        return failure();
    } else if (!isa<BlockArgument>(value)) {
      reason = "operand " + std::to_string(operand.getOperandNumber()) +
               " of the anchor must be an operand of the kernel";
      return failure();
    }
  }
  return RegionEmitter::supportsResults(kernel, anchor->getResults(), reason);
}

SmallVector<Knob> RowFamily::getKnobs(KernelOp, const TargetDesc &) const {
  return {{"elements", "elements of a task, about", {2048, 4096, 8192, 16384}}};
}

Schedule RowFamily::getDefaultSchedule(KernelOp, const TargetDesc &) const {
  return Schedule().set("elements", 4096);
}

LogicalResult RowFamily::verifySchedule(KernelOp, const Schedule &schedule,
                                        const TargetDesc &,
                                        std::string &reason) const {
  int64_t elements = schedule.get("elements", 4096);
  if (elements >= 1 && elements <= int64_t(1) << 40)
    return success();
  reason = "elements must be positive";
  return failure();
}

LogicalResult RowFamily::emit(KernelEmission &emission,
                              OpBuilder &builder) const {
  Location loc = emission.kernel.getLoc();
  IndexMath math(builder, loc);
  Value one;
  auto getRowsOfTask = [&](const RegionEmitter &region) {
    one = math.constant(1);
    Value elements = math.constant(emission.schedule.get("elements", 4096));
    return math.max(math.div(elements, math.max(region.getColumns(), one)),
                    one);
  };

  builder.setInsertionPointToStart(&emission.grid.getBody().front());
  RegionEmitter sizes(emission, emission.grid, builder);
  Value rowsOfTask = getRowsOfTask(sizes);
  func::ReturnOp::create(builder, loc,
                         math.ceilDiv(sizes.getRows(), rowsOfTask));

  builder.setInsertionPointToStart(&emission.task.getBody().front());
  RegionEmitter region(emission, emission.task, builder);
  Value buffer;
  ScratchAllocator scratch(emission.getScratch());
  if (int64_t columns = getBufferColumns(emission.kernel)) {
    // Whole vectors, so that the last one needs no mask.
    columns = llvm::alignTo(columns, emission.target.getLanes());
    buffer = scratch.allocate(builder, loc, columns, builder.getF32Type());
  }
  emission.setScratchBytes(scratch.getBytes());
  rowsOfTask = getRowsOfTask(region);
  Value first = math.mul(emission.getTaskIndex(), rowsOfTask);
  Value end = math.min(math.add(first, rowsOfTask), region.getRows());
  emitPlainLoop(builder, loc, first, end, one,
                [&](OpBuilder &, Location, Value row) {
                  emitRow({emission, region, builder, loc, row, buffer});
                });
  func::ReturnOp::create(builder, loc);
  return success();
}
