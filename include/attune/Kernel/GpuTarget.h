//===- GpuTarget.h - The GPU that kernels are made for ----------*- C++ -*-===//
#ifndef ATTUNE_KERNEL_GPUTARGET_H
#define ATTUNE_KERNEL_GPUTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace attune {

/// What `--gpu=` says: through which interface kernels reach a GPU, and what
/// the GPU must be able to do.
struct GpuTarget {
  enum class Api {
    None,   ///< kernels run on the CPU
    OpenCL, ///< OpenCL C, compiled by the driver
    Cuda    ///< PTX, compiled by the driver
  };

  Api api = Api::None;
  /// CUDA: compute capability, ten times the major version plus the minor one,
  /// e.g. 90 for sm_90.
  int capability = 0;

  explicit operator bool() const { return api != Api::None; }
  bool operator==(const GpuTarget &) const = default;

  /// The form that parse() reads: "opencl", "cuda:sm_90"; "" without a GPU.
  std::string str() const;
  /// What code for this target is called as a file: "cl", "ptx".
  llvm::StringRef getExtension() const;

  /// Reads "opencl", "cuda" (sm_50, which every later GPU can run),
  /// "cuda:sm_90"; "" is none. A UserError says what is supported.
  static llvm::Expected<GpuTarget> parse(llvm::StringRef text);
};

} // namespace attune

#endif // ATTUNE_KERNEL_GPUTARGET_H
