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
#include <atomic>
#include <functional>

namespace attune {

struct MeasureOptions {
  int threads = 1;
  /// Rounds in which every candidate left runs once. Those beyond `killRatio`
  /// times the best are dropped after the first, and after every third the
  /// slower half, as far as it is beyond a ratio whose distance from one halves
  /// each time (1.5, 1.25, 1.125, ...). What is dropped has fewer samples.
  int rounds = 9;
  double killRatio = 1.5;
  /// Least time of one sample; short kernels run several times in it.
  double sampleMs = 5;
  /// Largest difference of results that counts as correct.
  double tolerance = 1e-3;
  /// Seconds that one candidate may take before it counts as hanging.
  double timeout = 30;
  /// Seconds that compiling one candidate may take.
  double compileTimeout = 30;
  /// Evicts operands from caches before each run.
  bool coldCaches = false;
  /// Runs go through copies of the kernel's packed weights that take so much
  /// memory together: for kernels of models whose weights do not fit the last
  /// cache. 0: one copy.
  int64_t weightBytes = 0;
  /// Candidates compiled at the same time.
  int jobs = 1;
  /// Ends measuring soon after it becomes true: what has no result by then
  /// counts as crashed, "interrupted". May be null.
  const std::atomic<bool> *stop = nullptr;
  /// Told each result as soon as it is final: 0 is the reference, then come the
  /// candidates, from 1. At most once each, on one thread at a time, which need
  /// not be the caller's; what is returned in the end is the same. A measurer
  /// that has all results at once need not tell. Those that are interrupted are
  /// not told. May be null.
  std::function<void(size_t, const Measurement &)> ended;
};

/// Measures candidates of a kernel; the tuner knows no more of machines.
class Measurer {
public:
  virtual ~Measurer() = default;
  /// One measurement a candidate, in order. `reference` is the default schedule
  /// of the preferred backend, to which results are compared and speedups
  /// refer; its own measurement comes first, before those of the candidates.
  /// An error means that nothing could be measured at all: the reference does
  /// not compile or does not run, or no runner works.
  virtual llvm::Expected<std::vector<Measurement>>
  measure(const KernelTask &task, const Candidate &reference,
          llvm::ArrayRef<Candidate> candidates,
          const MeasureOptions &options) = 0;
};

/// Runs a measuring program and collects what it prints. One run at a time.
class Runner {
public:
  virtual ~Runner() = default;
  /// How messages call it.
  virtual std::string describe() const = 0;

  struct Outcome {
    /// Lines on the program's standard output, the last one whole.
    std::vector<std::string> lines;
    bool timedOut = false;
    /// The signal that ended it, where that is known; 0: none.
    int signal = 0;
    /// Why it did not end with status 0; empty when it did.
    std::string failure;
  };
  /// Runs the program at `path`. It is ended when it printed nothing for
  /// `silence` seconds. `arguments` are plain words.
  virtual Outcome run(llvm::StringRef path,
                      llvm::ArrayRef<std::string> arguments,
                      double silence) = 0;

  /// From now on a run ends soon after `condition`, asked time and again on the
  /// thread that runs it, has become true; null: never.
  void stopWhen(std::function<bool()> condition) {
    stopCondition = std::move(condition);
  }

  /// From now on each whole line is told as soon as it comes, on the thread
  /// that runs it, beside being in the outcome; null: none is. What is told
  /// must not run it again. A runner that has all lines at once need not tell.
  void tellLines(std::function<void(llvm::StringRef)> told) {
    lineTold = std::move(told);
  }

protected:
  std::function<bool()> stopCondition;
  std::function<void(llvm::StringRef)> lineTold;
};

/// In a process of its own on this machine, which ends with this one.
std::unique_ptr<Runner> createLocalRunner();

/// By a shell command of the user's. `{}` in it is replaced by the program's
/// path and arguments, quoted; without `{}` the program comes on standard
/// input, and its arguments both in ATTUNE_MEASURE_ARGUMENTS and at the end of
/// the program itself, which finds them there:
///
///   --runner='srun -p cpu {}'
///   --runner='ssh host "f=\$(mktemp) && cat >\$f && chmod +x \$f && \$f; rm
///   \$f"'
std::unique_ptr<Runner> createCommandRunner(std::string command);

/// Where the parts of measuring programs come from; see PackageOptions.
struct MeasureTools {
  std::string runtimeDirectory; ///< of libattune_measure.a; empty: found
  std::string linker;           ///< empty: $CC, else cc, gcc or clang
};

/// Compiles candidates for `target` and measures them with the runners, of
/// which each works on a program of its own when there are several. One that is
/// done long before another takes over its program too. A runner
/// that fails three times in a row is used no more; `warn`, which may be null,
/// is told, on one thread at a time.
std::unique_ptr<Measurer> createMeasurer(
    const TargetDesc &target, std::vector<std::unique_ptr<Runner>> runners,
    std::function<void(llvm::StringRef)> warn, MeasureTools tools = {});

} // namespace attune

#endif // ATTUNE_TUNING_MEASURE_H
