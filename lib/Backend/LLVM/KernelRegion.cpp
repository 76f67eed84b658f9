//===- KernelRegion.cpp - What a backend asks of a kernel's region --------===//
#include "attune/Backend/KernelRegion.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

Operation *
attune::findUnsupported(Value value, ValueRange known,
                        llvm::function_ref<bool(Operation *)> accepts) {
  SmallVector<Value> pending = {value};
  llvm::SmallPtrSet<void *, 8> seen;
  while (!pending.empty()) {
    Value current = pending.pop_back_val();
    if (llvm::is_contained(known, current) ||
        !seen.insert(current.getAsOpaquePointer()).second)
      continue;
    Operation *op = current.getDefiningOp();
    if (!op)
      continue;
    if (!accepts(op))
      return op;
    llvm::append_range(pending, op->getOperands());
  }
  return nullptr;
}
