//===- LinearAttention.cpp - The family of linear attention ---------------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"
#include "VectorMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"

using namespace mlir;
using namespace attune;

namespace {

/// Query heads whose results one pass over the state computes.
constexpr int64_t kHeads = 4;

/// Token by token. Columns of the state do not depend on each other, so that an
/// item is a few vectors of columns of one head, which stay where `present` has
/// them; a token reads them once, and once more before for the delta rules.
class LinearAttentionEmitter {
public:
  LinearAttentionEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<LinearAttentionOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc),
        scalar(builder, loc, builder.getF32Type()),
        vector(scalar.with(emission.target.getLanes())),
        lanes(vector.getLanes()), keyDim(op.getKeyDim()),
        valueDim(op.getValueDim()), kvHeads(op.getKvHeads()),
        group(static_cast<int64_t>(op.getHeads()) / kvHeads),
        vectors(valueDim > lanes ? 2 : 1),
        isWhole(valueDim % (lanes * vectors) == 0),
        decaysEach(op.getDecay() &&
                   op.getDecay().getType().getDimSize(2) == kvHeads * keyDim),
        isGated(op.isGated()), isDelta(op.isDelta()) {}

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) { emitItem(item); });
  }

private:
  ItemCounts prepare(func::FuncOp function) {
    auto buffer = [&](Value operand) {
      return operand ? getOperandBuffer(emission, function, operand) : Value();
    };
    query = buffer(op.getQuery());
    key = buffer(op.getKey());
    value = buffer(op.getValue());
    decay = buffer(op.getDecay());
    beta = buffer(op.getBeta());
    past = buffer(op.getPast());
    output = emission.getOutput(function, 0);
    present = emission.getOutput(function, 1);
    int64_t width = lanes * vectors;
    blocks = (valueDim + width - 1) / width;
    if (function == emission.task && decaysEach) {
      ScratchAllocator scratch(emission.getScratch());
      factors = scratch.allocate(builder, loc, keyDim, builder.getF32Type());
      emission.setScratchBytes(scratch.getBytes());
    }
    Value each = math.mul(math.dim(query, 1), keyDim * vectors);
    return {math.mul(math.dim(query, 0), kvHeads * blocks),
            emitItemsOfTask(builder, loc, each)};
  }

  using Vectors = SmallVector<Value>;

  Vectors load(Value memref, ArrayRef<Value> indices, Value column) const {
    Vectors result;
    for (int64_t v = 0; v < vectors; ++v) {
      SmallVector<Value> place(indices);
      place.push_back(math.add(column, v * lanes));
      result.push_back(vector.load(memref, place, masks[v]));
    }
    return result;
  }
  void store(ArrayRef<Value> values, Value memref, ArrayRef<Value> indices,
             Value column) const {
    for (int64_t v = 0; v < vectors; ++v) {
      SmallVector<Value> place(indices);
      place.push_back(math.add(column, v * lanes));
      vector.store(values[v], memref, place, masks[v]);
    }
  }

  void emitItem(Value item) {
    Value count = math.constant(blocks);
    Value first = math.mul(math.rem(item, count), lanes * vectors);
    Value rest = math.div(item, count);
    Value head = math.rem(rest, math.constant(kvHeads));
    Value batch = math.div(rest, math.constant(kvHeads));
    masks.assign(vectors, Value());
    if (!isWhole)
      for (int64_t v = 0; v < vectors; ++v) {
        Value column = math.add(first, v * lanes),
              end = math.constant(valueDim);
        Value left = math.sub(end, math.min(column, end));
        masks[v] = createTailMask(builder, loc, lanes, left);
      }
    forEachKey([&](Value i) {
      Vectors row(vectors, vector.zero());
      if (past)
        row = load(past, {batch, head, i}, first);
      store(row, present, {batch, head, i}, first);
    });
    emitPlainLoop(builder, loc, math.constant(0), math.dim(query, 1),
                  math.constant(1), [&](OpBuilder &, Location, Value token) {
                    emitToken(batch, head, token, first);
                  });
  }

  void forEachKey(function_ref<void(Value)> body) {
    emitPlainLoop(builder, loc, math.constant(0), math.constant(keyDim),
                  math.constant(1),
                  [&](OpBuilder &, Location, Value i) { body(i); });
  }
  /// A pass over the rows of the state that adds up.
  Vectors overKeys(ValueRange init,
                   function_ref<Vectors(Value, ValueRange)> body) {
    return emitLoop(builder, loc, math.constant(0), math.constant(keyDim),
                    math.constant(1), init,
                    [&](OpBuilder &, Location, Value i, ValueRange carried) {
                      return body(i, carried);
                    });
  }

  void emitToken(Value batch, Value head, Value token, Value first) {
    Value keys = math.mul(head, keyDim);
    Value common;
    if (decaysEach)
      emitColumns(builder, loc, math.constant(0), math.constant(keyDim), lanes,
                  /*masked=*/true, [&](Value i, int64_t width, Value mask) {
                    NumberMath number = scalar.with(width);
                    Value g = number.load(
                        decay, {batch, token, math.add(keys, i)}, mask);
                    number.store(emitExp(builder, loc, g), factors, i, mask);
                  });
    else if (isGated)
      common = emitExp(builder, loc, scalar.load(decay, {batch, token, head}));
    auto factor = [&](Value i) {
      return common ? common : scalar.load(factors, i);
    };
    auto keyAt = [&](Value i) {
      return scalar.load(key, {batch, token, math.add(keys, i)});
    };

    Vectors written =
        load(value, {batch, token}, math.add(math.mul(head, valueDim), first));
    if (isDelta) {
      Vectors found = overKeys(
          Vectors(vectors, vector.zero()), [&](Value i, ValueRange carried) {
            Value k = keyAt(i);
            if (isGated)
              k = scalar.mul(k, factor(i));
            Vectors row = load(present, {batch, head, i}, first), next;
            for (int64_t v = 0; v < vectors; ++v)
              next.push_back(
                  vector.mulAdd(vector.splat(k), row[v], carried[v]));
            return next;
          });
      Value column =
          op.getBeta().getType().getDimSize(2) == 1 ? math.constant(0) : head;
      Value rate = vector.splat(scalar.load(beta, {batch, token, column}));
      for (int64_t v = 0; v < vectors; ++v)
        written[v] = vector.mul(rate, vector.sub(written[v], found[v]));
    }

    Value scale = vector.constant(op.getScale().convertToDouble());
    for (int64_t from = 0; from < group; from += kHeads) {
      int64_t heads = std::min(kHeads, group - from);
      Value query0 = math.add(math.mul(head, group), from);
      Vectors totals = overKeys(
          Vectors(heads * vectors, vector.zero()),
          [&](Value i, ValueRange carried) {
            Vectors row = load(present, {batch, head, i}, first), next;
            if (from == 0) {
              Value k = vector.splat(keyAt(i));
              for (int64_t v = 0; v < vectors; ++v) {
                if (isGated)
                  row[v] = vector.mul(vector.splat(factor(i)), row[v]);
                row[v] = vector.mulAdd(k, written[v], row[v]);
              }
              store(row, present, {batch, head, i}, first);
            }
            for (int64_t h = 0; h < heads; ++h) {
              Value place = math.add(math.mul(math.add(query0, h), keyDim), i);
              Value q = vector.splat(scalar.load(query, {batch, token, place}));
              for (int64_t v = 0; v < vectors; ++v)
                next.push_back(
                    vector.mulAdd(q, row[v], carried[h * vectors + v]));
            }
            return next;
          });
      for (int64_t h = 0; h < heads; ++h) {
        Vectors result;
        for (int64_t v = 0; v < vectors; ++v)
          result.push_back(vector.mul(scale, totals[h * vectors + v]));
        store(result, output, {batch, token},
              math.add(math.mul(math.add(query0, h), valueDim), first));
      }
    }
  }

  KernelEmission &emission;
  OpBuilder &builder;
  LinearAttentionOp op;
  Location loc;
  IndexMath math;
  NumberMath scalar, vector;
  int64_t lanes, keyDim, valueDim, kvHeads, group, vectors, blocks = 1;
  bool isWhole, decaysEach, isGated, isDelta;
  Value query, key, value, decay, beta, past, output, present;
  Value factors; ///< of decay, for each key column
  SmallVector<Value> masks;
};

class LinearAttentionFamily : public KernelFamily {
public:
  StringRef getName() const override { return "linear_attention"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    LinearAttentionEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createLinearAttentionFamily() {
  return std::make_unique<LinearAttentionFamily>();
}
