//===- Plot.h - Plots as inline SVG -----------------------------*- C++ -*-===//
#ifndef ATTUNE_SUPPORT_PLOT_H
#define ATTUNE_SUPPORT_PLOT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
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
  /// Joined by steps rather than drawn as dots alone.
  bool isLine = false;
  std::vector<PlotPoint> points;
  /// Steps are straight lines between dots instead.
  bool isStraight = false;
};

struct PlotOptions {
  std::string title, xLabel, yLabel;
  bool logX = false, logY = false;
  /// A thin line over the whole width, e.g. where nothing was gained.
  std::optional<double> baseline = std::nullopt;
  /// The same over the whole height.
  std::optional<double> mark = std::nullopt;
  /// A thin line where both coordinates are equal.
  bool diagonal = false;
};

/// Rules of a page's style (HTMLPage) that plots need.
llvm::StringRef getPlotStyle();

/// A number of at most four digits, without zeros at its end.
std::string printTick(double value);

/// Some five round values between two, of which `high` is the larger.
std::vector<double> getRoundTicks(double low, double high);

/// An SVG element with axes, ticks and a legend; a sentence when there is
/// nothing to show. Points that an axis cannot show are left out.
std::string renderPlot(const PlotOptions &options,
                       llvm::ArrayRef<PlotSeries> series);

} // namespace attune

#endif // ATTUNE_SUPPORT_PLOT_H
