//===- Mask.cpp - The family of masked attention scores -------------------===//
#include "Families.h"
#include "IndexMath.h"
#include "RowFamily.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace attune;

namespace {

class MaskFamily : public RowFamily {
public:
  StringRef getName() const override { return "mask"; }

protected:
  bool readsThroughRegion(unsigned index) const override { return index == 0; }

  void emitRow(const RowEmitter &row) const override {
    auto op = row.getAnchor<MaskOp>();
    OpBuilder &builder = row.getBuilder();
    Location loc = row.getLoc();
    // A row of scores [batch, heads, queries, keys] has its batch's mask.
    IndexMath math(builder, loc);
    Value words = row.getBuffer(op.getKeyMask());
    Value batch = math.div(row.getRow(), row.getRowsOfBatch());
    row.forEach([&](Value column, Value mask) {
      Value scores = row.load(op.getScores(), column, mask);
      auto type = VectorType::get(cast<VectorType>(scores.getType()).getShape(),
                                  builder.getI64Type());
      Value zeros =
          arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
      Value word;
      if (mask)
        word = vector::MaskedLoadOp::create(
            builder, loc, type, words, ValueRange{batch, column}, mask, zeros);
      else
        word = vector::LoadOp::create(builder, loc, type, words,
                                      ValueRange{batch, column});
      Value kept = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                         word, zeros);
      Value excluded = row.splat(-std::numeric_limits<float>::infinity());
      row.finish(arith::SelectOp::create(builder, loc, kept, scores, excluded),
                 column, mask);
    });
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createMaskFamily() {
  return std::make_unique<MaskFamily>();
}
