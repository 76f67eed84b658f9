//===- Phase.h - The points a compilation passes ----------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_PHASE_H
#define ATTUNE_COMPILER_PHASE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace attune {

/// Named points between which a compilation can stop and go on; the IR after
/// each is described in PhaseInfo.
enum class Phase { Import, Fuse, Kernels, Plan, LLVM, Binary };

struct PhaseInfo {
  Phase phase;
  llvm::StringRef name;
  llvm::StringRef description;
};

/// All phases in their order.
llvm::ArrayRef<PhaseInfo> getPhases();
llvm::StringRef getName(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);

/// On modules that were written between phases: the phase they have reached.
inline constexpr llvm::StringLiteral kPhaseAttr = "attune.phase";
/// The directory that weight files are relative to.
inline constexpr llvm::StringLiteral kDirectoryAttr = "attune.directory";
/// The CPU that a module's schedules are made for.
inline constexpr llvm::StringLiteral kCpuAttr = "attune.cpu";
/// Likewise: the GPU that runs them, as `--gpu` names it; absent without one.
inline constexpr llvm::StringLiteral kGpuAttr = "attune.gpu";
/// What the program's `info` shows, as JSON text.
inline constexpr llvm::StringLiteral kMetadataAttr = "attune.metadata";

} // namespace attune

#endif // ATTUNE_COMPILER_PHASE_H
