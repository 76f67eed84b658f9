//===- Gru.cpp - The family of gated recurrent units ----------------------===//
#include "Families.h"
#include "RecurrentEmitter.h"

using namespace mlir;
using namespace attune;

namespace {

enum Gate : int64_t { kUpdate, kReset, kCandidate, kGates };

class GruEmitter : public RecurrentEmitter {
public:
  GruEmitter(KernelEmission &emission, OpBuilder &builder)
      : RecurrentEmitter(emission, builder, kGates) {}

protected:
  void prepareSequence() override {
    if (!product)
      product = allocateRow(hidden);
  }

  void emitStep() override {
    bool before = cast<GruOp>(op).getLinearBeforeReset();
    emitProducts(state, 0, kCandidate * hidden, /*addInput=*/true);
    if (before) {
      emitProducts(state, kCandidate * hidden, kGates * hidden,
                   /*addInput=*/false);
    } else {
      forEachUnit([&](Value unit, int64_t width, Value mask) {
        NumberMath number = scalar.with(width);
        Value reset = activate(number, 0, loadSum(number, kReset, unit, mask));
        Value old = number.load(state, unit, mask);
        number.store(number.mul(reset, old), product, unit, mask);
      });
      emitProducts(product, kCandidate * hidden, kGates * hidden,
                   /*addInput=*/true);
    }
    forEachUnit([&](Value unit, int64_t width, Value mask) {
      NumberMath number = scalar.with(width);
      Value update = activate(number, 0, loadSum(number, kUpdate, unit, mask));
      Value sum = loadSum(number, kCandidate, unit, mask);
      if (before) {
        Value reset = activate(number, 0, loadSum(number, kReset, unit, mask));
        sum = number.add(loadInput(number, kCandidate, unit, mask),
                         number.mul(reset, sum));
      }
      Value candidate = activate(number, 1, sum);
      Value old = number.load(state, unit, mask);
      Value rest = number.sub(number.constant(1), update);
      setState(number,
               number.add(number.mul(rest, candidate), number.mul(update, old)),
               unit, mask);
    });
  }

private:
  Value product; ///< reset gate by state
};

class GruFamily : public RecurrentFamily {
public:
  StringRef getName() const override { return "gru"; }
  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    GruEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createGruFamily() {
  return std::make_unique<GruFamily>();
}
