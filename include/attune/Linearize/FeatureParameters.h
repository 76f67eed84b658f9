//===- FeatureParameters.h - What replaces softmax in a layer ---*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_FEATUREPARAMETERS_H
#define ATTUNE_LINEARIZE_FEATUREPARAMETERS_H

#include "attune/Linearize/AttentionSamples.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace attune {

/// Feature maps that `attune linearize` has, by their names there.
enum class LinearMap {
  /// elu(x) + 1 (2006.16236). Not an approximation of softmax.
  Elu1,
  /// max(x, 0) (2009.14794, generalised). Not an approximation of softmax.
  Relu,
  /// Positive random features of FAVOR+ (2009.14794), orthogonal.
  Favor,
  /// The same, hyperbolic: fewer directions, both signs of each.
  FavorHyperbolic,
  /// 1 + x + x^2 / 2: the kernel 1 + s + s^2 / 2 of a score s.
  Taylor2,
  /// e^(q . C_k) M e^(C_q . k): landmarks C from k-means of calibration
  /// queries and keys, M >= 0 fitted to their exact attention.
  Calibrated,
};

/// "elu1", "relu", "favor", "favor-hyperbolic", "taylor2", "calibrated".
llvm::StringRef toString(LinearMap map);
std::optional<LinearMap> parseLinearMap(llvm::StringRef name);

/// Whether the map's projection is drawn at random.
bool isRandom(LinearMap map);

/// The weights of one attune.feature_map, float as they are stored. Empty:
/// none.
struct SideWeights {
  int64_t heads = 0;             ///< of the packed operand
  int64_t rows = 0;              ///< R, of the projection; 0: no projection
  int64_t features = 0;          ///< M
  std::vector<float> projection; ///< [heads, R, D]
  std::vector<float> bias;       ///< [heads, R], R = D without a projection
  std::vector<float> mix;        ///< [heads, M, M]
  std::vector<float> tilt;       ///< [heads, D], of the unscaled input
  /// [heads]: constants of log scales. They cancel where all keys of a query
  /// are weighed by features, and count beside exact ones.
  std::vector<float> offset;
};

/// What takes the place of one layer's softmax.
struct LayerParameters {
  LinearMap map = LinearMap::Elu1;
  int64_t headDim = 0;
  /// Of queries and keys before the map: the root of the scores' scale.
  double scale = 1;
  /// Keys this near, and the first ones, are weighed exactly; without both the
  /// layer is linear attention alone.
  int64_t window = 0, sinks = 0;
  SideWeights query, key;

  bool isHybrid() const { return window > 0 || sinks > 0; }
  /// Bytes of the state of one sequence: S and z, and what the exact keys and
  /// values take.
  int64_t getStateBytes(int64_t valueDim, int64_t kvHeads) const;
};

/// Features of the tokens of one head as rows, and the log scale of each: true
/// features are e^scale times the stored ones.
struct Features {
  Matrix values;
  std::vector<double> scales;
};

/// What attune.feature_map makes of tokens that are multiplied by the scale
/// already (HeadTokens), by the formulas of its documentation.
Features computeFeatures(const LayerParameters &parameters,
                         const SideWeights &weights, int64_t head,
                         const Matrix &tokens);

} // namespace attune

#endif // ATTUNE_LINEARIZE_FEATUREPARAMETERS_H
