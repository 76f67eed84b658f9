//===- Rnn.cpp - The family of simple recurrent networks ------------------===//
#include "Families.h"
#include "RecurrentEmitter.h"

using namespace mlir;
using namespace attune;

namespace {

class RnnEmitter : public RecurrentEmitter {
public:
  RnnEmitter(KernelEmission &emission, OpBuilder &builder)
      : RecurrentEmitter(emission, builder, /*gates=*/1) {}

protected:
  void emitStep() override {
    emitProducts(state, 0, hidden, /*addInput=*/true);
    forEachUnit([&](Value unit, int64_t width, Value mask) {
      NumberMath number = scalar.with(width);
      setState(number, activate(number, 0, loadSum(number, 0, unit, mask)),
               unit, mask);
    });
  }
};

class RnnFamily : public RecurrentFamily {
public:
  StringRef getName() const override { return "rnn"; }
  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    RnnEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createRnnFamily() {
  return std::make_unique<RnnFamily>();
}
