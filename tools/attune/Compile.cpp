//===- Compile.cpp - attune compile ---------------------------------------===//
#include "Commands.h"
#include "ModelOptions.h"
#include "attune/Compiler/FusionRemarks.h"
#include "attune/Compiler/MemoryReport.h"
#include "attune/Compiler/Package.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

namespace {

struct CompileOptions {
  cl::OptionCategory category{"Options of attune compile"};
  cl::SubCommand command{"compile", "makes a program or a library of a model"};
  cl::opt<std::string> input{cl::Positional, cl::desc("MODEL"),
                             cl::cat(category), cl::sub(command)};
  cl::opt<std::string> output{
      "o", cl::value_desc("path"),
      cl::desc("the program, or for libraries the path without lib and "
               "suffix (default: the model's name)"),
      cl::cat(category), cl::sub(command)};
  cl::opt<Emit> emit{
      "emit",
      cl::desc("what to write:"),
      cl::init(Emit::Executable),
      cl::values(
          clEnumValN(Emit::Executable, "exe",
                     "a program, weights inside "
                     "(default)"),
          clEnumValN(Emit::Static, "static",
                     "a static library, its header, weights, CMake and "
                     "pkg-config files"),
          clEnumValN(Emit::Shared, "shared", "the same with a shared library"),
          clEnumValN(Emit::Object, "obj", "an object, its header and weights"),
          clEnumValN(Emit::LLVM, "llvm", "LLVM IR"),
          clEnumValN(Emit::MLIR, "mlir", "the IR of the last phase"),
          clEnumValN(Emit::Assembly, "asm", "assembly text"),
          clEnumValN(Emit::Gpu, "gpu",
                     "a folder with the kernels for the GPU as text: a .ptx "
                     "or .cl file each")),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<std::string> prefix{
      "prefix", cl::value_desc("name"),
      cl::desc("prefix of the library's functions (default: the output's "
               "name)"),
      cl::cat(category), cl::sub(command)};
  cl::opt<std::string> linker{"linker", cl::value_desc("program"),
                              cl::desc("C compiler that links (default: $CC, "
                                       "cc, gcc or clang)"),
                              cl::cat(category), cl::sub(command)};
  cl::opt<std::string> runtime{"runtime-dir", cl::value_desc("dir"),
                               cl::desc("directory of Attune's runtime "
                                        "(default: beside this program)"),
                               cl::cat(category), cl::sub(command)};
  cl::list<std::string> require{
      "require",
      cl::CommaSeparated,
      cl::value_desc("pattern,..."),
      cl::desc("write nothing and end with status 3 when a candidate of these "
               "patterns is left unfused; attune explain --list lists them"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<bool> memoryReport{
      "memory-report",
      cl::desc("print the peak memory of activations and who "
               "holds it"),
      cl::cat(category), cl::sub(command)};
  cl::opt<bool> quiet{"q", cl::desc("print no progress"), cl::cat(category),
                      cl::sub(command)};
  ModelOptions model{category, command};
};

llvm::Error checkIdentifier(llvm::StringRef prefix) {
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  if (prefix.empty() ||
      (llvm::all_of(prefix, isWord) && !llvm::isDigit(prefix[0])))
    return llvm::Error::success();
  return userErrorf("--prefix={0}: expected a C identifier: letters, digits "
                    "and underscores",
                    prefix);
}

llvm::Error compile(CompileOptions &flags) {
  llvm::Expected<CompilerOptions> options = flags.model.get(flags.input);
  if (!options)
    return options.takeError();
  if (llvm::Error error = checkIdentifier(flags.prefix))
    return error;
  std::vector<std::string> required(flags.require.begin(), flags.require.end());
  if (llvm::Error error = checkRequiredFusions(required, *options))
    return error;
  PackageOptions package;
  package.emit = flags.emit;
  package.output = flags.output;
  package.prefix = flags.prefix;
  package.linker = flags.linker;
  package.runtimeDirectory = flags.runtime;

  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Compilation compilation(context, *options);
  if (llvm::Error error = compilation.load())
    return error;
  bool isText = flags.emit == Emit::MLIR || flags.emit == Emit::LLVM ||
                flags.emit == Emit::Assembly ||
                options->compileTo != Phase::Binary;
  bool isFolder = flags.emit == Emit::Gpu && !isText;
  if (package.output.empty())
    package.output = isText ? "-" : compilation.getName();
  if (isFolder && flags.output.empty())
    package.output += ".gpu";
  if ((llvm::sys::fs::is_directory(package.output) && !isFolder) ||
      llvm::sys::path::filename(package.output) == ".")
    return userErrorf("-o {0}: expected the path of a file, found a directory",
                      package.output);
  if (!required.empty())
    if (llvm::Error error = requireFusions(compilation, required))
      return error;
  llvm::Expected<Package> written = writePackage(compilation, package);
  if (!written)
    return written.takeError();
  if (!written->tokenizerNote.empty())
    llvm::errs() << "attune compile: warning: compiled without its tokenizer: "
                 << written->tokenizerNote << '\n';
  if (flags.memoryReport)
    if (llvm::Error error = printMemoryReport(compilation, llvm::outs()))
      return error;
  if (!flags.quiet && package.output != "-")
    for (const std::string &path : written->paths)
      llvm::errs() << "wrote " << path << '\n';
  return llvm::Error::success();
}

} // namespace

int attune::tool::runCompile(int argc, const char **argv) {
  CompileOptions flags;
  parseOptions(argc, argv, flags.category, flags.command,
               "Compiles a model to a program or a library.\n\nMODEL is a "
               "Hugging Face directory, a .yaml description or .mlir.\n");
  return reportError(llvm::errs(), argv[0], compile(flags));
}
