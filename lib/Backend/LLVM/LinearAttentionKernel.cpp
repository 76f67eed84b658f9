//===- LinearAttentionKernel.cpp - What its forms share -------------------===//
#include "LinearAttentionKernel.h"
#include "VectorMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

/// Scratch memory for the columns of the state of one item, as long as there
/// are several panels of them.
static constexpr int64_t kMostStateBytes = int64_t(1) << 20;
/// Heads beside each other: rows of a kilobyte or two are as good as all.
static constexpr int64_t kMostHeads = 8;

LinearAttentionKernel::LinearAttentionKernel(
    KernelEmission &emission, OpBuilder &builder,
    const LinearAttentionTiling &tiling)
    : emission(emission), builder(builder),
      op(cast<LinearAttentionOp>(emission.kernel.getAnchor().getOperation())),
      tiling(tiling), loc(op.getLoc()), math(builder, loc),
      scalar(builder, loc, builder.getF32Type()),
      vector(scalar.with(tiling.lanes)), lanes(tiling.lanes),
      keyDim(op.getKeyDim()), valueDim(op.getValueDim()),
      kvHeads(op.getKvHeads()),
      group(static_cast<int64_t>(op.getHeads()) / kvHeads),
      paddedKeys(llvm::alignTo(keyDim, lanes)),
      panels(llvm::divideCeil(valueDim, tiling.getColumns())),
      isGated(op.isGated()), isDelta(op.isDelta()),
      decaysColumns(op.decaysColumns()),
      queryRows(emission, builder, op.getQuery(), op.getHeads()),
      keyRows(emission, builder, op.getKey(), kvHeads) {
  int64_t panelBytes = 4 * paddedKeys * tiling.getColumns();
  mostPanels = std::clamp<int64_t>(kMostStateBytes / panelBytes, 1, panels);
  // The states of all heads of an item stay in L2.
  int64_t stateBytes = panelBytes * panels;
  mostHeads = std::clamp<int64_t>(emission.target.l2Bytes / 4 / stateBytes, 1,
                                  kMostHeads);
}

ItemCounts LinearAttentionKernel::enter(func::FuncOp function) {
  auto buffer = [&](Value operand) {
    return operand && isa<BlockArgument>(operand)
               ? getOperandBuffer(emission, function, operand)
               : Value();
  };
  queryRows.enter(function);
  keyRows.enter(function);
  value = buffer(op.getValue());
  mask = buffer(op.getKeyMask());
  decay = buffer(op.getDecay());
  beta = buffer(op.getBeta());
  weights = buffer(op.getLogWeights());
  past = buffer(op.getPast());
  pastSum = buffer(op.getPastSum());
  pastMax = buffer(op.getPastMax());
  unsigned results = 0;
  auto result = [&](Value value) {
    return value ? emission.getOutput(function, results++) : Value();
  };
  output = result(op.getResult());
  present = result(op.getPresent());
  presentSum = result(op.getPresentSum());
  presentMax = result(op.getPresentMax());
  queries = queryRows.getLength();
  keys = keyRows.getLength();

  // Enough items for the threads: runs of columns of few heads.
  Value one = math.constant(1), tasks = math.constant(tiling.tasks);
  allHeads = math.mul(queryRows.getBatch(), kvHeads);
  countHeads = math.min(math.max(math.div(allHeads, tasks), one),
                        math.constant(mostHeads));
  Value wanted = math.ceilDiv(tasks, math.max(allHeads, one));
  countPanels = math.min(math.constant(mostPanels),
                         math.ceilDiv(math.constant(panels),
                                      math.min(wanted, math.constant(panels))));
  Value runs = math.ceilDiv(math.constant(panels), countPanels);
  // Steps on vectors of the state.
  Value tokens = math.add(queries, keys);
  Value each =
      math.mul(math.mul(tokens, keyDim), math.mul(countPanels, tiling.nv));
  each = math.mul(each, countHeads);
  return {math.mul(math.ceilDiv(allHeads, countHeads), runs),
          emitItemsOfTask(builder, loc, each)};
}

void LinearAttentionKernel::setItem(Value item) {
  Value all = math.constant(panels);
  Value runs = math.ceilDiv(all, countPanels);
  firstPanel = math.mul(math.rem(item, runs), countPanels);
  isFirst = math.less(firstPanel, math.constant(1));
  panelsOfItem = math.min(countPanels, math.sub(all, firstPanel));
  firstHead = math.mul(math.div(item, runs), countHeads);
  headsOfItem = math.min(countHeads, math.sub(allHeads, firstHead));
}

void LinearAttentionKernel::setHead(Value slot) {
  Value index = math.add(firstHead, slot);
  head = math.rem(index, math.constant(kvHeads));
  batch = math.div(index, math.constant(kvHeads));
}

Value LinearAttentionKernel::allocate(ScratchAllocator &scratch,
                                      ArrayRef<int64_t> shape) const {
  return scratch.allocate(builder, loc, shape, builder.getF32Type());
}

Value LinearAttentionKernel::loadMask(Value token) const {
  Value word =
      memref::LoadOp::create(builder, loc, mask, ValueRange{batch, token});
  Value none = arith::ConstantOp::create(
      builder, loc, builder.getIntegerAttr(word.getType(), 0));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, word,
                               none);
}

Value LinearAttentionKernel::loadDecay(Value token) const {
  if (cast<MemRefType>(decay.getType()).getRank() == 1)
    return scalar.load(decay, head);
  return scalar.load(decay, {batch, token, head});
}

Value LinearAttentionKernel::loadDecay(const NumberMath &number, Value token,
                                       Value column, Value mask) const {
  Value place = math.add(math.mul(head, keyDim), column);
  return number.load(decay, {batch, token, place}, mask);
}

Value LinearAttentionKernel::loadBeta(Value token) const {
  Value column =
      op.getBeta().getType().getDimSize(2) == 1 ? math.constant(0) : head;
  return scalar.load(beta, {batch, token, column});
}

Value LinearAttentionKernel::loadWeight(Value token, Value row) const {
  if (weights)
    return scalar.load(weights, {batch, token, head});
  return scalar.load(keyRows.getScales(), row);
}

Value LinearAttentionKernel::emitTail(int64_t extent, Value column) const {
  if (extent % lanes == 0)
    return {};
  Value end = math.constant(extent);
  return createTailMask(builder, loc, lanes,
                        math.sub(end, math.min(column, end)));
}

Value LinearAttentionKernel::getKeyMask(Value column) const {
  return emitTail(keyDim, column);
}

// The last panel may go beyond the columns by whole vectors.
Value LinearAttentionKernel::getValueMask(Value column) const {
  if (valueDim % tiling.getColumns() == 0)
    return {};
  Value end = math.constant(valueDim);
  return createTailMask(builder, loc, lanes,
                        math.sub(end, math.min(column, end)));
}

Value LinearAttentionKernel::emitReference(Value maximum) const {
  return scalar.select(scalar.greater(maximum, scalar.lowest()), maximum,
                       scalar.zero());
}

Value LinearAttentionKernel::emitRescale(Value maximum, Value reference) const {
  return emitExp(builder, loc, scalar.sub(maximum, reference));
}

Value LinearAttentionKernel::emitResultFactor(const NumberMath &number,
                                              Value sum,
                                              Value reference) const {
  Value scale = number.constant(op.getScale().convertToDouble());
  if (!hasSum()) {
    if (reference)
      scale = number.mul(scale, number.splat(emitExp(builder, loc, reference)));
    return scale;
  }
  // The epsilon is of the true sum, which is e^reference times as large.
  if (double epsilon = op.getDenominator()->convertToDouble(); epsilon != 0.0) {
    Value addend = scalar.constant(epsilon);
    if (reference)
      addend = scalar.mul(
          addend, emitExp(builder, loc, scalar.sub(scalar.zero(), reference)));
    sum = number.add(sum, number.splat(addend));
  }
  Value isZero = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                       sum, number.zero());
  return number.select(isZero, number.zero(), number.div(scale, sum));
}
