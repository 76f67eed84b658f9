//===- Bandit.h - Which strategy's turn it is -------------------*- C++ -*-===//
//
// The credit of an arm is the area under the curve of its improvements: recent
// ones count more (Ansel et al., OpenTuner, 2014, after Fialho et al. 2010).
// To it comes a bonus for arms that were rarely used. Nothing is random.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_TUNING_BANDIT_H
#define ATTUNE_LIB_TUNING_BANDIT_H

#include <cstddef>
#include <deque>
#include <vector>

namespace attune {

class Bandit {
public:
  explicit Bandit(size_t numArms) : pending(numArms, 0) {}

  /// The arm to use next; counts as a use whose outcome is not known yet.
  size_t choose();
  /// Takes back a use that gave no candidate.
  void cancel(size_t arm);
  /// What came of a use.
  void report(size_t arm, bool improved);

private:
  double getCredit(size_t arm) const;

  struct Use {
    size_t arm;
    bool improved;
  };
  std::deque<Use> window;      // with known outcomes, oldest first
  std::vector<size_t> pending; // uses without
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_BANDIT_H
