//===- KernelEntries.h - Kernels behind the C ABI ---------------*- C++ -*-===//
//
// The runtime runs a kernel through AttuneTask: a function of an argument
// block, a task index and scratch memory. The argument block holds the memref
// descriptors of the kernel's buffers, inputs then outputs, one after another.
// A descriptor of rank r is
//
//   { ptr allocated, ptr aligned, i64 offset, i64 sizes[r], i64 strides[r] }
//
// with offset and strides in elements: 8 * (3 + 2 * r) bytes.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_KERNELENTRIES_H
#define ATTUNE_BACKEND_LLVM_KERNELENTRIES_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace attune {

/// The functions of a kernel that the runtime and host code call.
struct KernelEntries {
  /// void K.entry(ptr args, i64 index, ptr scratch): an AttuneTask.
  mlir::LLVM::LLVMFuncOp entry;
  /// i64 K.count(ptr args): the number of tasks.
  mlir::LLVM::LLVMFuncOp count;
};

/// Emits both entries of a kernel after its functions `task` and `grid`
/// (Backend::lower). They are internal to the module unless `exported`.
KernelEntries emitKernelEntries(llvm::StringRef kernelName,
                                mlir::func::FuncOp task,
                                mlir::func::FuncOp grid,
                                mlir::OpBuilder &builder,
                                bool exported = false);

/// Bytes of the descriptor of a memref.
int64_t getDescriptorBytes(mlir::MemRefType type);

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_KERNELENTRIES_H
