//===- FeatureMapProduct.cpp - Few rows times a weight as it is -----------===//
#include "FeatureMapProduct.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

/// Rows of the weight that a dot product takes at once, and rows of the source
/// for which dot products are faster.
static constexpr int64_t kDots = 4, kFewRows = 2;

FeatureMapProduct::FeatureMapProduct(OpBuilder &builder, Location loc,
                                     const TargetDesc &target, int64_t rows,
                                     int64_t inner, int64_t outer)
    : builder(builder), loc(loc), math(builder, loc),
      scalar(builder, loc, builder.getF32Type()),
      vector(scalar.with(target.getLanes())), rows(rows), inner(inner),
      outer(outer), lanes(target.getLanes()) {
  vectors = rows > lanes ? 2 : 1;
  // Sums, a vector of each column and the broadcast element are in registers.
  height = (target.vectorRegisters - 1) / vectors - 1;
  height = std::clamp<int64_t>(height, 1, 12);
}

void FeatureMapProduct::prepare(ScratchAllocator &scratch) {
  if (rows <= kFewRows)
    return;
  int64_t width = vectors * lanes;
  source = scratch.allocate(builder, loc,
                            {int64_t(llvm::alignTo(inner, lanes)), width},
                            builder.getF32Type());
  sums = scratch.allocate(builder, loc,
                          {int64_t(llvm::alignTo(outer, lanes)), width},
                          builder.getF32Type());
}

void FeatureMapProduct::emit(Value count, Value weight, Value which, Load load,
                             Store store) {
  Value one = math.constant(1);
  auto dots = [&] {
    emitPlainLoop(builder, loc, math.constant(0), count, one,
                  [&](OpBuilder &, Location, Value row) {
                    emitDots(row, weight, which, load, store);
                  });
  };
  if (rows <= kFewRows)
    return dots();
  scf::IfOp::create(
      builder, loc, math.less(math.constant(kFewRows), count),
      [&](OpBuilder &, Location) {
        emitPlainLoop(
            builder, loc, math.constant(0), count,
            math.constant(vectors * lanes),
            [&](OpBuilder &, Location, Value first) {
              Value left = math.sub(count, first);
              auto loadRow = [&](const NumberMath &number, Value row,
                                 Value column, Value mask) {
                return load(number, math.add(first, row), column, mask);
              };
              auto storeRow = [&](const NumberMath &number, Value value,
                                  Value row, Value column, Value mask) {
                store(number, value, math.add(first, row), column, mask);
              };
              if (vectors == 1)
                return emitTransposed(left, 1, weight, which, loadRow,
                                      storeRow);
              scf::IfOp::create(
                  builder, loc, math.less(math.constant(lanes), left),
                  [&](OpBuilder &, Location) {
                    emitTransposed(left, 2, weight, which, loadRow, storeRow);
                    scf::YieldOp::create(builder, loc);
                  },
                  [&](OpBuilder &, Location) {
                    emitTransposed(left, 1, weight, which, loadRow, storeRow);
                    scf::YieldOp::create(builder, loc);
                  });
            });
        scf::YieldOp::create(builder, loc);
      },
      [&](OpBuilder &, Location) {
        dots();
        scf::YieldOp::create(builder, loc);
      });
}

void FeatureMapProduct::emitTransposed(Value count, int64_t vectors,
                                       Value weight, Value which, Load load,
                                       Store store) {
  Value last = math.sub(count, math.constant(1));
  // Lanes beyond the last row repeat it: their sums are not stored.
  for (int64_t v = 0; v < vectors; ++v)
    emitVectorLoop(builder, loc, math.constant(inner), lanes, {},
                   [&](OpBuilder &, Location, Value k, Value mask, ValueRange) {
                     SmallVector<Value> square;
                     for (int64_t i = 0; i < lanes; ++i) {
                       Value row = math.min(math.constant(v * lanes + i), last);
                       square.push_back(load(vector, row, k, mask));
                     }
                     emitTranspose(builder, loc, square);
                     for (auto [i, value] : llvm::enumerate(square))
                       vector.store(value, source,
                                    {math.add(k, i), math.constant(v * lanes)});
                     return SmallVector<Value>();
                   });

  // Tiles of two heights that differ by one cover the rows evenly.
  int64_t own = vectors == 1 ? std::max<int64_t>(height, 12) : height;
  int64_t numTiles = llvm::divideCeil(outer, own);
  int64_t low = outer / numTiles, higher = outer % numTiles;
  auto tiles = [&](int64_t begin, int64_t number, int64_t size) {
    if (number)
      emitPlainLoop(builder, loc, math.constant(begin),
                    math.constant(begin + number * size), math.constant(size),
                    [&](OpBuilder &, Location, Value first) {
                      emitTile(size, vectors, weight, which, first);
                    });
  };
  tiles(0, higher, low + 1);
  tiles(higher * (low + 1), numTiles - higher, low);

  for (int64_t v = 0; v < vectors; ++v)
    emitVectorLoop(builder, loc, math.constant(outer), lanes, {},
                   [&](OpBuilder &, Location, Value n, Value mask, ValueRange) {
                     SmallVector<Value> square;
                     for (int64_t i = 0; i < lanes; ++i)
                       square.push_back(vector.load(
                           sums, {math.add(n, i), math.constant(v * lanes)}));
                     emitTranspose(builder, loc, square);
                     for (auto [i, value] : llvm::enumerate(square)) {
                       Value row = math.constant(v * lanes + i);
                       scf::IfOp::create(builder, loc, math.less(row, count),
                                         [&](OpBuilder &, Location) {
                                           store(vector, value, row, n, mask);
                                           scf::YieldOp::create(builder, loc);
                                         });
                     }
                     return SmallVector<Value>();
                   });
}

void FeatureMapProduct::emitTile(int64_t height, int64_t vectors, Value weight,
                                 Value which, Value first) {
  SmallVector<Value> tile(height * vectors, vector.zero()), rows, columns;
  for (int64_t i = 0; i < height; ++i)
    rows.push_back(math.add(first, i));
  for (int64_t v = 0; v < vectors; ++v)
    columns.push_back(math.constant(v * lanes));
  tile = emitUnrolledLoop(
      builder, loc, math.constant(inner), /*unroll=*/4, tile,
      [&](OpBuilder &, Location, Value k, ValueRange carried) {
        SmallVector<Value> next(carried), right;
        for (Value column : columns)
          right.push_back(vector.load(source, {k, column}));
        for (int64_t i = 0; i < height; ++i) {
          Value element =
              vector.splat(scalar.load(weight, {which, rows[i], k}));
          for (int64_t v = 0; v < vectors; ++v)
            next[i * vectors + v] =
                vector.mulAdd(element, right[v], next[i * vectors + v]);
        }
        return next;
      });
  for (int64_t i = 0; i < height; ++i)
    for (int64_t v = 0; v < vectors; ++v)
      vector.store(tile[i * vectors + v], sums, {rows[i], columns[v]});
}

void FeatureMapProduct::emitDots(Value row, Value weight, Value which,
                                 Load load, Store store) {
  auto emitRows = [&](Value first, int64_t count) {
    SmallVector<Value> totals(count, vector.zero());
    totals = emitVectorLoop(
        builder, loc, math.constant(inner), lanes, totals,
        [&](OpBuilder &, Location, Value k, Value mask, ValueRange carried) {
          Value x = load(vector, row, k, mask);
          SmallVector<Value> next;
          for (int64_t i = 0; i < count; ++i) {
            Value w = vector.load(weight, {which, math.add(first, i), k}, mask);
            next.push_back(vector.mulAdd(w, x, carried[i]));
          }
          return next;
        });
    for (int64_t i = 0; i < count; ++i)
      store(scalar, vector.reduceLanes(ReduceKind::sum, totals[i]), row,
            math.add(first, i), Value());
  };
  int64_t middle = outer / kDots * kDots;
  emitPlainLoop(builder, loc, math.constant(0), math.constant(middle),
                math.constant(kDots),
                [&](OpBuilder &, Location, Value n) { emitRows(n, kDots); });
  emitPlainLoop(builder, loc, math.constant(middle), math.constant(outer),
                math.constant(1),
                [&](OpBuilder &, Location, Value n) { emitRows(n, 1); });
}
