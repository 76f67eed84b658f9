//===- KernelSpec.h - Kernels by name and sizes -----------------*- C++ -*-===//
//
// The form in which command lines name one kernel:
//
//   gemm:m=128,n=768,k=768
//   attention:b=1,h=12,hkv=12,q=512,k=512,d=64
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_KERNEL_KERNELSPEC_H
#define ATTUNE_KERNEL_KERNELSPEC_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace attune {

/// A kernel of its own with the sizes it is to run at.
struct KernelProblem {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelOp kernel;
  /// Shapes of arguments, then results.
  llvm::SmallVector<llvm::SmallVector<int64_t>> shapes;
  double flops = 0; ///< of one run; a fused multiply-add counts as two
  double bytes = 0; ///< operands read and results written once, as f32
};

/// Builds the kernel that `text` names. The context has the attune dialect
/// loaded. UserErrors: an unknown kernel (lists the known ones) or size, a
/// size that is missing, not positive or too large.
llvm::Expected<KernelProblem> parseKernelSpec(mlir::MLIRContext &context,
                                              llvm::StringRef text);

/// The forms that parseKernelSpec takes, one a line, for help texts.
llvm::StringRef getKernelSpecHelp();

} // namespace attune

#endif // ATTUNE_KERNEL_KERNELSPEC_H
