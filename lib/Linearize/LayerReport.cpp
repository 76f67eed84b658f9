//===- LayerReport.cpp - How well a layer can be linear -------------------===//
#include "attune/Linearize/LayerReport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Parallel.h"
#include <cmath>

using namespace attune;

/// Pairs of a query and a key whose norms are looked at, in each sequence.
static constexpr int64_t kPairStride = 7;

static double getSquare(llvm::ArrayRef<double> x, llvm::ArrayRef<double> mean) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    sum += (x[i] - mean[i]) * (x[i] - mean[i]);
  return sum;
}

static double getQuantile(std::vector<double> &values, double quantile) {
  if (values.empty())
    return 0;
  size_t place = std::min<size_t>(values.size() - 1, quantile * values.size());
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[place];
}

static std::vector<double> getMean(llvm::ArrayRef<HeadTokens> sequences,
                                   Matrix HeadTokens::*part) {
  std::vector<double> mean((sequences.front().*part).columns);
  double count = 0;
  for (const HeadTokens &tokens : sequences)
    for (int64_t i = 0; i < (tokens.*part).rows; ++i, ++count)
      for (size_t c = 0; c < mean.size(); ++c)
        mean[c] += (tokens.*part).row(i)[c];
  for (double &value : mean)
    value /= count;
  return mean;
}

static HeadPredictors predict(llvm::ArrayRef<HeadTokens> sequences, bool causal,
                              int64_t features) {
  HeadPredictors result;
  std::vector<double> queryMean = getMean(sequences, &HeadTokens::query);
  std::vector<double> keyMean = getMean(sequences, &HeadTokens::key);
  std::vector<double> zero(queryMean.size());
  std::vector<double> pairs, centredPairs;
  double tokens = 0, rows = 0;
  for (const HeadTokens &sequence : sequences) {
    int64_t length = sequence.query.rows;
    for (int64_t i = 0; i < length; ++i, ++tokens) {
      result.queryNorm += getSquare(sequence.query.row(i), zero);
      result.keyNorm += getSquare(sequence.key.row(i), zero);
      result.centredQueryNorm += getSquare(sequence.query.row(i), queryMean);
      result.centredKeyNorm += getSquare(sequence.key.row(i), keyMean);
    }
    for (int64_t pair = 0; pair < length * length; pair += kPairStride) {
      auto query = sequence.query.row(pair / length);
      auto key = sequence.key.row(pair % length);
      double norm = 0, centred = 0;
      for (size_t c = 0; c < zero.size(); ++c) {
        double sum = query[c] + key[c];
        norm += sum * sum;
        sum -= queryMean[c] + keyMean[c];
        centred += sum * sum;
      }
      pairs.push_back(norm);
      centredPairs.push_back(centred);
    }
    AttentionRows exact = computeExactRows(computeScores(sequence), causal);
    for (int64_t i = 0; i < length; ++i, ++rows) {
      result.sinkMass += exact.weights.row(i)[0];
      for (double weight : exact.weights.row(i))
        if (weight > 0)
          result.entropy -= weight * std::log(weight);
    }
  }
  for (double *mean : {&result.queryNorm, &result.keyNorm,
                       &result.centredQueryNorm, &result.centredKeyNorm})
    *mean /= tokens;
  result.entropy /= rows;
  result.sinkMass /= rows;
  constexpr double kQuantiles[] = {0.5, 0.9, 0.99};
  for (auto [i, quantile] : llvm::enumerate(kQuantiles)) {
    result.pairNorm[i] = getQuantile(pairs, quantile);
    result.centredPairNorm[i] = getQuantile(centredPairs, quantile);
  }
  // log10((e^x - 1) / m) without e^x, which may be too large.
  double x = result.centredPairNorm[0];
  result.logVariance =
      (x + std::log(-std::expm1(-x))) / M_LN10 - std::log10(double(features));
  return result;
}

namespace {
/// Errors of some weights over all sequences of a head.
class ErrorSum {
public:
  void add(const AttentionRows &rows, const AttentionRows &exact,
           const Matrix &values, const Matrix &outputs) {
    Matrix found = applyRows(rows, values);
    for (int64_t i = 0; i < found.rows; ++i) {
      double difference = 0, size = 0, variation = 0;
      for (int64_t c = 0; c < found.columns; ++c) {
        double d = found.row(i)[c] - outputs.row(i)[c];
        difference += d * d;
        size += outputs.row(i)[c] * outputs.row(i)[c];
      }
      for (int64_t j = 0; j < rows.weights.columns; ++j)
        variation +=
            std::abs(rows.weights.row(i)[j] - exact.weights.row(i)[j]) / 2;
      errors.push_back(std::sqrt(difference / std::max(size, 1e-30)));
      total += errors.back();
      variations += variation;
    }
  }

  RowErrors get() {
    RowErrors result;
    if (errors.empty())
      return result;
    result.mean = total / errors.size();
    result.totalVariation = variations / errors.size();
    result.max = *std::max_element(errors.begin(), errors.end());
    result.p99 = getQuantile(errors, 0.99);
    return result;
  }

private:
  std::vector<double> errors;
  double total = 0, variations = 0;
};
} // namespace

/// The window that has as many bytes as the state, beside the sinks.
static int64_t getEqualWindow(const LayerParameters &parameters,
                              const AttentionSamples &samples, int64_t bytes) {
  int64_t token =
      samples.kvHeads * (samples.headDim + samples.valueDim) * sizeof(float);
  return std::max<int64_t>(0, bytes / token - parameters.sinks);
}

static HeadReport reportHead(const LayerParameters &parameters,
                             const AttentionSamples &calibration,
                             const AttentionSamples &holdout, int64_t head,
                             int64_t equalWindow) {
  bool causal = holdout.causal;
  HeadReport result;
  result.head = head;
  std::vector<HeadTokens> known;
  for (const AttentionSequence &sequence : calibration.sequences)
    known.push_back(getHeadTokens(calibration, sequence, head));
  result.predictors = predict(known, causal, parameters.query.features);

  ErrorSum error, uniform, equal, window, rounding;
  result.minDenominator = INFINITY;
  for (const AttentionSequence &sequence : holdout.sequences) {
    HeadTokens tokens = getHeadTokens(holdout, sequence, head);
    Matrix scores = computeScores(tokens);
    AttentionRows exact = computeExactRows(scores, causal);
    Matrix outputs = applyRows(exact, tokens.value);
    AttentionRows found = computeLinearRows(parameters, tokens, scores, head,
                                            holdout.getKvHead(head), causal);
    auto add = [&](ErrorSum &sum, const AttentionRows &rows) {
      sum.add(rows, exact, tokens.value, outputs);
    };
    add(error, found);
    add(uniform, computeUniformRows(sequence.length, causal));
    add(equal,
        computeWindowRows(scores, causal, equalWindow, parameters.sinks));
    if (parameters.isHybrid())
      add(window, computeWindowRows(scores, causal, parameters.window,
                                    parameters.sinks));
    add(rounding, computeRoundedRows(tokens, causal));
    for (double sum : found.denominators)
      result.minDenominator = std::min(result.minDenominator, sum);
    result.guarded += found.guarded;
    result.negative += found.negative;
    result.notFinite += found.notFinite;
  }
  result.error = error.get();
  result.uniform = uniform.get();
  result.equalBytes = equal.get();
  result.windowOnly = window.get();
  result.rounding = rounding.get();
  return result;
}

LayerReport attune::reportLayer(const LayerParameters &parameters,
                                const AttentionSamples &calibration,
                                const AttentionSamples &holdout) {
  LayerReport report;
  report.layer = calibration.layer;
  report.kvHeads = calibration.kvHeads;
  report.headDim = calibration.headDim;
  report.valueDim = calibration.valueDim;
  report.causal = calibration.causal;
  report.stateBytes =
      parameters.getStateBytes(calibration.valueDim, calibration.kvHeads);
  report.cacheBytesPerToken = calibration.kvHeads *
                              (calibration.headDim + calibration.valueDim) *
                              int64_t(sizeof(float));
  int64_t equalWindow =
      getEqualWindow(parameters, calibration, report.stateBytes);
  report.heads.resize(calibration.heads);
  llvm::parallelFor(0, calibration.heads, [&](size_t head) {
    report.heads[head] =
        reportHead(parameters, calibration, holdout, head, equalWindow);
  });
  return report;
}

RowErrors LayerReport::getMean(RowErrors HeadReport::*errors) const {
  RowErrors sum;
  for (const HeadReport &head : heads) {
    sum.mean += (head.*errors).mean / heads.size();
    sum.p99 += (head.*errors).p99 / heads.size();
    sum.max = std::max(sum.max, (head.*errors).max);
    sum.totalVariation += (head.*errors).totalVariation / heads.size();
  }
  return sum;
}
