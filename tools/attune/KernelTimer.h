//===- KernelTimer.h - A kernel of the command line, timed ------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_KERNELTIMER_H
#define ATTUNE_TOOLS_ATTUNE_KERNELTIMER_H

#include "attune/Backend/LLVM/KernelRunner.h"
#include "attune/Compiler/ScheduleChooser.h"
#include "attune/Kernel/KernelSpec.h"

namespace attune::tool {

/// What compiles a kernel that is to be timed.
struct TimedKernelOptions {
  std::string spec; ///< parseKernelSpec
  TargetDesc target;
  /// Knobs that differ from the chosen schedule, as name=value.
  std::vector<std::string> knobs;
  /// A UserError when the schedule was not tuned on a machine like this.
  bool requireTuned = false;
};

/// A compiled kernel on memory of its own, filled with random values.
class KernelTimer {
public:
  /// The context knows the compiler's dialects. UserErrors: what the spec and
  /// the schedule say; operands larger than 32 GB.
  static llvm::Expected<std::unique_ptr<KernelTimer>>
  create(mlir::MLIRContext &context, ScheduleChooser &chooser,
         const TimedKernelOptions &options);

  /// Milliseconds of one run, from the time of several.
  llvm::Expected<double> time(int threads, int iterations);

  const KernelProblem &getProblem() const { return problem; }
  const Backend &getBackend() const { return *backend; }
  const Schedule &getSchedule() const { return runner->getSchedule(); }
  ScheduleSource getSource() const { return source; }

private:
  llvm::Error bindRandom(llvm::StringRef spec);

  ScheduleSource source = ScheduleSource::Analytic;
  const Backend *backend = nullptr;
  KernelProblem problem;
  std::unique_ptr<KernelRunner> runner;
  std::vector<std::vector<float>> floats;
  std::vector<std::vector<int64_t>> integers;
};

/// The middle of some numbers, of two when their number is even. Expects one at
/// least.
double getMedian(std::vector<double> values);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_KERNELTIMER_H
