//===- L2Normalize.cpp - The family of rows of unit length ----------------===//
#include "Families.h"
#include "RowFamily.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

namespace {

class L2NormalizeFamily : public RowFamily {
public:
  StringRef getName() const override { return "l2_normalize"; }

protected:
  int64_t getBufferColumns(KernelOp kernel) const override {
    return cast<RankedTensorType>(kernel.getAnchor()->getResult(0).getType())
        .getShape()
        .back();
  }

  void emitRow(const RowEmitter &row) const override {
    auto op = row.getAnchor<L2NormalizeOp>();
    auto squares = row.reduce(
        1, 0.0f, vector::CombiningKind::ADD, [&](Value column, Value mask) {
          Value x = row.fill(row.load(op.getInput(), column, mask), mask, 0.0f);
          row.storeBuffer(x, column);
          return RowEmitter::Values{row.mul(x, x)};
        });
    Value length =
        math::SqrtOp::create(row.getBuilder(), row.getLoc(), squares[0]);
    Value epsilon =
        row.constant(static_cast<float>(op.getEpsilon().convertToDouble()));
    length = row.max(epsilon, length);
    Value factor = row.splat(row.div(row.constant(1.0f), length));
    row.forEach([&](Value column, Value mask) {
      row.finish(row.mul(row.loadBuffer(column), factor), column, mask);
    });
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createL2NormalizeFamily() {
  return std::make_unique<L2NormalizeFamily>();
}
