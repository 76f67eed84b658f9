//===- Plot.cpp - Plots as inline SVG -------------------------------------===//
#include "attune/Support/Plot.h"
#include "attune/Support/HTMLPage.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace attune;

/// Colours are the variables of all pages.
static constexpr llvm::StringLiteral kStyle = R"css(
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; flex: 1 1 26rem; max-width: 40rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--fg); font-size: 11px; }
svg .title { font-size: 13px; font-weight: 600; }
.grid { stroke: var(--line); } .base { stroke: var(--soft); stroke-dasharray: 4 3; }
.line { fill: none; stroke-width: 2; } .dot { fill-opacity: .75; }
.dot.c0 { fill: var(--c0); } .dot.c1 { fill: var(--c1); } .dot.c2 { fill: var(--c2); }
.dot.c3 { fill: var(--c3); } .dot.c4 { fill: var(--c4); } .dot.c5 { fill: var(--c5); }
.dot.c6 { fill: var(--c6); } .line.c0 { stroke: var(--c0); } .line.c3 { stroke: var(--c3); }
.line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); }
)css";

llvm::StringRef attune::getPlotStyle() { return kStyle; }

static constexpr double kWidth = 640, kHeight = 300;
static constexpr double kLeft = 64, kRight = 16, kTop = 34, kBottom = 44;

namespace {

/// Maps values to places along one side of the plot.
class Axis {
public:
  Axis(bool isLog, double from, double to) : isLog(isLog), from(from), to(to) {}

  bool shows(double value) const {
    return std::isfinite(value) && (!isLog || value > 0);
  }
  void include(double value) {
    if (!shows(value))
      return;
    double at = place(value);
    least = isEmpty ? at : std::min(least, at);
    most = isEmpty ? at : std::max(most, at);
    isEmpty = false;
  }
  /// Leaves some room around what is shown.
  void settle() {
    double room = most > least ? 0.05 * (most - least)
                               : std::max(0.05 * std::abs(most), 0.05);
    least -= room;
    most += room;
  }
  double map(double value) const {
    return from + (place(value) - least) / (most - least) * (to - from);
  }
  std::vector<double> getTicks() const;

private:
  double place(double value) const { return isLog ? std::log10(value) : value; }

  bool isLog, isEmpty = true;
  double from, to, least = 0, most = 1;
};

std::vector<double> Axis::getTicks() const {
  if (isLog && most - least > 1) {
    std::vector<double> ticks;
    for (double decade = std::ceil(least); decade <= most; ++decade)
      for (double factor : {1.0, 3.0})
        if (double at = decade + std::log10(factor);
            at <= most && (factor == 1 || most - least < 4))
          ticks.push_back(std::pow(10, decade) * factor);
    return ticks;
  }
  return getRoundTicks(isLog ? std::pow(10, least) : least,
                       isLog ? std::pow(10, most) : most);
}

} // namespace

std::vector<double> attune::getRoundTicks(double low, double high) {
  std::vector<double> ticks;
  double raw = (high - low) / 5;
  double unit = std::pow(10, std::floor(std::log10(raw)));
  double step = unit * (raw / unit > 5 ? 10 : raw / unit > 2 ? 5 : 2);
  for (double i = std::ceil(low / step); i * step <= high && ticks.size() < 20;
       ++i)
    ticks.push_back(i * step);
  return ticks;
}

std::string attune::printTick(double value) {
  if (std::abs(value) < 1e-12)
    return "0";
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

static void drawAxes(llvm::raw_ostream &os, const PlotOptions &options,
                     const Axis &x, const Axis &y) {
  double right = kWidth - kRight, bottom = kHeight - kBottom;
  for (double tick : x.getTicks())
    os << llvm::formatv(
        "<line class=\"grid\" x1=\"{0:f1}\" x2=\"{0:f1}\" y1=\"{1}\" "
        "y2=\"{2}\"/><text x=\"{0:f1}\" y=\"{3}\" "
        "text-anchor=\"middle\">{4}</text>\n",
        x.map(tick), kTop, bottom, bottom + 16, printTick(tick));
  for (double tick : y.getTicks())
    os << llvm::formatv(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:f1}\" "
        "y2=\"{2:f1}\"/><text x=\"{3}\" y=\"{4:f1}\" "
        "text-anchor=\"end\">{5}</text>\n",
        kLeft, right, y.map(tick), kLeft - 6, y.map(tick) + 4, printTick(tick));
  os << llvm::formatv("<text x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">{2}"
                      "</text>\n",
                      (kLeft + right) / 2, kHeight - 8,
                      escapeHTML(options.xLabel))
     << llvm::formatv("<text transform=\"translate(14 {0}) rotate(-90)\" "
                      "text-anchor=\"middle\">{1}</text>\n",
                      (kTop + bottom) / 2, escapeHTML(options.yLabel));
}

static void drawSeries(llvm::raw_ostream &os, const PlotSeries &series,
                       const Axis &x, const Axis &y) {
  if (series.isLine) {
    os << "<path class=\"line c" << series.colour << "\" d=\"";
    bool isFirst = true;
    for (const PlotPoint &point : series.points) {
      if (!x.shows(point.x) || !y.shows(point.y))
        continue;
      double px = x.map(point.x), py = y.map(point.y);
      if (isFirst)
        os << llvm::formatv("M{0:f1} {1:f1}", px, py);
      else if (series.isStraight)
        os << llvm::formatv("L{0:f1} {1:f1}", px, py);
      else // The best so far stays until something better comes.
        os << llvm::formatv("H{0:f1}V{1:f1}", px, py);
      isFirst = false;
    }
    os << "\"/>\n";
    // Points of a curve can be pointed at, those of a stair need not be.
    if (!series.isStraight)
      return;
  }
  for (const PlotPoint &point : series.points)
    if (x.shows(point.x) && y.shows(point.y))
      os << llvm::formatv("<circle class=\"dot c{0}\" cx=\"{1:f1}\" "
                          "cy=\"{2:f1}\" r=\"3.5\"><title>{3}</title>"
                          "</circle>\n",
                          series.colour, x.map(point.x), y.map(point.y),
                          escapeHTML(point.note));
}

static void drawLegend(llvm::raw_ostream &os,
                       llvm::ArrayRef<PlotSeries> series) {
  double at = kLeft;
  for (const PlotSeries &one : series) {
    if (one.points.empty())
      continue;
    os << llvm::formatv("<circle class=\"dot c{0}\" cx=\"{1:f1}\" cy=\"26\" "
                        "r=\"4\"/><text x=\"{2:f1}\" y=\"30\">{3}</text>\n",
                        one.colour, at + 4, at + 12, escapeHTML(one.name));
    at += 28 + 6.5 * static_cast<double>(one.name.size());
  }
}

std::string attune::renderPlot(const PlotOptions &options,
                               llvm::ArrayRef<PlotSeries> series) {
  Axis x(options.logX, kLeft, kWidth - kRight);
  Axis y(options.logY, kHeight - kBottom, kTop);
  bool isEmpty = true;
  for (const PlotSeries &one : series)
    for (const PlotPoint &point : one.points)
      if (x.shows(point.x) && y.shows(point.y)) {
        isEmpty = false;
        x.include(point.x);
        y.include(point.y);
        if (options.diagonal) {
          x.include(point.y);
          y.include(point.x);
        }
      }
  if (isEmpty)
    return "<p class=\"none\">" + escapeHTML(options.title) +
           ": nothing to show.</p>\n";
  if (options.baseline)
    y.include(*options.baseline);
  if (options.mark)
    x.include(*options.mark);
  x.settle();
  y.settle();
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::formatv("<figure><svg viewBox=\"0 0 {0} {1}\" role=\"img\" "
                      "aria-label=\"{2}\">\n<text class=\"title\" x=\"{3}\" "
                      "y=\"14\">{2}</text>\n",
                      kWidth, kHeight, escapeHTML(options.title), kLeft);
  drawAxes(os, options, x, y);
  if (options.baseline && y.shows(*options.baseline))
    os << llvm::formatv("<line class=\"base\" x1=\"{0}\" x2=\"{1}\" "
                        "y1=\"{2:f1}\" y2=\"{2:f1}\"/>\n",
                        kLeft, kWidth - kRight, y.map(*options.baseline));
  if (options.mark && x.shows(*options.mark))
    os << llvm::formatv("<line class=\"base\" x1=\"{0:f1}\" x2=\"{0:f1}\" "
                        "y1=\"{1}\" y2=\"{2}\"/>\n",
                        x.map(*options.mark), kTop, kHeight - kBottom);
  if (options.diagonal)
    os << llvm::formatv("<line class=\"base\" x1=\"{0}\" y1=\"{1}\" "
                        "x2=\"{2}\" y2=\"{3}\"/>\n",
                        kLeft, kHeight - kBottom, kWidth - kRight, kTop);
  for (const PlotSeries &one : series)
    drawSeries(os, one, x, y);
  drawLegend(os, series);
  os << "</svg></figure>\n";
  return text;
}
