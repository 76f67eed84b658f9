//===- MeasureProgram.h - Programs that measure one kernel ------*- C++ -*-===//
//
// A measuring program is made of the kernel's code, compiled in one or more
// ways, a description of its operands, and the sealed archives of the runtime
// (lib/Runtime/Measure). It needs libc and libm alone and may run anywhere.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_TUNING_MEASUREPROGRAM_H
#define ATTUNE_TUNING_MEASUREPROGRAM_H

#include "attune/Runtime/MeasureABI.h"
#include "attune/Tuning/Measure.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>
#include <vector>

namespace attune {

/// The kernel compiled in one way.
struct MeasuredCode {
  /// Holds the entries; its other symbols must not clash with those of other
  /// codes.
  std::unique_ptr<llvm::MemoryBuffer> object;
  /// Names of the entries, see AttuneMeasuredCode: task and count, or launch.
  std::string task, count, launch;
  int64_t scratchBytes = 0;
  /// For each operand 0 or the width of its panels.
  std::vector<int64_t> panels;
};

/// Describes arguments and results of a kernel that runs at these shapes, with
/// values that it can take: ids of look-ups are within the table. Errors: an
/// extent that is not the kernel's, more dimensions than ATTUNE_MAX_RANK, an
/// element type other than f32 and i64.
llvm::Expected<std::vector<AttuneMeasuredOperand>>
describeOperands(KernelOp kernel, const KernelShapes &shapes);

/// Links a program at `path`, beside which it puts files of its own for the
/// time. The first of `codes` is the reference. A UserError when the target is
/// of another architecture than the runtime.
llvm::Error linkMeasureProgram(llvm::ArrayRef<AttuneMeasuredOperand> operands,
                               llvm::ArrayRef<const MeasuredCode *> codes,
                               const TargetDesc &target,
                               const MeasureTools &tools, llvm::StringRef path);

/// Links codes to programs, one for each runner that is left, and runs them:
/// what createMeasurer's measurers do with what they have compiled.
class MeasurePool {
public:
  MeasurePool(const TargetDesc &target,
              std::vector<std::unique_ptr<Runner>> runners,
              std::function<void(llvm::StringRef)> warn, MeasureTools tools);
  ~MeasurePool();

  /// One measurement a code, in order; the first is the reference. What
  /// `options` tell of what has ended is told of codes.
  llvm::Expected<std::vector<Measurement>>
  measure(llvm::ArrayRef<AttuneMeasuredOperand> operands,
          llvm::ArrayRef<MeasuredCode> codes, const MeasureOptions &options);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace attune

#endif // ATTUNE_TUNING_MEASUREPROGRAM_H
