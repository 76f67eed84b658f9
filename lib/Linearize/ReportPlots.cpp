//===- ReportPlots.cpp - Bars and heat maps as inline SVG -----------------===//
#include "ReportPlots.h"
#include "attune/Support/HTMLPage.h"
#include "attune/Support/Plot.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace attune;

static constexpr double kLeft = 64, kRight = 16, kTop = 40, kBottom = 44;
static constexpr double kPlotHeight = 216, kMinWidth = 640;

static constexpr llvm::StringLiteral kStyle = R"css(
figure.wide { max-width: none; overflow-x: auto; flex-basis: 100%; }
figure.wide svg { min-width: 40rem; max-width: 78rem; }
.bar.c0 { fill: var(--c0); } .bar.c1 { fill: var(--c1); } .bar.c2 { fill: var(--c2); }
.bar.c3 { fill: var(--c3); } .bar.c4 { fill: var(--c4); }
.heat { fill: var(--c5); stroke: var(--line); } .cross { stroke: var(--bad); }
svg text.cell { font-size: 10px; }
)css";

llvm::StringRef attune::getReportPlotStyle() { return kStyle; }

static void open(llvm::raw_ostream &os, llvm::StringRef title, double width,
                 double height) {
  os << llvm::formatv("<figure class=\"wide\"><svg viewBox=\"0 0 {0:f0} "
                      "{1:f0}\" role=\"img\" aria-label=\"{2}\">\n<text "
                      "class=\"title\" x=\"{3}\" y=\"14\">{2}</text>\n",
                      width, height, escapeHTML(title), kLeft);
}

static std::string renderNothing(llvm::StringRef title) {
  return "<p class=\"none\">" + escapeHTML(title) + ": nothing to show.</p>\n";
}

std::string attune::renderBars(const BarOptions &options,
                               llvm::ArrayRef<BarSeries> series) {
  size_t groups = options.groups.size(), count = series.size();
  if (!groups || !count || !(options.most > 0))
    return renderNothing(options.title);
  // Of each group: its bars and the room of one beside them.
  double bar = std::max(4.0, (kMinWidth - kLeft - kRight) /
                                 double(groups * (count + 1)));
  bar = std::min(bar, 22.0);
  double group = bar * double(count + 1);
  double width = std::max(kMinWidth, kLeft + kRight + group * double(groups));
  double bottom = kTop + kPlotHeight;
  auto place = [&](double value) {
    return bottom - std::clamp(value / options.most, 0.0, 1.0) * kPlotHeight;
  };
  std::string text;
  llvm::raw_string_ostream os(text);
  open(os, options.title, width, bottom + kBottom);
  for (double tick : getRoundTicks(0, options.most))
    os << llvm::formatv(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1:f1}\" y1=\"{2:f1}\" "
        "y2=\"{2:f1}\"/><text x=\"{3}\" y=\"{4:f1}\" "
        "text-anchor=\"end\">{5}</text>\n",
        kLeft, width - kRight, place(tick), kLeft - 6, place(tick) + 4,
        printTick(tick));
  for (size_t g = 0; g < groups; ++g) {
    double left = kLeft + group * double(g) + bar / 2;
    for (auto [i, one] : llvm::enumerate(series)) {
      double value = g < one.values.size() ? one.values[g] : NAN;
      if (!std::isfinite(value))
        continue;
      // The least bar can still be seen.
      double top = std::min(place(value), bottom - 1);
      double x = left + bar * double(i);
      os << llvm::formatv(
          "<rect class=\"bar c{0}\" x=\"{1:f1}\" y=\"{2:f1}\" "
          "width=\"{3:f1}\" height=\"{4:f1}\"><title>{5}: {6}, {7}</title>"
          "</rect>\n",
          one.colour, x, top, bar * 0.9, bottom - top,
          escapeHTML(options.groups[g]), escapeHTML(one.name),
          printTick(value));
      if (value > options.most)
        os << llvm::formatv("<text class=\"cell\" x=\"{0:f1}\" y=\"{1:f1}\" "
                            "text-anchor=\"middle\">&#9650;</text>\n",
                            x + bar * 0.45, kTop + 9);
    }
    os << llvm::formatv("<text x=\"{0:f1}\" y=\"{1:f1}\" "
                        "text-anchor=\"middle\">{2}</text>\n",
                        left + bar * double(count) / 2, bottom + 16,
                        escapeHTML(options.groups[g]));
  }
  os << llvm::formatv("<text x=\"{0:f1}\" y=\"{1:f1}\" "
                      "text-anchor=\"middle\">{2}</text>\n",
                      (kLeft + width - kRight) / 2, bottom + 36,
                      escapeHTML(options.xLabel))
     << llvm::formatv("<text transform=\"translate(14 {0:f1}) rotate(-90)\" "
                      "text-anchor=\"middle\">{1}</text>\n",
                      kTop + kPlotHeight / 2, escapeHTML(options.yLabel));
  double at = kLeft;
  for (const BarSeries &one : series) {
    os << llvm::formatv("<rect class=\"bar c{0}\" x=\"{1:f1}\" y=\"21\" "
                        "width=\"9\" height=\"9\"/><text x=\"{2:f1}\" "
                        "y=\"30\">{3}</text>\n",
                        one.colour, at, at + 13, escapeHTML(one.name));
    at += 32 + 6.5 * double(one.name.size());
  }
  os << "</svg></figure>\n";
  return text;
}

std::string attune::renderHeatMap(llvm::StringRef title,
                                  llvm::StringRef rowLabel,
                                  llvm::StringRef columnLabel,
                                  llvm::ArrayRef<HeatRow> rows, double most) {
  size_t columns = 0;
  for (const HeatRow &row : rows)
    columns = std::max(columns, row.values.size());
  if (!columns || !(most > 0))
    return renderNothing(title);
  double cell =
      std::clamp((kMinWidth - kLeft - kRight) / double(columns), 16.0, 48.0);
  bool hasNumbers = cell >= 32;
  double height = 20, bottom = kTop + height * double(rows.size());
  double width = std::max(kMinWidth, kLeft + kRight + cell * double(columns));
  std::string text;
  llvm::raw_string_ostream os(text);
  open(os, title, width, bottom + kBottom);
  os << llvm::formatv(
      "<text x=\"{0}\" y=\"30\">from 0 (clear) to {1} and more (full)</text>\n",
      kLeft, printTick(most));
  for (auto [r, row] : llvm::enumerate(rows)) {
    double y = kTop + height * double(r);
    os << llvm::formatv("<text x=\"{0}\" y=\"{1:f1}\" "
                        "text-anchor=\"end\">{2}</text>\n",
                        kLeft - 6, y + 14, escapeHTML(row.name));
    for (auto [c, value] : llvm::enumerate(row.values)) {
      double x = kLeft + cell * double(c);
      bool isNumber = std::isfinite(value);
      os << llvm::formatv(
          "<rect class=\"heat\" x=\"{0:f1}\" y=\"{1:f1}\" width=\"{2:f1}\" "
          "height=\"{3:f1}\" fill-opacity=\"{4:f3}\"><title>{5} {6}, {7} {8}: "
          "{9}</title></rect>\n",
          x, y, cell, height, isNumber ? std::clamp(value / most, 0.0, 1.0) : 0,
          escapeHTML(rowLabel), escapeHTML(row.name), escapeHTML(columnLabel),
          c, isNumber ? printTick(value) : "no number");
      if (!isNumber)
        os << llvm::formatv("<line class=\"cross\" x1=\"{0:f1}\" y1=\"{1:f1}\" "
                            "x2=\"{2:f1}\" y2=\"{3:f1}\"/>\n",
                            x, y, x + cell, y + height);
      else if (hasNumbers)
        os << llvm::formatv("<text class=\"cell\" x=\"{0:f1}\" y=\"{1:f1}\" "
                            "text-anchor=\"middle\">{2:f2}</text>\n",
                            x + cell / 2, y + 14, value);
    }
  }
  for (size_t c = 0; c < columns; ++c)
    os << llvm::formatv("<text x=\"{0:f1}\" y=\"{1:f1}\" "
                        "text-anchor=\"middle\">{2}</text>\n",
                        kLeft + cell * (double(c) + 0.5), bottom + 14, c);
  os << llvm::formatv("<text x=\"{0:f1}\" y=\"{1:f1}\" "
                      "text-anchor=\"middle\">{2}</text>\n",
                      kLeft + cell * double(columns) / 2, bottom + 34,
                      escapeHTML(columnLabel))
     << llvm::formatv("<text transform=\"translate(14 {0:f1}) rotate(-90)\" "
                      "text-anchor=\"middle\">{1}</text>\n</svg></figure>\n",
                      (kTop + bottom) / 2, escapeHTML(rowLabel));
  return text;
}
