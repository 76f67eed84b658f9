//===- Embedding.cpp - The family of table look-ups -----------------------===//
#include "Families.h"
#include "IndexMath.h"
#include "RowFamily.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

namespace {

/// Copies rows of the table. Ids are checked before the model runs.
class EmbeddingFamily : public RowFamily {
public:
  StringRef getName() const override { return "embedding"; }

protected:
  bool readsThroughRegion(unsigned) const override { return false; }

  void emitRow(const RowEmitter &row) const override {
    auto op = row.getAnchor<EmbeddingOp>();
    OpBuilder &builder = row.getBuilder();
    Location loc = row.getLoc();
    IndexMath math(builder, loc);
    Value ids = row.getBuffer(op.getIds());
    Value table = row.getBuffer(op.getTable());
    // The row's number as indices into the ids, from the last to the first.
    int64_t rank = cast<MemRefType>(ids.getType()).getRank();
    SmallVector<Value> indices(rank);
    Value rest = row.getRow();
    for (int64_t i = rank - 1; i >= 0; --i) {
      indices[i] = i ? math.rem(rest, math.dim(ids, i)) : rest;
      if (i)
        rest = math.div(rest, math.dim(ids, i));
    }
    Value id = memref::LoadOp::create(builder, loc, ids, indices);
    Value entry =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), id);
    row.forEach([&](Value column, Value mask) {
      auto type = cast<VectorType>(row.splat(0.0f).getType());
      Value vector;
      if (mask)
        vector = vector::MaskedLoadOp::create(builder, loc, type, table,
                                              ValueRange{entry, column}, mask,
                                              row.splat(0.0f));
      else
        vector = vector::LoadOp::create(builder, loc, type, table,
                                        ValueRange{entry, column});
      row.finish(vector, column, mask);
    });
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createEmbeddingFamily() {
  return std::make_unique<EmbeddingFamily>();
}
