//===- Samples.h - Random queries, keys and values --------------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_LINEARIZE_SAMPLES_H
#define ATTUNE_TEST_UNIT_LINEARIZE_SAMPLES_H

#include "attune/Linearize/AttentionSamples.h"
#include <random>

namespace attune {

/// Normal numbers of deviation `spread` around means that differ by column, so
/// that centring has something to do.
inline AttentionSamples makeSamples(uint64_t seed, double spread,
                                    double mean = 0.5, bool causal = false,
                                    int64_t heads = 4, int64_t kvHeads = 2,
                                    std::vector<int64_t> lengths = {17, 9}) {
  AttentionSamples samples;
  samples.layer = "layer";
  samples.heads = heads;
  samples.kvHeads = kvHeads;
  samples.headDim = 8;
  samples.valueDim = 6;
  samples.scale = 0.3;
  samples.causal = causal;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  auto draw = [&](int64_t length, int64_t columns) {
    std::vector<float> values(length * columns);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = spread * normal(random) + mean * ((i % columns) % 3);
    return values;
  };
  for (int64_t length : lengths)
    samples.sequences.push_back({length, draw(length, heads * 8),
                                 draw(length, kvHeads * 8),
                                 draw(length, kvHeads * 6)});
  return samples;
}

} // namespace attune

#endif // ATTUNE_TEST_UNIT_LINEARIZE_SAMPLES_H
