//===- Softmax.cpp - The family of softmax over rows ----------------------===//
#include "Families.h"
#include "RowFamily.h"
#include "VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

namespace {

/// Three passes: maximum, sum of exponentials, result. Rows have any dynamic
/// length and no buffer: the prologue and the exponential are computed again,
/// which costs less than memory for them would. (Attention has its own online
/// form; this family serves models that were not fused.)
class SoftmaxFamily : public RowFamily {
public:
  StringRef getName() const override { return "softmax"; }

protected:
  void emitRow(const RowEmitter &row) const override {
    auto op = row.getAnchor<SoftmaxOp>();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    auto load = [&](Value column, Value mask) {
      return row.fill(row.load(op.getInput(), column, mask), mask, -infinity);
    };
    // A finite start: a row of -inf alone gives exponentials of zero.
    auto maximum = row.reduce(1, -3.0e38f, vector::CombiningKind::MAXNUMF,
                              [&](Value column, Value mask) {
                                return RowEmitter::Values{load(column, mask)};
                              });
    Value largest = row.splat(maximum[0]);
    Value log2e = row.splat(static_cast<float>(M_LOG2E));
    auto exponential = [&](Value column, Value mask) {
      Value difference = row.sub(load(column, mask), largest);
      return emitExp2Flush(row.getBuilder(), row.getLoc(),
                           row.mul(difference, log2e));
    };
    auto total = row.reduce(
        1, 0.0f, vector::CombiningKind::ADD, [&](Value column, Value mask) {
          return RowEmitter::Values{exponential(column, mask)};
        });
    Value zero = row.constant(0.0f);
    Value empty =
        arith::CmpFOp::create(row.getBuilder(), row.getLoc(),
                              arith::CmpFPredicate::OEQ, total[0], zero);
    Value inverse =
        arith::SelectOp::create(row.getBuilder(), row.getLoc(), empty, zero,
                                row.div(row.constant(1.0f), total[0]));
    Value factor = row.splat(inverse);
    row.forEach([&](Value column, Value mask) {
      row.finish(row.mul(exponential(column, mask), factor), column, mask);
    });
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createSoftmaxFamily() {
  return std::make_unique<SoftmaxFamily>();
}
