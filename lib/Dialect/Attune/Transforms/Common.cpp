//===- Common.cpp - What several passes need ------------------------------===//
#include "Common.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace attune;

static remark::RemarkOpts options(Operation *op, StringRef pattern) {
  auto opts = remark::RemarkOpts::name(pattern).category("fusion");
  if (auto function = op->getParentOfType<FunctionOpInterface>())
    opts = opts.function(function.getName());
  return opts;
}

void attune::remarkFused(Operation *op, StringRef pattern, StringRef detail) {
  remark::passed(op->getLoc(), options(op, pattern))
      << remark::reason("{0}", detail.str());
}

void attune::remarkMissed(Operation *op, StringRef pattern,
                          const MissedReason &missed) {
  remark::missed(op->getLoc(), options(op, pattern))
      << remark::reason("{0}", missed.reason)
      << remark::suggest("{0}", missed.hint);
}

std::string attune::quoted(Operation *op) {
  return ("'" + op->getName().getStringRef() + "'").str();
}

std::string attune::otherUsers(Value value, Operation *expected) {
  llvm::SmallSetVector<StringRef, 4> names;
  for (Operation *user : value.getUsers())
    if (user != expected)
      names.insert(user->getName().getStringRef());
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      names, os, [&](StringRef name) { os << '\'' << name << '\''; }, " and ");
  return text;
}

LoadWeightOp attune::getLoadedWeight(Value value) {
  return value ? value.getDefiningOp<LoadWeightOp>() : LoadWeightOp();
}

void attune::forEachEntryBlock(ModuleOp module,
                               llvm::function_ref<void(Block &)> callback) {
  for (auto function : module.getOps<FunctionOpInterface>())
    if (!isa<KernelOp>(function) && !function.isExternal())
      callback(function.getFunctionBody().front());
}

void attune::eraseDeadOps(ModuleOp module) {
  // Users stand behind what they use, so one walk from the end sees all.
  forEachEntryBlock(module, [](Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  });
}
