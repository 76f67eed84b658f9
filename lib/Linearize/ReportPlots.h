//===- ReportPlots.h - Bars and heat maps as inline SVG ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_LINEARIZE_REPORTPLOTS_H
#define ATTUNE_LIB_LINEARIZE_REPORTPLOTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace attune {

/// Bars of one colour, one in each group.
struct BarSeries {
  std::string name;
  int colour = 0; ///< see HTMLPage
  std::vector<double> values;
};

struct BarOptions {
  std::string title, xLabel, yLabel;
  std::vector<std::string> groups; ///< what stands below
  /// Longer bars are cut off here and say so.
  double most = 1;
};

/// An SVG element with a group of bars for each name, from 0 upwards. What is
/// no number has no bar.
std::string renderBars(const BarOptions &options,
                       llvm::ArrayRef<BarSeries> series);

struct HeatRow {
  std::string name;
  std::vector<double> values;
};

/// An SVG element with a cell for each value, the darker the larger, up to
/// `most`; what is no number is crossed out.
std::string renderHeatMap(llvm::StringRef title, llvm::StringRef rowLabel,
                          llvm::StringRef columnLabel,
                          llvm::ArrayRef<HeatRow> rows, double most);

/// Rules of a page's style for both, behind those of getPlotStyle.
llvm::StringRef getReportPlotStyle();

} // namespace attune

#endif // ATTUNE_LIB_LINEARIZE_REPORTPLOTS_H
