//===- KernelTask.h - A kernel that is to be tuned --------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_KERNELTASK_H
#define ATTUNE_TUNING_KERNELTASK_H

#include "attune/Tuning/Workload.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace attune {

struct KernelTask {
  Workload workload;
  KernelShapes shapes;
  double flops = 0;  ///< of one run
  double bytes = 0;  ///< operands read and results written once
  int64_t calls = 1; ///< launches in one run of the model
  std::string where; ///< the first layer that launches it
};

/// The kernels that a model (phase `kernels`) launches when its symbols
/// ("batch", "length") have the given values; those of equal workload and
/// shapes are one task. In order of first launch.
llvm::Expected<std::vector<KernelTask>>
extractKernelTasks(mlir::ModuleOp module,
                   const llvm::StringMap<int64_t> &symbols);

/// The task of a kernel named as in KernelSpec.h.
llvm::Expected<KernelTask> getKernelTask(mlir::MLIRContext &context,
                                         llvm::StringRef spec);

} // namespace attune

#endif // ATTUNE_TUNING_KERNELTASK_H
