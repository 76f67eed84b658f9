//===- RmsNorm.cpp - The family of root mean square normalisation ---------===//
#include "Families.h"
#include "RowFamily.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

namespace {

/// Two passes over a row that stays in L1: the sum of squares, the result.
class RmsNormFamily : public RowFamily {
public:
  StringRef getName() const override { return "rms_norm"; }

protected:
  int64_t getBufferColumns(KernelOp kernel) const override {
    return cast<RankedTensorType>(kernel.getAnchor()->getResult(0).getType())
        .getShape()
        .back();
  }

  void emitRow(const RowEmitter &row) const override {
    auto op = row.getAnchor<RmsNormOp>();
    auto columns = static_cast<double>(
        cast<RankedTensorType>(op.getResult().getType()).getShape().back());
    auto squares = row.reduce(
        1, 0.0f, vector::CombiningKind::ADD, [&](Value column, Value mask) {
          Value x = row.fill(row.load(op.getInput(), column, mask), mask, 0.0f);
          row.storeBuffer(x, column);
          return RowEmitter::Values{row.mul(x, x)};
        });
    Value mean =
        row.mul(squares[0], row.constant(static_cast<float>(1.0 / columns)));
    Value epsilon =
        row.constant(static_cast<float>(op.getEpsilon().convertToDouble()));
    Value root = math::SqrtOp::create(row.getBuilder(), row.getLoc(),
                                      row.add(mean, epsilon));
    Value factor = row.splat(row.div(row.constant(1.0f), root));
    row.forEach([&](Value column, Value mask) {
      Value gamma = row.load(op.getGamma(), column, mask);
      row.finish(row.mul(row.mul(row.loadBuffer(column), factor), gamma),
                 column, mask);
    });
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createRmsNormFamily() {
  return std::make_unique<RmsNormFamily>();
}
