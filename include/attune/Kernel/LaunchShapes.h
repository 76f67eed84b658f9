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

/// The symbols in the shapes of a function's arguments, in order of their first
/// use.
llvm::SmallVector<llvm::StringRef> getSymbols(mlir::func::FuncOp function);

/// The layer that a launch belongs to, as its place in the model says;
/// "unnamed" without one.
std::string describePlace(mlir::Location loc);

} // namespace attune

#endif // ATTUNE_KERNEL_LAUNCHSHAPES_H
