//===- Workload.h - What a kernel computes, as a key ------------*- C++ -*-===//
//
// Kernels that compute the same are one workload, whichever model or layer
// they come from and whatever they are called: the key of tuning records.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_TUNING_WORKLOAD_H
#define ATTUNE_TUNING_WORKLOAD_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace attune {

/// Extents of arguments, then of results.
using KernelShapes = std::vector<std::vector<int64_t>>;

struct Workload {
  std::string id;     ///< 16 hexadecimal digits: a stable hash of `text`
  std::string family; ///< KernelOp::getFamily(), e.g. "linear"
  std::string label;  ///< for people, e.g. "linear 384x1536 + gelu f32"
  /// The kernel in canonical form, as IR that parses: named `kernel`, without
  /// backend, schedule, layouts, buffers and locations.
  std::string text;
};

Workload getWorkload(KernelOp kernel);

/// A workload's kernel in a module of its own. A UserError when the text is not
/// exactly one valid attune.kernel.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
parseWorkload(mlir::MLIRContext &context, llvm::StringRef text);

} // namespace attune

#endif // ATTUNE_TUNING_WORKLOAD_H
