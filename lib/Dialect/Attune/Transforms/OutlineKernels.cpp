//===- OutlineKernels.cpp - Equal fused regions become one kernel ---------===//
#include "Common.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/Hashing.h"

namespace attune {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

/// A hash that equal regions share; it leaves out which values ops read.
static size_t hashBody(Region &body) {
  llvm::hash_code hash = llvm::hash_combine_range(body.getArgumentTypes());
  for (Operation &op : body.front())
    hash =
        llvm::hash_combine(hash, OperationEquivalence::computeHash(
                                     &op, OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::IgnoreLocations));
  return hash;
}

static bool areEqual(Region &lhs, Region &rhs) {
  return lhs.getArgumentTypes() == rhs.getArgumentTypes() &&
         OperationEquivalence::isRegionEquivalentTo(
             &lhs, &rhs, OperationEquivalence::IgnoreLocations);
}

namespace {
struct OutlineKernels : attune::impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    SymbolTable table(getOperation());
    symbols = &table;
    kernels.clear();
    nextNumber.clear();

    // Kernels stand in front of the first function.
    Block *body = getOperation().getBody();
    insertion = body->end();
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      if (!isa<KernelOp>(function)) {
        insertion = Block::iterator(function);
        break;
      }
    SmallVector<FusedOp> regions;
    forEachEntryBlock(getOperation(), [&](Block &block) {
      llvm::append_range(regions, block.getOps<FusedOp>());
    });
    for (FusedOp op : regions)
      outline(op);
    for (auto &[hash, bucket] : kernels)
      for (auto &[kernel, launches] : bucket)
        remarkFused(kernel, "kernel",
                    llvm::formatv("@{0} has {1} launch{2}", kernel.getSymName(),
                                  launches, launches == 1 ? "" : "es")
                        .str());
  }

private:
  struct Outlined {
    KernelOp kernel;
    unsigned launches = 0;
  };

  void outline(FusedOp op) {
    Outlined *target = nullptr;
    SmallVector<Outlined, 1> &bucket = kernels[hashBody(op.getBody())];
    for (Outlined &candidate : bucket)
      if (areEqual(candidate.kernel.getBody(), op.getBody()))
        target = &candidate;
    if (!target) {
      target = &bucket.emplace_back();
      target->kernel = createKernel(op);
    }
    OpBuilder builder(op);
    auto launch = LaunchOp::create(builder, op.getLoc(), op.getResultTypes(),
                                   target->kernel.getSymName(), op.getInputs());
    op.replaceAllUsesWith(launch.getResults());
    op.erase();
    ++target->launches;
  }

  /// A kernel that takes over the region of `op`.
  KernelOp createKernel(FusedOp op) {
    OpBuilder builder(&getContext());
    auto type =
        builder.getFunctionType(op.getInputs().getTypes(), op.getResultTypes());
    auto kernel = KernelOp::create(
        builder, op.getLoc(), "kernel", type, /*backend=*/StringAttr(),
        /*schedule=*/DictionaryAttr(), /*arg_attrs=*/ArrayAttr(),
        /*res_attrs=*/ArrayAttr());
    kernel.getBody().takeBody(op.getBody());
    kernel.setSymName(chooseName(kernel.getFamily()));
    symbols->insert(kernel, insertion);
    return kernel;
  }

  /// "linear", "linear_1", "linear_2", ...
  std::string chooseName(StringRef family) {
    while (true) {
      unsigned number = nextNumber[family]++;
      std::string name = family.str();
      if (number)
        name += "_" + std::to_string(number);
      if (!symbols->lookup(name))
        return name;
    }
  }

  SymbolTable *symbols = nullptr;
  Block::iterator insertion;
  llvm::MapVector<size_t, SmallVector<Outlined, 1>> kernels;
  llvm::StringMap<unsigned> nextNumber;
};
} // namespace
