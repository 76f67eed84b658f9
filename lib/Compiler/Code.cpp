//===- Code.cpp - Machine code of a compiled model ------------------------===//
#include "attune/Compiler/Code.h"
#include "RunPasses.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Compiler/Passes.h"
#include "attune/Model/Tokenizer.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace attune;

/// Gives the functions that the descriptor refers to names of their own in the
/// artefact and hides everything else in the module.
static VariantCode nameVariant(llvm::Module &module, ModuleOp source,
                               const TargetDesc &target, StringRef prefix,
                               size_t number) {
  VariantCode variant;
  variant.target = target;
  variant.forward = llvm::formatv("{0}_forward_{1}", prefix, number);
  variant.workspace = llvm::formatv("{0}_workspace_{1}", prefix, number);
  if (auto bytes = source->getAttrOfType<IntegerAttr>(kScratchBytesAttr))
    variant.scratchBytes = bytes.getInt();
  auto interface = source->getAttrOfType<DictionaryAttr>(kInterfaceAttr);
  std::string name = interface.getAs<StringAttr>("function").str();
  llvm::Function *forward = module.getFunction((name + kEntrySuffix).str());
  llvm::Function *workspace =
      module.getFunction((name + kWorkspaceSuffix + kEntrySuffix).str());
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  for (auto [function, symbol] : {std::pair(forward, variant.forward),
                                  std::pair(workspace, variant.workspace)}) {
    function->setLinkage(llvm::GlobalValue::ExternalLinkage);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    function->setName(symbol);
  }
  return variant;
}

/// Whether a directory has any of the files that tokenizers come in.
static bool hasTokenizer(StringRef directory) {
  return llvm::any_of(
      ArrayRef<StringRef>{"tokenizer.json", "tokenizer_config.json",
                          "vocab.txt", "vocab.json", "merges.txt",
                          "spiece.model", "sentencepiece.bpe.model"},
      [&](StringRef file) {
        SmallString<256> path(directory);
        llvm::sys::path::append(path, file);
        return llvm::sys::fs::exists(path);
      });
}

/// The lines of a message as one, without what would not fit it.
static std::string toOneLine(StringRef text) {
  SmallVector<StringRef> words;
  llvm::SplitString(text, words);
  std::string line = llvm::join(words, " ");
  return printable(line, /*maxLength=*/400);
}

void ModelCode::addTokenizer(Compilation &compilation) {
  if (!hasTokenizer(compilation.getDirectory()))
    return;
  llvm::Expected<std::string> image = buildTokenizerImage(
      compilation.getDirectory(), compilation.getMaxLength());
  if (image)
    weights.addTokenizer(std::move(*image));
  else
    tokenizerNote = toOneLine(llvm::toString(image.takeError()));
}

/// Translation to LLVM IR; what the user wrote may not be translatable.
static llvm::Expected<std::unique_ptr<llvm::Module>>
translate(Compilation &compilation, ModuleOp module, llvm::LLVMContext &context,
          const TargetDesc &target, llvm::TargetMachine &machine) {
  ErrorCollector errors(compilation.getContext());
  llvm::Expected<std::unique_ptr<llvm::Module>> translated =
      translateToLLVMIR(module, context, target, machine);
  if (translated)
    return translated;
  if (compilation.getSource())
    return llvm::joinErrors(translated.takeError(),
                            internalError(errors.take()));
  llvm::consumeError(translated.takeError());
  return userErrorf("'{0}' cannot be compiled:\n{1}",
                    compilation.getOptions().input, errors.take());
}

llvm::Expected<std::unique_ptr<ModelCode>>
ModelCode::generate(Compilation &compilation, const CodeOptions &options) {
  if (llvm::Error error = compilation.runTo(Phase::LLVM))
    return std::move(error);
  std::unique_ptr<ModelCode> code(new ModelCode(compilation.getDirectory()));
  std::vector<VariantCode> variants;
  for (Compilation::Variant &variant : compilation.getVariants()) {
    ModuleOp source = variant.module.get();
    if (llvm::Error error = code->weights.add(source))
      return std::move(error);
    if (!code->interface) {
      llvm::Expected<ModelInterface> interface = ModelInterface::get(source);
      if (!interface)
        return interface.takeError();
      code->interface.emplace(std::move(*interface));
    }
    // Declared weights and the like are of no interest to LLVM.
    OwningOpRef<ModuleOp> lowered(cast<ModuleOp>(source->clone()));
    for (WeightOp weight :
         llvm::make_early_inc_range(lowered->getOps<WeightOp>()))
      weight.erase();
    llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
        createTargetMachine(variant.target);
    if (!machine)
      return machine.takeError();
    llvm::Expected<std::unique_ptr<llvm::Module>> module = translate(
        compilation, *lowered, code->context, variant.target, **machine);
    if (!module)
      return module.takeError();
    variants.push_back(nameVariant(**module, source, variant.target,
                                   options.prefix, variants.size()));
    optimize(**module, **machine);
    code->parts.push_back({std::move(*machine), std::move(*module)});
  }

  code->addTokenizer(compilation);
  AttuneModel &model = code->interface->getDescriptor();
  model.weights_bytes = code->weights.getBytes();
  model.weights_hash = code->weights.getHash();
  model.tokenizer_offset = code->weights.getTokenizerOffset();
  model.tokenizer_bytes = code->weights.getTokenizerBytes();

  // The descriptor decides which variant runs, so its own code must run on the
  // least of the CPUs.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(variants.back().target);
  if (!machine)
    return machine.takeError();
  auto glue = std::make_unique<llvm::Module>("model", code->context);
  glue->setTargetTriple((*machine)->getTargetTriple());
  glue->setDataLayout((*machine)->createDataLayout());
  code->descriptorName = options.program ? "attune_model_descriptor"
                                         : options.prefix + "_descriptor";
  code->interface->emit(*glue, code->descriptorName, variants,
                        /*exported=*/options.program);
  if (options.forwarders)
    emitForwarders(*glue, options.prefix, code->descriptorName,
                   options.weightsName, model.tokenizer_bytes != 0);
  code->parts.push_back({std::move(*machine), std::move(glue)});
  return code;
}
