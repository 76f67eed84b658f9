//===- LinearDescription.h - Linear attention of a model --------*- C++ -*-===//
//
// What layers of linear attention compute, in the terms of attune.feature_map,
// attune.linear_attention and attune.hybrid_attention: features of the queries
// and keys of each head, a rule by which a state takes up tokens, and what the
// result is divided by.
//
// Notation: D head width, R rows of y, M features of a head, q, k, v a head's
// part of query, key and value, S its state.
//
//===----------------------------------------------------------------------===//

#ifndef ATTUNE_MODEL_LINEARDESCRIPTION_H
#define ATTUNE_MODEL_LINEARDESCRIPTION_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace attune {

/// Features f of y, of a query or a key of one head. The number of them stands
/// in brackets.
enum class FeatureKind {
  /// y [R].
  Identity,
  /// y > 0 ? y + 1 : e^y [R] (2006.16236).
  Elu1,
  /// max(y, 0) [R].
  Relu,
  /// e^y [R].
  Exp,
  /// e^(y - |x|^2 / 2) / sqrt(R) [R] (FAVOR+, 2009.14794), x before projection.
  Favor,
  /// The same for y and -y, divided by sqrt(2 R) [2 R].
  FavorHyperbolic,
  /// With z = [max(y, 0), max(-y, 0)]: z_i z_(i-j) for j = 1 .. order
  /// [2 R order] (DPFP, 2102.11174).
  Dpfp,
  /// Whose products are 1 + a.b + (a.b)^2 / 2 [1 + R + R (R + 1) / 2].
  Taylor2,
  /// softmax([y, -y]) [2 R] (2402.04347).
  Softmax,
  /// [softmax(y), softmax(-y)] [2 R] (2410.10254).
  SoftmaxHalves,
};

/// What the features of a token and head are divided by.
enum class FeatureNormKind {
  None,
  /// Their sum (2102.11174).
  Sum,
  /// The root of the sum of their squares.
  L2,
};

/// How the features of queries, or of keys, come of their heads:
/// y = W (scale x) + b, the map, epsilon added, divided by
/// max(norm, normEpsilon), multiplied by a matrix.
struct FeatureDescription {
  FeatureKind kind = FeatureKind::Elu1;
  /// R, the rows of a projection W [heads, R, D] in the weights; 0: y is x.
  int64_t projection = 0;
  /// Whether the weights of features are one for all heads: their first extent
  /// is 1 instead of the heads.
  bool shared = false;
  /// Of dpfp.
  int64_t order = 1;
  /// Usual: sqrt(attention.scale) for the kinds that stand for the kernel of
  /// softmax attention (favor, favor_hyperbolic, taylor2), else 1.
  double scale = 0;
  double epsilon = 0;
  FeatureNormKind norm = FeatureNormKind::None;
  double normEpsilon = 1e-6;
  /// Whether there is a b [heads, R].
  bool bias = false;
  /// M, the rows of a last matrix [heads, M, features of the map]; 0: none.
  int64_t mix = 0;
  /// Whether features are multiplied by e^(t . x), t [heads, D].
  bool tilt = false;
  /// Whether features are multiplied by e^o, o [heads], which counts beside
  /// keys that are attended to exactly.
  bool offset = false;
  bool operator==(const FeatureDescription &) const = default;

  /// R for heads of width `headDim`.
  int64_t rows(int64_t headDim) const {
    return projection ? projection : headDim;
  }
  /// The features of the map, before `mix`; nothing when that is more than
  /// kMostFeatures.
  std::optional<int64_t> mapFeatures(int64_t headDim) const;
  /// M.
  std::optional<int64_t> features(int64_t headDim) const {
    return mix ? std::optional(mix) : mapFeatures(headDim);
  }
  /// Whether the map is exponential: favor, favor_hyperbolic or exp.
  bool isExponential() const;
  /// Whether there is any weight of features.
  bool hasWeights() const {
    return projection || bias || mix || tilt || offset;
  }
};

/// attune.feature_map takes no more features a head.
constexpr int64_t kMostFeatures = int64_t(1) << 24;

/// How a state takes up a token; read afterwards, by q.
enum class LinearRule {
  /// S + k v^T.
  Linear,
  /// diag(e^g) S + k v^T.
  Gated,
  /// S + b k (v - S^T k)^T.
  Delta,
  /// S'' + b k (v - S''^T k)^T with S'' = diag(e^g) S.
  GatedDelta,
};

/// Where g of the gated rules comes from; x is the input of the layer, W and c
/// are weights.
enum class DecayKind {
  None,
  /// g = a, weights [kv_heads], the same for every token. ALiBi's slopes m are
  /// a = -m.
  Slopes,
  /// g = log_sigmoid(W x + c) / temperature.
  LogSigmoid,
  /// g = a * softplus(W x + c); a, a weight, is negative.
  Softplus,
};

struct DecayDescription {
  DecayKind kind = DecayKind::None;
  /// One number for each column of a key's features instead of one a head; not
  /// for slopes.
  bool columns = false;
  /// Whether there is a c.
  bool bias = false;
  double temperature = 1;
  bool operator==(const DecayDescription &) const = default;
};

/// b of the delta rules: sigmoid(W x + c), one number a head.
struct BetaDescription {
  /// Whether there is a c.
  bool bias = false;
  bool operator==(const BetaDescription &) const = default;
};

/// A function f of the whole state after each token: S' = f(S + k v^T).
enum class SquashKind {
  None,
  Tanh,
  Sigmoid,
  Relu,
  Softsign,
  Softplus,
};

struct LinearDescription {
  /// Of queries, and of keys, which then use the same weights.
  FeatureDescription features;
  /// Of keys, with weights of their own.
  std::optional<FeatureDescription> keyFeatures;
  LinearRule rule = LinearRule::Linear;
  /// Added to the sum of weights that results are divided by; nothing: they are
  /// not divided. For the rules linear and gated.
  std::optional<double> denominator;
  /// Results are multiplied by it.
  double scale = 1;
  SquashKind squash = SquashKind::None;
  DecayDescription decay;
  BetaDescription beta;
  /// Keys nearer than this, and the first `sinks` ones, are attended to
  /// exactly, with attention.scale; the others linearly, with one denominator
  /// for both. 0 and 0: all linearly.
  int64_t window = 0;
  int64_t sinks = 0;
  /// The layers that are linear, ascending; empty: all. The others are softmax
  /// attention.
  std::vector<int64_t> layers;
  bool operator==(const LinearDescription &) const = default;

  const FeatureDescription &ofKeys() const {
    return keyFeatures ? *keyFeatures : features;
  }
  bool isHybrid() const { return window > 0 || sinks > 0; }
  /// Which parts a state has beside its matrix: the sum of keys, and the
  /// largest of the exponents that keys were divided by.
  bool carriesSum() const { return denominator.has_value(); }
  bool carriesMax() const;
  bool isGated() const {
    return rule == LinearRule::Gated || rule == LinearRule::GatedDelta;
  }
  bool isDelta() const {
    return rule == LinearRule::Delta || rule == LinearRule::GatedDelta;
  }
};

/// The names that YAML uses, those of the ops.
llvm::StringRef toString(FeatureKind value);
llvm::StringRef toString(FeatureNormKind value);
llvm::StringRef toString(LinearRule value);
llvm::StringRef toString(DecayKind value);
llvm::StringRef toString(SquashKind value);

} // namespace attune

#endif // ATTUNE_MODEL_LINEARDESCRIPTION_H
