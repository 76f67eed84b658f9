//===- LayerReport.h - How well a layer can be linear -----------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_LAYERREPORT_H
#define ATTUNE_LINEARIZE_LAYERREPORT_H

#include "attune/Linearize/AttentionRows.h"

namespace attune {

/// What can be told of a head from its calibration data, before anything is
/// replaced.
struct HeadPredictors {
  /// Means of |q|^2 and |k|^2, as given and with the means taken out.
  double queryNorm = 0, keyNorm = 0;
  double centredQueryNorm = 0, centredKeyNorm = 0;
  /// Quantiles 0.5, 0.9 and 0.99 of |q + k|^2 over pairs, likewise.
  double pairNorm[3] = {}, centredPairNorm[3] = {};
  /// log10 of the relative variance (e^(|q + k|^2) - 1) / m that random
  /// features have at the median pair (2009.14794, lemma 2), centred.
  double logVariance = 0;
  /// Mean entropy of rows in nats, and the mean weight of the first key.
  double entropy = 0, sinkMass = 0;
};

/// Distance of attention with other weights from the exact one, on one set of
/// texts.
struct RowErrors {
  /// |o' - o| / |o| of the output o of a token: mean, 99th percentile, largest.
  double mean = 0, p99 = 0, max = 0;
  /// Mean over rows of half the sum of |w' - w|.
  double totalVariation = 0;
};

struct HeadReport {
  int64_t head = 0;
  HeadPredictors predictors;
  RowErrors error;
  /// Smallest sum of a row relative to its largest weight; see AttentionRows.
  double minDenominator = 0;
  int64_t guarded = 0, negative = 0, notFinite = 0;
  /// The same tokens with the same weight for all keys; with the exact weights
  /// of a window and the sinks, as large as the state's bytes allow; of the
  /// layer's own window and sinks without the others; and with softmax in
  /// float, which is what rounding does.
  RowErrors uniform, equalBytes, windowOnly, rounding;
};

struct LayerReport {
  std::string layer;
  int64_t index = 0; ///< among the attention ops of the model
  int64_t kvHeads = 0, headDim = 0, valueDim = 0;
  bool causal = false;
  int64_t stateBytes = 0;
  int64_t cacheBytesPerToken = 0; ///< of keys and values in f32
  std::vector<HeadReport> heads;

  /// Means over heads of one error.
  RowErrors getMean(RowErrors HeadReport::*errors) const;
};

/// Statistics on `calibration`, errors on `holdout`: two sets of the same
/// layer.
LayerReport reportLayer(const LayerParameters &parameters,
                        const AttentionSamples &calibration,
                        const AttentionSamples &holdout);

} // namespace attune

#endif // ATTUNE_LINEARIZE_LAYERREPORT_H
