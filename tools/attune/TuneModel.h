//===- TuneModel.h - A model before and after tuning ------------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_TUNEMODEL_H
#define ATTUNE_TOOLS_ATTUNE_TUNEMODEL_H

#include "TimedModel.h"
#include "attune/Compiler/Options.h"
#include "attune/Tuning/Tuner.h"
#include <functional>

namespace attune::tool {

/// The model that is tuned: its kernels, and its time without and with what
/// was found.
class TuneModel {
public:
  TuneModel(CompilerOptions options, int threads)
      : options(std::move(options)), threads(threads) {}

  /// Finds the kernels and compiles the model as it is without tuning; with
  /// `onlyKernels` the model itself is never run.
  llvm::Error load(bool onlyKernels);

  const std::vector<KernelTask> &getTasks() const { return tasks; }
  const TargetDesc &getTarget() const { return target; }
  const llvm::StringMap<int64_t> &getSizes() const { return sizes; }
  llvm::StringRef getName() const { return name; }
  /// Of its weights in the layouts of the default schedules.
  int64_t getWeightBytes() const { return weightBytes; }
  /// What compiling it took.
  double getCompileSeconds() const { return compileSeconds; }

  struct Verdict {
    /// Nothing when it was interrupted.
    std::optional<PairedTimes> times;
    std::string note;
    /// Kernels (by number) whose changes slow the model down.
    std::vector<size_t> dropped;
  };
  using Say = std::function<void(const llvm::Twine &)>;

  /// Compiles the model with the records of the database and runs it in turns
  /// with the one without, for about `seconds`. Where it is slower, the kernels
  /// with a winner are halved until those are found that do not hold up in the
  /// model; confirmed records that say so are appended to the database, so that
  /// it is the default that counts again. What there is no time left to acquit,
  /// with `secondsLeft` for all of this, is taken back too.
  llvm::Expected<Verdict>
  compare(TuningDatabase &database, DatabaseWriter &writer,
          llvm::ArrayRef<KernelProgress> kernels, double seconds,
          double secondsLeft, const Say &say, const std::atomic<bool> &stop);

private:
  struct Search;
  llvm::Expected<std::unique_ptr<TimedModel>>
  compile(std::vector<std::string> databases);

  CompilerOptions options;
  int threads;
  std::string name;
  TargetDesc target;
  llvm::StringMap<int64_t> sizes;
  std::vector<KernelTask> tasks;
  int64_t weightBytes = 0;
  std::unique_ptr<TimedModel> before;
  double compileSeconds = 0;
};

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_TUNEMODEL_H
