//===- HalideBackend.cpp - Kernels as Halide pipelines --------------------===//
#include "attune/Backend/Halide/HalideBackend.h"
#include "Autoschedule.h"
#include "CallPipeline.h"
#include "CompilePipeline.h"
#include "Families.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attune;

namespace {

/// Halide's errors become exceptions, its warnings are for authors of
/// pipelines.
class Reporter : public Halide::CompileTimeErrorReporter {
public:
  void warning(const char *) override {}
  void error(const char *message) override {
    throw Halide::CompileError(message);
  }
};

class HalideBackend : public Backend {
public:
  HalideBackend() {
    static Reporter reporter;
    Halide::set_custom_compile_time_error_reporter(&reporter);
#define ATTUNE_HALIDE_FAMILY(NAME) add(createHalide##NAME());
#include "Families.def"
#undef ATTUNE_HALIDE_FAMILY
  }

  StringRef getName() const override { return "halide"; }
  StringRef getScheduleVersion() const override { return "1"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    const HalideFamily *family = find(kernel);
    if (family)
      return family->supports(kernel, reason);
    reason = ("the halide backend has no kernels of family '" +
              kernel.getFamily() + "'")
                 .str();
    return failure();
  }

  SmallVector<Knob> getKnobs(KernelOp kernel,
                             const TargetDesc &target) const override {
    const HalideFamily *family = find(kernel);
    if (!family)
      return {};
    SmallVector<Knob> knobs = family->getKnobs(kernel, target);
    addAutoschedulerKnob(knobs);
    return knobs;
  }

  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override {
    const HalideFamily *family = find(kernel);
    return family ? family->getDefaultSchedule(kernel, target) : Schedule();
  }

  LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    const HalideFamily *family = find(kernel);
    if (!family)
      return supports(kernel, reason);
    if (failed(verifyAutoscheduler(schedule, reason)))
      return failure();
    return family->verifySchedule(kernel, schedule, target, reason);
  }

  std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const override {
    const HalideFamily *family = find(kernel);
    if (!family || usesAutoscheduler(schedule))
      return std::nullopt;
    return family->getFootprint(kernel, schedule, target);
  }

  Attribute getOperandLayout(KernelOp kernel, unsigned index,
                             const Schedule &schedule,
                             const TargetDesc &target) const override {
    const HalideFamily *family = find(kernel);
    return family ? family->getOperandLayout(kernel, index, schedule, target)
                  : Attribute();
  }

  LogicalResult lower(KernelOp kernel, const Schedule &schedule,
                      const TargetDesc &target,
                      OpBuilder &builder) const override;

private:
  void add(std::unique_ptr<HalideFamily> family) {
    StringRef name = family->getName();
    families[name] = std::move(family);
  }
  const HalideFamily *find(KernelOp kernel) const {
    auto it = families.find(kernel.getFamily());
    return it == families.end() ? nullptr : it->second.get();
  }

  llvm::StringMap<std::unique_ptr<HalideFamily>> families;
};

/// Whether every operand has its planned buffer.
LogicalResult verifyBuffers(KernelOp kernel) {
  auto check = [&](Attribute attr, StringRef what, unsigned index) {
    auto type = dyn_cast_or_null<TypeAttr>(attr);
    if (type && isa<MemRefType>(type.getValue()))
      return success();
    kernel.emitOpError() << "expected attribute '" << kBufferAttr
                         << "' with a memref type on " << what << " " << index;
    return failure();
  };
  for (unsigned i = 0; i < kernel.getArgumentTypes().size(); ++i)
    if (failed(check(kernel.getArgAttr(i, kBufferAttr), "argument", i)))
      return failure();
  for (unsigned i = 0; i < kernel.getResultTypes().size(); ++i)
    if (failed(check(kernel.getResultAttr(i, kBufferAttr), "result", i)))
      return failure();
  return success();
}

LogicalResult HalideBackend::lower(KernelOp kernel, const Schedule &schedule,
                                   const TargetDesc &target,
                                   OpBuilder &builder) const {
  std::string reason;
  if (failed(supports(kernel, reason)) ||
      failed(verifySchedule(kernel, schedule, target, reason)))
    return kernel.emitOpError() << "cannot be emitted: " << reason;
  if (failed(verifyBuffers(kernel)))
    return failure();
  std::string symbol = (kernel.getSymName() + ".halide").str();
  std::string bitcode;
  // The one place where exceptions of Halide can end.
  try {
    KernelPipeline pipeline(kernel, schedule, target);
    std::unique_ptr<Algorithm> algorithm = find(kernel)->define(pipeline);
    if (usesAutoscheduler(schedule))
      autoschedule(pipeline, schedule);
    else
      algorithm->scheduleCpu();
    if (failed(compilePipeline(pipeline, symbol, bitcode, reason)))
      return kernel.emitOpError() << "cannot be emitted: " << reason;
    emitPipelineCall(pipeline, symbol, builder);
  } catch (const Halide::Error &error) {
    StringRef text = StringRef(error.what()).trim();
    return kernel.emitOpError() << "cannot be emitted by Halide with schedule '"
                                << schedule.str() << "': " << text;
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel);
  ObjectOp::create(builder, kernel.getLoc(),
                   (kernel.getSymName() + ".code").str(), "bitcode", bitcode);
  return success();
}

} // namespace

std::unique_ptr<Backend> attune::createHalideBackend() {
  return std::make_unique<HalideBackend>();
}
