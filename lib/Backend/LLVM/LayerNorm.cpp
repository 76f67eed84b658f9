//===- LayerNorm.cpp - The family of layer normalisation ------------------===//
#include "Families.h"
#include "RowFamily.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

namespace {

/// Three passes over a row that stays in L1: the mean; sums of differences to
/// it and of their squares; the result. The sum of differences would be zero
/// without rounding; what is left of it corrects mean and variance (Chan,
/// Golub and LeVeque 1983, the corrected two-pass algorithm), which matters
/// for rows of nearly equal elements under a tiny epsilon.
class LayerNormFamily : public RowFamily {
public:
  StringRef getName() const override { return "layer_norm"; }

protected:
  int64_t getBufferColumns(KernelOp kernel) const override {
    return cast<RankedTensorType>(kernel.getAnchor()->getResult(0).getType())
        .getShape()
        .back();
  }

  void emitRow(const RowEmitter &row) const override {
    auto op = row.getAnchor<LayerNormOp>();
    auto columns = static_cast<double>(
        cast<RankedTensorType>(op.getResult().getType()).getShape().back());
    Value share = row.constant(static_cast<float>(1.0 / columns));

    auto kind = vector::CombiningKind::ADD;
    auto total = row.reduce(1, 0.0f, kind, [&](Value column, Value mask) {
      Value x = row.fill(row.load(op.getInput(), column, mask), mask, 0.0f);
      row.storeBuffer(x, column);
      return RowEmitter::Values{x};
    });
    Value mean = row.splat(row.mul(total[0], share));

    auto sums = row.reduce(2, 0.0f, kind, [&](Value column, Value mask) {
      Value difference =
          row.fill(row.sub(row.loadBuffer(column), mean), mask, 0.0f);
      row.storeBuffer(difference, column);
      return RowEmitter::Values{difference, row.mul(difference, difference)};
    });
    Value rest = row.mul(sums[0], share);
    Value variance = row.sub(row.mul(sums[1], share), row.mul(rest, rest));
    Value epsilon =
        row.constant(static_cast<float>(op.getEpsilon().convertToDouble()));
    variance = row.add(row.max(row.constant(0.0f), variance), epsilon);
    Value deviation =
        math::SqrtOp::create(row.getBuilder(), row.getLoc(), variance);
    Value factor = row.splat(row.div(row.constant(1.0f), deviation));
    Value correction = row.splat(rest);

    row.forEach([&](Value column, Value mask) {
      Value x = row.sub(row.loadBuffer(column), correction);
      Value gamma = row.load(op.getGamma(), column, mask);
      Value beta = row.load(op.getBeta(), column, mask);
      row.finish(row.fma(row.mul(x, factor), gamma, beta), column, mask);
    });
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createLayerNormFamily() {
  return std::make_unique<LayerNormFamily>();
}
