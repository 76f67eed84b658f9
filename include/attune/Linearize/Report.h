//===- Report.h - What is said about a rewritten model ----------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_REPORT_H
#define ATTUNE_LINEARIZE_REPORT_H

#include "attune/Linearize/Linearize.h"
#include "llvm/Support/JSON.h"

namespace attune {

/// Softmax attention and what replaces it, measured on this machine.
struct AttentionTimes {
  int64_t length = 0;
  double softmaxMs = 0, linearMs = 0; ///< medians
};

/// What one layer costs, before and after.
struct AttentionCosts {
  std::string softmax, linear; ///< the kernels that were timed
  int threads = 0;
  std::vector<AttentionTimes> times; ///< by rising length
  /// From this length on both take as many operations; 0: from the first.
  int64_t flopCrossover = 0;

  /// The shortest length from which on linear attention is faster at all
  /// lengths that were timed, between neighbours by interpolation; nothing when
  /// it is slower at the longest.
  std::optional<int64_t> getCrossover() const;
};

/// Where linear attention takes as many operations as softmax attention, the
/// features included: 2 m keys for one query, twice that where half of them is
/// masked.
int64_t getFlopCrossover(const LayerParameters &parameters, bool causal);

/// The report as JSON, everything in it.
llvm::json::Value reportToJSON(const LinearizeReport &report,
                               const AttentionCosts *costs = nullptr);

/// The report for a terminal.
void printReport(llvm::raw_ostream &os, const LinearizeReport &report,
                 const AttentionCosts *costs = nullptr);

} // namespace attune

#endif // ATTUNE_LINEARIZE_REPORT_H
