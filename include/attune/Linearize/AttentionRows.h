//===- AttentionRows.h - Attention as a matrix of weights -------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_ATTENTIONROWS_H
#define ATTUNE_LINEARIZE_ATTENTIONROWS_H

#include "attune/Linearize/FeatureParameters.h"

namespace attune {

/// How a head weighs keys: rows of queries, columns of keys.
struct AttentionRows {
  /// Sums of rows are 1, or 0 where no weight is left.
  Matrix weights;
  /// Sums before the division, relative to the largest weight of the row.
  std::vector<double> denominators;
  int64_t negative = 0;  ///< weights below 0
  int64_t notFinite = 0; ///< weights that are infinite or no number
  int64_t guarded = 0;   ///< rows whose sum was not positive
};

/// The scores of all pairs, q . k; those that a causal mask hides too.
Matrix computeScores(const HeadTokens &tokens);

/// Softmax of the scores.
AttentionRows computeExactRows(const Matrix &scores, bool causal);

/// Softmax as a kernel in f32 has it, of scores summed in float: what rounding
/// does.
AttentionRows computeRoundedRows(const HeadTokens &tokens, bool causal);

/// What linear or hybrid attention weighs: the formula of
/// attune.linear_attention with a denominator, of attune.hybrid_attention with
/// a window or sinks. `kvHead` is the head of keys that `head` reads.
AttentionRows computeLinearRows(const LayerParameters &parameters,
                                const HeadTokens &tokens, const Matrix &scores,
                                int64_t head, int64_t kvHead, bool causal);

/// Baselines: the same weight for every key that is seen; the exact weights of
/// the near keys and none for the others.
AttentionRows computeUniformRows(int64_t length, bool causal);
AttentionRows computeWindowRows(const Matrix &scores, bool causal,
                                int64_t window, int64_t sinks);

/// weights * values.
Matrix applyRows(const AttentionRows &rows, const Matrix &values);

} // namespace attune

#endif // ATTUNE_LINEARIZE_ATTENTIONROWS_H
