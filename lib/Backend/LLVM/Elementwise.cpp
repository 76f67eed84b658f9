//===- Elementwise.cpp - Kernels without an anchor ------------------------===//
#include "ElementRegion.h"
#include "Families.h"
#include "IndexMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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
    return isVectorized(kernel) ? success()
                                : ElementRegion::supports(kernel, reason);
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
    if (isVectorized(emission.kernel))
      emitVectors(emission, builder);
    else
      emitElements(emission, builder);
    return success();
  }

private:
  /// All of it is f32, element by element, and has vector code.
  static bool isVectorized(KernelOp kernel) {
    std::string reason;
    return succeeded(RegionEmitter::supportsResults(kernel, {}, reason));
  }

  /// Rows of one task: at least one.
  static Value emitRowsOfTask(const KernelEmission &emission,
                              const IndexMath &math, Value columns) {
    Value elements = math.constant(getElements(emission.schedule));
    columns = math.max(columns, math.constant(1));
    return math.max(math.div(elements, columns), math.constant(1));
  }

  static void emitElements(KernelEmission &emission, OpBuilder &builder) {
    Location loc = emission.kernel.getLoc();
    IndexMath math(builder, loc);
    builder.setInsertionPointToStart(&emission.grid.getBody().front());
    ElementRegion sizes(emission, emission.grid, builder);
    func::ReturnOp::create(
        builder, loc,
        math.ceilDiv(sizes.getRows(),
                     emitRowsOfTask(emission, math, sizes.getColumns())));

    builder.setInsertionPointToStart(&emission.task.getBody().front());
    ElementRegion region(emission, emission.task, builder);
    Value count = emitRowsOfTask(emission, math, region.getColumns());
    Value first = math.mul(emission.getTaskIndex(), count);
    Value end = math.min(math.add(first, count), region.getRows());
    Value zero = math.constant(0), one = math.constant(1);
    bool isScalar = region.getExtents().empty();
    emitPlainLoop(
        builder, loc, first, end, one, [&](OpBuilder &, Location, Value row) {
          SmallVector<Value> indices = region.emitRowIndices(builder, row);
          if (isScalar)
            return region.emitResults(builder, loc, indices);
          auto loop =
              scf::ForOp::create(builder, loc, zero, region.getColumns(), one);
          OpBuilder::InsertionGuard guard(builder);
          builder.setInsertionPointToStart(loop.getBody());
          indices.push_back(loop.getInductionVar());
          region.emitResults(builder, loc, indices);
          markForVectors(loop);
        });
    func::ReturnOp::create(builder, loc);
  }

  static void emitVectors(KernelEmission &emission, OpBuilder &builder) {
    Location loc = emission.kernel.getLoc();
    IndexMath math(builder, loc);
    auto rowsOfTask = [&](const RegionEmitter &region) {
      return emitRowsOfTask(emission, math, region.getColumns());
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
  }

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
