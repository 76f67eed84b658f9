//===- LaunchShapes.h - Sizes at which kernels are launched -----*- C++ -*-===//
#ifndef ATTUNE_KERNEL_LAUNCHSHAPES_H
#define ATTUNE_KERNEL_LAUNCHSHAPES_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include <vector>

namespace attune {

/// A launch with the extents of its operands, then of its results.
struct LaunchShapes {
  LaunchOp launch;
  std::vector<std::vector<int64_t>> shapes;
};

/// The launches of a function on tensors, in order, when the model's symbols
/// have the given values. A UserError names a symbol that has none, and a
/// tensor that has no extents then, or more elements than any memory holds.
llvm::Expected<std::vector<LaunchShapes>>
evaluateLaunchShapes(mlir::func::FuncOp function,
                     const llvm::StringMap<int64_t> &symbols);

/// The symbols that are extents of a function's arguments, in order of their
/// first use; all others follow from them.
llvm::SmallVector<std::string> getSymbols(mlir::func::FuncOp function);

/// How a model uses one of its kernels.
struct KernelUse {
  KernelOp kernel;
  /// Of its largest launch, as above; empty when nothing launches it.
  std::vector<std::vector<int64_t>> shapes;
  int64_t launches = 0;
  std::string where; ///< of the first launch
};

/// All kernels of a module, in its order, as `function` uses them. Errors are
/// those of evaluateLaunchShapes.
llvm::Expected<std::vector<KernelUse>>
getKernelUses(mlir::ModuleOp module, mlir::func::FuncOp function,
              const llvm::StringMap<int64_t> &symbols);

/// The model itself: the first function with a body; null without one.
mlir::func::FuncOp findModelFunction(mlir::ModuleOp module);

/// The layer that a launch belongs to, as its place in the model says;
/// "unnamed" without one.
std::string describePlace(mlir::Location loc);

} // namespace attune

#endif // ATTUNE_KERNEL_LAUNCHSHAPES_H
