//===- LinearAttentionChunked.cpp - Linear attention by chunks ------------===//
#include "LinearAttentionChunked.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

/// Key columns beyond which the state is better left where it is.
static constexpr int64_t kMostKeyDim = int64_t(1) << 16;

ChunkedLinearAttention::ChunkedLinearAttention(LinearAttentionKernel &kernel)
    : k(kernel), builder(kernel.builder), loc(kernel.loc), math(kernel.math),
      scalar(kernel.scalar), vector(kernel.vector), lanes(kernel.lanes),
      mr(kernel.tiling.mr), nv(kernel.tiling.nv),
      columns(kernel.tiling.getColumns()),
      chunkRows(llvm::alignTo(kernel.tiling.chunk, mr)),
      chunkColumns(llvm::alignTo(kernel.tiling.chunk, columns)),
      isDynamic(kernel.isGated || kernel.hasWeights()) {}

bool ChunkedLinearAttention::supports(LinearAttentionOp op) {
  return op.isAssociative() && op.getKeyDim() <= kMostKeyDim;
}

int64_t
ChunkedLinearAttention::getChunkBytes(LinearAttentionOp op,
                                      const LinearAttentionTiling &tiling) {
  int64_t keyDim = op.getKeyDim(), valueDim = op.getValueDim();
  return 4 * (keyDim * valueDim +
              tiling.chunk * (2 * keyDim + valueDim + tiling.chunk));
}

void ChunkedLinearAttention::prepare(ScratchAllocator &scratch) {
  int64_t chunk = k.tiling.chunk, depth = k.paddedKeys;
  int64_t slots = isDynamic ? 1 : k.mostHeads;
  if (k.op.getFull())
    keys = k.allocate(scratch, {int64_t(llvm::alignTo(chunk, lanes)), depth});
  else
    keys = k.allocate(scratch, {depth, chunkColumns});
  allPanels =
      k.allocate(scratch, {slots, k.mostPanels, depth + chunk, columns});
  left = k.allocate(scratch, {chunkRows, depth + chunkColumns});
  if (k.hasSum()) {
    allRight = k.allocate(scratch, {slots, depth + chunkColumns});
    added = k.allocate(scratch, {depth});
    results = k.allocate(scratch, {int64_t(llvm::alignTo(chunkRows, lanes))});
  }
  if (k.isDelta)
    prepareDelta(scratch);
  int64_t padded = llvm::alignTo(chunk, lanes);
  if (k.hasWeights()) {
    maximum = k.allocate(scratch, {1});
    keyFactors = k.allocate(scratch, {padded});
  } else if (k.decaysColumns) {
    exponents = k.allocate(scratch, {chunk, depth});
    decays = k.allocate(scratch, {depth});
  } else if (k.isGated) {
    keyFactors = k.allocate(scratch, {padded});
    queryFactors = k.allocate(scratch, {padded});
  }
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void ChunkedLinearAttention::forEach(Value end, int64_t step,
                                     function_ref<void(Value)> body) {
  emitPlainLoop(builder, loc, math.constant(0), end, math.constant(step),
                [&](OpBuilder &, Location, Value index) { body(index); });
}

void ChunkedLinearAttention::forEachKeyVector(function_ref<void(Value)> body) {
  forEach(math.constant(k.paddedKeys), lanes, body);
}

void ChunkedLinearAttention::forEachPanel(function_ref<void(Value)> body) {
  forEach(k.panelsOfItem, 1, body);
}

Value ChunkedLinearAttention::getValueColumn(Value panel, int64_t v) const {
  return math.add(math.mul(math.add(k.firstPanel, panel), columns), v * lanes);
}

ChunkedLinearAttention::Values
ChunkedLinearAttention::emitTile(int64_t rows, ValueRange init, Value begin,
                                 Value end, TileOperand left,
                                 TileOperand right) {
  return emitUnrolledLoop(
      builder, loc, math.sub(end, begin), k.tiling.unroll, init,
      [&](OpBuilder &, Location, Value step,
          ValueRange carried) -> SmallVector<Value> {
        Value index = math.add(begin, step);
        SmallVector<Value> next(carried), vectors;
        for (int64_t v = 0; v < nv; ++v)
          vectors.push_back(right(v, index));
        for (int64_t i = 0; i < rows; ++i) {
          Value element = vector.splat(left(i, index));
          for (int64_t v = 0; v < nv; ++v)
            next[i * nv + v] =
                vector.mulAdd(element, vectors[v], next[i * nv + v]);
        }
        return next;
      });
}

/// Chunks of [0, end): `body` is given the first token and how many there may
/// be, and says how many it took; null: all.
static void emitChunks(OpBuilder &builder, Location loc, Value end,
                       int64_t chunk, bool isDynamic,
                       function_ref<Value(Value first, Value most)> body) {
  IndexMath math(builder, loc);
  auto emitBody = [&](Value first) {
    return body(first, math.min(math.constant(chunk), math.sub(end, first)));
  };
  if (!isDynamic)
    return emitPlainLoop(
        builder, loc, math.constant(0), end, math.constant(chunk),
        [&](OpBuilder &, Location, Value first) { emitBody(first); });
  scf::WhileOp::create(
      builder, loc, builder.getIndexType(), ValueRange{math.constant(0)},
      [&](OpBuilder &b, Location l, ValueRange carried) {
        scf::ConditionOp::create(b, l, math.less(carried[0], end), carried);
      },
      [&](OpBuilder &b, Location l, ValueRange carried) {
        Value taken = emitBody(carried[0]);
        scf::YieldOp::create(b, l, math.add(carried[0], taken));
      });
}

void ChunkedLinearAttention::setHead(Value slot) {
  k.setHead(slot);
  auto select = [&](Value all) -> Value {
    auto type = cast<MemRefType>(all.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes;
    for (int64_t extent : type.getShape())
      sizes.push_back(builder.getIndexAttr(extent));
    offsets[0] =
        isDynamic ? OpFoldResult(builder.getIndexAttr(0)) : OpFoldResult(slot);
    sizes[0] = builder.getIndexAttr(1);
    MemRefType part = memref::SubViewOp::inferRankReducedResultType(
        type.getShape().drop_front(), type, offsets, sizes, strides);
    return memref::SubViewOp::create(builder, loc, part, all, offsets, sizes,
                                     strides);
  };
  panels = select(allPanels);
  if (allRight)
    right = select(allRight);
}

void ChunkedLinearAttention::emitItem() {
  auto forHeads = [&](function_ref<void()> body) {
    forEach(k.headsOfItem, 1, [&](Value slot) {
      setHead(slot);
      body();
    });
  };
  if (!isDynamic)
    return emitHeads(forHeads);
  forHeads([&] { emitHeads([](function_ref<void()> body) { body(); }); });
}

void ChunkedLinearAttention::emitHeads(
    function_ref<void(function_ref<void()>)> forHeads) {
  forHeads([&] { loadState(); });
  emitChunks(builder, loc, k.keys, k.tiling.chunk, isDynamic,
             [&](Value first, Value most) {
               Value taken;
               forHeads([&] { taken = emitChunk(first, most); });
               return taken;
             });
  if (k.op.getFull())
    emitChunks(builder, loc, k.queries, k.tiling.chunk, /*isDynamic=*/false,
               [&](Value first, Value most) {
                 forHeads([&] { emitFullQueries(first, most); });
                 return most;
               });
  forHeads([&] { storeState(); });
}

Value ChunkedLinearAttention::emitChunk(Value first, Value most) {
  Value zero = math.constant(0);
  // Features first where weights come with them, else of the tokens that the
  // chunk has in the end.
  bool hasScales = k.hasWeights() && !k.weights;
  if (hasScales)
    k.keyRows.select(k.batch, k.head, first, most);
  Chunk chunk{first, emitFactors(first, most), zero};
  if (!hasScales)
    k.keyRows.select(k.batch, k.head, first, chunk.count);
  if (!k.past)
    chunk.begin =
        math.select(math.less(zero, first), zero, math.constant(k.paddedKeys));
  packKeys(chunk);
  packValues(chunk);
  if (k.isDelta)
    emitDelta(chunk);
  if (!k.op.getFull())
    emitQueries(chunk);
  emitUpdate(chunk);
  return chunk.count;
}

void ChunkedLinearAttention::emitQueries(const Chunk &chunk) {
  forEach(math.constant(k.group), 1, [&](Value query) {
    Value queryHead = math.add(math.mul(k.head, k.group), query);
    k.queryRows.select(k.batch, queryHead, chunk.first, chunk.count);
    packQueries(chunk);
    emitScores(chunk, left);
    emitResultFactors(chunk, /*withScores=*/true);
    emitResults(chunk, queryHead, /*withScores=*/true);
  });
}

void ChunkedLinearAttention::emitFullQueries(Value first, Value most) {
  Value zero = math.constant(0);
  Chunk chunk{first, most, zero};
  if (k.hasWeights())
    reference = k.emitReference(scalar.load(maximum, zero));
  forEach(math.constant(k.group), 1, [&](Value query) {
    Value queryHead = math.add(math.mul(k.head, k.group), query);
    k.queryRows.select(k.batch, queryHead, first, most);
    packQueries(chunk);
    emitResultFactors(chunk, /*withScores=*/false);
    emitResults(chunk, queryHead, /*withScores=*/false);
  });
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

void ChunkedLinearAttention::loadState() {
  Value zero = math.constant(0), zeros = vector.zero();
  forEachPanel([&](Value panel) {
    SmallVector<Value> columns, masks;
    for (int64_t v = 0; v < nv; ++v) {
      columns.push_back(getValueColumn(panel, v));
      masks.push_back(k.getValueMask(columns[v]));
    }
    auto fill = [&](Value first, Value end, bool loads) {
      emitPlainLoop(
          builder, loc, first, end, math.constant(1),
          [&](OpBuilder &, Location, Value row) {
            for (int64_t v = 0; v < nv; ++v)
              vector.store(loads
                               ? vector.load(k.past,
                                             {k.batch, k.head, row, columns[v]},
                                             masks[v])
                               : zeros,
                           panels, {panel, row, math.constant(v * lanes)});
          });
    };
    Value rows = math.constant(k.paddedKeys);
    Value own = k.past ? math.constant(k.keyDim) : zero;
    if (k.past)
      fill(zero, own, true);
    fill(own, rows, false);
  });
  if (k.hasSum()) {
    forEachKeyVector([&](Value column) {
      Value sum = zeros;
      if (k.pastSum)
        sum = vector.load(k.pastSum, {k.batch, k.head, column},
                          k.getKeyMask(column));
      vector.store(sum, right, column);
    });
    forEach(math.constant(chunkColumns), lanes, [&](Value column) {
      vector.store(vector.constant(1), right, math.add(column, k.paddedKeys));
    });
  }
  if (k.hasWeights())
    scalar.store(k.pastMax ? scalar.load(k.pastMax, {k.batch, k.head})
                           : scalar.lowest(),
                 maximum, zero);
}

void ChunkedLinearAttention::storeState() {
  forEachPanel([&](Value panel) {
    for (int64_t v = 0; v < nv; ++v) {
      Value column = getValueColumn(panel, v), mask = k.getValueMask(column);
      forEach(math.constant(k.keyDim), 1, [&](Value row) {
        vector.store(
            vector.load(panels, {panel, row, math.constant(v * lanes)}),
            k.present, {k.batch, k.head, row, column}, mask);
      });
    }
  });
  if (!k.hasSum() && !k.hasWeights())
    return;
  scf::IfOp::create(builder, loc, k.isFirst, [&](OpBuilder &, Location) {
    if (k.hasSum())
      forEachKeyVector([&](Value column) {
        vector.store(vector.load(right, column), k.presentSum,
                     {k.batch, k.head, column}, k.getKeyMask(column));
      });
    if (k.hasWeights())
      scalar.store(scalar.load(maximum, math.constant(0)), k.presentMax,
                   {k.batch, k.head});
    scf::YieldOp::create(builder, loc);
  });
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Positions of the same head in the next chunk, fetched while this one is
/// computed: rows of a head are too far from each other for the hardware to
/// foresee them.
static Value getAhead(const IndexMath &math, Value position, int64_t chunk,
                      Value end) {
  return math.min(math.add(position, chunk), math.sub(end, math.constant(1)));
}

void ChunkedLinearAttention::packKeys(const Chunk &chunk) {
  if (added)
    forEachKeyVector(
        [&](Value column) { vector.store(vector.zero(), added, column); });
  forEach(chunk.count, lanes, [&](Value row) {
    forEach(math.constant(lanes), 1, [&](Value i) {
      Value token = math.add(chunk.first, math.add(row, i));
      k.keyRows.prefetch(getAhead(math, token, k.tiling.chunk, k.keys));
    });
    Value isWhole = math.atLeast(chunk.count, math.add(row, lanes));
    scf::IfOp::create(
        builder, loc, isWhole,
        [&](OpBuilder &, Location) {
          packKeySquare(chunk, row, true);
          scf::YieldOp::create(builder, loc);
        },
        [&](OpBuilder &, Location) {
          packKeySquare(chunk, row, false);
          scf::YieldOp::create(builder, loc);
        });
  });
}

void ChunkedLinearAttention::packKeySquare(const Chunk &chunk, Value row,
                                           bool isWhole) {
  SmallVector<Value> rows, isTaken;
  for (int64_t i = 0; i < lanes; ++i) {
    Value own = math.add(row, i), exists;
    if (!isWhole) {
      exists = math.less(own, chunk.count);
      own = math.min(own, math.sub(chunk.count, math.constant(1)));
    }
    if (k.mask) {
      Value masked = k.loadMask(math.add(chunk.first, own));
      exists = exists
                   ? Value(arith::AndIOp::create(builder, loc, exists, masked))
                   : masked;
    }
    rows.push_back(own);
    isTaken.push_back(exists);
  }
  forEachKeyVector([&](Value column) {
    Value mask = k.getKeyMask(column);
    SmallVector<Value> square;
    for (int64_t i = 0; i < lanes; ++i) {
      Value loaded = k.keyRows.load(vector, rows[i], column, mask);
      auto taken = [&](Value features) {
        return isTaken[i] ? vector.select(isTaken[i], features, vector.zero())
                          : features;
      };
      if (sides)
        vector.store(taken(getSide(loaded, rows[i], column)), sides,
                     {math.add(row, i), column});
      Value features =
          taken(applyFactor(loaded, rows[i], column, /*isKey=*/true));
      square.push_back(features);
    }
    if (added) {
      // In pairs, which do not wait for each other.
      SmallVector<Value> sums = square;
      for (int64_t width = lanes / 2; width > 0; width /= 2)
        for (int64_t i = 0; i < width; ++i)
          sums[i] = vector.add(sums[i], sums[i + width]);
      vector.store(vector.add(vector.load(added, column), sums[0]), added,
                   column);
    }
    if (k.op.getFull()) {
      for (int64_t i = 0; i < lanes; ++i)
        vector.store(square[i], keys, {math.add(row, i), column});
      return;
    }
    emitTranspose(builder, loc, square);
    for (int64_t i = 0; i < lanes; ++i)
      vector.store(square[i], keys, {math.add(column, i), row});
  });
}

void ChunkedLinearAttention::packValues(const Chunk &chunk) {
  forEach(chunk.count, 1, [&](Value row) {
    Value token = math.add(chunk.first, row);
    Value ahead = getAhead(math, token, k.tiling.chunk, k.keys);
    Value isTaken = k.mask ? k.loadMask(token) : Value();
    Value place = math.add(row, k.paddedKeys);
    Value head = math.mul(k.head, k.valueDim);
    forEachPanel([&](Value panel) {
      for (int64_t v = 0; v < nv; ++v) {
        Value column = getValueColumn(panel, v);
        Value source = math.add(head, column);
        // A line of 16 elements.
        if (v * lanes % 16 == 0)
          memref::PrefetchOp::create(
              builder, loc, k.value,
              ValueRange{k.batch, ahead,
                         math.min(source, math.sub(math.dim(k.value, 2),
                                                   math.constant(1)))},
              /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
        Value values = vector.load(k.value, {k.batch, token, source},
                                   k.getValueMask(column));
        // Whatever an excluded token has there is multiplied by zero.
        if (isTaken)
          values = vector.select(isTaken, values, vector.zero());
        vector.store(values, panels, {panel, place, math.constant(v * lanes)});
      }
    });
  });
}

void ChunkedLinearAttention::packQueries(const Chunk &chunk) {
  forEach(chunk.count, 1, [&](Value row) {
    Value token = math.add(chunk.first, row);
    k.queryRows.prefetch(getAhead(math, token, k.tiling.chunk, k.queries));
    forEachKeyVector([&](Value column) {
      Value features =
          k.queryRows.load(vector, row, column, k.getKeyMask(column));
      if (!k.op.getFull() && k.isGated)
        features = applyFactor(features, row, column, /*isKey=*/false);
      vector.store(features, left, {row, column});
    });
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value ChunkedLinearAttention::emitRowEnd(const Chunk &chunk, Value row) const {
  return math.min(math.add(row, mr), chunk.count);
}

/// Zeros in place of what lies above the diagonal: in `tile`, [rows][nv]
/// vectors, row `i` keeps the columns up to `distance + i`.
static SmallVector<Value> emitDiagonal(OpBuilder &builder, Location loc,
                                       const NumberMath &vector, int64_t nv,
                                       Value distance, ArrayRef<Value> tile) {
  int64_t lanes = vector.getLanes();
  auto word = VectorType::get({lanes}, builder.getI32Type());
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  Value lane = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(word, ArrayRef(numbers)));
  Value base =
      arith::IndexCastOp::create(builder, loc, builder.getI32Type(), distance);
  SmallVector<Value> kept;
  for (auto [index, value] : llvm::enumerate(tile)) {
    int64_t row = index / nv, v = index % nv;
    Value offset =
        arith::ConstantIntOp::create(builder, loc, row - v * lanes, 32);
    Value last = vector::BroadcastOp::create(
        builder, loc, word, arith::AddIOp::create(builder, loc, base, offset));
    Value isBelow = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::sle, lane, last);
    kept.push_back(vector.select(isBelow, value, vector.zero()));
  }
  return kept;
}

void ChunkedLinearAttention::emitScores(const Chunk &chunk, Value side) {
  SmallVector<Value> zeros(mr * nv, vector.zero());
  forEach(chunk.count, mr, [&](Value first) {
    SmallVector<Value> rows;
    for (int64_t i = 0; i < mr; ++i)
      rows.push_back(math.add(first, i));
    forEach(emitRowEnd(chunk, first), columns, [&](Value column) {
      SmallVector<Value> places;
      for (int64_t v = 0; v < nv; ++v)
        places.push_back(math.add(column, v * lanes));
      Values tile = emitTile(
          mr, zeros, math.constant(0), math.constant(k.paddedKeys),
          [&](int64_t i, Value index) {
            return scalar.load(side, {rows[i], index});
          },
          [&](int64_t v, Value index) {
            return vector.load(keys, {index, places[v]});
          });
      Value crosses = math.less(math.add(first, 1), math.add(column, columns));
      auto kept = scf::IfOp::create(
          builder, loc, crosses,
          [&](OpBuilder &, Location) {
            scf::YieldOp::create(builder, loc,
                                 emitDiagonal(builder, loc, vector, nv,
                                              math.sub(first, column), tile));
          },
          [&](OpBuilder &, Location) {
            scf::YieldOp::create(builder, loc, tile);
          });
      for (int64_t i = 0; i < mr; ++i)
        for (int64_t v = 0; v < nv; ++v)
          vector.store(kept.getResult(i * nv + v), side,
                       {rows[i], math.add(places[v], k.paddedKeys)});
    });
  });
}

void ChunkedLinearAttention::emitResultFactors(const Chunk &chunk,
                                               bool withScores) {
  if (!k.hasSum())
    return;
  forEach(chunk.count, mr, [&](Value first) {
    Value end = math.constant(k.paddedKeys);
    if (withScores)
      end = math.add(end, emitRowEnd(chunk, first));
    SmallVector<Value> rows, sums(mr, vector.zero());
    for (int64_t i = 0; i < mr; ++i)
      rows.push_back(math.add(first, i));
    sums = emitLoop(
        builder, loc, chunk.begin, end, math.constant(lanes), sums,
        [&](OpBuilder &, Location, Value column, ValueRange carried) {
          SmallVector<Value> next;
          Value factor = vector.load(right, column);
          for (int64_t i = 0; i < mr; ++i)
            next.push_back(vector.mulAdd(vector.load(left, {rows[i], column}),
                                         factor, carried[i]));
          return next;
        });
    for (int64_t i = 0; i < mr; ++i)
      scalar.store(vector.reduceLanes(ReduceKind::sum, sums[i]), results,
                   rows[i]);
  });
  forEach(chunk.count, lanes, [&](Value row) {
    vector.store(
        k.emitResultFactor(vector, vector.load(results, row), reference),
        results, row);
  });
}

void ChunkedLinearAttention::emitResults(const Chunk &chunk, Value queryHead,
                                         bool withScores) {
  SmallVector<Value> zeros(mr * nv, vector.zero());
  Value head = math.mul(queryHead, k.valueDim);
  Value common;
  if (!k.hasSum() && (k.hasWeights() || !k.op.getScale().isExactlyValue(1.0)))
    common = k.emitResultFactor(vector, Value(), reference);
  forEachPanel([&](Value panel) {
    SmallVector<Value> columns, masks;
    for (int64_t v = 0; v < nv; ++v) {
      columns.push_back(getValueColumn(panel, v));
      masks.push_back(k.getValueMask(columns[v]));
      columns[v] = math.add(head, columns[v]);
    }
    forEach(chunk.count, mr, [&](Value first) {
      SmallVector<Value> rows;
      for (int64_t i = 0; i < mr; ++i)
        rows.push_back(math.add(first, i));
      Value end = math.constant(k.paddedKeys);
      if (withScores)
        end = math.add(end, emitRowEnd(chunk, first));
      Values tile = emitTile(
          mr, zeros, chunk.begin, end,
          [&](int64_t i, Value index) {
            return scalar.load(left, {rows[i], index});
          },
          [&](int64_t v, Value index) {
            return vector.load(panels,
                               {panel, index, math.constant(v * lanes)});
          });
      auto store = [&](int64_t i) {
        Value factor = common;
        if (k.hasSum())
          factor = vector.splat(scalar.load(results, rows[i]));
        Value token = math.add(chunk.first, rows[i]);
        for (int64_t v = 0; v < nv; ++v) {
          Value result = tile[i * nv + v];
          if (factor)
            result = vector.mul(result, factor);
          vector.store(result, k.output, {k.batch, token, columns[v]},
                       masks[v]);
        }
      };
      store(0);
      for (int64_t i = 1; i < mr; ++i)
        scf::IfOp::create(builder, loc, math.less(rows[i], chunk.count),
                          [&](OpBuilder &, Location) {
                            store(i);
                            scf::YieldOp::create(builder, loc);
                          });
    });
  });
}

void ChunkedLinearAttention::emitUpdate(const Chunk &chunk) {
  // Tiles of two heights that differ by one cover the rows evenly.
  int64_t tiles = llvm::divideCeil(k.paddedKeys, mr);
  int64_t height = k.paddedKeys / tiles, higher = k.paddedKeys % tiles;
  Value zero = math.constant(0);
  forEachPanel([&](Value panel) {
    auto emitTiles = [&](int64_t begin, int64_t number, int64_t height) {
      if (number == 0)
        return;
      emitPlainLoop(
          builder, loc, math.constant(begin),
          math.constant(begin + number * height), math.constant(height),
          [&](OpBuilder &, Location, Value first) {
            SmallVector<Value> rows, tile;
            for (int64_t i = 0; i < height; ++i) {
              rows.push_back(math.add(first, i));
              for (int64_t v = 0; v < nv; ++v)
                tile.push_back(vector.load(
                    panels, {panel, rows[i], math.constant(v * lanes)}));
            }
            tile = emitTile(
                height, tile, zero, chunk.count,
                [&](int64_t i, Value index) {
                  if (k.op.getFull())
                    return scalar.load(keys, {index, rows[i]});
                  return scalar.load(keys, {rows[i], index});
                },
                [&](int64_t v, Value index) {
                  return vector.load(panels,
                                     {panel, math.add(index, k.paddedKeys),
                                      math.constant(v * lanes)});
                });
            for (int64_t i = 0; i < height; ++i) {
              Value factor = loadDecayOfChunk(scalar, rows[i], chunk);
              for (int64_t v = 0; v < nv; ++v) {
                Value sum = tile[i * nv + v];
                if (factor)
                  sum = vector.mul(sum, vector.splat(factor));
                vector.store(sum, panels,
                             {panel, rows[i], math.constant(v * lanes)});
              }
            }
          });
    };
    emitTiles(0, higher, height + 1);
    emitTiles(higher * (height + 1), tiles - higher, height);
  });
  if (right)
    forEachKeyVector([&](Value column) {
      Value sum =
          vector.add(vector.load(right, column), vector.load(added, column));
      if (Value factor = loadDecayOfChunk(vector, column, chunk))
        sum = vector.mul(sum, factor);
      vector.store(sum, right, column);
    });
}
