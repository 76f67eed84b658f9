//===- Measure.h - Timing candidates ----------------------------*- C++ -*-===//
//
// Candidates are compiled to one self-contained program a kernel, which runs
// in a process (or on a machine) of its own: it makes the operands, runs the
// reference and the candidates in turns, compares their results, and prints
// what it measured as JSON lines. A candidate that crashes or hangs costs that
// candidate and nothing else.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_TUNING_MEASURE_H
#define ATTUNE_TUNING_MEASURE_H

#include "attune/Kernel/Target.h"
#include "attune/Tuning/KernelTask.h"
#include "attune/Tuning/Record.h"
#include <functional>

namespace attune {

struct MeasureOptions {
  int threads = 1;
  /// Rounds in which every candidate left runs once; after each the slower half
  /// of those beyond `killRatio` times the best is dropped.
  int rounds = 9;
  double killRatio = 1.5;
  /// Least time of one sample; short kernels run several times in it.
  double sampleMs = 5;
  /// Largest difference of results that counts as correct.
  double tolerance = 1e-3;
  /// Seconds that one candidate may take before it counts as hanging.
  double timeout = 30;
  /// Evicts operands from caches before each run.
  bool coldCaches = false;
  /// Candidates compiled at the same time.
  int jobs = 1;
};

/// Measures candidates of a kernel; the tuner knows no more of machines.
class Measurer {
public:
  virtual ~Measurer() = default;
  /// One measurement a candidate, in order. `reference` is the default schedule
  /// of the preferred backend, to which results are compared and speedups
  /// refer; its own measurement comes first, before those of the candidates.
  /// An error means that nothing could be measured at all.
  virtual llvm::Expected<std::vector<Measurement>>
  measure(const KernelTask &task, const Candidate &reference,
          llvm::ArrayRef<Candidate> candidates,
          const MeasureOptions &options) = 0;
};

/// Runs a measuring program and collects what it prints.
class Runner {
public:
  virtual ~Runner() = default;
  virtual std::string describe() const = 0;

  struct Outcome {
    /// Lines on the program's standard output, the last one whole.
    std::vector<std::string> lines;
    bool timedOut = false;
    /// Why it did not end with status 0; empty when it did.
    std::string failure;
  };
  /// Runs the program at `path`. It is ended when it printed nothing for
  /// `silence` seconds. `arguments` are plain words.
  virtual Outcome run(llvm::StringRef path,
                      llvm::ArrayRef<std::string> arguments,
                      double silence) = 0;
};

/// In a process of its own on this machine.
std::unique_ptr<Runner> createLocalRunner();

/// By a shell command of the user's. `{}` in it is replaced by the program's
/// path and arguments; without `{}` the program comes on standard input and
/// its arguments in ATTUNE_MEASURE_ARGUMENTS:
///
///   --runner='srun -p cpu {}'
///   --runner='ssh host "f=\$(mktemp) && cat >\$f && chmod +x \$f && \$f; rm
///   \$f"'
std::unique_ptr<Runner> createCommandRunner(std::string command);

/// Compiles candidates for `target` and measures them with the runners, of
/// which each works on a program of its own when there are several. A runner
/// that fails three times in a row is used no more; `warn` is told.
std::unique_ptr<Measurer>
createMeasurer(const TargetDesc &target,
               std::vector<std::unique_ptr<Runner>> runners,
               std::function<void(llvm::StringRef)> warn);

} // namespace attune

#endif // ATTUNE_TUNING_MEASURE_H
