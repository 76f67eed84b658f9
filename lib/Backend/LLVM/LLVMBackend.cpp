//===- LLVMBackend.cpp - Kernels as vector code ---------------------------===//
#include "attune/Backend/LLVM/LLVMBackend.h"
#include "Families.h"
#include "attune/Backend/LLVM/ElementEmission.h"
#include "attune/Backend/LLVM/VectorEmission.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"

using namespace mlir;
using namespace attune;

namespace {

class LLVMBackend : public FamilyBackend<KernelFamily> {
public:
  LLVMBackend() {
#define ATTUNE_FAMILY(NAME) add(create##NAME##Family());
#include "Families.def"
#undef ATTUNE_FAMILY
  }

  StringRef getName() const override { return "llvm"; }
  StringRef getScheduleVersion() const override { return "1"; }

  LogicalResult lower(KernelOp kernel, const Schedule &schedule,
                      const TargetDesc &target,
                      OpBuilder &builder) const override;
};

/// A private function whose symbol does not leave the object.
func::FuncOp createFunction(OpBuilder &builder, Location loc, const Twine &name,
                            FunctionType type) {
  auto function = func::FuncOp::create(builder, loc, name.str(), type);
  function.setPrivate();
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(builder.getContext(), LLVM::Linkage::Internal));
  function.addEntryBlock();
  return function;
}

/// The buffers of the kernel, inputs then outputs; fails when one is missing.
LogicalResult collectBuffers(KernelOp kernel, SmallVectorImpl<Type> &buffers) {
  auto add = [&](Attribute attr, StringRef what, unsigned index) {
    auto typeAttr = dyn_cast_or_null<TypeAttr>(attr);
    auto type =
        typeAttr ? dyn_cast<MemRefType>(typeAttr.getValue()) : MemRefType();
    if (!type)
      return kernel.emitOpError()
             << "expected attribute '" << kBufferAttr << "' with a memref type"
             << " on " << what << " " << index;
    buffers.push_back(type);
    return InFlightDiagnostic();
  };
  for (unsigned i = 0; i < kernel.getArgumentTypes().size(); ++i)
    if (failed(add(kernel.getArgAttr(i, kBufferAttr), "argument", i)))
      return failure();
  for (unsigned i = 0; i < kernel.getResultTypes().size(); ++i)
    if (failed(add(kernel.getResultAttr(i, kBufferAttr), "result", i)))
      return failure();
  return success();
}

LogicalResult LLVMBackend::lower(KernelOp kernel, const Schedule &schedule,
                                 const TargetDesc &target,
                                 OpBuilder &builder) const {
  std::string reason;
  if (failed(supports(kernel, reason)) ||
      failed(verifySchedule(kernel, schedule, target, reason)))
    return kernel.emitOpError() << "cannot be emitted: " << reason;
  SmallVector<Type> buffers;
  if (failed(collectBuffers(kernel, buffers)))
    return failure();

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel);
  Location loc = kernel.getLoc();
  Type index = builder.getIndexType();
  SmallVector<Type> taskTypes(buffers);
  taskTypes.push_back(
      MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()));
  taskTypes.push_back(index);
  func::FuncOp task =
      createFunction(builder, loc, kernel.getSymName() + ".task",
                     builder.getFunctionType(taskTypes, {}));
  task->setAttr(kScratchAttr, builder.getI64IntegerAttr(0));
  func::FuncOp grid =
      createFunction(builder, loc, kernel.getSymName() + ".grid",
                     builder.getFunctionType(buffers, index));
  KernelEmission emission{kernel, schedule, target, task, grid};
  return find(kernel)->emit(emission, builder);
}

} // namespace

std::unique_ptr<Backend> attune::createLLVMBackend() {
  return std::make_unique<LLVMBackend>();
}

void attune::registerLLVMBackendDialects(DialectRegistry &registry) {
  registry
      .insert<AttuneDialect, arith::ArithDialect, cf::ControlFlowDialect,
              func::FuncDialect, LLVM::LLVMDialect, math::MathDialect,
              memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
  registerElementEmissionModels(registry);
  registerVectorEmissionModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}
