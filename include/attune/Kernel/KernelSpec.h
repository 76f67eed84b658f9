//===- KernelSpec.h - Kernels by name and sizes -----------------*- C++ -*-===//
//
// The form in which command lines name one kernel: what it is, then sizes and
// options as name=value.
//
//   gemm:m=128,n=3072,k=768,bias=1,epilogue=gelu
//   attention:b=1,h=12,hkv=12,q=512,k=512,d=64
//   layer_norm:rows=128,columns=768,residual=1
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_KERNEL_KERNELSPEC_H
#define ATTUNE_KERNEL_KERNELSPEC_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace attune {

/// A kernel of its own with the sizes it is to run at. Its types are dynamic
/// where those of a model's kernels are.
struct KernelProblem {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelOp kernel;
  /// Shapes of arguments, then results.
  llvm::SmallVector<llvm::SmallVector<int64_t>> shapes;
  /// Exclusive upper bounds of integer arguments, by argument; 0: of floats.
  llvm::SmallVector<int64_t> limits;
  /// Of one run; a fused multiply-add counts as two. Of products (gemm, gemv,
  /// matmul, attention) theirs alone, to be compared with peaks; of the others
  /// what their ops say (Cost.h).
  double flops = 0;
  double bytes = 0; ///< operands read and results written once
};

/// Builds the kernel that `text` names. The context has the attune dialect
/// loaded. UserErrors: an unknown kernel (lists the known ones), size, option
/// or elementwise op; a size that is missing, not positive or too large.
llvm::Expected<KernelProblem> parseKernelSpec(mlir::MLIRContext &context,
                                              llvm::StringRef text);

/// The forms that parseKernelSpec takes, one a line, for help texts.
llvm::StringRef getKernelSpecHelp();

} // namespace attune

#endif // ATTUNE_KERNEL_KERNELSPEC_H
