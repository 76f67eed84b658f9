//===- KernelTuning.h - One kernel while it is tuned ------------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_KERNELTUNING_H
#define ATTUNE_LIB_TUNING_KERNELTUNING_H

#include "attune/Tuning/BudgetAllocation.h"
#include "attune/Tuning/Tuner.h"

namespace attune {

/// A candidate and what all its measurements together say.
struct Contender {
  Candidate candidate;
  Measurement last;
  int measured = 0;      ///< correct measurements
  double logSpeedup = 0; ///< sum over them, against the reference
  bool confirmed = false;

  double getSpeedup() const;
};

/// What the tuner keeps of one kernel: its search, and all that was tried.
class KernelTuning {
public:
  /// Parses the task's kernel and sets up its search; `task` outlives this. A
  /// UserError when no backend takes the kernel.
  static llvm::Expected<std::unique_ptr<KernelTuning>>
  create(mlir::MLIRContext &context, const KernelTask &task,
         const TargetDesc &target, llvm::ArrayRef<const Backend *> backends,
         const TunerOptions &options, const TuningDatabase &database);

  const KernelTask &getTask() const { return task; }
  /// To which results and speedups refer: the default of the preferred backend.
  const Candidate &getReference() const { return reference; }
  /// The default of the first backend that is tried.
  const Candidate &getBase() const { return base; }
  llvm::StringRef getScheduleVersion(llvm::StringRef backend) const;

  /// Learns what the database says of this kernel on this machine; returns the
  /// number of trials known.
  int64_t resume(const TuningDatabase &database, const TargetKey &target,
                 int threads);

  /// Defaults that were not measured yet, the reference's not among them.
  std::vector<Candidate> getOpenDefaults() const;
  bool isReferenceKnown() const { return referenceMs > 0; }
  /// Candidates of the next round, none known; empty when there are no more.
  std::vector<Candidate> propose(size_t count, const CostModel *model);

  void learnReference(const Measurement &measurement);
  /// A candidate's measurement, new or repeated; `confirming` ones replace
  /// what was known.
  void learn(const Candidate &candidate, const Measurement &measurement,
             bool confirming = false);
  bool isKnown(const Candidate &candidate) const;

  /// The fastest correct candidate that may be taken, the base included; null
  /// before any.
  const Contender *getBest() const;
  /// Correct candidates other than the base that seem faster than it, the
  /// fastest first; those already confirmed are left out.
  std::vector<Candidate> getChallengers(size_t count) const;
  /// Once winners were measured again: the fastest that stood, or the base.
  void settle();

  double getDefaultMs() const;
  double getBestSpeedup() const; ///< over the base
  void fill(KernelProgress &progress) const;

  KernelAccount account; ///< modelMs is updated by `updateAccount`
  void updateAccount(bool endsRound);

private:
  explicit KernelTuning(const KernelTask &task) : task(task) {}
  Contender &getContender(const Candidate &candidate);
  const Contender *find(const Candidate &candidate) const;
  /// Speedup of the base over the reference; 1 when they are the same.
  double getBaseSpeedup() const;

  const KernelTask &task;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<const Backend *> all;
  std::optional<SearchSpace> space;
  std::unique_ptr<Search> search;
  Candidate reference, base;
  std::vector<double> referenceTimes; // a round each
  double referenceMs = 0;             // their median
  std::vector<Contender> contenders;  // in the order of their first trial
  llvm::StringMap<size_t> index;      // by backend and schedule
  bool settled = false;
};

/// Schedules that won on other workloads, shapes or machines of the kernel's
/// family, those of the nearest first: same machine before similar ones before
/// others, then by how far the extents are apart.
std::vector<Candidate> findNeighbours(const TuningDatabase &database,
                                      const KernelTask &task,
                                      const TargetKey &target, size_t most);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_KERNELTUNING_H
