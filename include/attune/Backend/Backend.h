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

namespace attune {

/// On arguments and results of a planned kernel: the memref type of the buffer
/// that launches pass.
inline constexpr llvm::StringLiteral kBufferAttr = "attune.buffer";
/// On an emitted task function: bytes of scratch that it needs (i64).
inline constexpr llvm::StringLiteral kScratchAttr = "attune.scratch";

class Backend {
public:
  virtual ~Backend() = default;

  /// The name in `--backend=` and in the kernel's attribute.
  virtual llvm::StringRef getName() const = 0;

  /// Success when this backend can emit the kernel; else the reason is written
  /// to `reason`.
  virtual llvm::LogicalResult supports(KernelOp kernel,
                                       std::string &reason) const = 0;

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

  /// The layout in which weight operand `index` is to be stored under the
  /// schedule; null: row-major.
  virtual mlir::Attribute getOperandLayout(KernelOp kernel, unsigned index,
                                           const Schedule &schedule,
                                           const TargetDesc &target) const = 0;

  /// Emits a planned kernel (its arguments and results carry kBufferAttr)
  /// before itself as two functions, and leaves the kernel in place:
  ///
  ///   func.func private @K.task(inputs..., outputs..., %scratch: memref<?xi8>,
  ///                             %index: index) attributes {attune.scratch}
  ///   func.func private @K.grid(inputs..., outputs...) -> index
  ///
  /// `grid` gives the number of independent tasks, each of which `task` runs.
  virtual llvm::LogicalResult lower(KernelOp kernel, const Schedule &schedule,
                                    const TargetDesc &target,
                                    mlir::OpBuilder &builder) const = 0;
};

} // namespace attune

#endif // ATTUNE_BACKEND_BACKEND_H
