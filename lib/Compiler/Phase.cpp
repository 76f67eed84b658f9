//===- Phase.cpp - The points a compilation passes ------------------------===//
#include "attune/Compiler/Phase.h"

using namespace attune;

llvm::ArrayRef<PhaseInfo> attune::getPhases() {
  static constexpr PhaseInfo phases[] = {
      {Phase::Import, "import",
       "the model as its source has it, attention unfused"},
      {Phase::Fuse, "fuse",
       "attention, linear maps and normalisation fused into regions"},
      {Phase::Kernels, "kernels",
       "each distinct region a kernel with a backend and a schedule"},
      {Phase::Plan, "plan",
       "buffers in one arena, weights at places of the weights file"},
      {Phase::LLVM, "llvm", "host code and kernels in the LLVM dialect"},
      {Phase::Binary, "binary", "objects, archives, headers, executables"},
  };
  return phases;
}

llvm::StringRef attune::getName(Phase phase) {
  return getPhases()[static_cast<size_t>(phase)].name;
}

std::optional<Phase> attune::parsePhase(llvm::StringRef name) {
  for (const PhaseInfo &info : getPhases())
    if (info.name == name)
      return info.phase;
  return std::nullopt;
}
