//===- LinearAttentionForms.h - One recurrence in three forms ---*- C++ -*-===//
//
// The state of a head of attune.linear_attention can take up its tokens one by
// one, all at once, or chunk by chunk. The results are the same but for the
// order of sums; these functions say so in double, for one head of keys and the
// group of heads of queries that share it. The model of the op is the recurrent
// form. Notation, with tokens i and j and key columns c:
//
//   G[i, c]    = sum of the decays of tokens 0 .. i (0 without a gate)
//   D[i, j, c] = sum of the decays of tokens j + 1 .. i
//   M[i]       = largest log weight of the past and tokens 0 .. i (0 without)
//
// and S the state before token 0, divided by e^M of that moment.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_REFERENCE_LINEARATTENTIONFORMS_H
#define ATTUNE_LIB_REFERENCE_LINEARATTENTIONFORMS_H

#include "attune/Dialect/Attune/IR/Attune.h"

#include <limits>
#include <optional>
#include <vector>

namespace attune {

/// What a head of keys and its group of heads of queries have of one sequence.
/// Lists are row-major.
struct LinearAttentionHead {
  UpdateRule rule = UpdateRule::linear;
  int64_t group = 1; ///< heads of queries
  int64_t keyDim = 0, valueDim = 0;
  double scale = 1;
  /// All queries are answered by the state after the last key; else there are
  /// as many queries as keys.
  bool full = false;
  std::optional<double> denominator;
  std::optional<GateActivation> squash;

  int64_t queries = 0, keys = 0;  ///< tokens
  std::vector<double> query;      ///< [queries, group, keyDim]
  std::vector<double> key;        ///< [keys, keyDim]; zeros where masked
  std::vector<double> value;      ///< [keys, valueDim]
  std::vector<double> decay;      ///< [keys, keyDim]; empty without a gate
  std::vector<double> beta;       ///< [keys]; empty but for the delta rules
  std::vector<double> logWeights; ///< [keys], or empty

  /// The tokens `first` .. `first + count - 1` of a sequence that is not full.
  LinearAttentionHead slice(int64_t first, int64_t count) const;
};

/// What is carried from one token to the next.
struct LinearAttentionState {
  std::vector<double> matrix; ///< [keyDim, valueDim]
  std::vector<double> sum;    ///< [keyDim], zeros and unread when there is no
                              ///< denominator
  /// With log weights matrix and sum are kept divided by e^max.
  double max = -std::numeric_limits<double>::infinity();

  /// That before any token.
  static LinearAttentionState zero(const LinearAttentionHead &head);
};

/// Each gives the results [queries, group, valueDim] and moves `state` behind
/// the last key.

/// Token by token, as the op's documentation has it.
std::vector<double> attendRecurrent(const LinearAttentionHead &head,
                                    LinearAttentionState &state);

/// All tokens at once: with P[i, j] = sum_c q[i, c] e^D[i, j, c] k[j, c] and j
/// up to i (all j when full, with D and M of the last token)
///
///   o[i] = e^M[i] scale (sum_c q[i, c] e^(G[i, c] + M[-1] - M[i]) S[c]
///                        + sum_j P[i, j] e^(w[j] - M[i]) u[j])
///
/// where u is v but for the delta rules, where each token writes what the state
/// before it lacks: (I + A) u = r with
///
///   A[i, j] = b[i] sum_c k[i, c] e^D[i, j, c] k[j, c] for j < i, else 0
///   r[i]    = b[i] (v[i] - sum_c k[i, c] e^G[i, c] S[c])
///
/// and u = T r, T = (I + A)^-1 (the WY or UT form; A is strictly lower
/// triangular and T always exists). The squash of a state is not associative:
/// `head` has none.
std::vector<double> attendParallel(const LinearAttentionHead &head,
                                   LinearAttentionState &state);

/// The parallel form within chunks of `chunk` tokens, 1 or more, from each of
/// which the state goes on to the next.
std::vector<double> attendChunked(const LinearAttentionHead &head,
                                  int64_t chunk, LinearAttentionState &state);

} // namespace attune

#endif // ATTUNE_LIB_REFERENCE_LINEARATTENTIONFORMS_H
