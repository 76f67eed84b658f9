//===- ModelOptions.cpp - Options of all commands that compile ------------===//
#include "ModelOptions.h"
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

ModelOptions::ModelOptions(cl::OptionCategory &category,
                           cl::SubCommand &command)
    : cpus("cpu", cl::CommaSeparated, cl::value_desc("name,..."),
           cl::desc("CPUs to compile for: native (default), x86-64-v3, "
                    "x86-64-v4 or a name LLVM knows; several go into one "
                    "artefact and the best is picked at start"),
           cl::cat(category), cl::sub(command)),
      backend("backend", cl::init("auto"), cl::value_desc("name"),
              cl::desc("backend of the kernels: auto (default) or llvm"),
              cl::cat(category), cl::sub(command)),
      noFuse("no-fuse", cl::CommaSeparated, cl::ValueOptional,
             cl::value_desc("name,..."),
             cl::desc("leave out fusions, all or: linear, attention, "
                      "projections, elementwise"),
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
  options.backend = backend;
  for (const std::string &name : noFuse)
    if (name.empty() || name == "all")
      for (llvm::StringRef fusion : getFusionNames())
        options.disabledFusions.push_back(fusion.str());
    else
      options.disabledFusions.push_back(name);
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
