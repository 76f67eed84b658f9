//===- HalideBackend.cpp - Kernels as Halide pipelines --------------------===//
#include "attune/Backend/Halide/HalideBackend.h"
#include "Autoschedule.h"
#include "CallPipeline.h"
#include "CompilePipeline.h"
#include "Families.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

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

class HalideBackend : public FamilyBackend<HalideFamily> {
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

  LogicalResult supportsGpu(const GpuTarget &, std::string &) const override {
    return success();
  }

  SmallVector<Knob> getKnobs(KernelOp kernel,
                             const TargetDesc &target) const override {
    SmallVector<Knob> knobs = FamilyBackend::getKnobs(kernel, target);
    if (find(kernel))
      addAutoschedulerKnob(target, knobs);
    return knobs;
  }

  LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    if (find(kernel) && failed(verifyAutoscheduler(schedule, target, reason)))
      return failure();
    return FamilyBackend::verifySchedule(kernel, schedule, target, reason);
  }

  std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const override {
    if (usesAutoscheduler(schedule))
      return std::nullopt;
    return FamilyBackend::getFootprint(kernel, schedule, target);
  }

  LogicalResult lower(KernelOp kernel, const Schedule &schedule,
                      const TargetDesc &target,
                      OpBuilder &builder) const override;
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

/// Least and most rows of result 0.
std::pair<int64_t, int64_t> getRowRange(KernelOp kernel) {
  auto type = cast<RankedTensorType>(kernel.getResultTypes().front());
  constexpr int64_t any = std::numeric_limits<int64_t>::max();
  int64_t rows = 1;
  for (int64_t extent : type.getShape().drop_back(type.getRank() ? 1 : 0))
    if (ShapedType::isDynamic(extent) || llvm::MulOverflow(rows, extent, rows))
      return {0, any};
  return {rows, rows};
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
  const HalideFamily &family = *find(kernel);
  // What the family does where an autoscheduler's pipeline declines.
  Schedule own = withoutAutoscheduler(schedule);
  auto [leastRows, mostRows] = getRowRange(kernel);
  std::vector<std::unique_ptr<KernelPipeline>> pipelines;
  std::vector<PipelineCall> calls;
  // The one place where exceptions of Halide can end.
  try {
    auto add = [&](const Schedule &schedule, KernelPipeline::Options options) {
      pipelines.push_back(
          std::make_unique<KernelPipeline>(kernel, schedule, target, options));
      KernelPipeline &pipeline = *pipelines.back();
      std::unique_ptr<Algorithm> algorithm = family.define(pipeline);
      std::string suffix =
          calls.empty() ? std::string() : "." + std::to_string(calls.size());
      std::string symbol = (kernel.getSymName() + ".halide" + suffix).str();
      std::string bitcode;
      if (usesAutoscheduler(schedule)) {
        if (failed(compileAutoscheduled(pipeline, schedule, symbol, bitcode,
                                        reason)))
          return failure();
      } else {
        if (target.gpu)
          algorithm->scheduleGpu();
        else
          algorithm->scheduleCpu();
        if (failed(compilePipeline(pipeline, symbol, bitcode, reason)))
          return failure();
      }
      calls.push_back({&pipeline, symbol, options.checksBuffers});
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(kernel);
      ObjectOp::create(builder, kernel.getLoc(),
                       (kernel.getSymName() + ".code" + suffix).str(),
                       "bitcode", bitcode);
      return success();
    };
    KernelPipeline::Options options;
    if (usesAutoscheduler(schedule)) {
      options.checksBuffers = true;
      if (failed(add(schedule, options)))
        return kernel.emitOpError() << "cannot be emitted: " << reason;
    } else if (!target.gpu) {
      for (int64_t most : family.getRowLimits(kernel, own, target)) {
        if (most < leastRows)
          continue;
        options.mostRows = most;
        if (failed(add(own, options)))
          return kernel.emitOpError() << "cannot be emitted: " << reason;
        if (most >= mostRows)
          break;
      }
    }
    if ((options.mostRows == 0 || options.mostRows < mostRows) &&
        failed(add(own, KernelPipeline::Options())))
      return kernel.emitOpError() << "cannot be emitted: " << reason;
    emitPipelineCalls(calls, builder);
  } catch (const Halide::Error &error) {
    StringRef text = StringRef(error.what()).trim();
    return kernel.emitOpError() << "cannot be emitted by Halide with schedule '"
                                << schedule.str() << "': " << text;
  }
  return success();
}

} // namespace

std::unique_ptr<Backend> attune::createHalideBackend() {
  return std::make_unique<HalideBackend>();
}
