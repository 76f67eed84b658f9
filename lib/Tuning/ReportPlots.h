//===- ReportPlots.h - Plots as inline SVG ----------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_REPORTPLOTS_H
#define ATTUNE_LIB_TUNING_REPORTPLOTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace attune {

struct PlotPoint {
  double x, y;
  std::string note = {}; ///< shown when pointed at
};

struct PlotSeries {
  std::string name;
  /// Number of the colour, see the page's style.
  int colour = 0;
  /// Joined as steps rather than drawn as dots.
  bool isLine = false;
  std::vector<PlotPoint> points;
};

struct PlotOptions {
  std::string title, xLabel, yLabel;
  bool logX = false, logY = false;
  /// A thin line over the whole width, e.g. where nothing was gained.
  std::optional<double> baseline = std::nullopt;
  /// A thin line where both coordinates are equal.
  bool diagonal = false;
};

/// An SVG element with axes, ticks and a legend; a sentence when there is
/// nothing to show. Points that an axis cannot show are left out.
std::string renderPlot(const PlotOptions &options,
                       llvm::ArrayRef<PlotSeries> series);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_REPORTPLOTS_H
