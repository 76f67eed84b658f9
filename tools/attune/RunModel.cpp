//===- RunModel.cpp - A model's program in this process -------------------===//
#include "RunModel.h"
#include "FixedInputs.h"
#include "ModelOptions.h"
#include "attune/Compiler/InMemoryModel.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Runtime/Program.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>
#include <unistd.h>

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

/// Whether the file ends as executables of Attune do.
static bool isProgram(llvm::StringRef path) {
  if (!llvm::sys::fs::can_execute(path))
    return false;
  uint64_t size = 0;
  AttuneWeightsTrailer trailer;
  if (llvm::sys::fs::file_size(path, size) || size < sizeof(trailer))
    return false;
  auto tail = llvm::MemoryBuffer::getFileSlice(path, sizeof(trailer),
                                               size - sizeof(trailer));
  return tail && std::memcmp((*tail)->getBufferStart(), ATTUNE_TRAILER_MAGIC,
                             sizeof(trailer.magic)) == 0;
}

namespace {

/// The arguments of `attune run`, told apart.
struct Split {
  std::string model;
  std::vector<const char *> compiler, program;
};

} // namespace

static Split split(int argc, const char **argv) {
  static constexpr llvm::StringLiteral flags[] = {
      "cpu",          "backend",        "db",
      "no-fuse",      "no-seed-db",     "max-seq",
      "optimize-for", "require-tuned",  "weights-dir",
      "compile-from", "dump-phases-to", "fix-input",
      "gpu"};
  Split result;
  result.compiler.push_back(argv[0]);
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument.consume_front("--") &&
        llvm::is_contained(flags, argument.split('=').first))
      result.compiler.push_back(argv[i]);
    else if (result.model.empty() && !llvm::StringRef(argv[i]).starts_with("-"))
      result.model = argv[i];
    else
      result.program.push_back(argv[i]);
  }
  return result;
}

static llvm::Expected<std::unique_ptr<InMemoryModel>>
build(const CompilerOptions &options) {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Compilation compilation(context, options);
  if (llvm::Error error = compilation.load())
    return std::move(error);
  return InMemoryModel::create(compilation);
}

int attune::tool::runModel(llvm::StringRef subcommand, int argc,
                           const char **argv) {
  Split arguments = split(argc, argv);
  bool wantsHelp = llvm::any_of(arguments.program, [](llvm::StringRef a) {
    return a == "--help" || a == "-h";
  });
  cl::OptionCategory category("Options of the compiler, as --name=value");
  cl::SubCommand command(subcommand, "");
  ModelOptions options(category, command);
  if (arguments.model.empty()) {
    if (!wantsHelp) {
      llvm::errs() << argv[0] << ": error: expected a model or a compiled "
                   << "program\nTry '" << argv[0] << " --help'.\n";
      return ExitUserError;
    }
    llvm::outs() << "Usage: " << argv[0]
                 << " MODEL|PROGRAM [arguments]\n\nCompiles a model in memory, "
                    "or takes a compiled program, and does what\n'PROGRAM "
                 << subcommand << "' does; '" << argv[0]
                 << " MODEL --help' explains that. Options of\nthe compiler "
                    "(--cpu=, --gpu=, --backend=, --db=, --no-fuse=, "
                    "--max-seq=) may be among\nthe arguments; 'attune compile "
                    "--help' explains them. --no-fuse= leaves out all "
                    "fusions\nor "
                 << llvm::join(getFusionNames(), ", ") << ".\n";
    return 0;
  }
  std::string name = subcommand.str();
  if (isProgram(arguments.model)) {
    std::vector<char *> command{arguments.model.data(), name.data()};
    for (const char *argument : arguments.program)
      command.push_back(const_cast<char *>(argument));
    command.push_back(nullptr);
    ::execv(arguments.model.c_str(), command.data());
    return reportError(
        llvm::errs(), argv[0],
        fileUserError(arguments.model, "run",
                      std::error_code(errno, std::generic_category())));
  }
  parseOptions(arguments.compiler.size(), arguments.compiler.data(), category,
               command, "");
  llvm::Expected<CompilerOptions> compilerOptions =
      options.get(arguments.model);
  if (!compilerOptions)
    return reportError(llvm::errs(), argv[0], compilerOptions.takeError());

  llvm::Expected<std::unique_ptr<InMemoryModel>> made = build(*compilerOptions);
  // What is run once may be compiled for the inputs that it is run with: those
  // that a graph computes shapes from would be unsupported else.
  if (!made && subcommand == "run" && made.errorIsA<UnsupportedError>())
    if (auto taken = takeShapeInputs(arguments.program); !taken.empty()) {
      llvm::consumeError(made.takeError());
      llvm::append_range(compilerOptions->fixedInputs, std::move(taken));
      made = build(*compilerOptions);
    }
  if (!made)
    return reportError(llvm::errs(), argv[0], made.takeError());
  std::unique_ptr<InMemoryModel> model = std::move(*made);
  if (!model->getTokenizerNote().empty() &&
      (subcommand == "embed" || subcommand == "tokenize"))
    llvm::errs() << argv[0] << ": warning: compiled without its tokenizer: "
                 << model->getTokenizerNote() << '\n';
  std::string weights = "--weights=" + model->getWeightsPath();
  std::string self = "attune";
  std::vector<char *> programArguments{self.data(), name.data()};
  // What a model is like is known without its weights.
  if (subcommand != "info")
    programArguments.push_back(weights.data());
  for (const char *argument : arguments.program)
    programArguments.push_back(const_cast<char *>(argument));
  programArguments.push_back(nullptr);
  return program::runProgram(model->getDescriptor(),
                             programArguments.size() - 1,
                             programArguments.data());
}
