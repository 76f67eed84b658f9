//===- Verify.cpp - attune verify -----------------------------------------===//
#include "attune/Verify/Verify.h"
#include "Commands.h"
#include "ModelOptions.h"
#include "attune/Runtime/Npy.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"Options of attune verify"};
  cl::SubCommand command{
      "verify", "compares compiled code with the reference interpreter"};
  cl::opt<std::string> model{cl::Positional, cl::desc("MODEL"),
                             cl::cat(category), cl::sub(command)};
  cl::list<std::string> inputs{
      "input", cl::value_desc("NAME=@file.npy"),
      cl::desc("an input of the model (default: random)"), cl::cat(category),
      cl::sub(command)};
  cl::opt<int64_t> batch{"batch",
                         cl::init(2),
                         cl::value_desc("n"),
                         cl::desc("batch of random inputs (2)"),
                         cl::cat(category),
                         cl::sub(command)};
  cl::opt<int64_t> length{"length",
                          cl::init(17),
                          cl::value_desc("n"),
                          cl::desc("longest sequence of random inputs (17)"),
                          cl::cat(category),
                          cl::sub(command)};
  cl::opt<uint64_t> seed{"seed",
                         cl::init(0),
                         cl::value_desc("n"),
                         cl::desc("of the random inputs (0)"),
                         cl::cat(category),
                         cl::sub(command)};
  cl::opt<double> tolerance{
      "tolerance",
      cl::init(1e-4),
      cl::value_desc("x"),
      cl::desc("largest difference relative to the larger of 1 and the "
               "largest magnitude of a tensor (1e-4)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<int> threads{
      "threads",           cl::init(2),
      cl::value_desc("n"), cl::desc("threads of the compiled code (2)"),
      cl::cat(category),   cl::sub(command)};
  cl::opt<std::string> against{
      "against", cl::value_desc("model"),
      cl::desc("interpret this model or IR instead, e.g. the one that MODEL's "
               "IR was dumped from"),
      cl::cat(category), cl::sub(command)};
  cl::opt<bool> all{"all", cl::desc("print every kernel launch"),
                    cl::cat(category), cl::sub(command)};
  cl::opt<std::string> format{"format",
                              cl::init("text"),
                              cl::value_desc("text|json"),
                              cl::desc("form of the report"),
                              cl::cat(category),
                              cl::sub(command)};
  ModelOptions compiler{category, command};
};

/// Reads "NAME=@file.npy".
llvm::Error readInput(llvm::StringRef text, llvm::StringMap<Tensor> &inputs) {
  auto [name, file] = text.split('=');
  if (name.empty() || !file.consume_front("@"))
    return userErrorf("--input={0}: expected NAME=@file.npy", text);
  rt::NpyArray array;
  std::string error;
  if (!array.open(file.str().c_str(), error))
    return userError(error);
  if (rt::isFloatType(array.type())) {
    std::vector<double> values;
    for (int64_t i = 0; i < array.elements(); ++i)
      values.push_back(array.valueAt(i));
    Tensor tensor = Tensor::doubles(array.shape(), std::move(values));
    inputs[name] = array.type() == ATTUNE_F64
                       ? tensor
                       : tensor.castFloat(ElementType::F32);
  } else {
    std::vector<int64_t> values;
    for (int64_t i = 0; i < array.elements(); ++i)
      values.push_back(
          static_cast<int64_t>(rt::elementBits(array.type(), array.data(), i)));
    inputs[name] = Tensor::integers(array.shape(), std::move(values));
  }
  return llvm::Error::success();
}

/// The part of a model path up to the number of the layer.
llvm::StringRef getLayer(llvm::StringRef where) {
  size_t begin = 0;
  while (begin < where.size()) {
    size_t end = std::min(where.find('.', begin), where.size());
    int64_t number;
    if (!where.slice(begin, end).getAsInteger(10, number))
      return where.take_front(end);
    begin = end + 1;
  }
  return where.split('.').first;
}

void printLine(llvm::raw_ostream &os, const Difference &difference,
               llvm::StringRef name) {
  os << llvm::formatv("  {0,-4} {1,-52} {2:e2}  {3:e2}  {4}\n",
                      difference.passes ? "ok" : "OFF", name,
                      difference.maxError, difference.relativeError,
                      difference.kernel);
}

void printText(llvm::raw_ostream &os, const VerifyReport &report, bool all) {
  os << "Inputs: " << report.inputs << "\n\n"
     << "Kernels against the interpreter (largest error, relative, kernel):\n";
  llvm::MapVector<llvm::StringRef, Difference> layers;
  for (const Difference &launch : report.launches) {
    if (all)
      printLine(os, launch, launch.where);
    Difference &worst = layers[getLayer(launch.where)];
    if (worst.kernel.empty() || launch.relativeError > worst.relativeError ||
        (worst.passes && !launch.passes))
      worst = launch;
  }
  if (!all)
    for (const auto &[layer, worst] : layers)
      printLine(os, worst, layer);
  os << "\nResults against the model as imported:\n";
  for (const Difference &result : report.results)
    printLine(os, result, result.where);
  if (const Difference *first = report.getFirstFailure())
    os << "\nThe first kernel that is off is " << first->kernel << " in "
       << first->where << ".\n";
  os << (report.passes() ? "\nverified\n" : "\nverification failed\n");
}

void printJSON(llvm::raw_ostream &os, const VerifyReport &report) {
  auto list = [](const std::vector<Difference> &differences) {
    llvm::json::Array array;
    for (const Difference &difference : differences)
      array.push_back(
          llvm::json::Object{{"where", difference.where},
                             {"kernel", difference.kernel},
                             {"max_error", difference.maxError},
                             {"relative_error", difference.relativeError},
                             {"passes", difference.passes}});
    return array;
  };
  os << llvm::formatv("{0:2}", llvm::json::Value(llvm::json::Object{
                                   {"inputs", report.inputs},
                                   {"launches", list(report.launches)},
                                   {"results", list(report.results)},
                                   {"passes", report.passes()}}))
     << '\n';
}

llvm::Error verify(Options &flags, int &status) {
  if (flags.format != "text" && flags.format != "json")
    return userErrorf("--format={0}: expected text or json",
                      flags.format.getValue());
  if (flags.batch < 1 || flags.length < 1 || flags.threads < 1)
    return userError("--batch, --length and --threads: expected at least 1");
  llvm::Expected<CompilerOptions> options = flags.compiler.get(flags.model);
  if (!options)
    return options.takeError();
  options->keepAll = true;
  VerifyOptions how;
  how.batch = flags.batch;
  how.length = flags.length;
  how.seed = flags.seed;
  how.tolerance = flags.tolerance;
  how.threads = flags.threads;
  for (const std::string &input : flags.inputs)
    if (llvm::Error error = readInput(input, how.inputs))
      return error;
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  registerVerifyDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Compilation compilation(context, *options);
  if (llvm::Error error = compilation.load())
    return error;
  std::optional<Compilation> against;
  if (!flags.against.empty()) {
    CompilerOptions reference = *options;
    reference.input = flags.against;
    reference.compileFrom.reset();
    reference.dumpPhasesTo.clear();
    if (llvm::Error error = against.emplace(context, reference).load())
      return error;
  }
  llvm::Expected<VerifyReport> report =
      verifyModel(compilation, how, against ? &*against : nullptr);
  if (!report)
    return report.takeError();
  if (flags.format == "json")
    printJSON(llvm::outs(), *report);
  else
    printText(llvm::outs(), *report, flags.all);
  if (!report->passes())
    status = ExitVerificationFailed;
  return llvm::Error::success();
}

} // namespace

int attune::tool::runVerify(int argc, const char **argv) {
  Options flags;
  parseOptions(
      argc, argv, flags.category, flags.command,
      "Runs a model compiled and interpreted and compares them, kernel "
      "by kernel.\nExit status 4 when they differ.\n");
  int status = 0;
  if (llvm::Error error = verify(flags, status))
    return reportError(llvm::errs(), argv[0], std::move(error));
  return status;
}
