//===- TuneResult.h - What attune tune prints at its end --------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_TUNERESULT_H
#define ATTUNE_TOOLS_ATTUNE_TUNERESULT_H

#include "TuneModel.h"

namespace attune::tool {

struct TuneOutcome {
  /// The model, or the kernel's name; the latter has no verdict.
  std::string input;
  bool isModel = false;
  std::string database;
  TargetKey target;
  int threads = 1;
  llvm::StringMap<int64_t> sizes; ///< of the model's symbols
  TunerResult result;
  TuneModel::Verdict verdict;
  double seconds = 0; ///< of the whole command

  bool isDropped(size_t kernel) const {
    return llvm::is_contained(verdict.dropped, kernel);
  }
};

/// {"trials", "seconds", "model_ms_before", "model_ms_after", "kernels", ...},
/// one line. Times of the model are medians, null where it was not run.
void printTuneJSON(llvm::raw_ostream &os, const TuneOutcome &outcome);
/// The same for people.
void printTuneText(llvm::raw_ostream &os, const TuneOutcome &outcome);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_TUNERESULT_H
