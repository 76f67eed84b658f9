//===- DeltaChunks.cpp - The delta rules by chunks ------------------------===//
//
// With d_t what token t writes, S' = S + sum_t k_t d_t^T, all that is said of
// chunks in LinearAttentionChunked.h holds with D in the place of V. And
//
//   d_t = b_t (v_t - S^T k_t - sum over s < t of (k_t . k_s) d_s)
//
// is a triangular system of as many equations as the chunk has tokens (the WY
// or UT form of Yang et al., 2406.06484): with A the products of keys with each
// other below the diagonal,
//
//   D = (I + diag(b) A)^-1 diag(b) (V - K S)
//
// It is solved from above, a register tile of tokens after the other: what the
// tokens before the tile have written, and S, are one product [K | A] [S; D] as
// that of results is, and within the tile the system is solved in registers. No
// inverse is computed, and the rows of D replace those of V where they are.
//
// Decay: token t finds the state multiplied by e^G_t, with G the sum of g up to
// and with its own. So the k_t of these products is one times e^G_t, as queries
// are, and k_s one times e^-G_s.
//
//===----------------------------------------------------------------------===//
#include "LinearAttentionChunked.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

void ChunkedLinearAttention::prepareDelta(ScratchAllocator &scratch) {
  // Keys are packed in squares.
  int64_t rows =
      std::max<int64_t>(chunkRows, llvm::alignTo(k.tiling.chunk, lanes));
  sides = k.allocate(scratch, {rows, k.paddedKeys + chunkColumns});
  rates = k.allocate(scratch, {chunkRows});
}

void ChunkedLinearAttention::emitDelta(const Chunk &chunk) {
  forEach(chunk.count, 1, [&](Value row) {
    Value token = math.add(chunk.first, row), rate = k.loadBeta(token);
    if (k.mask)
      rate = scalar.select(k.loadMask(token), rate, scalar.zero());
    scalar.store(rate, rates, row);
  });
  emitScores(chunk, sides);
  forEachPanel([&](Value panel) {
    forEach(chunk.count, mr,
            [&](Value first) { emitWritten(chunk, panel, first); });
  });
}

// Keys are packed as they are read; whatever an excluded token has there, it
// writes zeros.
Value ChunkedLinearAttention::getSide(Value rows, Value row,
                                      Value column) const {
  return k.isGated ? applyFactor(rows, row, column, /*isKey=*/false) : rows;
}

/// What a tile of tokens writes, in place of its values.
void ChunkedLinearAttention::emitWritten(const Chunk &chunk, Value panel,
                                         Value first) {
  Values rows, places, tile(mr * nv, vector.zero());
  Value last = math.sub(chunk.count, math.constant(1));
  for (int64_t i = 0; i < mr; ++i) {
    rows.push_back(math.add(first, i));
    // Rows beyond the last are computed from it, and not stored.
    places.push_back(math.add(math.min(rows[i], last), k.paddedKeys));
  }
  auto columnOf = [&](int64_t v) { return math.constant(v * lanes); };
  tile = emitTile(
      mr, tile, chunk.begin, math.add(first, k.paddedKeys),
      [&](int64_t i, Value index) {
        return scalar.load(sides, {rows[i], index});
      },
      [&](int64_t v, Value index) {
        return vector.load(panels, {panel, index, columnOf(v)});
      });
  Values factors;
  for (int64_t i = 0; i < mr; ++i) {
    factors.push_back(scalar.load(rates, rows[i]));
    Value rate = vector.splat(factors[i]);
    for (int64_t v = 0; v < nv; ++v) {
      Value value = vector.load(panels, {panel, places[i], columnOf(v)});
      tile[i * nv + v] = vector.mul(rate, vector.sub(value, tile[i * nv + v]));
    }
  }
  // Each token into those after it, which do not wait for each other.
  for (int64_t j = 0; j + 1 < mr; ++j)
    for (int64_t i = j + 1; i < mr; ++i) {
      Value product =
          scalar.load(sides, {rows[i], math.add(rows[j], k.paddedKeys)});
      product = scalar.sub(scalar.zero(), scalar.mul(factors[i], product));
      Value factor = vector.splat(product);
      for (int64_t v = 0; v < nv; ++v)
        tile[i * nv + v] =
            vector.mulAdd(factor, tile[j * nv + v], tile[i * nv + v]);
    }
  auto store = [&](int64_t i) {
    for (int64_t v = 0; v < nv; ++v)
      vector.store(tile[i * nv + v], panels, {panel, places[i], columnOf(v)});
  };
  store(0);
  for (int64_t i = 1; i < mr; ++i)
    scf::IfOp::create(builder, loc, math.less(rows[i], chunk.count),
                      [&](OpBuilder &, Location) {
                        store(i);
                        scf::YieldOp::create(builder, loc);
                      });
}
