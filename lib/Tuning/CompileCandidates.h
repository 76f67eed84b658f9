//===- CompileCandidates.h - Candidates to objects --------------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_COMPILECANDIDATES_H
#define ATTUNE_LIB_TUNING_COMPILECANDIDATES_H

#include "attune/Tuning/MeasureProgram.h"

namespace attune {

/// A candidate's code, or why there is none.
struct CompiledCandidate {
  MeasuredCode code;
  std::string failure; ///< one line; empty: there is code
};

/// Compiles candidates of a kernel, `jobs` at the same time, each in a process
/// of its own: what makes a code generator crash, or take longer than so many
/// seconds, costs that candidate. `stop` as in MeasureOptions.
std::vector<CompiledCandidate>
compileCandidates(const KernelTask &task, llvm::ArrayRef<Candidate> candidates,
                  const TargetDesc &target, int jobs, double seconds,
                  const std::atomic<bool> *stop);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_COMPILECANDIDATES_H
