//===- KernelFamily.h - One file a family of kernels ------------*- C++ -*-===//
//
// A family builds the loops of all kernels with one kind of anchor. It emits
// vector, scf, arith and memref ops; prologue and epilogue come from
// RegionEmitter. Families are registered by name in LLVMBackend.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_KERNELFAMILY_H
#define ATTUNE_BACKEND_LLVM_KERNELFAMILY_H

#include "attune/Backend/FamilyBackend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace attune {

/// What a family is given to emit one kernel: two empty functions.
struct KernelEmission {
  KernelOp kernel;
  const Schedule &schedule;
  const TargetDesc &target;
  mlir::func::FuncOp task; ///< has its entry block; the family fills it
  mlir::func::FuncOp grid; ///< likewise; returns the number of tasks

  /// The buffer of a block argument of the kernel's region in `function`.
  mlir::Value getInput(mlir::func::FuncOp function, unsigned index) const;
  /// The buffer of result `index`.
  mlir::Value getOutput(mlir::func::FuncOp function, unsigned index) const;
  /// The scratch memory and the index of the task.
  mlir::Value getScratch() const;
  mlir::Value getTaskIndex() const;
  /// States how much scratch a task needs.
  void setScratchBytes(int64_t bytes) const;
};

class KernelFamily : public Family {
public:
  /// Fills both functions at their entry blocks, returns included.
  virtual llvm::LogicalResult emit(KernelEmission &emission,
                                   mlir::OpBuilder &builder) const = 0;
};

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_KERNELFAMILY_H
