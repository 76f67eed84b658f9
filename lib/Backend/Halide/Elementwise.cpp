//===- Elementwise.cpp - Kernels without an anchor ------------------------===//
#include "Families.h"
#include "RowResults.h"

using namespace mlir;
using namespace attune;

namespace {

class ElementwiseAlgorithm : public Algorithm {
public:
  explicit ElementwiseAlgorithm(KernelPipeline &pipeline)
      : schedule(pipeline.getSchedule()), results(pipeline) {
    results.define(KnownExprs());
  }

  void scheduleCpu() override {
    results.scheduleCpu(schedule.get("elements", 16384),
                        schedule.get("unroll", 2));
  }
  void scheduleGpu() override { results.scheduleGpu(); }

private:
  const Schedule &schedule;
  RowResults results;
};

/// Knobs as in the LLVM backend: `elements` of a task, `unroll` of vectors.
class ElementwiseFamily : public HalideFamily {
public:
  StringRef getName() const override { return "elementwise"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    return RegionExprs::supportsResults(kernel, {}, reason,
                                        /*several=*/true);
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
    int64_t elements = schedule.get("elements", 16384);
    int64_t unroll = schedule.get("unroll", 2);
    if (elements >= 1 && elements <= int64_t(1) << 30 && unroll >= 1 &&
        unroll <= 16)
      return success();
    reason = "elements must be from 1 to 2^30 and unroll from 1 to 16";
    return failure();
  }

  std::unique_ptr<Algorithm> define(KernelPipeline &pipeline) const override {
    return std::make_unique<ElementwiseAlgorithm>(pipeline);
  }
};

} // namespace

std::unique_ptr<HalideFamily> attune::createHalideElementwise() {
  return std::make_unique<ElementwiseFamily>();
}
