//===- LinearAttentionForms.cpp - One recurrence in three forms -----------===//
#include "LinearAttentionForms.h"
#include "GateActivations.h"

#include <cmath>

using namespace mlir;
using namespace attune;

using Vector = std::vector<double>;

/// Rows `first` .. `first + count - 1` of `list`, or nothing of an empty one.
static Vector rowsOf(const Vector &list, int64_t first, int64_t count,
                     int64_t columns) {
  if (list.empty())
    return {};
  auto begin = list.begin() + first * columns;
  return Vector(begin, begin + count * columns);
}

LinearAttentionHead LinearAttentionHead::slice(int64_t first,
                                               int64_t count) const {
  LinearAttentionHead part = *this;
  part.queries = part.keys = count;
  part.query = rowsOf(query, first, count, group * keyDim);
  part.key = rowsOf(key, first, count, keyDim);
  part.value = rowsOf(value, first, count, valueDim);
  part.decay = rowsOf(decay, first, count, keyDim);
  part.beta = rowsOf(beta, first, count, 1);
  part.logWeights = rowsOf(logWeights, first, count, 1);
  return part;
}

LinearAttentionState
LinearAttentionState::zero(const LinearAttentionHead &head) {
  LinearAttentionState state;
  state.matrix.assign(head.keyDim * head.valueDim, 0.0);
  state.sum.assign(head.keyDim, 0.0);
  return state;
}

/// e^(from - to) for a state that was kept divided by e^from and is to be by
/// e^to. Both are -inf as long as all weights are 0; the state then stays.
static double rescaling(double from, double to) {
  return from == to ? 1 : std::exp(from - to);
}

/// e^(w - max), 0 for a weight of 0 whatever the largest is.
static double weighting(double w, double max) {
  return w == -std::numeric_limits<double>::infinity() ? 0 : std::exp(w - max);
}

/// Turns the sums of a query, which are divided by e^max, into its result.
static void finish(const LinearAttentionHead &head, double *numerator,
                   double divisor, double max) {
  // (e^max n) / (e^max d + c) = n / (d + c e^-max). No c, no e^-max, which may
  // be infinite.
  if (head.denominator && *head.denominator != 0)
    divisor += *head.denominator * std::exp(-max);
  for (int64_t j = 0; j < head.valueDim; ++j)
    if (!head.denominator)
      numerator[j] *= head.scale * std::exp(max);
    else
      numerator[j] = divisor == 0 ? 0 : head.scale * numerator[j] / divisor;
}

/// The exponent that numbers of the state are divided by: none without weights.
static double scaleOf(const LinearAttentionHead &head, double max) {
  return head.logWeights.empty() ? 0 : max;
}

//===----------------------------------------------------------------------===//
// Recurrent
//===----------------------------------------------------------------------===//

/// The results of the group's queries of one token, read off the state.
static void answer(const LinearAttentionHead &head, int64_t token,
                   const LinearAttentionState &state, Vector &results) {
  int64_t dk = head.keyDim, dv = head.valueDim;
  for (int64_t row = token * head.group; row < (token + 1) * head.group;
       ++row) {
    const double *q = head.query.data() + row * dk;
    double *result = results.data() + row * dv;
    double divisor = 0;
    for (int64_t c = 0; c < dk; ++c) {
      divisor += q[c] * state.sum[c];
      for (int64_t j = 0; j < dv; ++j)
        result[j] += q[c] * state.matrix[c * dv + j];
    }
    finish(head, result, divisor, scaleOf(head, state.max));
  }
}

/// The state takes up one token.
static void update(const LinearAttentionHead &head, int64_t token,
                   LinearAttentionState &state) {
  int64_t dk = head.keyDim, dv = head.valueDim;
  Vector k = rowsOf(head.key, token, 1, dk);
  Vector v = rowsOf(head.value, token, 1, dv);
  auto multiplyColumn = [&](int64_t c, double factor) {
    state.sum[c] *= factor;
    for (int64_t j = 0; j < dv; ++j)
      state.matrix[c * dv + j] *= factor;
  };
  if (!head.decay.empty())
    for (int64_t c = 0; c < dk; ++c)
      multiplyColumn(c, std::exp(head.decay[token * dk + c]));
  if (!head.logWeights.empty()) {
    double w = head.logWeights[token], max = std::max(state.max, w);
    for (int64_t c = 0; c < dk; ++c)
      multiplyColumn(c, rescaling(state.max, max));
    for (double &x : k)
      x *= weighting(w, max);
    state.max = max;
  }
  if (!head.beta.empty())
    for (int64_t j = 0; j < dv; ++j) {
      double found = 0;
      for (int64_t c = 0; c < dk; ++c)
        found += state.matrix[c * dv + j] * k[c];
      v[j] = head.beta[token] * (v[j] - found);
    }
  for (int64_t c = 0; c < dk; ++c) {
    state.sum[c] += k[c];
    for (int64_t j = 0; j < dv; ++j) {
      double &element = state.matrix[c * dv + j];
      element += k[c] * v[j];
      if (head.squash)
        element = activate(*head.squash, /*alpha=*/0, /*beta=*/0, element);
    }
  }
}

Vector attune::attendRecurrent(const LinearAttentionHead &head,
                               LinearAttentionState &state) {
  Vector results(head.queries * head.group * head.valueDim, 0.0);
  for (int64_t token = 0; token < head.keys; ++token) {
    update(head, token, state);
    if (!head.full)
      answer(head, token, state, results);
  }
  if (head.full)
    for (int64_t token = 0; token < head.queries; ++token)
      answer(head, token, state, results);
  return results;
}

//===----------------------------------------------------------------------===//
// Parallel
//===----------------------------------------------------------------------===//

namespace {

/// What all products of the parallel form are made of.
class Chunk {
public:
  Chunk(const LinearAttentionHead &head, LinearAttentionState &state)
      : head(head), state(state), dk(head.keyDim), dv(head.valueDim) {
    double max = state.max;
    for (int64_t i = 0; i < head.keys; ++i)
      if (!head.logWeights.empty())
        maxima.push_back(max = std::max(max, head.logWeights[i]));
  }

  Vector run() {
    Vector written = getWritten();
    Vector results(head.queries * head.group * dv, 0.0);
    for (int64_t token = 0; token < head.queries; ++token)
      answer(token, head.full ? head.keys - 1 : token, written, results);
    moveState(written);
    return results;
  }

private:
  /// e^D[i, j, c] for all j <= i, as [j, c]; by sums of what lies between, not
  /// by differences of running sums, which decays of -inf would make NaN.
  Vector decaysTo(int64_t i) const {
    Vector factors((i + 1) * dk, 1.0);
    if (head.decay.empty())
      return factors;
    Vector sum(dk, 0.0);
    for (int64_t j = i; j >= 0; --j)
      for (int64_t c = 0; c < dk; ++c) {
        factors[j * dk + c] = std::exp(sum[c]);
        sum[c] += head.decay[j * dk + c];
      }
    return factors;
  }

  /// e^(G[i, c] + M[-1] - M[i]): what token i sees of the state before.
  double decayOfState(int64_t i, int64_t c) const {
    double sum = 0;
    for (int64_t j = 0; j <= i && !head.decay.empty(); ++j)
      sum += head.decay[j * dk + c];
    double factor = std::exp(sum);
    return i < 0 || maxima.empty() ? factor
                                   : factor * rescaling(state.max, maxima[i]);
  }

  /// e^(w[j] - M[i]).
  double weightOf(int64_t j, int64_t i) const {
    return maxima.empty() ? 1 : weighting(head.logWeights[j], maxima[i]);
  }

  /// The rows u that tokens write, [keys, dv].
  Vector getWritten() const {
    if (head.beta.empty())
      return head.value;
    int64_t n = head.keys;
    Vector a(n * n, 0.0), r(n * dv);
    for (int64_t i = 0; i < n; ++i) {
      const double *k = head.key.data() + i * dk;
      Vector decays = decaysTo(i);
      for (int64_t j = 0; j < i; ++j)
        for (int64_t c = 0; c < dk; ++c)
          a[i * n + j] +=
              head.beta[i] * k[c] * decays[j * dk + c] * head.key[j * dk + c];
      Vector missing = rowsOf(head.value, i, 1, dv);
      for (int64_t c = 0; c < dk; ++c) {
        double seen = k[c] * decayOfState(i, c);
        for (int64_t j = 0; j < dv; ++j)
          missing[j] -= seen * state.matrix[c * dv + j];
      }
      for (int64_t j = 0; j < dv; ++j)
        r[i * dv + j] = head.beta[i] * missing[j];
    }
    Vector t = invertUnitLower(a, n), u(n * dv, 0.0);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t l = 0; l <= i; ++l)
        for (int64_t j = 0; j < dv; ++j)
          u[i * dv + j] += t[i * n + l] * r[l * dv + j];
    return u;
  }

  /// (I + a)^-1 of a strictly lower triangular a, row by row: row i of it is
  /// that of I minus the rows above it, as row i of `a` weighs them.
  static Vector invertUnitLower(const Vector &a, int64_t n) {
    Vector inverse(n * n, 0.0);
    for (int64_t i = 0; i < n; ++i) {
      double *row = inverse.data() + i * n;
      row[i] = 1;
      for (int64_t j = 0; j < i; ++j)
        for (int64_t l = 0; l <= j; ++l)
          row[l] -= a[i * n + j] * inverse[j * n + l];
    }
    return inverse;
  }

  /// Results of the queries of `token`, which see the keys up to `last`.
  void answer(int64_t token, int64_t last, const Vector &written,
              Vector &results) const {
    Vector decays = decaysTo(last), fromState(dk);
    for (int64_t c = 0; c < dk; ++c)
      fromState[c] = decayOfState(last, c);
    for (int64_t row = token * head.group; row < (token + 1) * head.group;
         ++row) {
      const double *q = head.query.data() + row * dk;
      double *result = results.data() + row * dv;
      double divisor = 0;
      for (int64_t c = 0; c < dk; ++c) {
        double seen = q[c] * fromState[c];
        divisor += seen * state.sum[c];
        for (int64_t j = 0; j < dv; ++j)
          result[j] += seen * state.matrix[c * dv + j];
      }
      for (int64_t i = 0; i <= last; ++i) {
        double product = 0;
        for (int64_t c = 0; c < dk; ++c)
          product += q[c] * decays[i * dk + c] * head.key[i * dk + c];
        product *= weightOf(i, last);
        divisor += product;
        for (int64_t j = 0; j < dv; ++j)
          result[j] += product * written[i * dv + j];
      }
      finish(head, result, divisor, scaleOf(head, maxAt(last)));
    }
  }

  double maxAt(int64_t i) const {
    return i < 0 || maxima.empty() ? state.max : maxima[i];
  }

  void moveState(const Vector &written) {
    int64_t last = head.keys - 1;
    Vector decays = decaysTo(last);
    for (int64_t c = 0; c < dk; ++c) {
      double kept = decayOfState(last, c);
      state.sum[c] *= kept;
      for (int64_t j = 0; j < dv; ++j)
        state.matrix[c * dv + j] *= kept;
      for (int64_t i = 0; i <= last; ++i) {
        double k =
            decays[i * dk + c] * head.key[i * dk + c] * weightOf(i, last);
        state.sum[c] += k;
        for (int64_t j = 0; j < dv; ++j)
          state.matrix[c * dv + j] += k * written[i * dv + j];
      }
    }
    state.max = maxAt(last);
  }

  const LinearAttentionHead &head;
  LinearAttentionState &state;
  int64_t dk, dv;
  Vector maxima; // M, empty without log weights
};

} // namespace

Vector attune::attendParallel(const LinearAttentionHead &head,
                              LinearAttentionState &state) {
  assert(!head.squash && "a squashed state has the recurrent form alone");
  return Chunk(head, state).run();
}

//===----------------------------------------------------------------------===//
// Chunked
//===----------------------------------------------------------------------===//

Vector attune::attendChunked(const LinearAttentionHead &head, int64_t chunk,
                             LinearAttentionState &state) {
  // Keys alone, when all queries come behind them.
  LinearAttentionHead tokens = head;
  if (head.full) {
    tokens.full = false;
    tokens.group = 0;
    tokens.query.clear();
  }
  Vector results;
  for (int64_t first = 0; first < head.keys; first += chunk) {
    int64_t count = std::min(chunk, head.keys - first);
    llvm::append_range(results,
                       attendParallel(tokens.slice(first, count), state));
  }
  if (!head.full)
    return results;
  LinearAttentionHead queries = head;
  queries.keys = 0;
  queries.key.clear();
  queries.value.clear();
  queries.logWeights = head.logWeights;
  return attendRecurrent(queries, state);
}
