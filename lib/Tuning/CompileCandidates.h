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

/// Compiles candidates of a kernel, `jobs` at the same time, each with a
/// context of its own. What makes a code generator crash costs that candidate.
/// `stop` as in MeasureOptions.
std::vector<CompiledCandidate>
compileCandidates(const KernelTask &task, llvm::ArrayRef<Candidate> candidates,
                  const TargetDesc &target, int jobs,
                  const std::atomic<bool> *stop);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_COMPILECANDIDATES_H
