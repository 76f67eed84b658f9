//===- Cost.h - FLOPs and bytes of a model ----------------------*- C++ -*-===//
#ifndef ATTUNE_KERNEL_COST_H
#define ATTUNE_KERNEL_COST_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>

namespace attune {

/// Work of one execution, in the model's symbols.
struct Cost {
  DimExpr flops;           ///< a fused multiply-add counts as two
  DimExpr weightBytes;     ///< weights read, as f32
  DimExpr activationBytes; ///< tensors read and written
  Cost &operator+=(const Cost &other);
};

/// The costs of a function of attune ops on tensors.
class CostAnalysis {
public:
  explicit CostAnalysis(mlir::func::FuncOp function);

  const Cost &getTotal() const { return total; }
  /// The ops that are not views or weights, each with its own cost.
  llvm::ArrayRef<std::pair<mlir::Operation *, Cost>> getOps() const {
    return ops;
  }
  /// How often each op occurs, those in fused regions and launched kernels
  /// included; names without the dialect.
  const std::map<std::string, int64_t> &getCounts() const { return counts; }

  /// The shape of a value of the function, or of a fused region in it, in the
  /// model's symbols.
  SymbolicShape getShape(mlir::Value value) const {
    return shapes.lookup(value);
  }
  /// FLOPs of an op, also of one in a fused region.
  DimExpr getFlops(mlir::Operation *op) const { return flops.lookup(op); }

private:
  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
  llvm::DenseMap<mlir::Operation *, DimExpr> flops;
  Cost total;
  std::vector<std::pair<mlir::Operation *, Cost>> ops;
  std::map<std::string, int64_t> counts;
};

/// The cost of one run of a kernel on arguments of these shapes, one for each;
/// what is a weight only a launch knows, so all bytes are those of activations.
Cost getKernelCost(KernelOp kernel, llvm::ArrayRef<SymbolicShape> arguments);

} // namespace attune

#endif // ATTUNE_KERNEL_COST_H
