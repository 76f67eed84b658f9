//===- CompileKernel.cpp - One kernel as an object ------------------------===//
#include "attune/Backend/LLVM/CompileKernel.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Backend/LLVM/KernelEntries.h"
#include "attune/Kernel/Packing.h"
#include "attune/Support/Error.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace attune;

/// Says in the kernel how its operands are stored.
static llvm::Error planOperands(KernelOp kernel, const Backend &backend,
                                const TargetDesc &target,
                                const Schedule &schedule,
                                ArrayRef<MemRefType> buffers,
                                std::vector<KernelOperand> &operands) {
  unsigned numInputs = kernel.getArgumentTypes().size();
  unsigned numResults = kernel.getResultTypes().size();
  for (unsigned i = 0; i < numInputs + numResults; ++i) {
    KernelOperand operand;
    bool isInput = i < numInputs;
    operand.tensor = cast<RankedTensorType>(
        isInput ? kernel.getArgumentTypes()[i]
                : kernel.getResultTypes()[i - numInputs]);
    if (isInput)
      operand.layout = backend.getOperandLayout(kernel, i, schedule, target);
    if (i < buffers.size() && buffers[i])
      operand.type = buffers[i];
    else
      operand.type = getPackedMemRefType(operand.tensor, operand.layout);
    if (!operand.type)
      return internalError("no buffer type for operand " + Twine(i));
    auto attr = TypeAttr::get(operand.type);
    if (isInput)
      kernel.setArgAttr(i, kBufferAttr, attr);
    else
      kernel.setResultAttr(i - numInputs,
                           StringAttr::get(kernel.getContext(), kBufferAttr),
                           attr);
    operands.push_back(operand);
  }
  return llvm::Error::success();
}

/// Lowers, optimises and emits a module of which only `entries` are seen.
static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
emitObject(ModuleOp module, const TargetDesc &target,
           ArrayRef<std::string> entries) {
  PassManager passes(module.getContext());
  buildLowerToLLVMPipeline(passes);
  if (failed(passes.run(module)))
    return internalError("lowering to the LLVM dialect failed");
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  llvm::LLVMContext context;
  auto translated = translateToLLVMIR(module, context, target, **machine);
  if (!translated)
    return translated.takeError();
  // As in a model: everything else may be inlined and dropped.
  for (llvm::Function &function : **translated)
    if (!function.isDeclaration() &&
        !llvm::is_contained(entries, function.getName()))
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  optimize(**translated, **machine);
  return emitModule(**translated, **machine, OutputKind::Object);
}

llvm::Expected<CompiledKernel>
attune::compileKernel(KernelOp original, const Backend &backend,
                      const TargetDesc &target, const Schedule &schedule,
                      StringRef name, ArrayRef<MemRefType> buffers) {
  CompiledKernel result;
  OwningOpRef<ModuleOp> module(ModuleOp::create(original.getLoc()));
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto kernel = cast<KernelOp>(builder.clone(*original));
  kernel.setSymName(name);
  if (llvm::Error error = planOperands(kernel, backend, target, schedule,
                                       buffers, result.operands))
    return std::move(error);
  if (failed(backend.lower(kernel, schedule, target, builder)))
    return internalError("the backend did not emit kernel " + name);
  if (failed(emitKernelEntries(kernel, builder, /*exported=*/true)))
    return internalError("the backend emitted no functions for kernel " + name);
  auto find = [&](StringRef suffix) {
    return module->lookupSymbol<func::FuncOp>((name + suffix).str());
  };
  if (find(kRunSuffix)) {
    result.launch = (name + kLaunchEntrySuffix).str();
  } else {
    result.task = (name + kTaskEntrySuffix).str();
    result.count = (name + kCountEntrySuffix).str();
    if (auto bytes =
            find(kTaskSuffix)->getAttrOfType<IntegerAttr>(kScratchAttr))
      result.scratchBytes = bytes.getInt();
  }
  kernel.erase();
  auto object =
      emitObject(*module, target, {result.task, result.count, result.launch});
  if (!object)
    return object.takeError();
  result.object = std::move(*object);
  return std::move(result);
}
