//===- Search.h - Which schedules to try next -------------------*- C++ -*-===//
//
// A search proposes candidates for one kernel and is told what came of them.
// It depends on its seed and on what it is told, in that order, and on nothing
// else: the same seed on the same measurements proposes the same candidates.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_TUNING_SEARCH_H
#define ATTUNE_TUNING_SEARCH_H

#include "attune/Backend/Backend.h"
#include "attune/Tuning/CostModel.h"
#include "attune/Tuning/KernelTask.h"
#include "attune/Tuning/Record.h"
#include <memory>
#include <random>

namespace attune {

/// All schedules of one kernel: those of every backend that takes it.
class SearchSpace {
public:
  /// `kernel` and `backends` outlive the space. Backends that do not support
  /// the kernel are left out.
  SearchSpace(KernelOp kernel, const TargetDesc &target,
              llvm::ArrayRef<const Backend *> backends);

  struct Side {
    const Backend *backend;
    /// Those of the backend, the default's values among their choices.
    llvm::SmallVector<Knob> knobs;
    Schedule defaultSchedule;
    /// The most that a schedule may take: what the machine has, or what the
    /// default takes where that is more.
    Footprint limits;
  };
  llvm::ArrayRef<Side> getSides() const { return sides; }
  /// The side of a backend; null when it does not take the kernel.
  const Side *findSide(llvm::StringRef backend) const;
  KernelOp getKernel() const { return kernel; }
  const TargetDesc &getTarget() const { return target; }

  /// The default schedules, the preferred backend's first.
  std::vector<Candidate> getDefaults() const;
  /// Candidates that a knob with Knob::overrides makes, one a value.
  std::vector<Candidate> getOverrides() const;
  /// The same code in the form that is compared: with a value for every knob,
  /// or with the one knob that overrides the others. Knobs that are not known
  /// stay (and make it unfit).
  Candidate canonicalize(const Candidate &candidate) const;
  /// Whether a candidate fits the kernel and the machine by hard facts: knobs
  /// that exist, values within the range of their choices, what the backend
  /// verifies, and footprints in registers, L1 and L2. Writes the reason.
  bool fits(const Candidate &candidate, std::string &reason) const;
  /// How many combinations of choices there are, fitting or not.
  double getSize() const;

private:
  KernelOp kernel;
  TargetDesc target;
  std::vector<Side> sides;
};

struct SearchOptions {
  /// "auto" (all, by what pays), or one of getSearchStrategies().
  std::string strategy = "auto";
  uint64_t seed = 0;
  /// Threads that candidates are measured with: the cost model asks.
  int threads = 1;
};

/// Names and one line of description each, for help texts.
llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>>
getSearchStrategies();

class Search {
public:
  /// `neighbours`: schedules that won on other kernels or machines, tried
  /// right after the defaults.
  Search(const SearchSpace &space, const SearchOptions &options,
         std::vector<Candidate> neighbours);
  ~Search();

  /// Up to `count` candidates, in canonical form, that fit and were not
  /// proposed or told of before: first the defaults, neighbours and overrides,
  /// then what strategies suggest; fewer, or none, when the space is exhausted.
  /// `model`, when it has been fitted, ranks what strategies suggest; a quarter
  /// is taken unranked.
  std::vector<Candidate> propose(size_t count, const KernelTask &task,
                                 const CostModel *model);

  /// What measuring gave, for candidates proposed here or known from records.
  /// The last result of a candidate counts.
  void tell(const Candidate &candidate, const Measurement &result);

  /// The fastest correct candidate so far; null before any.
  const Candidate *getBest() const;
  double getBestSpeedup() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace attune

#endif // ATTUNE_TUNING_SEARCH_H
