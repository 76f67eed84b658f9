//===- ModelOptions.cpp - Options of all commands that compile ------------===//
#include "ModelOptions.h"
#include "FixedInputs.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Support/Error.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

static std::string phaseNames() {
  std::string names;
  for (const PhaseInfo &info : getPhases())
    names += (names.empty() ? "" : ", ") + info.name.str();
  return names;
}

ScheduleFlags::Records::Records(cl::OptionCategory &category,
                                cl::SubCommand &command)
    : databases("db", cl::value_desc("file"),
                cl::desc("records of attune tune, from which schedules are "
                         "taken; may be given several times"),
                cl::cat(category), cl::sub(command)),
      noSeed("no-seed-db",
             cl::desc("leave out the records that ship with Attune"),
             cl::cat(category), cl::sub(command)),
      requireTuned("require-tuned",
                   cl::desc("fail when a kernel has no schedule that was tuned "
                            "on a machine like this"),
                   cl::cat(category), cl::sub(command)) {}

ScheduleFlags::ScheduleFlags(cl::OptionCategory &category,
                             cl::SubCommand &command, bool readsRecords,
                             bool hasModel)
    : backend("backend", cl::init("auto"), cl::value_desc("name,..."),
              cl::desc("backend of the kernels: auto (default), llvm, or "
                       "halide where it is built in; then FAMILY=NAME for "
                       "families of kernels, e.g. auto,linear=llvm"),
              cl::cat(category), cl::sub(command)) {
  if (hasModel)
    optimizeFor.emplace("optimize-for", cl::value_desc("symbol=n,..."),
                        cl::desc("sizes to choose schedules for "
                                 "(batch=1,length=128 or the model's largest)"),
                        cl::cat(category), cl::sub(command));
  if (readsRecords)
    records.emplace(category, command);
}

llvm::Expected<ScheduleOptions> ScheduleFlags::get() const {
  ScheduleOptions options;
  llvm::Expected<BackendChoice> choice = BackendChoice::parse(backend);
  if (!choice)
    return choice.takeError();
  options.backend = std::move(*choice);
  llvm::Expected<llvm::StringMap<int64_t>> sizes =
      parseOptimizeFor(optimizeFor ? optimizeFor->getValue() : "");
  if (!sizes)
    return sizes.takeError();
  options.optimizeFor = std::move(*sizes);
  if (!records)
    return options;
  options.databases.assign(records->databases.begin(),
                           records->databases.end());
  options.useSeedDatabase = !records->noSeed;
  options.requireTuned = records->requireTuned;
  return options;
}

ModelOptions::ModelOptions(cl::OptionCategory &category,
                           cl::SubCommand &command, bool readsRecords)
    : cpus("cpu", cl::CommaSeparated, cl::value_desc("name,..."),
           cl::desc("CPUs to compile for: native (default), x86-64-v3, "
                    "x86-64-v4 or a name LLVM knows; several go into one "
                    "artefact and the best is picked at start"),
           cl::cat(category), cl::sub(command)),
      gpu("gpu", cl::value_desc("interface"),
          cl::desc("run the kernels on a GPU: opencl, cuda or cuda:sm_NN (the "
                   "least compute capability); the CPU is the host"),
          cl::cat(category), cl::sub(command)),
      schedules(category, command, readsRecords),
      fusions("leave out fusions, all or: " +
              llvm::join(getFusionNames(), ", ")),
      noFuse("no-fuse", cl::CommaSeparated, cl::ValueOptional,
             cl::value_desc("name,..."), cl::desc(fusions), cl::cat(category),
             cl::sub(command)),
      fixInput("fix-input", cl::value_desc("input=value"),
               cl::desc("make an input part of an ONNX model, so that shapes "
                        "may be computed from it: integers such as 2,-1, or "
                        "@FILE.npy"),
               cl::cat(category), cl::sub(command)),
      maxSeq("max-seq", cl::init(0), cl::value_desc("n"),
             cl::desc("largest sequence length (default: the model's own)"),
             cl::cat(category), cl::sub(command)),
      compileFrom("compile-from", cl::value_desc("phase"),
                  cl::desc("the phase that .mlir input has reached (default: "
                           "what it says itself)"),
                  cl::cat(category), cl::sub(command)),
      compileTo("compile-to", cl::value_desc("phase"),
                cl::desc("stop after a phase and write its IR: import, fuse, "
                         "kernels, plan, llvm or binary (default)"),
                cl::cat(category), cl::sub(command)),
      dumpPhasesTo("dump-phases-to", cl::value_desc("dir"),
                   cl::desc("write the IR after each phase as numbered .mlir "
                            "files"),
                   cl::cat(category), cl::sub(command)),
      weights("weights-dir", cl::value_desc("dir"),
              cl::desc("directory of the weight files of .mlir input "
                       "(default: what it says itself)"),
              cl::cat(category), cl::sub(command)) {}

llvm::Expected<CompilerOptions> ModelOptions::get(llvm::StringRef input) const {
  if (input.empty())
    return userError("expected a model: a Hugging Face directory, a .yaml "
                     "description or .mlir (--help tells more)");
  CompilerOptions options;
  options.input = input.str();
  if (!cpus.empty())
    options.cpus.assign(cpus.begin(), cpus.end());
  options.gpu = gpu;
  llvm::Expected<ScheduleOptions> chosen = schedules.get();
  if (!chosen)
    return chosen.takeError();
  options.schedules = std::move(*chosen);
  for (const std::string &name : noFuse)
    if (name.empty() || name == "all")
      for (llvm::StringRef fusion : getFusionNames())
        options.disabledFusions.push_back(fusion.str());
    else if (llvm::is_contained(getFusionNames(), name))
      options.disabledFusions.push_back(name);
    else
      return userErrorf("--no-fuse={0}: expected fusions among {1}, or all",
                        name, llvm::join(getFusionNames(), ", "));
  for (const std::string &text : fixInput) {
    llvm::Expected<FixedInput> input = parseFixedInput(text);
    if (!input)
      return input.takeError();
    options.fixedInputs.push_back(std::move(*input));
  }
  if (maxSeq < 0)
    return userErrorf("--max-seq={0}: expected a positive length",
                      maxSeq.getValue());
  options.maxLength = maxSeq;
  options.dumpPhasesTo = dumpPhasesTo;
  options.weightsDirectory = weights;
  if (!compileFrom.empty()) {
    options.compileFrom = parsePhase(compileFrom);
    if (!options.compileFrom)
      return userErrorf("--compile-from={0}: expected one of {1}",
                        compileFrom.getValue(), phaseNames());
  }
  if (!compileTo.empty()) {
    std::optional<Phase> phase = parsePhase(compileTo);
    if (!phase)
      return userErrorf("--compile-to={0}: expected one of {1}",
                        compileTo.getValue(), phaseNames());
    options.compileTo = *phase;
  }
  return options;
}
