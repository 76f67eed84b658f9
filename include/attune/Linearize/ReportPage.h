//===- ReportPage.h - A rewritten model as a page ---------------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_REPORTPAGE_H
#define ATTUNE_LINEARIZE_REPORTPAGE_H

#include "attune/Linearize/Report.h"

namespace attune {

struct LinearizePage {
  const LinearizeReport &report;
  const AttentionCosts *costs = nullptr; ///< null: nothing was timed
  /// What the report does not know of, by name: machine, compiler, ...
  std::vector<std::pair<std::string, std::string>> facts;
};

/// One HTML file that refers to nothing outside of itself: the verdict first,
/// then where it comes from, plots, and a table beside each plot.
std::string renderLinearizePage(const LinearizePage &page);

} // namespace attune

#endif // ATTUNE_LINEARIZE_REPORTPAGE_H
