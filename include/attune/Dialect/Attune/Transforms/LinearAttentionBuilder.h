//===- LinearAttentionBuilder.h - Linear attention of one layer -*- C++ -*-===//
//
// The ops of one layer of linear or hybrid attention: features of queries and
// keys, then the sum over keys. Importers of models that were trained so and
// the rewrite of softmax attention build the same ops by it.
//
// Notation: B batch, T tokens, D columns of a head of queries and keys, Dv of
// values, M features of a head.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_LINEARATTENTIONBUILDER_H
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_LINEARATTENTIONBUILDER_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace attune {

/// How the features of queries, or of keys, come of their heads: the operands
/// and attributes of attune.feature_map. Weights are null where there are none;
/// their first extent is 1 where they serve all heads, else the heads of what
/// they are applied to (for keys that is `heads` in hybrid attention, where
/// each head of queries has keys of its own, and `kvHeads` else).
struct FeatureParameters {
  FeatureMap map = FeatureMap::identity;
  mlir::Value projection; ///< [heads or 1, R, D]
  mlir::Value bias;       ///< [heads or 1, R]
  mlir::Value mix;        ///< [heads or 1, M, features of the map]
  /// [heads or 1, D]. For queries only with near keys or a denominator of 0,
  /// where it has no effect; for keys only with those or the rule linear, not
  /// squashed.
  mlir::Value tilt;
  /// [heads]: added to the scales of features, beside near keys, where
  /// constants count; else it would have no effect.
  mlir::Value offset;
  double scale = 1.0;
  int64_t order = 1;
  double epsilon = 0.0;
  FeatureNorm norm = FeatureNorm::none;
  double normEpsilon = 1.0e-6;
};

/// Keys that are attended to exactly, as in attune.hybrid_attention.
struct NearKeys {
  int64_t window = 0;
  int64_t sinks = 0;
  /// Of their scores; usually 1 / sqrt(D).
  double scale = 1.0;
};

/// One layer of attention.
struct LinearAttentionParameters {
  int64_t heads = 0;
  int64_t kvHeads = 0;
  FeatureParameters queryFeatures, keyFeatures;
  UpdateRule rule = UpdateRule::linear;
  /// Of the result. Hybrid attention has none: it is normalised.
  double scale = 1.0;
  /// What is added to the sum of the weights, by which the result is divided;
  /// nothing: no division. For the rules linear and gated.
  std::optional<double> denominator;
  std::optional<GateActivation> squash;
  mlir::Value decay; ///< as attune.linear_attention has it, for gated rules
  mlir::Value beta;  ///< the same, for delta rules
  /// Whether each query sees all keys, not only those up to its own.
  bool full = false;
  /// Makes it hybrid: then the rule is linear, with no denominator (the sum
  /// itself divides), no squash, no states.
  std::optional<NearKeys> near;

  /// M; null weights and `headDim` D as above. `features` is one of the two
  /// maps. Nothing when M is more than attune.feature_map takes.
  static std::optional<int64_t> countFeatures(const FeatureParameters &features,
                                              int64_t headDim);
  /// Which parts the state has beside its matrix.
  bool carriesSum() const { return denominator && !near; }
  bool carriesMax() const;
};

/// The state before or after the tokens of a call. All null: none.
struct LinearAttentionState {
  mlir::Value state; ///< [B, kvHeads, M, Dv]
  mlir::Value sum;   ///< [B, kvHeads, M] where carriesSum()
  mlir::Value max;   ///< [B, kvHeads] where carriesMax()
};

struct LinearAttentionResult {
  mlir::Value result; ///< [B, T, heads * Dv]
  /// After the last token; all null for hybrid attention.
  LinearAttentionState present;
};

/// Builds, at the insertion point of `builder`, attune.feature_map for queries
/// and keys (none where the features are the columns themselves) and
/// attune.linear_attention or attune.hybrid_attention.
///
/// `query` [B, T, heads * D], `key` [B, T, kvHeads * D], `value`
/// [B, T, kvHeads * Dv] have heads packed in the last dimension, as
/// attune.attention has them; its extent is static. `mask` [B, T], integer and
/// 0 for padding, may be null. `past` has the parts that are carried, or none.
///
/// Exponential features are kept in range where the op allows it: those of keys
/// are divided by the exponential of their token's largest exponent, which goes
/// along as log weights; those of queries where that cancels, with a
/// denominator of 0.
///
/// The caller has made sure that the parameters fit each other; what does not
/// is found by the ops' verifiers.
LinearAttentionResult
buildLinearAttention(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value query, mlir::Value key, mlir::Value value,
                     mlir::Value mask,
                     const LinearAttentionParameters &parameters,
                     const LinearAttentionState &past = {});

} // namespace attune

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_LINEARATTENTIONBUILDER_H
