//===- Codegen.cpp - From the LLVM dialect to machine code ----------------===//
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Support/Error.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"

using namespace attune;

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
attune::createTargetMachine(const TargetDesc &desc) {
  initializeTargets();
  std::string error;
  llvm::Triple triple(desc.triple);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return internalError("no code generator for " + desc.triple + ": " + error);
  llvm::TargetOptions options;
  options.FunctionSections = true;
  options.DataSections = true;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, desc.cpu, desc.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
}

/// Makes the modules that other code generators left part of `module`.
static llvm::Error linkObjects(llvm::Module &module,
                               llvm::ArrayRef<ObjectOp> objects) {
  for (ObjectOp object : objects) {
    auto part = llvm::parseBitcodeFile(
        llvm::MemoryBufferRef(object.getData(), object.getSymName()),
        module.getContext());
    if (!part)
      return llvm::joinErrors(
          part.takeError(),
          userErrorf("attune.object @{0} holds no bitcode that LLVM {1} reads",
                     object.getSymName(), LLVM_VERSION_STRING));
    (*part)->setTargetTriple(module.getTargetTriple());
    (*part)->setDataLayout(module.getDataLayout());
    std::vector<std::string> names;
    for (llvm::Function &function : **part)
      if (!function.isDeclaration())
        names.push_back(function.getName().str());
    if (llvm::Linker::linkModules(module, std::move(*part)))
      return userErrorf("attune.object @{0} does not fit the other code",
                        object.getSymName());
    for (const std::string &name : names)
      if (llvm::Function *function = module.getFunction(name))
        function->setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  return llvm::Error::success();
}

/// Loops keep what is said of them as an attribute that travels with the branch
/// back; LLVM's dialect has a place of its own for it.
static void annotateLoops(mlir::ModuleOp module) {
  module.walk([](mlir::LLVM::BrOp branch) {
    constexpr llvm::StringLiteral name = "llvm.loop_annotation";
    auto annotation =
        branch->getAttrOfType<mlir::LLVM::LoopAnnotationAttr>(name);
    if (!annotation)
      return;
    branch->removeDiscardableAttr(name);
    branch.setLoopAnnotationAttr(annotation);
  });
}

llvm::Expected<std::unique_ptr<llvm::Module>>
attune::translateToLLVMIR(mlir::ModuleOp module, llvm::LLVMContext &context,
                          const TargetDesc &target,
                          llvm::TargetMachine &machine) {
  annotateLoops(module);
  // What is LLVM IR already is none of MLIR's business.
  llvm::SmallVector<ObjectOp> objects(module.getOps<ObjectOp>());
  for (ObjectOp object : objects)
    object->remove();
  std::unique_ptr<llvm::Module> result =
      mlir::translateModuleToLLVMIR(module, context, "attune");
  for (ObjectOp object : objects)
    module.push_back(object);
  if (!result)
    return internalError("translation to LLVM IR failed");
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  if (llvm::Error error = linkObjects(*result, objects))
    return std::move(error);
  std::string width = std::to_string(target.vectorBits);
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    // Kernels are made for the widest registers, also on CPUs for which LLVM
    // prefers narrower ones in ordinary code.
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("min-legal-vector-width", width);
    function.addFnAttr("no-trapping-math", "true");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  return result;
}

namespace {
/// Loops of elements are marked for the vectorizer, which may find that it
/// cannot: nothing that a user could do something about.
struct IgnoreMissedLoops : llvm::DiagnosticHandler {
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    return llvm::isa<llvm::DiagnosticInfoOptimizationBase>(info);
  }
};
} // namespace

void attune::optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  module.getContext().setDiagnosticHandler(
      std::make_unique<IgnoreMissedLoops>());
  // Only loops that are marked for it are vectorized: the others are vector
  // code already.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
attune::emitModule(llvm::Module &module, llvm::TargetMachine &machine,
                   OutputKind kind) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  if (kind == OutputKind::LLVMText) {
    module.print(os, nullptr);
  } else {
    llvm::legacy::PassManager passes;
    auto type = kind == OutputKind::Object
                    ? llvm::CodeGenFileType::ObjectFile
                    : llvm::CodeGenFileType::AssemblyFile;
    if (machine.addPassesToEmitFile(passes, os, nullptr, type))
      return internalError("LLVM cannot emit such a file for " +
                           machine.getTargetTriple().str());
    passes.run(module);
  }
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(bytes), module.getModuleIdentifier(),
      /*RequiresNullTerminator=*/false);
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
attune::compileModule(mlir::ModuleOp module, const TargetDesc &target,
                      OutputKind kind) {
  mlir::PassManager passes(module.getContext());
  buildLowerToLLVMPipeline(passes);
  if (mlir::failed(passes.run(module)))
    return internalError("lowering to the LLVM dialect failed");
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  llvm::LLVMContext context;
  auto translated = translateToLLVMIR(module, context, target, **machine);
  if (!translated)
    return translated.takeError();
  optimize(**translated, **machine);
  return emitModule(**translated, **machine, kind);
}
