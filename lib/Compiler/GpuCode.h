//===- GpuCode.h - The text of kernels for GPUs -----------------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_GPUCODE_H
#define ATTUNE_LIB_COMPILER_GPUCODE_H

#include "llvm/IR/Module.h"
#include <string>
#include <vector>

namespace attune {

/// The code of one kernel, in the language of the interface to the GPU.
struct GpuCode {
  std::string name; ///< of the kernel, fit for a file's name and of its own
  std::string text;
};

/// What the constants of a compiled model's module hold (kGpuSourceSuffix), in
/// the order of the names.
std::vector<GpuCode> getGpuCode(const llvm::Module &module);

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_GPUCODE_H
