//===- TargetKey.h - The machine of a measurement ---------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_TARGETKEY_H
#define ATTUNE_TUNING_TARGETKEY_H

#include "attune/Kernel/Target.h"
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// What decides how fast a schedule is, and nothing that identifies a host.
struct TargetKey {
  std::string arch; ///< "x86_64", "aarch64"
  std::string cpu;  ///< LLVM's name, e.g. "znver4"
  /// ISA extensions that code generation uses, sorted: "avx2", "avx512f", ...
  std::vector<std::string> features;
  int64_t vectorBits = 0;
  int64_t l1Bytes = 0, l2Bytes = 0, l3Bytes = 0;
  int cores = 0; ///< that this process may use
  /// GpuTarget::str() of the GPU that ran it: "opencl", "cuda:sm_90"; empty: it
  /// ran on the CPU.
  std::string gpu;

  bool operator==(const TargetKey &) const = default;
};

/// The key of kernels compiled for `target`; `cores` are those of this machine.
TargetKey getTargetKey(const TargetDesc &target);

/// How much measurements on one machine say of another.
enum class TargetMatch {
  Exact,  ///< every field is equal
  Similar ///< same GPU, features and vectors, L1 and L2 within a factor of two
};

/// Nothing when measurements do not carry over.
std::optional<TargetMatch> matchTargets(const TargetKey &measured,
                                        const TargetKey &wanted);

} // namespace attune

#endif // ATTUNE_TUNING_TARGETKEY_H
