//===- ReportJSON.cpp - The report as JSON --------------------------------===//
#include "attune/Linearize/Report.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace attune;
namespace json = llvm::json;

std::optional<int64_t> AttentionCosts::getCrossover() const {
  std::optional<int64_t> crossover;
  for (size_t i = times.size(); i-- > 0;) {
    const AttentionTimes &at = times[i];
    if (at.linearMs <= at.softmaxMs) {
      crossover = at.length;
      continue;
    }
    if (i + 1 == times.size())
      return std::nullopt;
    // Between this length and the next one the sign of the difference changes.
    const AttentionTimes &next = times[i + 1];
    double before = at.linearMs - at.softmaxMs;
    double after = next.softmaxMs - next.linearMs;
    double share = before / std::max(before + after, 1e-30);
    return at.length +
           static_cast<int64_t>(share * double(next.length - at.length));
  }
  return crossover;
}

int64_t attune::getFlopCrossover(const LayerParameters &parameters,
                                 bool causal) {
  return parameters.query.features * (causal ? 4 : 2);
}

/// JSON has no numbers that are not finite.
static json::Value number(double value) {
  return std::isfinite(value) ? json::Value(value) : json::Value(nullptr);
}

static json::Value makeJSON(const RowErrors &errors) {
  return json::Object{{"mean", number(errors.mean)},
                      {"p99", number(errors.p99)},
                      {"max", number(errors.max)},
                      {"total_variation", number(errors.totalVariation)}};
}

static json::Value makeJSON(const EndToEnd &results, bool isDecoder) {
  json::Object object{{"relative_error", number(results.relativeError)},
                      {"cosine_mean", number(results.cosineMean)},
                      {"cosine_min", number(results.cosineMin)},
                      {"not_finite", results.notFinite}};
  if (results.rankCorrelation)
    object["rank_correlation"] = number(*results.rankCorrelation);
  if (isDecoder) {
    object["kl_mean"] = number(results.klMean);
    object["kl_p99"] = number(results.klP99);
    object["top1"] = number(results.top1);
    object["top5"] = number(results.top5);
    object["perplexity"] = number(results.exactPerplexity);
    object["perplexity_ratio"] = number(results.perplexityRatio);
  }
  return object;
}

static json::Value makeJSON(const double (&quantiles)[3]) {
  return json::Object{{"p50", number(quantiles[0])},
                      {"p90", number(quantiles[1])},
                      {"p99", number(quantiles[2])}};
}

static json::Value makeJSON(const HeadReport &head, bool isHybrid) {
  const HeadPredictors &known = head.predictors;
  json::Object baselines{{"uniform", makeJSON(head.uniform)},
                         {"window_of_equal_bytes", makeJSON(head.equalBytes)},
                         {"softmax_in_f32", makeJSON(head.rounding)}};
  if (isHybrid)
    baselines["window_only"] = makeJSON(head.windowOnly);
  return json::Object{
      {"head", head.head},
      {"rel_error", makeJSON(head.error)},
      {"baselines", std::move(baselines)},
      {"min_denominator", number(head.minDenominator)},
      {"guard_hits", head.guarded},
      {"negative_weights", head.negative},
      {"not_finite", head.notFinite},
      {"predictors",
       json::Object{{"query_norm", number(known.queryNorm)},
                    {"key_norm", number(known.keyNorm)},
                    {"centred_query_norm", number(known.centredQueryNorm)},
                    {"centred_key_norm", number(known.centredKeyNorm)},
                    {"pair_norm", makeJSON(known.pairNorm)},
                    {"centred_pair_norm", makeJSON(known.centredPairNorm)},
                    {"log10_relative_variance", number(known.logVariance)},
                    {"entropy", number(known.entropy)},
                    {"first_key_mass", number(known.sinkMass)}}}};
}

static json::Value makeJSON(const LayerOutcome &layer,
                            const LinearizeReport &report) {
  json::Object object{{"layer", layer.report.index},
                      {"name", layer.report.layer},
                      {"chosen", layer.isChosen}};
  if (layer.refusal) {
    object["refused"] = json::Object{{"reason", layer.refusal->reason},
                                     {"hint", layer.refusal->hint}};
    return object;
  }
  if (layer.report.heads.empty())
    return object;
  bool isHybrid = report.fit.window > 0 || report.fit.sinks > 0;
  auto mean = [&](RowErrors HeadReport::*errors) {
    return number(layer.report.getMean(errors).mean);
  };
  json::Object baselines{
      {"uniform", mean(&HeadReport::uniform)},
      {"window_of_equal_bytes", mean(&HeadReport::equalBytes)},
      {"softmax_in_f32", mean(&HeadReport::rounding)}};
  if (isHybrid)
    baselines["window_only"] = mean(&HeadReport::windowOnly);
  object["rel_error"] = mean(&HeadReport::error);
  object["baselines"] = std::move(baselines);
  object["state_bytes"] = layer.report.stateBytes;
  object["cache_bytes_per_token"] = layer.report.cacheBytesPerToken;
  if (layer.report.cacheBytesPerToken)
    object["tokens_of_equal_bytes"] =
        layer.report.stateBytes / layer.report.cacheBytesPerToken;
  if (layer.isolated)
    object["isolated"] = makeJSON(*layer.isolated, report.isDecoder);
  if (layer.cumulative)
    object["cumulative"] = makeJSON(*layer.cumulative, report.isDecoder);
  json::Array heads;
  for (const HeadReport &head : layer.report.heads)
    heads.push_back(makeJSON(head, isHybrid));
  object["heads"] = std::move(heads);
  return object;
}

static json::Value makeJSON(const TextSet &texts) {
  return json::Object{{"file", texts.file},
                      {"sha256", texts.hash},
                      {"texts", static_cast<int64_t>(texts.sequences.size())},
                      {"tokens", texts.getTokens()},
                      {"longest", texts.getLongest()}};
}

static json::Value makeJSON(const AttentionCosts &costs) {
  json::Array times;
  for (const AttentionTimes &at : costs.times)
    times.push_back(json::Object{{"length", at.length},
                                 {"softmax_ms", number(at.softmaxMs)},
                                 {"linear_ms", number(at.linearMs)}});
  json::Object object{{"softmax_kernel", costs.softmax},
                      {"linear_kernel", costs.linear},
                      {"threads", costs.threads},
                      {"times", std::move(times)},
                      {"flop_crossover", costs.flopCrossover}};
  std::optional<int64_t> crossover = costs.getCrossover();
  object["crossover"] =
      crossover ? json::Value(*crossover) : json::Value(nullptr);
  return object;
}

json::Value attune::reportToJSON(const LinearizeReport &report,
                                 const AttentionCosts *costs) {
  json::Array layers, lengths, seeds;
  for (const LayerOutcome &layer : report.layers)
    layers.push_back(makeJSON(layer, report));
  for (const LengthResult &length : report.lengths) {
    json::Value results = makeJSON(length.results, report.isDecoder);
    (*results.getAsObject())["length"] = length.length;
    lengths.push_back(std::move(results));
  }
  for (const EndToEnd &seed : report.seeds)
    seeds.push_back(makeJSON(seed, report.isDecoder));
  json::Object object{
      {"model", report.model},
      {"kind", report.isDecoder ? "decoder" : "encoder"},
      {"feature_map", toString(report.fit.map)},
      {"features", report.fit.features},
      {"window", report.fit.window},
      {"sinks", report.fit.sinks},
      {"centred", report.fit.centre},
      {"seed", static_cast<int64_t>(report.fit.seed)},
      {"calibration", makeJSON(report.calibration)},
      {"holdout", makeJSON(report.holdout)},
      {"budget", report.budget.describe()},
      {"layers", std::move(layers)},
      {"sensitivity_order", json::Array(report.order)},
      {"end_to_end", makeJSON(report.results, report.isDecoder)},
      {"lengths", std::move(lengths)},
      {"seeds", std::move(seeds)},
      {"verdict", report.passes ? "pass" : "refused"},
      {"chosen_layers", json::Array(report.getChosen())},
      {"passing_layers", json::Array(report.passingLayers)}};
  if (costs)
    object["costs"] = makeJSON(*costs);
  return object;
}
