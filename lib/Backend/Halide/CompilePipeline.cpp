//===- CompilePipeline.cpp - From a pipeline to bitcode -------------------===//
#include "CompilePipeline.h"
#include "attune/Backend/Backend.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace attune;

/// The name of the pipeline's function as Halide writes it.
static constexpr llvm::StringLiteral kFunction = "pipeline";

/// Defines a function that Halide calls when a check fails: its result becomes
/// the status of the pipeline.
static void defineError(llvm::Function &function) {
  function.setLinkage(llvm::GlobalValue::InternalLinkage);
  auto *block = llvm::BasicBlock::Create(function.getContext(), "", &function);
  llvm::Type *type = function.getReturnType();
  llvm::ReturnInst::Create(
      function.getContext(),
      type->isVoidTy() ? nullptr : llvm::ConstantInt::getSigned(type, -1),
      block);
}

/// Gives functions the names under which our module knows them, and hides the
/// rest: several kernels become one module.
static void rename(llvm::Module &module, llvm::StringRef symbol) {
  for (llvm::Function &function : module) {
    if (function.isIntrinsic())
      continue;
    llvm::StringRef name = function.getName();
    if (function.isDeclaration()) {
      if (name.starts_with("halide_error_")) {
        defineError(function);
        function.setName(symbol + "." + name);
      } else if (name.starts_with("halide_"))
        function.setName("attune_" + name);
      continue;
    }
    function.setComdat(nullptr);
    if (name == kFunction) {
      function.setName(symbol);
      continue;
    }
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setName(symbol + "." + name);
  }
  for (llvm::GlobalVariable &variable : module.globals())
    if (!variable.isDeclaration()) {
      variable.setComdat(nullptr);
      variable.setLinkage(llvm::GlobalValue::InternalLinkage);
      if (variable.getName().contains("_gpu_source_kernels"))
        variable.setName(symbol.rsplit(".halide").first + kGpuSourceSuffix);
    }
  // Flags of code generation; ours differ, and they need not agree.
  if (llvm::NamedMDNode *flags = module.getModuleFlagsMetadata())
    flags->eraseFromParent();
}

llvm::LogicalResult attune::compilePipeline(KernelPipeline &pipeline,
                                            llvm::StringRef symbol,
                                            std::string &bitcode,
                                            std::string &reason) {
  llvm::SmallString<128> path;
  if (std::error_code code =
          llvm::sys::fs::createTemporaryFile("attune-halide", "bc", path)) {
    reason = "no temporary file: " + code.message();
    return llvm::failure();
  }
  llvm::scope_exit remover([&] { llvm::sys::fs::remove(path); });
  std::vector<Halide::Argument> arguments;
  for (const KernelPipeline::Passed &passed : pipeline.getInputs())
    arguments.push_back(passed.argument);
  Halide::Pipeline whole(std::vector<Halide::Func>(
      pipeline.getResults().begin(), pipeline.getResults().end()));
  whole
      .compile_to_module(arguments, kFunction.str(), pipeline.getHalideTarget(),
                         Halide::LinkageType::External)
      .compile({{Halide::OutputFileType::bitcode, path.str().str()}});

  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    reason = "Halide wrote no bitcode: " + buffer.getError().message();
    return llvm::failure();
  }
  llvm::LLVMContext context;
  auto module = llvm::parseBitcodeFile(**buffer, context);
  if (!module) {
    reason =
        "Halide's bitcode does not read: " + llvm::toString(module.takeError());
    return llvm::failure();
  }
  rename(**module, symbol);
  llvm::raw_string_ostream os(bitcode);
  llvm::WriteBitcodeToFile(**module, os);
  return llvm::success();
}
