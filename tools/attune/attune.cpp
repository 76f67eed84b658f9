//===- attune.cpp - The compiler's command line ---------------------------===//
#include "Commands.h"
#include "attune/Support/Error.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace attune;
using namespace attune::tool;

static constexpr Command commands[] = {
    {"compile", "make a program or a library of a model", runCompile},
    {"run", "run a model once on .npy files", runRun},
    {"embed", "print embeddings of sentences", runEmbed},
    {"tokenize", "print the token ids of a text", runTokenize},
    {"info", "print what a model takes and gives", runInfo},
    {"bench", "time a model, or one kernel", runBench},
    {"tune", "find the fastest kernels for a machine", runTune},
    {"inspect", "print a model's ops, parameters, FLOPs and memory",
     runInspect},
    {"explain", "tell what was fused and why not, and what kernels run",
     runExplain},
    {"linearize", "replace softmax attention by linear attention, measured",
     runLinearize},
    {"db", "look into tuning databases, merge and prune them", runDb},
    {"verify", "compare compiled code with the reference interpreter",
     runVerify},
};

static void printUsage(llvm::raw_ostream &os) {
  os << "Attune compiles transformer models to native programs and "
        "libraries.\n\nUsage: attune COMMAND [arguments]\n\nCommands:\n";
  for (const Command &command : commands)
    os << llvm::formatv("  {0,-10} {1}\n", command.name, command.summary);
  os << "\n'attune COMMAND --help' explains a command. Exit status: 0 ok, 1 "
        "internal error,\n2 usage or input error, 3 unsupported model, 4 "
        "verification failed,\n5 ended early with a partial result.\n";
}

void attune::tool::parseOptions(int argc, const char **argv,
                                llvm::cl::OptionCategory &category,
                                llvm::cl::SubCommand &command,
                                llvm::StringRef overview) {
  // Options belong to a subcommand of llvm::cl, which keeps their names apart
  // from those that LLVM's libraries register for themselves.
  llvm::cl::HideUnrelatedOptions(category, command);
  std::string name = command.getName().str();
  std::vector<const char *> arguments{"attune", name.c_str()};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::string errors;
  llvm::raw_string_ostream os(errors);
  if (!llvm::cl::ParseCommandLineOptions(arguments.size(), arguments.data(),
                                         overview, &os)) {
    llvm::errs() << errors << "Try '" << argv[0] << " --help'.\n";
    exit(ExitUserError);
  }
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::StringRef name = argc > 1 ? argv[1] : "";
  if (name == "--version" || name == "-V" || name == "version") {
    llvm::outs() << "attune " ATTUNE_VERSION " (LLVM " LLVM_VERSION_STRING
                    ")\n";
    return 0;
  }
  if (name == "--help" || name == "-h" || name == "help") {
    printUsage(llvm::outs());
    return 0;
  }
  for (const Command &command : commands) {
    if (command.name != name)
      continue;
    std::string program = "attune " + name.str();
    std::vector<const char *> arguments(argv + 1, argv + argc);
    arguments[0] = program.c_str();
    arguments.push_back(nullptr);
    int status = command.run(argc - 1, arguments.data());
    // Else LLVM would end the process at its very end, by its own message.
    llvm::outs().flush();
    if (std::error_code code = llvm::outs().error()) {
      llvm::outs().clear_error();
      return std::max(
          status, reportError(llvm::errs(), program,
                              fileUserError("standard output", "write", code)));
    }
    return status;
  }
  if (name.empty()) {
    printUsage(llvm::errs());
    return ExitUserError;
  }
  llvm::errs() << "attune: error: unknown command '" << name << "'";
  const Command *nearest = nullptr;
  unsigned best = 3;
  for (const Command &command : commands)
    if (unsigned distance = command.name.edit_distance(name); distance < best) {
      best = distance;
      nearest = &command;
    }
  if (nearest)
    llvm::errs() << ", did you mean '" << nearest->name << "'?";
  llvm::errs() << "\nTry 'attune --help'.\n";
  return ExitUserError;
}
