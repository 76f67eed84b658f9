//===- Measure.cpp - Timing candidates ------------------------------------===//
#include "attune/Tuning/Measure.h"
#include "CompileCandidates.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Support/Error.h"
#include "attune/Tuning/MeasureProgram.h"
#include "mlir/IR/MLIRContext.h"
#include <cmath>

using namespace attune;

namespace {

class ProgramMeasurer : public Measurer {
public:
  ProgramMeasurer(const TargetDesc &target,
                  std::vector<std::unique_ptr<Runner>> runners,
                  std::function<void(llvm::StringRef)> warn, MeasureTools tools)
      : target(target),
        pool(target, std::move(runners), std::move(warn), std::move(tools)) {}

  llvm::Expected<std::vector<Measurement>>
  measure(const KernelTask &task, const Candidate &reference,
          llvm::ArrayRef<Candidate> candidates,
          const MeasureOptions &options) override;

private:
  TargetDesc target;
  MeasurePool pool;
};

} // namespace

static llvm::Error checkOptions(const MeasureOptions &options) {
  auto isPositive = [](double value) {
    return std::isfinite(value) && value > 0;
  };
  if (options.threads < 1 || options.threads > 1024)
    return userErrorf("expected 1 to 1024 threads, found {0}", options.threads);
  if (options.rounds < 1 || options.rounds > 100000)
    return userErrorf("expected 1 to 100000 rounds, found {0}", options.rounds);
  if (!(options.killRatio >= 1) || !std::isfinite(options.killRatio))
    return userErrorf("expected a ratio of at least 1, found {0}",
                      options.killRatio);
  if (!isPositive(options.sampleMs) || !isPositive(options.timeout) ||
      !isPositive(options.compileTimeout) ||
      !std::isfinite(options.tolerance) || options.tolerance < 0)
    return userError("expected positive times and a tolerance of at least 0");
  return llvm::Error::success();
}

static llvm::Expected<std::vector<AttuneMeasuredOperand>>
describeTask(const KernelTask &task) {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = parseWorkload(context, task.workload.text);
  if (!module)
    return module.takeError();
  return describeOperands(*(*module)->getOps<KernelOp>().begin(), task.shapes);
}

llvm::Expected<std::vector<Measurement>>
ProgramMeasurer::measure(const KernelTask &task, const Candidate &reference,
                         llvm::ArrayRef<Candidate> candidates,
                         const MeasureOptions &options) {
  if (llvm::Error error = checkOptions(options))
    return std::move(error);
  llvm::Expected<std::vector<AttuneMeasuredOperand>> operands =
      describeTask(task);
  if (!operands)
    return operands.takeError();
  std::vector<Candidate> all{reference};
  llvm::append_range(all, candidates);
  std::vector<CompiledCandidate> compiled = compileCandidates(
      task, all, target, options.jobs, options.compileTimeout, options.stop);

  std::vector<Measurement> results(all.size());
  std::vector<size_t> places;
  std::vector<MeasuredCode> codes;
  bool isStopped = options.stop && *options.stop;
  for (auto [i, candidate] : llvm::enumerate(compiled)) {
    if (isStopped) {
      results[i] = {TrialStatus::Crashed, "interrupted", {}, 0, 0};
    } else if (!candidate.failure.empty()) {
      results[i] = {TrialStatus::CompileFailed, candidate.failure, {}, 0, 0};
    } else {
      places.push_back(i);
      codes.push_back(std::move(candidate.code));
    }
  }
  if (isStopped)
    return results;
  if (options.ended)
    for (auto [i, result] : llvm::enumerate(results))
      if (i && !compiled[i].failure.empty())
        options.ended(i, result);
  if (!compiled.front().failure.empty())
    return userErrorf("the reference schedule of backend '{0}' does not "
                      "compile: {1}",
                      reference.backend, compiled.front().failure);
  MeasureOptions how = options;
  if (options.ended)
    how.ended = [&](size_t code, const Measurement &result) {
      options.ended(places[code], result);
    };
  llvm::Expected<std::vector<Measurement>> measured =
      pool.measure(*operands, codes, how);
  if (!measured)
    return measured.takeError();
  for (auto [place, measurement] : llvm::zip(places, *measured))
    results[place] = std::move(measurement);
  return results;
}

std::unique_ptr<Measurer> attune::createMeasurer(
    const TargetDesc &target, std::vector<std::unique_ptr<Runner>> runners,
    std::function<void(llvm::StringRef)> warn, MeasureTools tools) {
  return std::make_unique<ProgramMeasurer>(target, std::move(runners),
                                           std::move(warn), std::move(tools));
}
