//===- CompileKernel.h - One kernel as an object ----------------*- C++ -*-===//
//
// Compiles a kernel given on tensors by itself, with the layouts that its
// backend asks for: what running or measuring one kernel needs.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_COMPILEKERNEL_H
#define ATTUNE_BACKEND_LLVM_COMPILEKERNEL_H

#include "attune/Backend/Backend.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>
#include <vector>

namespace attune {

/// How an argument or result of a kernel is stored.
struct KernelOperand {
  mlir::RankedTensorType tensor;
  mlir::Attribute layout; ///< null: row-major
  mlir::MemRefType type;  ///< of the buffer
};

struct CompiledKernel {
  std::unique_ptr<llvm::MemoryBuffer> object;
  std::vector<KernelOperand> operands; ///< arguments, then results
  int64_t scratchBytes = 0;            ///< for each thread
  /// Names of the entries (KernelEntries.h), the only symbols that the object
  /// shows: task and count, or launch.
  std::string task, count, launch;
};

/// Compiles a copy of `kernel`, whose context must know the backend's dialects,
/// for `target`. `buffers` are the types of arguments and results by number;
/// null ones and missing ones are row-major without gaps, or what the layout
/// asks for. `name` is what the entries' names begin with.
llvm::Expected<CompiledKernel>
compileKernel(KernelOp kernel, const Backend &backend, const TargetDesc &target,
              const Schedule &schedule, llvm::StringRef name,
              llvm::ArrayRef<mlir::MemRefType> buffers = {});

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_COMPILEKERNEL_H
