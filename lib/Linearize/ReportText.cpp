//===- ReportText.cpp - The report for a terminal -------------------------===//
#include "attune/Linearize/Report.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace attune;

static std::string list(llvm::ArrayRef<int64_t> layers) {
  if (layers.empty())
    return "none";
  return llvm::formatv("{0:$[, ]}",
                       llvm::make_range(layers.begin(), layers.end()))
      .str();
}

static void printResults(llvm::raw_ostream &os, const EndToEnd &results,
                         bool isDecoder) {
  os << llvm::formatv("relative error {0:f3}, cosine {1:f4} (least {2:f4})",
                      results.relativeError, results.cosineMean,
                      results.cosineMin);
  if (results.rankCorrelation)
    os << llvm::formatv(", rank correlation of similarities {0:f4}",
                        *results.rankCorrelation);
  if (isDecoder)
    os << llvm::formatv("\n    KL {0:f4} (p99 {1:f3}), best token {2:P1}, in "
                        "five {3:P1}, perplexity {4:f2} times {5:f2}",
                        results.klMean, results.klP99, results.top1,
                        results.top5, results.perplexityRatio,
                        results.exactPerplexity);
  if (results.notFinite)
    os << llvm::formatv("; {0} results are not finite", results.notFinite);
  os << '\n';
}

static void printLayers(llvm::raw_ostream &os, const LinearizeReport &report) {
  bool isHybrid = report.fit.window > 0 || report.fit.sinks > 0;
  os << "\nAttention outputs on the held-out texts, mean relative errors over "
        "heads and tokens,\nand the model's results with this layer alone and "
        "with all easier ones:\n\n";
  os << llvm::formatv("  {0,5}  {1,7}  {2,7}  {3,11}  {4}{5,7}  {6,8}  {7,10} "
                      " {8}\n",
                      "layer", "error", "uniform", "equal bytes",
                      isHybrid ? "window only  " : "", "entropy", "isolated",
                      "cumulative", "name");
  auto value = [&](const EndToEnd &results) {
    return llvm::formatv("{0:f4}", report.budget.getValue(results)).str();
  };
  for (const LayerOutcome &layer : report.layers) {
    if (layer.refusal || layer.report.heads.empty()) {
      os << llvm::formatv("  {0,5}  stays softmax: {1}{2}\n",
                          layer.report.index, layer.report.layer,
                          layer.refusal ? ": " + layer.refusal->reason
                                        : std::string());
      continue;
    }
    auto mean = [&](RowErrors HeadReport::*errors) {
      return layer.report.getMean(errors).mean;
    };
    double entropy = 0;
    for (const HeadReport &head : layer.report.heads)
      entropy += head.predictors.entropy / layer.report.heads.size();
    os << llvm::formatv(
        "  {0,5}  {1,7:f3}  {2,7:f3}  {3,11:f3}  {4}{5,7:f2}  {6,8}  {7,10}  "
        "{8}\n",
        layer.report.index, mean(&HeadReport::error),
        mean(&HeadReport::uniform), mean(&HeadReport::equalBytes),
        isHybrid
            ? llvm::formatv("{0,11:f3}  ", mean(&HeadReport::windowOnly)).str()
            : "",
        entropy, value(*layer.isolated), value(*layer.cumulative),
        layer.report.layer);
  }
  os << "\n'uniform' gives all keys the same weight: a map whose error is not "
        "well below it has\nlearned nothing of the layer.\n";
  int64_t guarded = 0, negative = 0, notFinite = 0;
  for (const LayerOutcome &layer : report.layers)
    for (const HeadReport &head : layer.report.heads) {
      guarded += head.guarded;
      negative += head.negative;
      notFinite += head.notFinite;
    }
  os << llvm::formatv("Denominators that were not positive: {0}; weights below "
                      "zero: {1}; not finite: {2}.\n",
                      guarded, negative, notFinite);
}

static void printCosts(llvm::raw_ostream &os, const LinearizeReport &report,
                       const AttentionCosts &costs) {
  os << llvm::formatv("\nOne layer on this machine, {0} threads, softmax and "
                      "linear, ms:\n\n",
                      costs.threads);
  for (const AttentionTimes &at : costs.times)
    os << llvm::formatv("  {0,7} tokens  {1,10:f3}  {2,10:f3}\n", at.length,
                        at.softmaxMs, at.linearMs);
  if (std::optional<int64_t> crossover = costs.getCrossover())
    os << llvm::formatv("\nLinear attention is faster from {0} tokens on",
                        *crossover);
  else
    os << "\nLinear attention is not faster at any of these lengths";
  os << llvm::formatv("; by operations from {0}.\n", costs.flopCrossover);
}

void attune::printReport(llvm::raw_ostream &os, const LinearizeReport &report,
                         const AttentionCosts *costs) {
  const FitOptions &fit = report.fit;
  os << llvm::formatv("{0}: feature map {1}", report.model, toString(fit.map));
  if (isRandom(fit.map) || fit.map == LinearMap::Calibrated)
    os << llvm::formatv(" of {0} rows", fit.features);
  if (fit.window || fit.sinks)
    os << llvm::formatv(", exact window {0} and {1} sinks", fit.window,
                        fit.sinks);
  os << '\n';
  for (auto [name, texts] : {std::pair("calibration", &report.calibration),
                             std::pair("held out", &report.holdout)})
    os << llvm::formatv("  {0}: {1}, {2} texts, {3} tokens, the longest {4}\n",
                        name, texts->file, texts->sequences.size(),
                        texts->getTokens(), texts->getLongest());
  printLayers(os, report);
  for (const LayerOutcome &layer : report.layers)
    if (layer.isChosen) {
      os << llvm::formatv(
          "State of a layer: {0} bytes a sequence, as many as "
          "{1} tokens of a cache.\n",
          layer.report.stateBytes,
          layer.report.stateBytes /
              std::max<int64_t>(1, layer.report.cacheBytesPerToken));
      break;
    }
  os << "\nLayers " << list(report.getChosen()) << " linear:\n  ";
  printResults(os, report.results, report.isDecoder);
  for (const LengthResult &length : report.lengths) {
    os << llvm::formatv("  up to {0} tokens: ", length.length);
    printResults(os, length.results, report.isDecoder);
  }
  for (const EndToEnd &seed : report.seeds) {
    os << "  with another projection: ";
    printResults(os, seed, report.isDecoder);
  }
  if (costs)
    printCosts(os, report, *costs);
  os << llvm::formatv("\nBudget: {0}. ", report.budget.describe());
  if (report.passes) {
    os << "It is kept.\n";
    return;
  }
  os << llvm::formatv("Refused. The largest set of layers found to keep it: "
                      "{0}.\n",
                      list(report.passingLayers));
  if (!report.passingLayers.empty()) {
    os << "  ";
    printResults(os, report.passingResults, report.isDecoder);
  }
}
