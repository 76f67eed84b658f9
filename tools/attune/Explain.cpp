//===- Explain.cpp - attune explain ---------------------------------------===//
#include "Explain.h"
#include "Commands.h"
#include "ModelOptions.h"
#include "attune/Compiler/FusionRemarks.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"Options of attune explain"};
  cl::SubCommand command{"explain", "tells why a model compiles as it does"};
  cl::opt<std::string> model{cl::Positional, cl::desc("MODEL"),
                             cl::cat(category), cl::sub(command)};
  cl::opt<bool> missed{"missed", cl::desc("only what was not fused, and why"),
                       cl::cat(category), cl::sub(command)};
  cl::list<std::string> patterns{"pattern",
                                 cl::CommaSeparated,
                                 cl::value_desc("name,..."),
                                 cl::desc("only these patterns"),
                                 cl::cat(category),
                                 cl::sub(command)};
  cl::opt<bool> list{"list", cl::desc("list the patterns; takes no model"),
                     cl::cat(category), cl::sub(command)};
  cl::opt<bool> kernels{
      "kernels",
      cl::desc("backend and schedule of every kernel, and where the schedule "
               "comes from"),
      cl::cat(category), cl::sub(command)};
  cl::opt<std::string> format{"format",
                              cl::init("text"),
                              cl::value_desc("text|yaml|json"),
                              cl::desc("form of the report"),
                              cl::cat(category),
                              cl::sub(command)};
  ModelOptions compiler{category, command};
};

llvm::Expected<FusionFormat> parseFormat(llvm::StringRef name, bool hasYAML) {
  if (name == "text")
    return FusionFormat::Text;
  if (name == "json")
    return FusionFormat::JSON;
  if (name == "yaml" && hasYAML)
    return FusionFormat::YAML;
  return userErrorf("--format={0}: expected text{1} json", name,
                    hasYAML ? ", yaml or" : " or");
}

/// Flags that say nothing about what was asked for.
llvm::Error checkFlags(const Options &flags) {
  bool filters = flags.missed || !flags.patterns.empty();
  if (flags.kernels && flags.list)
    return userError("--kernels and --list: expected one of them");
  if (flags.kernels && filters)
    return userError("--missed and --pattern tell of fusions: leave them out "
                     "with --kernels");
  if (flags.list && (filters || !flags.model.empty()))
    return userError("--list lists all patterns: give no model, --missed or "
                     "--pattern");
  return llvm::Error::success();
}

llvm::Error explain(Options &flags) {
  if (llvm::Error error = checkFlags(flags))
    return error;
  llvm::Expected<FusionFormat> format =
      parseFormat(flags.format, /*hasYAML=*/!flags.kernels);
  if (!format)
    return format.takeError();
  if (flags.list) {
    listFusionPatterns(*format);
    return llvm::Error::success();
  }
  FusionFilter filter;
  filter.missedOnly = flags.missed;
  filter.patterns.assign(flags.patterns.begin(), flags.patterns.end());
  if (llvm::Error error = checkFusionPatterns(filter.patterns, "--pattern"))
    return error;
  llvm::Expected<CompilerOptions> options = flags.compiler.get(flags.model);
  if (!options)
    return options.takeError();
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Compilation compilation(context, *options);
  if (llvm::Error error = compilation.load())
    return error;
  if (flags.kernels)
    return explainKernels(compilation, *format == FusionFormat::JSON);
  return explainFusions(compilation, filter, *format);
}

} // namespace

int attune::tool::runExplain(int argc, const char **argv) {
  Options flags;
  parseOptions(
      argc, argv, flags.category, flags.command,
      "Tells why a model compiles as it does: every candidate of a fusion, "
      "whether it\nwas fused, and if not, why and what to do about it.\n\n"
      "With --kernels, what each kernel is computed by: its backend and its "
      "schedule,\nwhich is 'tuned' on a machine like this, 'transferred' from "
      "a "
      "similar one or\nfrom other sizes, 'analytic' or 'given' by the IR.\n");
  return reportError(llvm::errs(), argv[0], explain(flags));
}
