//===- Elementwise.cpp - Kernels without an anchor ------------------------===//
#include "Families.h"
#include "IndexMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace attune;

namespace {

/// Knob `elements`: about how many elements a task computes. Rows are not
/// split: those of transformers are a few KB.
class ElementwiseFamily : public KernelFamily {
public:
  StringRef getName() const override { return "elementwise"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    if (kernel.getResultTypes().empty()) {
      reason = "a kernel needs a result";
      return failure();
    }
    return RegionEmitter::supportsResults(kernel, {}, reason);
  }

  SmallVector<Knob> getKnobs(KernelOp, const TargetDesc &) const override {
    return {{"elements", "elements of a task, about", {4096, 16384, 65536}},
            {"unroll", "vectors of an iteration", {1, 2, 4}}};
  }

  Schedule getDefaultSchedule(KernelOp, const TargetDesc &) const override {
    return Schedule().set("elements", 16384).set("unroll", 2);
  }

  LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                               const TargetDesc &,
                               std::string &reason) const override {
    int64_t elements = getElements(schedule), unroll = getUnroll(schedule);
    if (elements >= 1 && elements <= int64_t(1) << 40 && unroll >= 1 &&
        unroll <= 16)
      return success();
    reason = "elements must be positive and unroll 1 to 16";
    return failure();
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    Location loc = emission.kernel.getLoc();
    IndexMath math(builder, loc);
    // Rows of one task: at least one.
    auto rowsOfTask = [&](const RegionEmitter &region) {
      Value elements = math.constant(getElements(emission.schedule));
      Value columns = math.max(region.getColumns(), math.constant(1));
      return math.max(math.div(elements, columns), math.constant(1));
    };

    builder.setInsertionPointToStart(&emission.grid.getBody().front());
    RegionEmitter sizes(emission, emission.grid, builder);
    func::ReturnOp::create(builder, loc,
                           math.ceilDiv(sizes.getRows(), rowsOfTask(sizes)));

    builder.setInsertionPointToStart(&emission.task.getBody().front());
    RegionEmitter region(emission, emission.task, builder);
    Value count = rowsOfTask(region);
    Value first = math.mul(emission.getTaskIndex(), count);
    Value end = math.min(math.add(first, count), region.getRows());
    int64_t lanes = emission.target.getLanes();
    emitPlainLoop(builder, loc, first, end, math.constant(1),
                  [&](OpBuilder &, Location, Value row) {
                    emitVectorLoop(
                        builder, loc, region.getColumns(), lanes,
                        getUnroll(emission.schedule), {},
                        [&](OpBuilder &, Location, Value column, Value mask,
                            ValueRange) -> SmallVector<Value> {
                          region.emitResults(builder, loc,
                                             {row, column, lanes, mask},
                                             KnownVectors());
                          return {};
                        });
                  });
    func::ReturnOp::create(builder, loc);
    return success();
  }

private:
  static int64_t getElements(const Schedule &schedule) {
    return schedule.get("elements", 16384);
  }
  static int64_t getUnroll(const Schedule &schedule) {
    return schedule.get("unroll", 2);
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createElementwiseFamily() {
  return std::make_unique<ElementwiseFamily>();
}
