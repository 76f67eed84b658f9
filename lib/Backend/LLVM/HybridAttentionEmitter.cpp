//===- HybridAttentionEmitter.cpp - Near keys exactly, others by a state --===//
#include "HybridAttentionEmitter.h"
#include "HybridAttentionTiling.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

HybridAttentionEmitter::HybridAttentionEmitter(KernelEmission &emission,
                                               OpBuilder &builder)
    : emission(emission), builder(builder),
      op(cast<HybridAttentionOp>(emission.kernel.getAnchor().getOperation())),
      loc(op.getLoc()), math(builder, loc),
      scalar(builder, loc, builder.getF32Type()),
      vector(scalar.with(emission.target.getLanes())), lanes(vector.getLanes()),
      headDim(op.getHeadDim()), valueDim(op.getValueDim()),
      features(op.getFeatures()), heads(op.getHeads()),
      group(heads / static_cast<int64_t>(op.getKvHeads())),
      columns(llvm::alignTo(valueDim, lanes)),
      window(std::min<int64_t>(op.getWindow(), INT32_MAX)),
      isFull(op.getFull()) {
  HybridTiling tiling(emission.target);
  vectors = tiling.vectors;
  height = tiling.height;
  queriesOfBlock = vectors * lanes;
}

void HybridAttentionEmitter::emit() {
  emitItems(
      emission, builder,
      [&](func::FuncOp function) { return prepare(function); },
      [&](Value item) { emitItem(item); });
}

ItemCounts HybridAttentionEmitter::prepare(func::FuncOp function) {
  auto buffer = [&](Value operand) {
    return operand ? getOperandBuffer(emission, function, operand) : Value();
  };
  query = buffer(op.getQuery());
  key = buffer(op.getKey());
  value = buffer(op.getValue());
  queryFeatures = buffer(op.getQueryFeatures());
  keyFeatures = buffer(op.getKeyFeatures());
  queryScale = buffer(op.getQueryScale());
  keyScale = buffer(op.getKeyScale());
  mask = buffer(op.getKeyMask());
  output = emission.getOutput(function, 0);
  length = math.dim(query, 1);
  if (function == emission.task)
    allocate();
  return {math.mul(math.dim(query, 0), heads), math.constant(1)};
}

void HybridAttentionEmitter::allocate() {
  ScratchAllocator scratch(emission.getScratch());
  auto take = [&](ArrayRef<int64_t> shape) {
    return scratch.allocate(builder, loc, shape, builder.getF32Type());
  };
  auto padded = [&](int64_t extent) -> int64_t {
    return llvm::alignTo(extent, lanes);
  };
  int64_t width = queriesOfBlock;
  packedQuery = take({padded(headDim), width});
  packedFeatures = take({padded(features), width});
  packedScale = take({width});
  maximum = take({width});
  exponents = take({width, width});
  factors = take({width, width});
  context = take({columns + 1, width});
  weights = take({width});
  weighted = take({width, columns});
  behind = {take({features, columns}), take({padded(features)}), take({1})};
  if (isFull) {
    ahead = take({columns + 1, width});
    // One after the other: both use the same matrix.
    aheadState = {behind.matrix, take({padded(features)}), take({1})};
    keptSums = take({kKeptSums, padded(features)});
    keptScales = take({kKeptSums});
  }
  emission.setScratchBytes(scratch.getBytes());
}

int64_t HybridAttentionEmitter::getScratchBytes(HybridAttentionOp op,
                                                const TargetDesc &target) {
  int64_t width = HybridTiling(target).vectors * target.getLanes();
  int64_t columns = op.getValueDim() + target.getLanes();
  int64_t features = op.getFeatures() + target.getLanes();
  int64_t elements =
      width * (op.getHeadDim() + features + 3 * columns + 2 * width + 64) +
      features * (columns + 2 + (op.getFull() ? kKeptSums : 0));
  return 4 * elements;
}

void HybridAttentionEmitter::forRange(Value begin, Value end, int64_t step,
                                      function_ref<void(Value)> body) {
  emitPlainLoop(builder, loc, begin, end, math.constant(step),
                [&](OpBuilder &, Location, Value index) { body(index); });
}

void HybridAttentionEmitter::doIf(Value condition, function_ref<void()> body) {
  scf::IfOp::create(builder, loc, condition, [&](OpBuilder &, Location) {
    body();
    scf::YieldOp::create(builder, loc);
  });
}

void HybridAttentionEmitter::forEachVector(
    function_ref<void(int64_t, Value)> body) {
  for (int64_t v = 0; v < vectors; ++v)
    body(v, math.constant(v * lanes));
}

void HybridAttentionEmitter::emitItem(Value item) {
  head = math.rem(item, math.constant(heads));
  batch = math.div(item, math.constant(heads));
  Value kvHead = math.div(head, math.constant(group));
  queryColumn = math.mul(head, headDim);
  keyColumn = math.mul(kvHead, headDim);
  valueColumn = math.mul(kvHead, valueDim);
  featureColumn = math.mul(head, features);
  outputColumn = math.mul(head, valueDim);
  if (isFull)
    emitAhead();
  clear(behind);
  Value sinks = math.min(math.constant(op.getSinks()), length);
  emitLoop(builder, loc, math.constant(0), length,
           math.constant(queriesOfBlock), sinks,
           [&](OpBuilder &, Location, Value first,
               ValueRange carried) -> SmallVector<Value> {
             // The end of the keys that are far behind the first query.
             Value after = math.add(first, 1), width = math.constant(window);
             Value end = math.sub(math.max(after, width), width);
             end = math.min(math.max(end, sinks), length);
             takeUp(behind, {carried[0], end}, /*all=*/true);
             beginBlock(first);
             readMatrix(behind, context);
             readSum(behind, context);
             Values state = emitExponents(behind, context);
             forEachVector([&](int64_t v, Value lane) {
               vector.store(state[v], maximum, lane);
             });
             if (isFull)
               emitBlockAhead(first);
             Value seen = math.add(lastQuery, 1);
             Value last = isFull ? emitAheadBegin(first) : seen;
             Value lastSink = isFull ? sinks : math.min(sinks, seen);
             emitKeys({math.constant(0), lastSink}, /*isNear=*/true);
             emitKeys({end, last}, /*isNear=*/false);
             emitFinish(/*divides=*/true);
             return {end};
           });
}

void HybridAttentionEmitter::beginBlock(Value first) {
  firstQuery = first;
  Value last = math.add(first, queriesOfBlock - 1);
  lastQuery = math.min(last, math.sub(length, math.constant(1)));
  packRows(query, queryColumn, headDim, op.getScale().convertToDouble(),
           packedQuery);
  packRows(queryFeatures, featureColumn, features, 1, packedFeatures);
  forRange(math.constant(0), math.constant(queriesOfBlock), 1, [&](Value lane) {
    Value token = math.min(math.add(firstQuery, lane), lastQuery);
    scalar.store(loadScale(queryScale, token), packedScale, lane);
  });
}

// Lanes beyond the last query repeat it: their results are not stored.
void HybridAttentionEmitter::packRows(Value memref, Value column, int64_t count,
                                      double scale, Value target) {
  forRange(math.constant(0), math.constant(queriesOfBlock), lanes,
           [&](Value lane) {
             SmallVector<Value> rows;
             for (int64_t i = 0; i < lanes; ++i)
               rows.push_back(math.min(math.add(firstQuery, math.add(lane, i)),
                                       lastQuery));
             emitVectorLoop(
                 builder, loc, math.constant(count), lanes, {},
                 [&](OpBuilder &, Location, Value d, Value mask,
                     ValueRange) -> SmallVector<Value> {
                   SmallVector<Value> square;
                   for (Value row : rows)
                     square.push_back(vector.load(
                         memref, {batch, row, math.add(column, d)}, mask));
                   emitTranspose(builder, loc, square);
                   for (auto [i, each] : llvm::enumerate(square)) {
                     Value scaled =
                         scale == 1 ? each
                                    : vector.mul(each, vector.constant(scale));
                     vector.store(scaled, target, {math.add(d, i), lane});
                   }
                   return {};
                 });
           });
}

void HybridAttentionEmitter::emitFinish(bool divides) {
  Value one = vector.constant(1), last = math.sub(lastQuery, firstQuery);
  forRange(
      math.constant(0), math.constant(queriesOfBlock), lanes, [&](Value lane) {
        Value factor;
        if (divides) {
          Value sum = vector.load(context, {math.constant(columns), lane});
          Value isEmpty = arith::CmpFOp::create(
              builder, loc, arith::CmpFPredicate::OEQ, sum, vector.zero());
          factor = vector.select(isEmpty, vector.zero(), vector.div(one, sum));
        }
        emitVectorLoop(
            builder, loc, math.constant(valueDim), lanes, {},
            [&](OpBuilder &, Location, Value d, Value mask,
                ValueRange) -> SmallVector<Value> {
              SmallVector<Value> square;
              for (int64_t i = 0; i < lanes; ++i) {
                Value sums = vector.load(context, {math.add(d, i), lane});
                square.push_back(divides ? vector.mul(factor, sums) : sums);
              }
              emitTranspose(builder, loc, square);
              for (auto [i, each] : llvm::enumerate(square)) {
                Value row = math.add(lane, i);
                doIf(math.atLeast(last, row), [&] {
                  vector.store(each, output,
                               {batch, math.add(firstQuery, row),
                                math.add(outputColumn, d)},
                               mask);
                });
              }
              return {};
            });
      });
}

//===----------------------------------------------------------------------===//
// Keys ahead
//===----------------------------------------------------------------------===//

Value HybridAttentionEmitter::emitAheadBegin(Value first) {
  int64_t distance = queriesOfBlock - 1 + std::max<int64_t>(window, 1);
  Value sinks = math.constant(op.getSinks());
  return math.min(math.max(math.add(first, distance), sinks), length);
}

// From the last block on. A block's part of the result is stored in its rows
// without any division, at the scale of the state.
void HybridAttentionEmitter::emitAhead() {
  clear(aheadState);
  Value zero = math.constant(0), one = math.constant(1);
  Value size = math.constant(queriesOfBlock);
  Value blocks = math.ceilDiv(length, size);
  blocksOfKept = math.max(math.ceilDiv(blocks, math.constant(kKeptSums)), one);
  emitLoop(builder, loc, math.constant(0), blocks, one, length,
           [&](OpBuilder &, Location, Value index,
               ValueRange carried) -> SmallVector<Value> {
             Value block = math.sub(math.sub(blocks, one), index);
             Value first = math.mul(block, queriesOfBlock);
             Value begin = emitAheadBegin(first);
             takeUp(aheadState, {begin, carried[0]}, /*all=*/true);
             beginBlock(first);
             readMatrix(aheadState, context);
             emitFinish(/*divides=*/false);
             Value isKept = arith::CmpIOp::create(
                 builder, loc, arith::CmpIPredicate::eq,
                 math.rem(block, blocksOfKept), math.constant(0));
             doIf(isKept, [&] {
               copySum(aheadState.sum, {}, keptSums,
                       math.div(block, blocksOfKept));
               scalar.store(scalar.load(aheadState.largest, zero), keptScales,
                            math.div(block, blocksOfKept));
             });
             return {begin};
           });
}

/// Adds what the keys ahead give to the block.
void HybridAttentionEmitter::emitBlockAhead(Value first) {
  Value size = math.constant(queriesOfBlock), zero = math.constant(0);
  Value kept = math.ceilDiv(math.div(first, size), blocksOfKept);
  Value from = math.mul(math.mul(kept, blocksOfKept), size);
  auto branch = scf::IfOp::create(
      builder, loc, math.less(from, length),
      [&](OpBuilder &, Location) {
        copySum(keptSums, kept, aheadState.sum, {});
        scalar.store(scalar.load(keptScales, kept), aheadState.largest, zero);
        scf::YieldOp::create(builder, loc, emitAheadBegin(from));
      },
      [&](OpBuilder &, Location) {
        clearSum(aheadState);
        scf::YieldOp::create(builder, loc, length);
      });
  takeUp(aheadState, {emitAheadBegin(first), branch.getResult(0)},
         /*all=*/false);
  packRows(output, outputColumn, valueDim, 1, ahead);
  readSum(aheadState, ahead);
  Values state = emitExponents(aheadState, ahead), own, others;
  forEachVector([&](int64_t v, Value lane) {
    Value old = vector.load(maximum, lane);
    Value both = larger(vector, old, state[v]);
    own.push_back(emitPower(vector.sub(old, both)));
    others.push_back(emitPower(vector.sub(state[v], both)));
    vector.store(both, maximum, lane);
  });
  forRange(zero, math.constant(columns + 1), 1, [&](Value row) {
    forEachVector([&](int64_t v, Value lane) {
      Value sum = vector.mul(own[v], vector.load(context, {row, lane}));
      Value other = vector.load(ahead, {row, lane});
      vector.store(vector.mulAdd(others[v], other, sum), context, {row, lane});
    });
  });
}
