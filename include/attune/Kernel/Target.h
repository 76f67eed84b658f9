//===- Target.h - The machine that kernels are made for ---------*- C++ -*-===//
#ifndef ATTUNE_KERNEL_TARGET_H
#define ATTUNE_KERNEL_TARGET_H

#include "attune/Kernel/GpuTarget.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace attune {

/// What analytic schedules and code generation need to know of a CPU, and of
/// the GPU beside it when kernels are made for one.
struct TargetDesc {
  std::string triple;       ///< e.g. "x86_64-unknown-linux-gnu"
  std::string cpu;          ///< LLVM's name of the CPU, e.g. "znver4"
  std::string features;     ///< LLVM's feature string, e.g. "+avx2,+fma"
  std::string name;         ///< as the user gave it: "native", "x86-64-v4"
  int64_t vectorBits = 128; ///< width of a vector register
  int64_t vectorRegisters = 16;
  int64_t l1Bytes = 32 << 10; ///< data cache of one core
  int64_t l2Bytes = 512 << 10;
  int64_t l3Bytes = 8 << 20;    ///< shared
  uint64_t runtimeFeatures = 0; ///< ATTUNE_CPU_* that the code needs
  GpuTarget gpu;                ///< runs the kernels when it is one

  /// f32 elements in a vector register.
  int64_t getLanes() const { return vectorBits / 32; }
};

/// Describes a CPU by name: "native" (this machine, with its cache sizes), the
/// x86-64 levels "x86-64-v3" and "x86-64-v4", or any CPU name LLVM knows that
/// has at least AVX2 and FMA, or a generic AArch64 one. An unknown or
/// unsuitable name is a user error that lists what is supported. `gpu` is what
/// GpuTarget::parse reads.
llvm::Expected<TargetDesc> getTarget(llvm::StringRef name,
                                     llvm::StringRef gpu = "");

/// Makes LLVM's code generators for the supported architectures known. Cheap
/// to call again; getTarget and the code generator do so themselves.
void initializeTargets();

} // namespace attune

#endif // ATTUNE_KERNEL_TARGET_H
