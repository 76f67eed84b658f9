//===- FitFeatures.h - Weights of feature maps ------------------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_FITFEATURES_H
#define ATTUNE_LINEARIZE_FITFEATURES_H

#include "attune/Linearize/FeatureParameters.h"
#include <random>

namespace attune {

struct FitOptions {
  LinearMap map = LinearMap::Favor;
  /// Rows of random projections, landmarks of calibrated maps.
  int64_t features = 256;
  int64_t window = 0, sinks = 0;
  /// Takes the means c_q, c_k of calibration queries and keys out of the
  /// kernel by an identity that is exact:
  /// e^(q.k) = e^(q.c_k) e^(c_q.(k - c_k)) e^((q - c_q).(k - c_k)).
  /// The first factor is of a query alone, the second of a key alone. Only for
  /// the maps that approximate the exponential.
  bool centre = true;
  uint64_t seed = 0;
};

/// Chooses the weights of a layer's map. Without a window or sinks keys have
/// features of their own heads, which the queries of a group share: c_q then is
/// the mean over the group.
LayerParameters fitLayer(const AttentionSamples &calibration,
                         const FitOptions &options);

/// Rows that are orthogonal within each block of `columns`, with the lengths of
/// Gaussian vectors: directions are uniform (2009.14794, section 2.4 with
/// lengths drawn anew).
Matrix drawOrthogonalRows(int64_t rows, int64_t columns,
                          std::mt19937_64 &random);

/// k-means with seeds chosen as k-means++ does (Arthur and Vassilvitskii 2007);
/// at most `count` centroids of the points' rows.
Matrix findCentroids(const Matrix &points, int64_t count,
                     std::mt19937_64 &random);

/// One sequence of what a non-negative factor is fitted to:
/// target ~ left * factor * right^T.
struct FactorSample {
  Matrix target; ///< [queries, keys]
  Matrix left;   ///< [queries, m]
  Matrix right;  ///< [keys, n]
};

/// A matrix [m, n] >= 0 that makes the sum of squared differences over all
/// samples small, by multiplicative updates (Lee and Seung 2001), which keep
/// signs and never raise the sum.
Matrix fitNonNegativeFactor(llvm::ArrayRef<FactorSample> samples,
                            int64_t iterations = 200);

} // namespace attune

#endif // ATTUNE_LINEARIZE_FITFEATURES_H
