//===- EndToEnd.cpp - How far a rewritten model's results are -------------===//
#include "attune/Linearize/EndToEnd.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace attune;

namespace {
/// Which output counts.
struct Choice {
  std::string name;
  bool isDecoder = false, isPerToken = false;
};
} // namespace

static llvm::Expected<Choice> chooseOutput(const AttuneModel &model) {
  llvm::ArrayRef outputs(model.outputs, model.num_outputs);
  for (const AttuneTensorInfo &info : outputs)
    if (info.rank == 3 && llvm::StringRef(info.name).contains("logits"))
      return Choice{info.name, true, true};
  if (model.embedding_output >= 0) {
    const AttuneTensorInfo &info = outputs[model.embedding_output];
    return Choice{info.name, false, info.rank == 3};
  }
  for (const AttuneTensorInfo &info : outputs)
    if (info.rank == 3 && !llvm::StringRef(info.name).starts_with("attention."))
      return Choice{info.name, false, true};
  return userErrorf("the model '{0}' has neither logits nor an embedding nor "
                    "hidden states of tokens: its results cannot be judged",
                    model.name);
}

llvm::Expected<ModelResults>
attune::runTexts(RunnableModel &model, llvm::ArrayRef<TokenSequence> texts) {
  llvm::Expected<Choice> choice = chooseOutput(model.getDescriptor());
  if (!choice)
    return choice.takeError();
  ModelResults results;
  results.isDecoder = choice->isDecoder;
  results.tokens = texts.vec();
  for (const TokenSequence &text : texts) {
    llvm::Expected<llvm::StringMap<RunOutput>> found =
        model.run(text, choice->name);
    if (!found)
      return found.takeError();
    RunOutput output = std::move((*found)[choice->name]);
    int64_t width = output.shape.back();
    int64_t rows = output.values.size() / std::max<int64_t>(width, 1);
    output.shape = {rows, width};
    if (choice->isPerToken && !choice->isDecoder) {
      RunOutput mean{{1, width}, std::vector<float>(width)};
      for (size_t i = 0; i < output.values.size(); ++i)
        mean.values[i % width] += output.values[i] / rows;
      output = std::move(mean);
    }
    results.outputs.push_back(std::move(output));
  }
  return results;
}

static double getCosine(llvm::ArrayRef<float> a, llvm::ArrayRef<float> b) {
  double inner = 0, squareA = 0, squareB = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    inner += double(a[i]) * b[i];
    squareA += double(a[i]) * a[i];
    squareB += double(b[i]) * b[i];
  }
  double norm = std::sqrt(squareA * squareB);
  return norm > 0 ? inner / norm : 0;
}

/// Ranks with the mean rank for equal values.
static std::vector<double> getRanks(llvm::ArrayRef<double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]])
      ++end;
    for (size_t j = i; j < end; ++j)
      ranks[order[j]] = (i + end - 1) / 2.0;
    i = end;
  }
  return ranks;
}

static double getRankCorrelation(llvm::ArrayRef<double> a,
                                 llvm::ArrayRef<double> b) {
  std::vector<double> x = getRanks(a), y = getRanks(b);
  double mean = (x.size() - 1) / 2.0, xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

static std::vector<double> getSimilarities(const ModelResults &results) {
  std::vector<double> similarities;
  for (size_t i = 0; i < results.outputs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      similarities.push_back(
          getCosine(results.outputs[i].values, results.outputs[j].values));
  return similarities;
}

static std::vector<double> getLogProbabilities(llvm::ArrayRef<float> logits) {
  double largest = *std::max_element(logits.begin(), logits.end()), sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - largest);
  std::vector<double> result;
  for (float logit : logits)
    result.push_back(logit - largest - std::log(sum));
  return result;
}

namespace {
/// What logits of two models have in common, token by token.
struct LogitsComparison {
  std::vector<double> divergences;
  double top1 = 0, top5 = 0;
  double exactLoss = 0, foundLoss = 0, predicted = 0;

  /// `next` is the token that follows in the text; below 0: none.
  void add(llvm::ArrayRef<float> exact, llvm::ArrayRef<float> found,
           int64_t next) {
    std::vector<double> p = getLogProbabilities(exact);
    std::vector<double> q = getLogProbabilities(found);
    double divergence = 0;
    for (size_t i = 0; i < p.size(); ++i)
      divergence += std::exp(p[i]) * (p[i] - q[i]);
    divergences.push_back(divergence);
    size_t best = std::max_element(p.begin(), p.end()) - p.begin();
    auto better = llvm::count_if(q, [&](double x) { return x > q[best]; });
    top1 += better == 0;
    top5 += better < 5;
    if (next >= 0 && next < static_cast<int64_t>(p.size())) {
      exactLoss -= p[next];
      foundLoss -= q[next];
      ++predicted;
    }
  }

  void report(EndToEnd &result) {
    double count = std::max<double>(divergences.size(), 1);
    result.klMean =
        std::accumulate(divergences.begin(), divergences.end(), 0.0) / count;
    llvm::sort(divergences);
    if (!divergences.empty())
      result.klP99 = divergences[std::min<size_t>(divergences.size() - 1,
                                                  0.99 * divergences.size())];
    result.top1 = top1 / count;
    result.top5 = top5 / count;
    if (predicted) {
      result.exactPerplexity = std::exp(exactLoss / predicted);
      result.perplexityRatio = std::exp((foundLoss - exactLoss) / predicted);
    }
  }
};
} // namespace

EndToEnd attune::compareResults(const ModelResults &exact,
                                const ModelResults &found) {
  EndToEnd result;
  LogitsComparison logits;
  double rows = 0, cosines = 0;
  for (auto [text, a, b] :
       llvm::zip_equal(exact.tokens, exact.outputs, found.outputs)) {
    int64_t width = a.shape[1];
    result.notFinite += llvm::count_if(
        b.values, [](float value) { return !std::isfinite(value); });
    for (int64_t row = 0; row < a.shape[0]; ++row, ++rows) {
      auto x = llvm::ArrayRef(a.values).slice(row * width, width);
      auto y = llvm::ArrayRef(b.values).slice(row * width, width);
      double difference = 0, size = 0;
      for (int64_t i = 0; i < width; ++i) {
        difference += (double(y[i]) - x[i]) * (double(y[i]) - x[i]);
        size += double(x[i]) * x[i];
      }
      result.relativeError += std::sqrt(difference / std::max(size, 1e-30));
      double cosine = getCosine(x, y);
      cosines += cosine;
      result.cosineMin = std::min(result.cosineMin, cosine);
      if (exact.isDecoder)
        logits.add(x, y,
                   row + 1 < static_cast<int64_t>(text.size()) ? text[row + 1]
                                                               : -1);
    }
  }
  if (rows) {
    result.relativeError /= rows;
    result.cosineMean = cosines / rows;
  }
  if (exact.isDecoder)
    logits.report(result);
  else if (exact.outputs.size() >= 3)
    result.rankCorrelation =
        getRankCorrelation(getSimilarities(exact), getSimilarities(found));
  return result;
}

//===----------------------------------------------------------------------===//
// ErrorBudget
//===----------------------------------------------------------------------===//

namespace {
struct MetricInfo {
  ErrorBudget::Metric metric;
  llvm::StringLiteral name, text;
  bool isLeast; ///< the bound is the least allowed, else the most
  bool forDecoders, forEncoders;
};
} // namespace

static constexpr MetricInfo kMetrics[] = {
    {ErrorBudget::Metric::Cosine, "cos", "mean cosine of results", true, true,
     true},
    {ErrorBudget::Metric::KL, "kl", "mean KL divergence of next tokens", false,
     true, false},
    {ErrorBudget::Metric::Top1, "top1", "share of equal best tokens", true,
     true, false},
    {ErrorBudget::Metric::Perplexity, "ppl", "perplexity ratio", false, true,
     false},
    {ErrorBudget::Metric::Relative, "rel", "mean relative error of results",
     false, true, true}};

static const MetricInfo &getInfo(ErrorBudget::Metric metric) {
  return *llvm::find_if(
      kMetrics, [&](const MetricInfo &info) { return info.metric == metric; });
}

llvm::Expected<ErrorBudget> ErrorBudget::parse(llvm::StringRef text) {
  auto [name, number] = text.split(':');
  ErrorBudget budget;
  for (const MetricInfo &info : kMetrics)
    if (info.name == name) {
      budget.metric = info.metric;
      if (number.getAsDouble(budget.bound) || !std::isfinite(budget.bound))
        break;
      return budget;
    }
  return userErrorf("--max-error={0}: expected METRIC:NUMBER with cos, rel, "
                    "kl, top1 or ppl, as in cos:0.99",
                    text);
}

llvm::Error ErrorBudget::check(bool isDecoder) const {
  const MetricInfo &info = getInfo(metric);
  if (isDecoder ? info.forDecoders : info.forEncoders)
    return llvm::Error::success();
  return userErrorf("--max-error={0}: the model has no logits, whose {1} that "
                    "is; expected cos or rel",
                    info.name, info.text);
}

double ErrorBudget::getValue(const EndToEnd &results) const {
  switch (metric) {
  case Metric::Cosine:
    return results.cosineMean;
  case Metric::KL:
    return results.klMean;
  case Metric::Top1:
    return results.top1;
  case Metric::Perplexity:
    return results.perplexityRatio;
  case Metric::Relative:
    return results.relativeError;
  }
  llvm_unreachable("a metric of the enum");
}

bool ErrorBudget::passes(const EndToEnd &results) const {
  // What is no number passes nothing.
  double value = getValue(results);
  return results.notFinite == 0 &&
         (getInfo(metric).isLeast ? value >= bound : value <= bound);
}

std::string ErrorBudget::describe() const {
  const MetricInfo &info = getInfo(metric);
  std::string text;
  llvm::raw_string_ostream(text)
      << info.text << (info.isLeast ? " at least " : " at most ")
      << llvm::format("%g", bound);
  return text;
}

llvm::StringRef ErrorBudget::getMetricText() const {
  return getInfo(metric).text;
}
