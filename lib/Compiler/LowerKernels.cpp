//===- LowerKernels.cpp - Kernels as functions of their backends ----------===//
#include "PassRemarks.h"
#include "attune/Backend/LLVM/KernelEntries.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Passes.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Kernel/Packing.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attune {
#define GEN_PASS_DEF_LOWERKERNELS
#include "attune/Compiler/Passes.h.inc"
} // namespace attune

using namespace attune;

namespace {

struct LowerKernels : public attune::impl::LowerKernelsBase<LowerKernels> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::Expected<TargetDesc> target = getTarget(cpu, gpu);
    if (!target) {
      module.emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    int64_t scratch = 0;
    for (KernelOp kernel :
         llvm::make_early_inc_range(module.getOps<KernelOp>())) {
      if (failed(lower(kernel, *target)))
        return signalPassFailure();
      auto task = module.lookupSymbol<func::FuncOp>(
          (kernel.getSymName() + kTaskSuffix).str());
      if (task)
        if (auto bytes = task->getAttrOfType<IntegerAttr>(kScratchAttr))
          scratch = std::max(scratch, bytes.getInt());
      remarkDone(kernel, "lower",
                 "kernel '" + kernel.getSymName() + "' lowered by " +
                     *kernel.getBackend());
    }
    Builder builder(&getContext());
    module->setAttr(kScratchBytesAttr, builder.getI64IntegerAttr(scratch));
  }

  /// Backends rely on buffers of the tensors' shapes.
  static LogicalResult verifyBuffers(KernelOp kernel) {
    unsigned numInputs = kernel.getNumArguments();
    SmallVector<Type> types(kernel.getArgumentTypes());
    llvm::append_range(types, kernel.getResultTypes());
    for (auto [i, type] : llvm::enumerate(types)) {
      Attribute attr = i < numInputs
                           ? kernel.getArgAttr(i, kBufferAttr)
                           : kernel.getResultAttr(i - numInputs, kBufferAttr);
      if (!attr)
        return kernel.emitError()
               << "kernel '" << kernel.getSymName()
               << "' has no buffers: run attune-plan-memory first";
      auto tensor = cast<RankedTensorType>(type);
      auto typeAttr = dyn_cast<TypeAttr>(attr);
      auto buffer =
          dyn_cast_or_null<MemRefType>(typeAttr ? typeAttr.getValue() : Type());
      Attribute layout =
          i < numInputs ? kernel.getArgAttr(i, kLayoutAttr) : Attribute();
      bool fits = buffer &&
                  buffer.getElementType() ==
                      getBufferElementType(tensor.getElementType()) &&
                  (layout ? buffer == getPackedMemRefType(tensor, layout)
                          : succeeded(verifyCompatibleShape(buffer, tensor)));
      if (!fits)
        return kernel.emitError()
               << "kernel '" << kernel.getSymName() << "': expected '"
               << kBufferAttr << "' to be a memref for " << type << ", got "
               << attr;
    }
    return success();
  }

  LogicalResult lower(KernelOp kernel, const TargetDesc &target) {
    if (!kernel.getBackend() || !kernel.getSchedule())
      return kernel.emitError() << "kernel '" << kernel.getSymName()
                                << "' has no schedule: run "
                                   "attune-assign-schedules first";
    const Backend *backend = findBackend(*kernel.getBackend());
    if (!backend)
      return kernel.emitError()
             << "kernel '" << kernel.getSymName() << "' is for backend '"
             << *kernel.getBackend() << "', which this build does not have";
    // What nothing launches has no buffers and needs no code.
    bool isPlanned =
        llvm::any_of(llvm::seq(kernel.getNumArguments()), [&](unsigned i) {
          return kernel.getArgAttr(i, kBufferAttr);
        });
    if (!isPlanned && SymbolTable::symbolKnownUseEmpty(kernel, getOperation()))
      return success();
    if (failed(verifyBuffers(kernel)))
      return failure();
    OpBuilder builder(kernel);
    if (failed(backend->lower(kernel, Schedule(kernel.getScheduleAttr()),
                              target, builder)))
      return failure();
    return emitKernelEntries(kernel, builder);
  }
};

} // namespace
