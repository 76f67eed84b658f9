//===- LinearAttentionRows.cpp - Features where they are read -------------===//
#include "LinearAttentionRows.h"
#include "VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace attune;

/// f32 elements of a cache line.
static constexpr int64_t kLineElements = 16;

/// Maps of each element by itself, which cost little more than the load.
static bool mapsElements(FeatureMapOp map) {
  if (map.getProjection() || map.getBias() || map.getMix() ||
      map.getLogScale() || map.getNorm() != FeatureNorm::none)
    return false;
  switch (map.getMap()) {
  case FeatureMap::identity:
  case FeatureMap::elu1:
  case FeatureMap::relu:
  case FeatureMap::exp:
    return true;
  default:
    return false;
  }
}

LinearAttentionRows::LinearAttentionRows(const KernelEmission &emission,
                                         OpBuilder &builder, Value operand,
                                         int64_t heads)
    : emission(emission), builder(builder), loc(operand.getLoc()),
      math(builder, loc), source(operand),
      map(operand.getDefiningOp<FeatureMapOp>()),
      columns(cast<RankedTensorType>(operand.getType()).getDimSize(2) / heads) {
  if (map) {
    source = map.getInput();
    isInline = mapsElements(map);
  }
}

LogicalResult LinearAttentionRows::supports(Value operand,
                                            std::string &reason) {
  if (isa<BlockArgument>(operand))
    return success();
  auto map = operand.getDefiningOp<FeatureMapOp>();
  if (map && operand == map.getResult() &&
      llvm::all_of(map->getOperands(), llvm::IsaPred<BlockArgument>))
    return success();
  reason = "queries and keys must be operands of the kernel or features of "
           "such";
  return failure();
}

void LinearAttentionRows::enter(func::FuncOp function) {
  buffer =
      emission.getInput(function, cast<BlockArgument>(source).getArgNumber());
}

void LinearAttentionRows::prepare(func::FuncOp task, ScratchAllocator &scratch,
                                  int64_t tokens) {
  if (!areStored())
    return;
  int64_t width = llvm::alignTo(columns, emission.target.getLanes());
  Type f32 = builder.getF32Type();
  stored = scratch.allocate(builder, loc, {tokens, width}, f32);
  if (map.getLogScale())
    scales = scratch.allocate(builder, loc, {tokens}, f32);
  features.emplace(emission, builder, map, tokens);
  features->prepare(task, scratch);
}

Value LinearAttentionRows::getBatch() const { return math.dim(buffer, 0); }
Value LinearAttentionRows::getLength() const { return math.dim(buffer, 1); }

void LinearAttentionRows::select(Value batch, Value head, Value first,
                                 Value count) {
  this->batch = batch;
  this->first = first;
  if (!areStored()) {
    column = math.mul(head, columns);
    return;
  }
  features->emit(batch, head, first, count, stored, scales);
}

Value LinearAttentionRows::load(const NumberMath &number, Value row,
                                Value place, Value mask) const {
  if (areStored())
    return number.load(stored, {row, place}, mask);
  Value x = number.load(
      buffer, {batch, math.add(first, row), math.add(column, place)}, mask);
  if (!map)
    return x;
  x = apply(number, x);
  return mask ? number.select(mask, x, number.zero()) : x;
}

Value LinearAttentionRows::apply(const NumberMath &number, Value x) const {
  if (double scale = map.getScale().convertToDouble(); scale != 1.0)
    x = number.mul(x, number.constant(scale));
  switch (map.getMap()) {
  case FeatureMap::elu1: {
    // Exponents above zero are not used; below, the fast form is precise
    // enough: what it flushes is nothing beside one.
    Value below = emitClampAbove(builder, loc, x, 0.0f);
    Value exponential = emitExp2Flush(
        builder, loc, number.mul(below, number.constant(M_LOG2E)));
    x = number.select(number.greater(x, number.zero()),
                      number.add(x, number.constant(1)), exponential);
    break;
  }
  case FeatureMap::relu:
    x = emitClampBelow(builder, loc, x, 0.0f);
    break;
  case FeatureMap::exp:
    x = emitExp(builder, loc, x);
    break;
  default:
    break;
  }
  if (double epsilon = map.getEpsilon().convertToDouble(); epsilon != 0.0)
    x = number.add(x, number.constant(epsilon));
  return x;
}

void LinearAttentionRows::prefetch(Value token) const {
  if (areStored())
    return;
  emitPlainLoop(builder, loc, math.constant(0), math.constant(columns),
                math.constant(kLineElements),
                [&](OpBuilder &, Location, Value place) {
                  memref::PrefetchOp::create(
                      builder, loc, buffer,
                      ValueRange{batch, token, math.add(column, place)},
                      /*isWrite=*/false, /*localityHint=*/2,
                      /*isDataCache=*/true);
                });
}
