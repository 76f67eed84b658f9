//===- Compilation.cpp - A model on its way through the phases ------------===//
#include "attune/Compiler/Compilation.h"
#include "CheckInput.h"
#include "Output.h"
#include "RunPasses.h"
#include "attune/Compiler/Metadata.h"
#include "attune/Compiler/Passes.h"
#include "attune/Compiler/Pipelines.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace attune;

void attune::printWarning(StringRef text) {
  llvm::WithColor::warning(llvm::errs(), "attune") << text << '\n';
}

Compilation::Compilation(MLIRContext &context, CompilerOptions options)
    : context(context), options(std::move(options)) {}

std::string Compilation::getName() const {
  StringRef name = llvm::sys::path::stem(options.input);
  if (!variants.empty())
    if (auto said =
            variants.front().module.get()->getAttrOfType<StringAttr>(kNameAttr))
      name = said.getValue();
  // It becomes a file's name, and a file says it.
  name = llvm::sys::path::filename(name);
  bool isUsable =
      !name.empty() && name.front() != '.' && llvm::none_of(name, [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
      });
  return isUsable ? name.str() : "model";
}

int64_t Compilation::getMaxLength() const {
  if (variants.empty())
    return 0;
  auto limits = variants.front().module.get()->getAttrOfType<DictionaryAttr>(
      kMaxDimsAttr);
  auto length = limits ? limits.getAs<IntegerAttr>("length") : IntegerAttr();
  return length ? length.getInt() : 0;
}

llvm::Error Compilation::load() {
  FuseOptions fuse;
  fuse.disabled = options.disabledFusions;
  if (llvm::Error error = checkFuseOptions(fuse))
    return error;
  llvm::Expected<std::unique_ptr<ScheduleChooser>> created =
      ScheduleChooser::create(options.schedules);
  if (!created)
    return created.takeError();
  chooser = std::move(*created);
  for (const std::string &cpu : options.cpus) {
    llvm::Expected<TargetDesc> target = getTarget(cpu, options.gpu);
    if (!target)
      return target.takeError();
    targets.push_back(std::move(*target));
  }
  // The runtime takes the first variant that the CPU can run.
  llvm::sort(targets, [](const TargetDesc &a, const TargetDesc &b) {
    return std::tie(a.vectorBits, a.name) > std::tie(b.vectorBits, b.name);
  });
  targets.erase(llvm::unique(targets,
                             [](const TargetDesc &a, const TargetDesc &b) {
                               return a.name == b.name;
                             }),
                targets.end());
  bool isIR = llvm::sys::path::extension(options.input) == ".mlir";
  if (llvm::Error error = isIR ? parseInput() : importInput())
    return error;
  if (options.maxLength) {
    int64_t own = getMaxLength();
    if (options.maxLength < 1 || (own && options.maxLength > own))
      return userErrorf("--max-seq={0}: expected a length from 1 to {1}, the "
                        "longest this model takes",
                        options.maxLength, own);
    Builder builder(&context);
    variants.front().module.get()->setAttr(
        kMaxDimsAttr,
        builder.getDictionaryAttr(builder.getNamedAttr(
            "length", builder.getI64IntegerAttr(options.maxLength))));
  }
  return dump(reached);
}

llvm::Error Compilation::importInput() {
  if (options.compileFrom && *options.compileFrom != Phase::Import)
    return userErrorf("--compile-from={0}: '{1}' is a model, which begins "
                      "before the phase import; only .mlir files begin later",
                      attune::getName(*options.compileFrom), options.input);
  llvm::Expected<std::unique_ptr<ModelSource>> opened =
      openModel(options.input, options.fixedInputs);
  if (!opened)
    return opened.takeError();
  source = std::move(*opened);
  directory = source->getDirectory().str();
  llvm::Expected<OwningOpRef<ModuleOp>> module = source->import(context);
  if (!module)
    return module.takeError();
  Builder builder(&context);
  ModuleOp op = module->get();
  op->setAttr(kDirectoryAttr, builder.getStringAttr(directory));
  if (const ModelDescription *description = source->getDescription())
    op->setAttr(kMetadataAttr,
                builder.getStringAttr(getMetadata(*description)));
  variants.push_back({targets.front(), std::move(*module)});
  reached = Phase::Import;
  return llvm::Error::success();
}

llvm::Error Compilation::parseInput() {
  ErrorCollector errors(context);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(options.input, &context);
  if (!module)
    return userErrorf("'{0}' is not valid IR of Attune:\n{1}", options.input,
                      errors.take());
  auto said = module.get()->getAttrOfType<StringAttr>(kPhaseAttr);
  reached = Phase::Import;
  if (options.compileFrom) {
    reached = *options.compileFrom;
  } else if (said) {
    std::optional<Phase> phase = parsePhase(said.getValue());
    if (!phase)
      return userErrorf("'{0}': expected a phase in '{1}', found '{2}'",
                        options.input, kPhaseAttr, said.getValue());
    reached = *phase;
  }
  if (reached > Phase::LLVM)
    return userErrorf("'{0}': there is nothing left to compile after the phase "
                      "{1}",
                      options.input, attune::getName(reached));
  if (llvm::Error error = checkInput(*module, reached, options.input))
    return error;
  if (reached >= Phase::Kernels) {
    if (targets.size() > 1)
      return userErrorf("'{0}' has its schedules for one CPU: give one --cpu",
                        options.input);
    if (auto cpu = module.get()->getAttrOfType<StringAttr>(kCpuAttr)) {
      auto gpu = module.get()->getAttrOfType<StringAttr>(kGpuAttr);
      llvm::Expected<TargetDesc> target =
          getTarget(cpu.getValue(), gpu ? gpu.getValue() : "");
      if (!target)
        return target.takeError();
      if (!options.gpu.empty() && target->gpu != targets.front().gpu)
        return userErrorf("--gpu={0}: '{1}' has its schedules for {2}",
                          options.gpu, options.input,
                          target->gpu ? "--gpu=" + target->gpu.str()
                                      : "the CPU");
      targets.front() = std::move(*target);
    }
  }
  auto from = module.get()->getAttrOfType<StringAttr>(kDirectoryAttr);
  directory = !options.weightsDirectory.empty() ? options.weightsDirectory
              : from ? from.str()
                     : llvm::sys::path::parent_path(options.input).str();
  variants.push_back({targets.front(), std::move(module)});
  return llvm::Error::success();
}

llvm::Error
Compilation::runPasses(ModuleOp module,
                       llvm::function_ref<void(OpPassManager &)> build) {
  return attune::runPasses(module, source ? StringRef() : options.input, build);
}

llvm::Error Compilation::planWeights() {
  // Variants share what they store alike.
  using Key = std::tuple<Attribute, Attribute, Attribute>;
  auto getKey = [](WeightOp weight) {
    return Key(weight.getPiecesAttr(), weight.getTypeAttr(),
               weight.getLayoutAttr());
  };
  llvm::DenseMap<Key, IntegerAttr> known;
  Attribute end;
  for (Variant &variant : variants) {
    ModuleOp module = variant.module.get();
    for (WeightOp weight : module.getOps<WeightOp>())
      if (IntegerAttr place = known.lookup(getKey(weight)))
        weight.setOffsetAttr(place);
    if (end)
      module->setAttr(kWeightsEndAttr, end);
    if (llvm::Error error = runPasses(module, [](OpPassManager &manager) {
          manager.addPass(createPlanWeights());
        }))
      return error;
    end = module->getAttr(kWeightsEndAttr);
    for (WeightOp weight : module.getOps<WeightOp>())
      known[getKey(weight)] = weight.getOffsetAttr();
  }
  return llvm::Error::success();
}

/// What cannot be chosen is for the user to put right, and no defect of a pass.
llvm::Error Compilation::chooseSchedules() {
  std::string text;
  for (Variant &variant : variants)
    for (const ScheduleProblem &problem :
         chooser->assign(variant.module.get(), variant.target, options.input)) {
      text += text.empty() ? "" : "\n";
      if (KernelOp kernel = problem.kernel)
        text += describePlace(kernel.getLoc()) + ": ";
      text += problem.text;
    }
  for (const std::string &warning : chooser->takeWarnings())
    if (options.warn)
      options.warn(warning);
  return text.empty() ? llvm::Error::success() : userError(text);
}

llvm::Error Compilation::enter(Phase phase) {
  if (phase == Phase::Kernels) {
    // From here on each CPU has a module of its own.
    ModuleOp common = variants.front().module.get();
    if (llvm::Error error = runPasses(common, [](OpPassManager &manager) {
          manager.addPass(createOutlineKernels());
        }))
      return error;
    variants.front().target = targets.front();
    for (const TargetDesc &target : llvm::drop_begin(targets))
      variants.push_back(
          {target, OwningOpRef<ModuleOp>(cast<ModuleOp>(common->clone()))});
    for (Variant &variant : variants) {
      ModuleOp module = variant.module.get();
      module->setAttr(kCpuAttr, StringAttr::get(&context, variant.target.name));
      if (variant.target.gpu)
        module->setAttr(kGpuAttr,
                        StringAttr::get(&context, variant.target.gpu.str()));
    }
    if (llvm::Error error = chooseSchedules())
      return error;
  }
  if (phase == Phase::Plan)
    if (llvm::Error error = planWeights())
      return error;
  for (Variant &variant : variants)
    if (llvm::Error error =
            runPasses(variant.module.get(), [&](OpPassManager &manager) {
              buildPhasePipeline(manager, phase, variant.target, options);
            }))
      return error;
  return llvm::Error::success();
}

llvm::Error Compilation::runTo(Phase phase) {
  while (reached < phase && reached < Phase::LLVM) {
    Phase next = static_cast<Phase>(static_cast<int>(reached) + 1);
    if (llvm::Error error = enter(next))
      return error;
    reached = next;
    if (llvm::Error error = dump(next))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error Compilation::dump(Phase phase) {
  StringAttr name = StringAttr::get(&context, attune::getName(phase));
  for (Variant &variant : variants)
    variant.module.get()->setAttr(kPhaseAttr, name);
  if (options.dumpPhasesTo.empty())
    return llvm::Error::success();
  if (std::error_code code =
          llvm::sys::fs::create_directories(options.dumpPhasesTo))
    return fileUserError(options.dumpPhasesTo, "create", code);
  for (Variant &variant : variants) {
    SmallString<256> path(options.dumpPhasesTo);
    std::string cpu = variants.size() > 1 ? "-" + variant.target.name : "";
    llvm::sys::path::append(path, llvm::formatv("{0:d2}-{1}{2}.mlir",
                                                static_cast<int>(phase) + 1,
                                                attune::getName(phase), cpu)
                                      .str());
    if (llvm::Error error =
            writeText(path, [&](raw_ostream &os) -> llvm::Error {
              variant.module.get().print(os,
                                         OpPrintingFlags().enableDebugInfo());
              return llvm::Error::success();
            }))
      return error;
  }
  return llvm::Error::success();
}
