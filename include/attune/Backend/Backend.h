//===- Backend.h - Who turns kernels into code ------------------*- C++ -*-===//
//
// A backend takes kernels by their region, chooses or accepts a schedule, says
// how it wants weights stored, and emits functions. Backends compete for each
// kernel; the compiler knows them through this interface alone.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_BACKEND_H
#define ATTUNE_BACKEND_BACKEND_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Kernel/Schedule.h"
#include "attune/Kernel/Target.h"
#include <optional>

namespace attune {

/// On arguments and results of a planned kernel: the memref type of the buffer
/// that launches pass.
inline constexpr llvm::StringLiteral kBufferAttr = "attune.buffer";
/// On an emitted task function: bytes of scratch that it needs (i64).
inline constexpr llvm::StringLiteral kScratchAttr = "attune.scratch";

/// Suffix of the constants of LLVM modules that hold the text of kernels for
/// GPUs, each of one kernel.
inline constexpr llvm::StringLiteral kGpuSourceSuffix = ".gpu_source";

/// What a schedule keeps at hand at a time, as far as a backend can tell.
struct Footprint {
  int64_t registers = 0; ///< vector registers of the innermost loop
  int64_t l1Bytes = 0;   ///< used again and again in the inner loops
  int64_t l2Bytes = 0;   ///< used again by one task
};

class Backend {
public:
  virtual ~Backend() = default;

  /// The name in `--backend=` and in the kernel's attribute.
  virtual llvm::StringRef getName() const = 0;

  /// Names of the families (KernelOp::getFamily()) that it has kernels of.
  virtual llvm::SmallVector<llvm::StringRef> getFamilies() const { return {}; }

  /// Success when this backend can emit the kernel; else the reason is written
  /// to `reason`.
  virtual llvm::LogicalResult supports(KernelOp kernel,
                                       std::string &reason) const = 0;

  /// Success when it makes kernels that run on such a GPU; else the reason is
  /// written to `reason`.
  virtual llvm::LogicalResult supportsGpu(const GpuTarget &gpu,
                                          std::string &reason) const {
    reason = "makes code for CPUs only";
    return llvm::failure();
  }

  /// The knobs of the kernel's schedule space.
  virtual llvm::SmallVector<Knob> getKnobs(KernelOp kernel,
                                           const TargetDesc &target) const = 0;

  /// The analytic schedule, good without tuning.
  virtual Schedule getDefaultSchedule(KernelOp kernel,
                                      const TargetDesc &target) const = 0;

  /// Hard constraints: registers, divisibility. Writes the reason.
  virtual llvm::LogicalResult verifySchedule(KernelOp kernel,
                                             const Schedule &schedule,
                                             const TargetDesc &target,
                                             std::string &reason) const = 0;

  /// What a schedule keeps in registers and caches; nothing when unknown.
  virtual std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const {
    return std::nullopt;
  }

  /// Changes whenever the same schedule means other code than before, so that
  /// what was measured is not applied to what it no longer is.
  virtual llvm::StringRef getScheduleVersion() const = 0;

  /// The layout in which weight operand `index` is to be stored under the
  /// schedule; null: row-major.
  virtual mlir::Attribute getOperandLayout(KernelOp kernel, unsigned index,
                                           const Schedule &schedule,
                                           const TargetDesc &target) const = 0;

  /// Emits a planned kernel (its arguments and results carry kBufferAttr)
  /// before itself, and leaves the kernel in place: as two functions
  ///
  ///   func.func private @K.task(inputs..., outputs..., %scratch: memref<?xi8>,
  ///                             %index: index) attributes {attune.scratch}
  ///   func.func private @K.grid(inputs..., outputs...) -> index
  ///
  /// where `grid` gives the number of independent tasks, each of which `task`
  /// runs; or, when the backend shares out the work itself, as one
  ///
  ///   func.func private @K.run(inputs..., outputs..., %call: !llvm.ptr)
  ///
  /// that runs the whole kernel. `call` is the AttuneCall (ABI.h) for
  /// attune_parallel_for and attune_fail. Code that does not come as MLIR goes
  /// into an attune.object beside the functions.
  virtual llvm::LogicalResult lower(KernelOp kernel, const Schedule &schedule,
                                    const TargetDesc &target,
                                    mlir::OpBuilder &builder) const = 0;
};

} // namespace attune

#endif // ATTUNE_BACKEND_BACKEND_H
