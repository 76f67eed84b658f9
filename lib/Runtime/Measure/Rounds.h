//===- Rounds.h - Who stays in the contest ----------------------*- C++ -*-===//
//
// Codes are timed in rounds, each of which runs every code that is left once:
// whatever slows the machine down for a while slows down all of them. Those
// that cannot win are dropped, so that the time goes to those that can.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_MEASURE_ROUNDS_H
#define ATTUNE_LIB_RUNTIME_MEASURE_ROUNDS_H

#include "Events.h"

#include <vector>

namespace attune::measure {

/// The samples of one code, milliseconds a run; sample i is of round i.
struct Track {
  int64_t code = 0; ///< 0: the reference, which always stays
  std::vector<double> samples;
};

/// The codes of `tracks`, all of which have run in `rounds` rounds (>= 1), that
/// leave now: after the first round those beyond `killRatio` times the best,
/// after every third one the slower half, as far as it is beyond a ratio whose
/// distance from one halves each time (1.5, 1.25, 1.125, ...).
std::vector<int64_t> chooseLosers(const std::vector<Track> &tracks,
                                  size_t rounds, double killRatio);

/// The samples' statistics. `speedup` compares with the samples that the
/// reference has of the same rounds.
void summarize(const Track &track, const Track &reference, CodeResult &result);

} // namespace attune::measure

#endif // ATTUNE_LIB_RUNTIME_MEASURE_ROUNDS_H
