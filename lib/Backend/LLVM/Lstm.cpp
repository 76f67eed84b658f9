//===- Lstm.cpp - The family of long short-term memories ------------------===//
#include "Families.h"
#include "RecurrentEmitter.h"

using namespace mlir;
using namespace attune;

namespace {

enum Gate : int64_t { kInput, kOutput, kForget, kCell, kGates };

class LstmEmitter : public RecurrentEmitter {
public:
  LstmEmitter(KernelEmission &emission, OpBuilder &builder)
      : RecurrentEmitter(emission, builder, kGates), lstm(cast<LstmOp>(op)) {}

protected:
  void prepareSequence() override {
    cell = allocateRow(hidden);
    loadRow(cell, getBuffer(lstm.getInitialCell()));
    peephole = getBuffer(lstm.getPeephole());
  }

  void emitStep() override {
    emitProducts(state, 0, kGates * hidden, /*addInput=*/true);
    forEachUnit([&](Value unit, int64_t width, Value mask) {
      NumberMath number = scalar.with(width);
      Value old = number.load(cell, unit, mask);
      // Peepholes are in the order of the gates, without the cell's.
      auto gate = [&](int64_t which, Value seen) {
        Value sum = loadSum(number, which, unit, mask);
        if (peephole)
          sum = number.add(
              sum, number.mul(number.load(peephole,
                                          math.add(unit, which * hidden), mask),
                              seen));
        return activate(number, 0, sum);
      };
      Value in = gate(kInput, old);
      Value forget = lstm.getCoupled() ? number.sub(number.constant(1), in)
                                       : gate(kForget, old);
      Value candidate = activate(number, 1, loadSum(number, kCell, unit, mask));
      Value next =
          number.add(number.mul(forget, old), number.mul(in, candidate));
      number.store(next, cell, unit, mask);
      Value out = gate(kOutput, next);
      setState(number,
               number.mul(out, activate(number, 2, next, /*clipped=*/false)),
               unit, mask);
    });
  }

  void finishSequence() override {
    storeRow(cell, emission.getOutput(emission.task, 2));
  }

private:
  LstmOp lstm;
  Value cell, peephole;
};

class LstmFamily : public RecurrentFamily {
public:
  StringRef getName() const override { return "lstm"; }
  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    LstmEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createLstmFamily() {
  return std::make_unique<LstmFamily>();
}
