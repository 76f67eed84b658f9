//===- CostModel.h - Guessing times from earlier ones -----------*- C++ -*-===//
//
// Gradient-boosted regression trees (Friedman 2001) on features of kernel,
// schedule and machine, fitted to the records of a database. The model ranks
// candidates before they run; what it says is stored beside what was measured,
// and its rank correlation is reported.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_TUNING_COSTMODEL_H
#define ATTUNE_TUNING_COSTMODEL_H

#include "attune/Tuning/KernelTask.h"
#include "attune/Tuning/Record.h"
#include <memory>

namespace attune {

class CostModel {
public:
  CostModel();
  ~CostModel();

  /// Fits the model to correct records of `target` and of machines like it
  /// (matchTargets), an even share of them where there are very many, and
  /// forgets what it was fitted to before. Deterministic. Returns how many were
  /// used; with fewer than 16 the model stays unfitted.
  size_t fit(llvm::ArrayRef<TrialRecord> records, const TargetKey &target);
  bool isFitted() const;

  /// Milliseconds of one run; only their order is meant to be relied on. 0
  /// before fitting.
  double predict(llvm::StringRef family, const KernelShapes &shapes,
                 const Candidate &candidate, const TargetKey &target,
                 int threads) const;

  /// Spearman's rank correlation between predicted and measured times by
  /// cross-validation within workloads; nothing before fitting, or where no
  /// workload has records enough. Computed when first asked for, in about twice
  /// the time of fitting; not safe from several threads.
  std::optional<double> getRankCorrelation() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// Spearman's rank correlation of two samples of equal size, with ties given
/// their mean rank; 0 when one of them is constant.
double computeRankCorrelation(llvm::ArrayRef<double> a,
                              llvm::ArrayRef<double> b);

} // namespace attune

#endif // ATTUNE_TUNING_COSTMODEL_H
