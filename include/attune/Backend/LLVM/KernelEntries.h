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

/// Names of a kernel's functions, after its own.
inline constexpr llvm::StringLiteral kTaskSuffix = ".task",
                                     kGridSuffix = ".grid", kRunSuffix = ".run",
                                     kTaskEntrySuffix = ".entry",
                                     kCountEntrySuffix = ".count",
                                     kLaunchEntrySuffix = ".launch";

/// Emits the entries of a kernel after the functions that its backend emitted
/// (Backend::lower). After `task` and `grid`
///
///   void K.entry(ptr args, i64 index, ptr scratch)   an AttuneTask
///   i64 K.count(ptr args)                            the number of tasks
///
/// and after `run`
///
///   void K.launch(ptr call, ptr args)                runs the whole kernel
///
/// They are internal to the module unless `exported`. Fails, with a diagnostic
/// on the kernel, when the functions are not there.
llvm::LogicalResult emitKernelEntries(KernelOp kernel, mlir::OpBuilder &builder,
                                      bool exported = false);

/// Bytes of the descriptor of a memref.
int64_t getDescriptorBytes(mlir::MemRefType type);

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_KERNELENTRIES_H
