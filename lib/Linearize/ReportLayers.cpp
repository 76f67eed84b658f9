//===- ReportLayers.cpp - The layers of a rewritten model on the page -----===//
#include "ReportPlots.h"
#include "ReportSections.h"
#include "attune/Support/Plot.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace attune;

/// The layers that were judged.
static std::vector<const LayerOutcome *>
getJudged(const LinearizeReport &report) {
  std::vector<const LayerOutcome *> judged;
  for (const LayerOutcome &layer : report.layers)
    if (!layer.report.heads.empty())
      judged.push_back(&layer);
  return judged;
}

namespace {
/// Something that attention is compared with.
struct Comparison {
  llvm::StringLiteral name;
  RowErrors HeadReport::*errors;
  int colour;
  bool ofHybrid; ///< only where keys are weighed exactly
};
} // namespace

static constexpr Comparison kComparisons[] = {
    {"linear", &HeadReport::error, 3, false},
    {"uniform", &HeadReport::uniform, 0, false},
    {"window of equal bytes", &HeadReport::equalBytes, 2, false},
    {"window only", &HeadReport::windowOnly, 1, true},
    {"softmax in f32", &HeadReport::rounding, 4, false}};

static void writeBars(llvm::raw_ostream &os, const LinearizeReport &report,
                      llvm::ArrayRef<const LayerOutcome *> layers) {
  bool isHybrid = report.fit.window > 0 || report.fit.sinks > 0;
  BarOptions options;
  options.title = "Error of attention outputs beside the baselines";
  options.xLabel = "layer";
  options.yLabel = "mean relative error";
  double longest = 0, uniform = 0;
  std::vector<BarSeries> series;
  for (const LayerOutcome *layer : layers)
    options.groups.push_back(std::to_string(layer->report.index));
  for (const Comparison &one : kComparisons) {
    if (one.ofHybrid && !isHybrid)
      continue;
    BarSeries bars{one.name.str(), one.colour, {}};
    for (const LayerOutcome *layer : layers) {
      double mean = layer->report.getMean(one.errors).mean;
      bars.values.push_back(mean);
      if (std::isfinite(mean))
        longest = std::max(longest, mean);
      if (one.errors == &HeadReport::uniform && std::isfinite(mean))
        uniform = std::max(uniform, mean);
    }
    series.push_back(std::move(bars));
  }
  // One map that went wrong must not make the others look alike.
  options.most = std::min(1.05 * longest, std::max(1.5, 1.5 * uniform));
  os << renderBars(options, series);
}

static void writeLayerTable(llvm::raw_ostream &os,
                            const LinearizeReport &report) {
  std::string unit = "#" + report.budget.getMetricText().str();
  std::string alone = unit + ", alone", together = unit + ", with easier ones";
  TableWriter table(os,
                    {"layer", "name", "now", "#error", "#p99", "#largest",
                     "#weights moved", "#uniform", "#equal bytes",
                     "#window only", "#f32", "#state bytes", alone, together});
  bool isHybrid = report.fit.window > 0 || report.fit.sinks > 0;
  for (const LayerOutcome &layer : report.layers) {
    std::string index = std::to_string(layer.report.index);
    if (layer.refusal) {
      table.note({index, layer.report.layer, "softmax",
                  "cannot be linear: " + layer.refusal->reason + "; " +
                      layer.refusal->hint});
      continue;
    }
    if (layer.report.heads.empty()) {
      table.note({index, layer.report.layer, "softmax", "was not asked for"});
      continue;
    }
    auto mean = [&](RowErrors HeadReport::*errors) {
      return layer.report.getMean(errors);
    };
    RowErrors error = mean(&HeadReport::error);
    auto value = [&](const std::optional<EndToEnd> &results) {
      return results ? printValue(report.budget.getValue(*results), 4) : "";
    };
    table.row({index, layer.report.layer, layer.isChosen ? "linear" : "softmax",
               printValue(error.mean), printValue(error.p99),
               printValue(error.max), printValue(error.totalVariation),
               printValue(mean(&HeadReport::uniform).mean),
               printValue(mean(&HeadReport::equalBytes).mean),
               isHybrid ? printValue(mean(&HeadReport::windowOnly).mean) : "",
               llvm::formatv("{0:e1}", mean(&HeadReport::rounding).mean).str(),
               std::to_string(layer.report.stateBytes), value(layer.isolated),
               value(layer.cumulative)});
  }
}

static void writeHeads(llvm::raw_ostream &os, const LinearizeReport &report,
                       llvm::ArrayRef<const LayerOutcome *> layers) {
  std::vector<HeatRow> rows;
  for (const LayerOutcome *layer : layers) {
    HeatRow &row =
        rows.emplace_back(HeatRow{std::to_string(layer->report.index), {}});
    for (const HeadReport &head : layer->report.heads)
      row.values.push_back(head.error.mean);
  }
  os << "<h3>Heads</h3>\n"
     << renderHeatMap("Mean relative error of each head", "layer", "head", rows,
                      /*most=*/1);
  os << "<details><summary>The heads as a table</summary>"
        "<div class=\"scroll\">\n";
  {
    TableWriter table(os, {"#layer", "#head", "#error", "#p99", "#largest",
                           "#uniform", "#equal bytes", "#window only",
                           "#least denominator", "#not positive",
                           "#negative weights", "#not finite"});
    bool isHybrid = report.fit.window > 0 || report.fit.sinks > 0;
    for (const LayerOutcome *layer : layers)
      for (const HeadReport &head : layer->report.heads)
        table.row({std::to_string(layer->report.index),
                   std::to_string(head.head), printValue(head.error.mean),
                   printValue(head.error.p99), printValue(head.error.max),
                   printValue(head.uniform.mean),
                   printValue(head.equalBytes.mean),
                   isHybrid ? printValue(head.windowOnly.mean) : "",
                   llvm::formatv("{0:e2}", head.minDenominator).str(),
                   std::to_string(head.guarded), std::to_string(head.negative),
                   std::to_string(head.notFinite)},
                  head.guarded || head.notFinite ? "bad" : "");
  }
  os << "</div></details>\n";
  int64_t guarded = 0, negative = 0, notFinite = 0;
  for (const LayerOutcome *layer : layers)
    for (const HeadReport &head : layer->report.heads) {
      guarded += head.guarded;
      negative += head.negative;
      notFinite += head.notFinite;
    }
  os << llvm::formatv(
      "<p{0}>Denominators that were not positive, so that their rows are "
      "zeros: {1}. Weights below zero: {2}. Weights that are no finite "
      "numbers: {3}.</p>\n",
      guarded || notFinite ? " class=\"bad\"" : "", guarded, negative,
      notFinite);
}

static void writePredictors(llvm::raw_ostream &os,
                            llvm::ArrayRef<const LayerOutcome *> layers) {
  os << "<h3>What could be told before</h3>\n<p>From the calibration texts "
        "alone, means over heads. Random features have the relative variance "
        "e^(|q + k|&#178;) / m for a pair of a query and a key, scaled as in "
        "their score: from about 1, a logarithm of 0, they tell little. A high "
        "entropy and a small mass of the first key are easy.</p>\n"
        "<div class=\"scroll\">\n";
  {
    TableWriter table(os, {"#layer", "#|q|² mean", "#|k|² mean",
                           "#|q|² centred", "#|k|² centred", "#|q + k|² p50",
                           "#p90", "#p99", "#centred p50", "#p90", "#p99",
                           "#log10 of relative variance", "#entropy, nats",
                           "#mass of first key"});
    for (const LayerOutcome *layer : layers) {
      const std::vector<HeadReport> &heads = layer->report.heads;
      std::vector<std::string> cells = {std::to_string(layer->report.index)};
      auto mean = [&](llvm::function_ref<double(const HeadPredictors &)> get) {
        double sum = 0;
        for (const HeadReport &head : heads)
          sum += get(head.predictors) / double(heads.size());
        cells.push_back(printValue(sum, 2));
      };
      for (double HeadPredictors::*one :
           {&HeadPredictors::queryNorm, &HeadPredictors::keyNorm,
            &HeadPredictors::centredQueryNorm, &HeadPredictors::centredKeyNorm})
        mean([&](const HeadPredictors &head) { return head.*one; });
      for (int i : {0, 1, 2})
        mean([&](const HeadPredictors &head) { return head.pairNorm[i]; });
      for (int i : {0, 1, 2})
        mean([&](const HeadPredictors &head) {
          return head.centredPairNorm[i];
        });
      for (double HeadPredictors::*one :
           {&HeadPredictors::logVariance, &HeadPredictors::entropy,
            &HeadPredictors::sinkMass})
        mean([&](const HeadPredictors &head) { return head.*one; });
      table.row(cells);
    }
  }
  os << "</div>\n";
}

void attune::writeLayers(llvm::raw_ostream &os, const LinearizeReport &report) {
  std::vector<const LayerOutcome *> layers = getJudged(report);
  os << "<h2>Layers</h2>\n<p>Outputs of attention on the held-out texts, "
        "against the exact ones. <b>uniform</b> gives every key the same "
        "weight: a map whose error is not well below it has learned nothing of "
        "the layer. <b>window of equal bytes</b> is softmax over as many near "
        "keys as the state's bytes hold. <b>softmax in f32</b> is what "
        "rounding alone does.</p>\n";
  writeBars(os, report, layers);
  os << "<div class=\"scroll\">\n";
  writeLayerTable(os, report);
  os << "</div>\n";
  if (layers.empty())
    return;
  writeHeads(os, report, layers);
  writePredictors(os, layers);
}

void attune::writeSensitivity(llvm::raw_ostream &os,
                              const LinearizeReport &report) {
  os << "<h2>From one layer to all</h2>\n<p>The model's results with one layer "
        "linear alone, and with it and all easier ones. The dashed line is the "
        "budget: "
     << report.budget.describe() << ".</p>\n";
  PlotSeries alone{"alone", 2, false, {}};
  PlotSeries together{"with all easier ones", 3, true, {}, true};
  for (auto [place, index] : llvm::enumerate(report.order)) {
    const LayerOutcome &layer = report.layers[index];
    auto add = [&](PlotSeries &series, const std::optional<EndToEnd> &results) {
      if (!results)
        return;
      double value = report.budget.getValue(*results);
      series.points.push_back(
          {double(place + 1), value,
           llvm::formatv("layer {0}: {1}", index, printValue(value, 4)).str()});
    };
    add(alone, layer.isolated);
    add(together, layer.cumulative);
  }
  PlotOptions options;
  options.title = "Sensitivity";
  options.xLabel = "layers linear, the easiest first";
  options.yLabel = report.budget.getMetricText().str();
  options.baseline = report.budget.bound;
  os << "<div class=\"plots\">" << renderPlot(options, {together, alone})
     << "</div>\n<div class=\"scroll\">\n";
  {
    TableWriter table(os, {"#linear layers", "layer added", "#alone",
                           "#together", "#relative error", "budget"});
    for (auto [place, index] : llvm::enumerate(report.order)) {
      const LayerOutcome &layer = report.layers[index];
      if (!layer.isolated || !layer.cumulative)
        continue;
      bool passes = report.budget.passes(*layer.cumulative);
      table.row({std::to_string(place + 1), std::to_string(index),
                 printValue(report.budget.getValue(*layer.isolated), 4),
                 printValue(report.budget.getValue(*layer.cumulative), 4),
                 printValue(layer.cumulative->relativeError),
                 passes ? "kept" : "not kept"},
                passes ? "" : "bad");
    }
  }
  os << "</div>\n";
}
