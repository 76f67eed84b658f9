//===- SearchTestSupport.h - Spaces and costs to search ---------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_TUNING_SEARCHTESTSUPPORT_H
#define ATTUNE_TEST_UNIT_TUNING_SEARCHTESTSUPPORT_H

#include "attune/Backend/LLVM/LLVMBackend.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Tuning/Search.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include <functional>

namespace attune {

/// A kernel by its spec, as a task.
class SpecKernel {
public:
  explicit SpecKernel(llvm::StringRef spec) {
    context.loadDialect<AttuneDialect>();
    problem = llvm::cantFail(parseKernelSpec(context, spec));
    task.workload.family = problem.kernel.getFamily().str();
    for (llvm::ArrayRef<int64_t> shape : problem.shapes)
      task.shapes.emplace_back(shape.begin(), shape.end());
    task.flops = problem.flops;
  }
  KernelOp getKernel() { return problem.kernel; }
  const KernelTask &getTask() const { return task; }

private:
  mlir::MLIRContext context;
  KernelProblem problem;
  KernelTask task;
};

/// A backend that emits nothing: knobs, a default, and what fits.
class FakeBackend : public Backend {
public:
  FakeBackend(std::string name, llvm::SmallVector<Knob> knobs,
              Schedule defaults)
      : name(std::move(name)), knobs(std::move(knobs)),
        defaults(std::move(defaults)) {}

  std::function<bool(const Schedule &)> accepts;
  std::function<Footprint(const Schedule &)> footprint;
  bool supportsKernels = true;

  llvm::StringRef getName() const override { return name; }
  llvm::LogicalResult supports(KernelOp, std::string &reason) const override {
    reason = "it takes none";
    return llvm::success(supportsKernels);
  }
  llvm::SmallVector<Knob> getKnobs(KernelOp,
                                   const TargetDesc &) const override {
    return knobs;
  }
  Schedule getDefaultSchedule(KernelOp, const TargetDesc &) const override {
    return defaults;
  }
  llvm::LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                                     const TargetDesc &,
                                     std::string &reason) const override {
    if (!accepts || accepts(schedule))
      return llvm::success();
    reason = "not accepted";
    return llvm::failure();
  }
  std::optional<Footprint> getFootprint(KernelOp, const Schedule &schedule,
                                        const TargetDesc &) const override {
    if (!footprint)
      return std::nullopt;
    return footprint(schedule);
  }
  llvm::StringRef getScheduleVersion() const override { return "1"; }
  mlir::Attribute getOperandLayout(KernelOp, unsigned, const Schedule &,
                                   const TargetDesc &) const override {
    return {};
  }
  llvm::LogicalResult lower(KernelOp, const Schedule &, const TargetDesc &,
                            mlir::OpBuilder &) const override {
    return llvm::failure();
  }

private:
  std::string name;
  llvm::SmallVector<Knob> knobs;
  Schedule defaults;
};

inline Measurement worked(double speedup) {
  Measurement result;
  result.speedup = speedup;
  result.time = {9, 1 / speedup, 1 / speedup, 1 / speedup, 1 / speedup};
  return result;
}
inline Measurement failed(TrialStatus status) {
  Measurement result;
  result.status = status;
  return result;
}

} // namespace attune

#endif // ATTUNE_TEST_UNIT_TUNING_SEARCHTESTSUPPORT_H
