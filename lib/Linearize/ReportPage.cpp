//===- ReportPage.cpp - A rewritten model as a page -----------------------===//
#include "attune/Linearize/ReportPage.h"
#include "ReportPlots.h"
#include "ReportSections.h"
#include "attune/Support/HTMLPage.h"
#include "attune/Support/Plot.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace attune;

static constexpr llvm::StringLiteral kStyle = R"css(
.verdict { border-left: 4px solid var(--line); padding: .1rem .8rem; }
.verdict.good { border-color: var(--good); color: var(--fg); }
.verdict.bad { border-color: var(--bad); color: var(--fg); }
.verdict b { font-size: 1.15rem; } .verdict.good b { color: var(--good); }
.verdict.bad b { color: var(--bad); }
tr.bad td { color: var(--bad); } td.code { overflow-wrap: anywhere; }
)css";

TableWriter::TableWriter(llvm::raw_ostream &os,
                         llvm::ArrayRef<llvm::StringRef> columns)
    : os(os) {
  os << "<table><tr>";
  for (llvm::StringRef column : columns) {
    areNumbers.push_back(column.consume_front("#"));
    os << (areNumbers.back() ? "<th class=\"n\">" : "<th>")
       << escapeHTML(column) << "</th>";
  }
  os << "</tr>\n";
}

TableWriter::~TableWriter() { os << "</table>\n"; }

void TableWriter::row(llvm::ArrayRef<std::string> cells, llvm::StringRef cls) {
  os << "<tr";
  if (!cls.empty())
    os << " class=\"" << cls << '"';
  os << '>';
  for (auto [i, cell] : llvm::enumerate(cells))
    os << (i < areNumbers.size() && areNumbers[i] ? "<td class=\"n\">" : "<td>")
       << escapeHTML(cell) << "</td>";
  os << "</tr>\n";
}

void TableWriter::note(llvm::ArrayRef<std::string> cells) {
  os << "<tr>";
  for (const std::string &cell : cells.drop_back())
    os << "<td>" << escapeHTML(cell) << "</td>";
  os << llvm::formatv("<td colspan=\"{0}\">{1}</td></tr>\n",
                      areNumbers.size() - cells.size() + 1,
                      escapeHTML(cells.back()));
}

std::string attune::printValue(double value, int digits) {
  if (!std::isfinite(value))
    return "no number";
  char text[64];
  std::snprintf(text, sizeof(text), std::abs(value) < 1e6 ? "%.*f" : "%.*e",
                digits, value);
  return text;
}

std::string attune::printList(llvm::ArrayRef<int64_t> numbers) {
  if (numbers.empty())
    return "none";
  return llvm::formatv("{0:$[, ]}",
                       llvm::make_range(numbers.begin(), numbers.end()))
      .str();
}

namespace {
class PageWriter {
public:
  PageWriter(const LinearizePage &page, llvm::raw_ostream &os)
      : page(page), report(page.report), os(os) {}
  void write();

private:
  void writeVerdict();
  void writeProvenance();
  void writeResults();
  void writeResultRows(
      llvm::ArrayRef<std::pair<std::string, const EndToEnd *>> rows);
  void writeSeeds();
  void writeBytes();
  void writeCosts(const AttentionCosts &costs);

  const LinearizePage &page;
  const LinearizeReport &report;
  llvm::raw_ostream &os;
};
} // namespace

void PageWriter::writeVerdict() {
  std::vector<int64_t> chosen = report.getChosen();
  os << "<h1>Linear attention in " << escapeHTML(report.model) << "</h1>\n"
     << "<div class=\"verdict " << (report.passes ? "good" : "bad")
     << "\"><p><b>"
     << (report.passes ? "The budget is kept." : "The budget is not kept.")
     << "</b> ";
  if (chosen.empty()) {
    os << "No layer can be linear within it: ";
  } else {
    os << (chosen.size() == 1 ? "With layer " : "With layers ")
       << printList(chosen) << " linear, of " << report.layers.size()
       << ", the held-out texts give "
       << printValue(report.budget.getValue(report.results), 4) << ": ";
  }
  os << report.budget.describe() << ".</p>\n";
  if (!report.passes && !chosen.empty()) {
    os << "<p>The largest set of layers that was found to keep it: "
       << printList(report.passingLayers);
    if (!report.passingLayers.empty())
      os << ", with "
         << printValue(report.budget.getValue(report.passingResults), 4);
    os << ".</p>\n";
  }
  os << "</div>\n";
}

void PageWriter::writeProvenance() {
  const FitOptions &fit = report.fit;
  os << "<h2>Where this comes from</h2>\n<table>\n";
  auto row = [&](llvm::StringRef name, const std::string &value) {
    os << "<tr><th>" << escapeHTML(name) << "</th><td>" << escapeHTML(value)
       << "</td></tr>\n";
  };
  row("model", report.model + (report.isDecoder ? ", logits of its tokens"
                                                : ", embeddings of texts"));
  for (auto [name, texts] : {std::pair("calibration", &report.calibration),
                             std::pair("held out", &report.holdout)}) {
    row(name, llvm::formatv("{0}: {1} texts, {2} tokens, the longest {3}",
                            texts->file, texts->sequences.size(),
                            texts->getTokens(), texts->getLongest())
                  .str());
    row("SHA-256 of that file", texts->hash);
  }
  row("feature map", toString(fit.map).str());
  if (isRandom(fit.map))
    row("random directions", std::to_string(fit.features));
  if (fit.map == LinearMap::Calibrated)
    row("landmarks", std::to_string(fit.features));
  row("weighed exactly",
      fit.window || fit.sinks
          ? llvm::formatv("a window of {0} keys, {1} first keys", fit.window,
                          fit.sinks)
                .str()
          : "no key");
  row("means taken out", fit.centre ? "yes" : "no");
  row("seed", std::to_string(fit.seed));
  row("layers asked for", report.isAutomatic ? "as many as the budget allows"
                                             : printList(report.getChosen()));
  row("arithmetic", "f32; errors of layers in f64");
  for (const auto &[name, value] : page.facts)
    row(name, value);
  os << "</table>\n";
}

void PageWriter::writeResultRows(
    llvm::ArrayRef<std::pair<std::string, const EndToEnd *>> rows) {
  os << "<div class=\"scroll\">\n";
  if (report.isDecoder) {
    TableWriter table(os, {"texts", "#relative error", "#cosine",
                           "#least cosine", "#KL", "#KL p99", "#best token",
                           "#in five", "#perplexity ratio", "#not finite"});
    for (const auto &[name, results] : rows)
      table.row({name, printValue(results->relativeError),
                 printValue(results->cosineMean, 4),
                 printValue(results->cosineMin, 4),
                 printValue(results->klMean, 4), printValue(results->klP99),
                 printValue(results->top1), printValue(results->top5),
                 printValue(results->perplexityRatio),
                 std::to_string(results->notFinite)},
                results->notFinite ? "bad" : "");
  } else {
    TableWriter table(os,
                      {"texts", "#relative error", "#cosine", "#least cosine",
                       "#rank correlation of similarities", "#not finite"});
    for (const auto &[name, results] : rows)
      table.row({name, printValue(results->relativeError),
                 printValue(results->cosineMean, 4),
                 printValue(results->cosineMin, 4),
                 results->rankCorrelation
                     ? printValue(*results->rankCorrelation, 4)
                     : "",
                 std::to_string(results->notFinite)},
                results->notFinite ? "bad" : "");
  }
  os << "</div>\n";
}

/// Mean and standard deviation over projections, the first among them.
void PageWriter::writeSeeds() {
  if (report.seeds.empty())
    return;
  std::vector<double> values = {report.budget.getValue(report.results)};
  for (const EndToEnd &seed : report.seeds)
    values.push_back(report.budget.getValue(seed));
  double mean = 0, square = 0;
  for (double value : values)
    mean += value / double(values.size());
  for (double value : values)
    square += (value - mean) * (value - mean) / double(values.size() - 1);
  os << llvm::formatv("<p>Over {0} random projections: {1} {2}, standard "
                      "deviation {3}.</p>\n",
                      values.size(), report.budget.getMetricText(),
                      printValue(mean, 4), printValue(std::sqrt(square), 4));
}

void PageWriter::writeResults() {
  if (report.getChosen().empty())
    return;
  os << "<h2>Results of the model</h2>\n<p>With the chosen layers linear, "
        "against the model as it was.</p>\n";
  std::vector<std::pair<std::string, const EndToEnd *>> rows;
  for (const LengthResult &length : report.lengths)
    rows.push_back({llvm::formatv("up to {0} tokens", length.length).str(),
                    &length.results});
  rows.push_back({"all of them", &report.results});
  for (const auto &[i, seed] : llvm::enumerate(report.seeds))
    rows.push_back(
        {llvm::formatv("all, with projection {0}", i + 2).str(), &seed});
  PlotSeries line{"held-out texts", 3, true, {}, true};
  for (const LengthResult &length : report.lengths) {
    double value = report.budget.getValue(length.results);
    line.points.push_back({double(length.length), value, printValue(value, 4)});
  }
  PlotOptions options;
  options.title = "Results by length";
  options.xLabel = "tokens that texts are cut to";
  options.yLabel = report.budget.getMetricText().str();
  options.baseline = report.budget.bound;
  os << "<div class=\"plots\">" << renderPlot(options, line) << "</div>\n";
  writeResultRows(rows);
  writeSeeds();
}

void PageWriter::writeBytes() {
  const LayerReport *layer = nullptr;
  for (const LayerOutcome &outcome : report.layers)
    if (!outcome.report.heads.empty() && outcome.report.cacheBytesPerToken &&
        (!layer || (outcome.isChosen && !report.layers[layer->index].isChosen)))
      layer = &outcome.report;
  if (!layer)
    return;
  double equal = double(layer->stateBytes) / double(layer->cacheBytesPerToken);
  os << llvm::formatv(
      "<h2>Memory</h2>\n<p>The state of layer {0} takes {1} bytes a sequence, "
      "whatever its length. A cache of keys and values takes {2} bytes a "
      "token, and more than the state from {3:f0} tokens on.</p>\n",
      layer->index, layer->stateBytes, layer->cacheBytesPerToken,
      std::ceil(equal));
  PlotSeries cache{"cache", 0, true, {}, true},
      state{"state", 3, true, {}, true};
  std::vector<std::array<std::string, 3>> cells;
  for (int64_t length = 128; length <= 32768; length *= 2) {
    double bytes = double(layer->cacheBytesPerToken) * double(length);
    cache.points.push_back(
        {double(length), bytes, llvm::formatv("{0:f0} bytes", bytes).str()});
    state.points.push_back(
        {double(length), double(layer->stateBytes),
         llvm::formatv("{0} bytes", layer->stateBytes).str()});
    cells.push_back({std::to_string(length),
                     llvm::formatv("{0:f0}", bytes).str(),
                     std::to_string(layer->stateBytes)});
  }
  PlotOptions options;
  options.title = "Bytes of one layer and sequence";
  options.xLabel = "tokens";
  options.yLabel = "bytes";
  options.logX = options.logY = true;
  options.mark = equal;
  os << "<div class=\"plots\">" << renderPlot(options, {cache, state})
     << "</div>\n<details><summary>As a table</summary>\n";
  {
    TableWriter table(os, {"#tokens", "#cache bytes", "#state bytes"});
    for (const auto &row : cells)
      table.row(row);
  }
  os << "</details>\n";
}

void PageWriter::writeCosts(const AttentionCosts &costs) {
  os << llvm::formatv("<h2>Time</h2>\n<p>One layer by itself on this machine "
                      "with {0} threads, medians of runs in turns. ",
                      costs.threads);
  std::optional<int64_t> crossover = costs.getCrossover();
  if (crossover)
    os << llvm::formatv("Linear attention is faster from {0} tokens on",
                        *crossover);
  else
    os << "Linear attention is not faster at the longest of these lengths";
  os << llvm::formatv("; by the number of operations from {0}.</p>\n",
                      costs.flopCrossover);
  PlotSeries softmax{"softmax", 0, true, {}, true};
  PlotSeries linear{"linear", 3, true, {}, true};
  for (const AttentionTimes &at : costs.times) {
    auto note = [](double ms) { return llvm::formatv("{0:f3} ms", ms).str(); };
    softmax.points.push_back(
        {double(at.length), at.softmaxMs, note(at.softmaxMs)});
    linear.points.push_back(
        {double(at.length), at.linearMs, note(at.linearMs)});
  }
  PlotOptions options;
  options.title = "Time of one layer's attention";
  options.xLabel = "tokens";
  options.yLabel = "ms";
  options.logX = options.logY = true;
  if (crossover)
    options.mark = double(*crossover);
  os << "<div class=\"plots\">" << renderPlot(options, {softmax, linear})
     << "</div>\n";
  {
    TableWriter table(os, {"#tokens", "#softmax ms", "#linear ms",
                           "#softmax / linear", "#linear, us a token"});
    for (const AttentionTimes &at : costs.times)
      table.row({std::to_string(at.length), printValue(at.softmaxMs),
                 printValue(at.linearMs),
                 printValue(at.softmaxMs / at.linearMs, 2),
                 printValue(1000 * at.linearMs / double(at.length))});
  }
  os << "<p class=\"lead\">The kernels, as <code>attune bench "
        "--kernel</code> has them with a number for N: "
     << escapeHTML(costs.softmax) << " and " << escapeHTML(costs.linear)
     << ".</p>\n";
}

void PageWriter::write() {
  writeVerdict();
  writeProvenance();
  writeLayers(os, report);
  writeSensitivity(os, report);
  writeResults();
  writeBytes();
  if (page.costs)
    writeCosts(*page.costs);
}

std::string attune::renderLinearizePage(const LinearizePage &page) {
  HTMLPage result;
  result.title = "Linear attention in " + page.report.model;
  result.style =
      (getPlotStyle() + getReportPlotStyle() + llvm::StringRef(kStyle)).str();
  llvm::raw_string_ostream os(result.body);
  PageWriter(page, os).write();
  return renderPage(result);
}
