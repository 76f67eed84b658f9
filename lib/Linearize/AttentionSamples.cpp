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
