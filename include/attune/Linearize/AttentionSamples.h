//===- AttentionSamples.h - What a model's attention is given ---*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_ATTENTIONSAMPLES_H
#define ATTUNE_LINEARIZE_ATTENTIONSAMPLES_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace attune {

/// Queries, keys and values of one sequence, without padding. Heads are packed
/// as in attune.attention: [length, heads * head size], row-major.
struct AttentionSequence {
  int64_t length = 0;
  std::vector<float> query, key, value;
};

/// One attention op of a model and what it is given on a set of texts.
struct AttentionSamples {
  std::string layer; ///< the op's place in the model
  int64_t heads = 0, kvHeads = 0;
  int64_t headDim = 0, valueDim = 0;
  /// Scores are multiplied by this.
  double scale = 1;
  /// A query sees the keys up to its own token.
  bool causal = false;
  std::vector<AttentionSequence> sequences;

  int64_t getKvHead(int64_t head) const { return head / (heads / kvHeads); }
};

/// A matrix of doubles, row-major: rows are tokens, queries or features.
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), values(rows * columns) {}
  llvm::MutableArrayRef<double> row(int64_t i) {
    return llvm::MutableArrayRef<double>(values).slice(i * columns, columns);
  }
  llvm::ArrayRef<double> row(int64_t i) const {
    return llvm::ArrayRef<double>(values).slice(i * columns, columns);
  }
};

/// a b^T: the inner products of their rows.
Matrix multiplyByTransposed(const Matrix &a, const Matrix &b);

/// Queries and keys of one head, multiplied by the root of the scale, so that
/// scores are their inner products; and values.
struct HeadTokens {
  Matrix query, key, value;
};

/// The tokens of a head (of queries) in a sequence. The scale is not negative.
HeadTokens getHeadTokens(const AttentionSamples &samples,
                         const AttentionSequence &sequence, int64_t head);

} // namespace attune

#endif // ATTUNE_LINEARIZE_ATTENTIONSAMPLES_H
