//===- AttentionEmitter.cpp - The loops around attention's tiles ----------===//
#include "AttentionEmitter.h"
#include "IndexMath.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

AttentionEmitter::AttentionEmitter(const KernelEmission &emission,
                                   AttentionOp op,
                                   const AttentionTiling &tiling)
    : emission(emission), op(op), tiling(tiling) {
  cap = op.getSoftcap().convertToFloat();
  causal = op.getCausal();
  isNatural = op.getBias() != nullptr;
  hasBiasOfKeys =
      isNatural &&
      cast<RankedTensorType>(op.getBias().getType()).getDimSize(2) == 1;
  // The cap applies to scores as they are.
  scale = op.getScale().convertToFloat();
  if (!isNatural && cap == 0.0f)
    scale = static_cast<float>(op.getScale().convertToFloat() * M_LOG2E);
  vectorType =
      VectorType::get({tiling.lanes}, Float32Type::get(op.getContext()));
  headDim = op.getHeadDim();
  valueDim = op.getValueDim();
}

Value AttentionEmitter::loadVector(OpBuilder &builder, Location loc,
                                   Value memref, ValueRange indices) const {
  return vector::LoadOp::create(builder, loc, vectorType, memref, indices);
}

Value AttentionEmitter::loadSplat(OpBuilder &builder, Location loc,
                                  Value memref, ValueRange indices) const {
  Value element = memref::LoadOp::create(builder, loc, memref, indices);
  return vector::BroadcastOp::create(builder, loc, vectorType, element);
}

Value AttentionEmitter::splat(OpBuilder &builder, Location loc,
                              float value) const {
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(vectorType, value));
}

static unsigned getArgument(Value value) {
  return cast<BlockArgument>(value).getArgNumber();
}

Value AttentionEmitter::emitSpan(OpBuilder &builder, Location loc,
                                 Value key) const {
  IndexMath math(builder, loc);
  int64_t single = tiling.getBlockQueries();
  if (tiling.qblocks == 1)
    return math.constant(single);
  int64_t bytesPerKey = (headDim + valueDim) * 4;
  int64_t fitting = emission.target.l2Bytes / 2 / bytesPerKey;
  Value isLong = math.less(math.constant(fitting), math.dim(key, 1));
  return math.select(isLong, math.constant(single * tiling.qblocks),
                     math.constant(single));
}

void AttentionEmitter::emitGrid(OpBuilder &builder, Location loc) {
  IndexMath math(builder, loc);
  Value gridQuery =
      emission.getInput(emission.grid, getArgument(op.getQuery()));
  Value gridKey = emission.getInput(emission.grid, getArgument(op.getKey()));
  Value blocks =
      math.ceilDiv(math.dim(gridQuery, 1), emitSpan(builder, loc, gridKey));
  Value heads = math.mul(math.dim(gridQuery, 0), op.getHeads());
  Value tasks = math.select(emitIsFew(builder, loc, gridQuery),
                            math.mul(heads, math.dim(gridQuery, 1)),
                            math.mul(heads, blocks));
  func::ReturnOp::create(builder, loc, tasks);
}

void AttentionEmitter::emitTask(OpBuilder &builder, Location loc) {
  IndexMath math(builder, loc);
  func::FuncOp task = emission.task;
  query = emission.getInput(task, getArgument(op.getQuery()));
  key = emission.getInput(task, getArgument(op.getKey()));
  value = emission.getInput(task, getArgument(op.getValue()));
  mask = op.getKeyMask() ? emission.getInput(task, getArgument(op.getKeyMask()))
                         : Value();
  bias = op.getBias() ? emission.getInput(task, getArgument(op.getBias()))
                      : Value();
  output = emission.getOutput(task, 0);
  queries = math.dim(query, 1);

  int64_t rowBytes = 0, tileBytes = 0;
  scf::IfOp::create(
      builder, loc, emitIsFew(builder, loc, query),
      [&](OpBuilder &b, Location l) {
        rowBytes = emitRow(b, l);
        scf::YieldOp::create(b, l);
      },
      [&](OpBuilder &b, Location l) {
        tileBytes = emitTiles(b, l);
        scf::YieldOp::create(b, l);
      });
  emission.setScratchBytes(std::max(rowBytes, tileBytes));
  func::ReturnOp::create(builder, loc);
}

void AttentionEmitter::setHead(OpBuilder &builder, Location loc, Value index) {
  IndexMath math(builder, loc);
  Value heads = math.constant(op.getHeads());
  Value head = math.rem(index, heads);
  batch = math.div(index, heads);
  Value group = math.div(head, math.constant(op.getHeads() / op.getKvHeads()));
  queryColumn = math.mul(head, headDim);
  keyColumn = math.mul(group, headDim);
  valueColumn = math.mul(group, valueDim);
  outputColumn = math.mul(head, valueDim);
  if (bias) {
    biasBatch = emitBiasIndex(builder, loc, 0, batch);
    biasHead = emitBiasIndex(builder, loc, 1, head);
  }
}

int64_t AttentionEmitter::emitTiles(OpBuilder &builder, Location loc) {
  IndexMath math(builder, loc);
  Type f32 = builder.getF32Type();
  int64_t qb = tiling.getBlockQueries();
  ScratchAllocator scratch(emission.getScratch());
  packed = scratch.allocate(builder, loc, {tiling.qblocks, headDim, qb}, f32);
  context = scratch.allocate(builder, loc, {tiling.qblocks, valueDim, qb}, f32);
  maximum = scratch.allocate(builder, loc, {tiling.qblocks, qb}, f32);
  sum = scratch.allocate(builder, loc, {tiling.qblocks, qb}, f32);
  scores = scratch.allocate(builder, loc, {tiling.kb, qb}, f32);
  if (mask)
    bounds = scratch.allocate(builder, loc, {tiling.kb}, f32);
  if (bias && !hasBiasOfKeys)
    packedBias = scratch.allocate(builder, loc, {tiling.kb, qb}, f32);

  // Tasks of one head follow each other: its keys stay in the cache.
  Value span = emitSpan(builder, loc, key);
  Value blocks = math.ceilDiv(queries, span);
  Value index = emission.getTaskIndex();
  Value block = math.rem(index, blocks);
  // The longest tasks first, so that threads end together.
  if (causal != Causal::none)
    block = math.sub(math.sub(blocks, math.constant(1)), block);
  setHead(builder, loc, math.div(index, blocks));
  queryBegin = math.mul(block, span);
  Value count = math.min(span, math.sub(queries, queryBegin));
  Value subBlocks = math.ceilDiv(count, math.constant(qb));

  Value zero = math.constant(0), one = math.constant(1);
  auto forSubBlocks = [&](auto body) {
    emitPlainLoop(builder, loc, zero, subBlocks, one,
                  [&](OpBuilder &b, Location l, Value sub) {
                    IndexMath inner(b, l);
                    body(b, l, sub, inner.sub(count, inner.mul(sub, qb)));
                  });
  };
  forSubBlocks([&](OpBuilder &b, Location l, Value sub, Value left) {
    emitPrepare(b, l, sub, left);
  });
  auto [keyBegin, keyEnd] = emitKeyRange(builder, loc);
  if (causal != Causal::none) {
    keyEnd = math.min(keyEnd,
                      emitKeyLimit(builder, loc, math.add(queryBegin, count)));
    keyBegin = math.min(keyBegin, keyEnd);
  }
  emitKeyBlocks(builder, loc, keyBegin, keyEnd, count, subBlocks);
  forSubBlocks([&](OpBuilder &b, Location l, Value sub, Value left) {
    emitFinish(b, l, sub, left);
  });
  return scratch.getBytes();
}

std::pair<Value, Value> AttentionEmitter::emitKeyRange(OpBuilder &builder,
                                                       Location loc) const {
  IndexMath math(builder, loc);
  Value zero = math.constant(0), one = math.constant(1);
  Value keys = math.dim(key, 1);
  if (!mask)
    return {zero, keys};
  SmallVector<Value> range = emitLoop(
      builder, loc, zero, keys, one, {keys, zero},
      [&](OpBuilder &b, Location l, Value k,
          ValueRange carried) -> SmallVector<Value> {
        IndexMath inner(b, l);
        Value word = memref::LoadOp::create(b, l, mask, ValueRange{batch, k});
        Value none = arith::ConstantIntOp::create(b, l, 0, 64);
        Value kept =
            arith::CmpIOp::create(b, l, arith::CmpIPredicate::ne, word, none);
        Value first = inner.select(kept, inner.min(carried[0], k), carried[0]);
        Value last = inner.select(kept, inner.add(k, 1), carried[1]);
        return {first, last};
      });
  // Without any key the loop leaves first > last.
  return {math.min(range[0], range[1]), range[1]};
}

void AttentionEmitter::emitKeyBlocks(OpBuilder &builder, Location loc,
                                     Value keyBegin, Value keyEnd, Value count,
                                     Value subBlocks) const {
  IndexMath math(builder, loc);
  Value zero = math.constant(0), one = math.constant(1);
  // Blocks of about equal size, in whole register tiles.
  Value keys = math.sub(keyEnd, keyBegin);
  Value numBlocks = math.max(math.ceilDiv(keys, math.constant(tiling.kb)), one);
  Value mr = math.constant(tiling.mr);
  Value size = math.mul(math.ceilDiv(math.ceilDiv(keys, numBlocks), mr), mr);
  size = math.max(size, mr);
  emitPlainLoop(
      builder, loc, keyBegin, keyEnd, size,
      [&](OpBuilder &b, Location l, Value blockBegin) {
        IndexMath outer(b, l);
        Value blockKeys = outer.min(size, outer.sub(keyEnd, blockBegin));
        if (mask)
          emitBounds(b, l, blockBegin, blockKeys);
        emitPlainLoop(
            b, l, zero, subBlocks, one,
            [&](OpBuilder &b, Location l, Value sub) {
              IndexMath inner(b, l);
              int64_t qb = tiling.getBlockQueries();
              Value first = inner.mul(sub, qb);
              Value left = inner.sub(count, first);
              if (causal == Causal::none) {
                emitUpdate(b, l, tiling.nv, left, sub, blockBegin, blockKeys);
                return;
              }
              Value last = inner.min(inner.add(first, qb), count);
              Value limit = emitKeyLimit(b, l, inner.add(queryBegin, last));
              Value seen = inner.sub(inner.max(limit, blockBegin), blockBegin);
              seen = inner.min(seen, blockKeys);
              scf::IfOp::create(
                  b, l, inner.less(zero, seen), [&](OpBuilder &b, Location l) {
                    emitUpdate(b, l, tiling.nv, left, sub, blockBegin, seen);
                    scf::YieldOp::create(b, l);
                  });
            });
      });
}

void AttentionEmitter::emitUpdate(OpBuilder &builder, Location loc, int64_t nv,
                                  Value left, Value sub, Value keyBegin,
                                  Value keys) const {
  if (nv == 1)
    return emitUpdate(builder, loc, nv, sub, keyBegin, keys);
  IndexMath math(builder, loc);
  Value isFull = math.less(math.constant((nv - 1) * tiling.lanes), left);
  scf::IfOp::create(
      builder, loc, isFull,
      [&](OpBuilder &b, Location l) {
        emitUpdate(b, l, nv, sub, keyBegin, keys);
        scf::YieldOp::create(b, l);
      },
      [&](OpBuilder &b, Location l) {
        emitUpdate(b, l, nv - 1, left, sub, keyBegin, keys);
        scf::YieldOp::create(b, l);
      });
}

void AttentionEmitter::emitBounds(OpBuilder &builder, Location loc,
                                  Value keyBegin, Value keys) const {
  IndexMath math(builder, loc);
  emitPlainLoop(
      builder, loc, math.constant(0), keys, math.constant(1),
      [&](OpBuilder &b, Location l, Value k) {
        Value position = IndexMath(b, l).add(keyBegin, k);
        Value word =
            memref::LoadOp::create(b, l, mask, ValueRange{batch, position});
        Value none = arith::ConstantIntOp::create(b, l, 0, 64);
        Value kept =
            arith::CmpIOp::create(b, l, arith::CmpIPredicate::ne, word, none);
        auto constant = [&](float value) -> Value {
          return arith::ConstantOp::create(b, l, b.getF32FloatAttr(value));
        };
        constexpr float infinity = std::numeric_limits<float>::infinity();
        Value bound = arith::SelectOp::create(b, l, kept, constant(infinity),
                                              constant(-infinity));
        memref::StoreOp::create(b, l, bound, bounds, k);
      });
}
