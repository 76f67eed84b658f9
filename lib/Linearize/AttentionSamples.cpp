//===- AttentionSamples.cpp - What a model's attention is given -----------===//
#include "attune/Linearize/AttentionSamples.h"
#include <cmath>

using namespace attune;

/// Columns of one head of a packed operand, multiplied by `scale`.
static Matrix unpack(llvm::ArrayRef<float> packed, int64_t length,
                     int64_t heads, int64_t head, int64_t columns,
                     double scale) {
  Matrix result(length, columns);
  for (int64_t t = 0; t < length; ++t)
    for (int64_t c = 0; c < columns; ++c)
      result.row(t)[c] = scale * packed[(t * heads + head) * columns + c];
  return result;
}

// One row of b^T times a number at a time: sums over a long row of independent
// elements are vector instructions without a change of order.
Matrix attune::multiplyByTransposed(const Matrix &a, const Matrix &b) {
  Matrix transposed(b.columns, b.rows);
  for (int64_t i = 0; i < b.rows; ++i)
    for (int64_t c = 0; c < b.columns; ++c)
      transposed.row(c)[i] = b.row(i)[c];
  Matrix result(a.rows, b.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    double *sums = result.row(i).data();
    for (int64_t c = 0; c < a.columns; ++c) {
      double factor = a.row(i)[c];
      const double *row = transposed.row(c).data();
      for (int64_t j = 0; j < b.rows; ++j)
        sums[j] += factor * row[j];
    }
  }
  return result;
}

HeadTokens attune::getHeadTokens(const AttentionSamples &samples,
                                 const AttentionSequence &sequence,
                                 int64_t head) {
  double root = std::sqrt(samples.scale);
  int64_t kvHead = samples.getKvHead(head);
  return {unpack(sequence.query, sequence.length, samples.heads, head,
                 samples.headDim, root),
          unpack(sequence.key, sequence.length, samples.kvHeads, kvHead,
                 samples.headDim, root),
          unpack(sequence.value, sequence.length, samples.kvHeads, kvHead,
                 samples.valueDim, 1)};
}
