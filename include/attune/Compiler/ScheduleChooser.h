//===- ScheduleChooser.h - Backend and schedule of kernels ------*- C++ -*-===//
//
// What a kernel is computed by comes, in this order, from its attributes in
// the IR, from records of the tuner (those of this very machine first), or from
// the backend's analysis of kernel and machine.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_COMPILER_SCHEDULECHOOSER_H
#define ATTUNE_COMPILER_SCHEDULECHOOSER_H

#include "attune/Backend/Backend.h"
#include "attune/Compiler/BackendChoice.h"
#include "attune/Tuning/Database.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace attune {

/// On a kernel with a schedule: where the schedule comes from, one of
/// getName(ScheduleSource).
inline constexpr llvm::StringLiteral kScheduleSourceAttr =
    "attune.schedule_source";

enum class ScheduleSource {
  Given,       ///< the IR had it
  Tuned,       ///< measured on a machine with the same key
  Transferred, ///< measured on a similar machine or at other sizes
  Analytic     ///< the backend's default
};

/// "given", "tuned", "transferred", "analytic".
llvm::StringRef getName(ScheduleSource source);

/// What decides the choice.
struct ScheduleOptions {
  BackendChoice backend;
  /// Files of the tuner's records; all are read, and must be there.
  std::vector<std::string> databases;
  /// Whether the records that ship with Attune are looked at after those.
  bool useSeedDatabase = true;
  /// Whether a kernel without a tuned schedule is an error.
  bool requireTuned = false;
  /// Sizes that the model is optimized for, by symbol. Others are 1 for
  /// "batch" and 128, or the largest possible, for the rest.
  llvm::StringMap<int64_t> optimizeFor;
};

/// Reads "batch=1,length=128" of `--optimize-for=`.
llvm::Expected<llvm::StringMap<int64_t>> parseOptimizeFor(llvm::StringRef text);

/// The values of a model's symbols that it is optimized for, with those left
/// out as ScheduleOptions says. A UserError about a symbol that the model does
/// not have, or a value beyond its largest.
llvm::Expected<llvm::StringMap<int64_t>>
getOptimizedSizes(mlir::ModuleOp module,
                  const llvm::StringMap<int64_t> &optimizeFor);

struct ScheduleChoice {
  const Backend *backend;
  Schedule schedule;
  ScheduleSource source;
};

/// Something that cannot be chosen.
struct ScheduleProblem {
  KernelOp kernel; ///< null: about the module
  std::string text;
};

class ScheduleChooser {
public:
  /// Reads the databases. UserErrors: a backend or family that does not exist,
  /// a database that cannot be read.
  static llvm::Expected<std::unique_ptr<ScheduleChooser>>
  create(ScheduleOptions options);

  /// The choice for one kernel that is launched at `shapes` (arguments, then
  /// results); records are not looked at when they are empty. A UserError says
  /// why no backend takes the kernel.
  llvm::Expected<ScheduleChoice>
  choose(KernelOp kernel, const KernelShapes &shapes, const TargetDesc &target);

  /// Chooses for all kernels of a module (phase kernels, on tensors) and writes
  /// backend, schedule and source to their attributes. `model` is the model's
  /// name in advice.
  std::vector<ScheduleProblem> assign(mlir::ModuleOp module,
                                      const TargetDesc &target,
                                      llvm::StringRef model = "MODEL");

  /// What is odd about the databases and about records that would have fitted
  /// but are not used, a line each; tells each once.
  std::vector<std::string> takeWarnings();

private:
  /// Why a record of a kernel is not used.
  enum class Refusal { NoBackend, Version, Schedule, Machine };

  explicit ScheduleChooser(ScheduleOptions options)
      : options(std::move(options)) {}
  llvm::Error readDatabases();
  bool accepts(const TrialRecord &record, KernelOp kernel,
               llvm::ArrayRef<const Backend *> usable,
               const TargetDesc &target);
  std::optional<ScheduleChoice>
  findTuned(KernelOp kernel, const KernelShapes &shapes,
            llvm::ArrayRef<const Backend *> usable, const TargetDesc &target);

  ScheduleOptions options;
  TuningDatabase own, seed;
  std::vector<std::string> warnings;
  llvm::MapVector<const TrialRecord *, Refusal> refused;
  size_t told = 0; ///< of `refused`, when warnings were last taken
};

} // namespace attune

#endif // ATTUNE_COMPILER_SCHEDULECHOOSER_H
