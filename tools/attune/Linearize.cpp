//===- Linearize.cpp - attune linearize -----------------------------------===//
#include "Commands.h"
#include "LinearizeCosts.h"
#include "ModelOptions.h"
#include "attune/Linearize/ReportPage.h"
#include "attune/Linearize/SaveLinear.h"
#include "attune/Runtime/Files.h"
#include "attune/Support/Error.h"
#include "attune/Support/HTMLPage.h"
#include "attune/Tuning/Record.h"
#include "attune/Tuning/TargetKey.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Process.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"Options of attune linearize"};
  cl::SubCommand command{"linearize",
                         "replaces softmax attention by linear attention"};
  cl::opt<std::string> model{cl::Positional, cl::desc("MODEL"),
                             cl::cat(category), cl::sub(command)};
  cl::opt<std::string> output{
      "o", cl::value_desc("directory"),
      cl::desc("write the rewritten model there, when it keeps the budget"),
      cl::cat(category), cl::sub(command)};
  cl::opt<std::string> map{
      "feature-map",
      cl::init("calibrated"),
      cl::value_desc("map"),
      cl::desc("elu1, relu, favor, favor-hyperbolic, taylor2 or calibrated "
               "(calibrated)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<int64_t> features{
      "features",
      cl::init(0),
      cl::value_desc("n"),
      cl::desc("random directions, or landmarks of calibrated maps (256 and "
               "32)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<std::string> layers{
      "layers",
      cl::init("all"),
      cl::value_desc("all|auto|0,2,5-7"),
      cl::desc("attention layers to replace, by their order; auto: as many as "
               "the budget allows (all)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<int64_t> window{"window",
                          cl::init(0),
                          cl::value_desc("n"),
                          cl::desc("weigh keys this near exactly (0: none)"),
                          cl::cat(category),
                          cl::sub(command)};
  cl::opt<int64_t> sinks{"sinks",
                         cl::init(0),
                         cl::value_desc("n"),
                         cl::desc("weigh so many first keys exactly (0)"),
                         cl::cat(category),
                         cl::sub(command)};
  cl::opt<bool> noCentring{
      "no-centring",
      cl::desc("leave the means of queries and keys in the kernel"),
      cl::cat(category), cl::sub(command)};
  cl::opt<std::string> calibrate{
      "calibrate", cl::value_desc("file"),
      cl::desc("texts to fit the maps to: one a line, or token ids in a .npy "
               "[texts, length]"),
      cl::cat(category), cl::sub(command)};
  cl::opt<std::string> holdout{
      "holdout", cl::value_desc("file"),
      cl::desc("other texts to judge by (default: every fourth of "
               "--calibrate)"),
      cl::cat(category), cl::sub(command)};
  cl::opt<std::string> maxError{
      "max-error",
      cl::init("cos:0.99"),
      cl::value_desc("metric:x"),
      cl::desc("budget on the held-out texts: cos (least mean cosine), rel "
               "(most relative error); of decoders also kl, top1, ppl "
               "(cos:0.99)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<int64_t> length{
      "length",
      cl::init(0),
      cl::value_desc("n"),
      cl::desc("cut texts to so many tokens (0: what the model takes)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<uint64_t> seed{
      "seed",
      cl::init(0),
      cl::value_desc("n"),
      cl::desc("of random projections and of k-means (0); the model has the "
               "projections themselves"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<int> seeds{"seeds",
                     cl::init(3),
                     cl::value_desc("n"),
                     cl::desc("judge random maps with so many projections (3)"),
                     cl::cat(category),
                     cl::sub(command)};
  cl::opt<int> threads{
      "threads",           cl::init(0),
      cl::value_desc("n"), cl::desc("threads of the model (0: all CPUs)"),
      cl::cat(category),   cl::sub(command)};
  cl::opt<std::string> report{
      "report", cl::value_desc("file.json"),
      cl::desc("write the report as JSON, whatever the verdict"),
      cl::cat(category), cl::sub(command)};
  cl::opt<std::string> html{
      "html", cl::value_desc("file.html"),
      cl::desc("write the report as a page with plots, whatever the verdict"),
      cl::cat(category), cl::sub(command)};
  cl::opt<int64_t> measure{
      "measure",
      cl::init(4096),
      cl::value_desc("n"),
      cl::desc("time attention of a layer, softmax and linear, at 128, 256 and "
               "so on up to so many tokens, 32768 at most; stops where a run "
               "takes over two seconds (4096: seconds; 0: not at all)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<std::string> format{"format",
                              cl::init("text"),
                              cl::value_desc("text|json"),
                              cl::desc("form of the report on stdout"),
                              cl::cat(category),
                              cl::sub(command)};
  cl::opt<bool> quiet{"quiet", cl::desc("say nothing of the progress"),
                      cl::cat(category), cl::sub(command)};
  ModelOptions compiler{category, command};
};

/// Reads "0,2,5-7".
llvm::Expected<std::vector<int64_t>> parseLayers(llvm::StringRef text) {
  std::vector<int64_t> layers;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    auto [first, last] = part.split('-');
    int64_t begin, end;
    if (first.getAsInteger(10, begin) || begin < 0 ||
        (part.contains('-')
             ? last.getAsInteger(10, end) || end < begin || end - begin > 100000
             : (end = begin, false)))
      return userErrorf("--layers={0}: expected all, auto, or numbers and "
                        "ranges as in 0,2,5-7",
                        text);
    for (int64_t layer = begin; layer <= end; ++layer)
      layers.push_back(layer);
  }
  return layers;
}

llvm::Expected<LinearizeOptions> readOptions(Options &flags) {
  LinearizeOptions options;
  llvm::Expected<CompilerOptions> compiler = flags.compiler.get(flags.model);
  if (!compiler)
    return compiler.takeError();
  options.compiler = std::move(*compiler);
  std::optional<LinearMap> map = parseLinearMap(flags.map);
  if (!map)
    return userErrorf("--feature-map={0}: expected elu1, relu, favor, "
                      "favor-hyperbolic, taylor2 or calibrated",
                      flags.map.getValue());
  options.fit.map = *map;
  options.fit.features = flags.features                  ? flags.features
                         : *map == LinearMap::Calibrated ? 32
                                                         : 256;
  if (options.fit.features < 1 || options.fit.features > 65536)
    return userErrorf("--features={0}: expected 1 to 65536",
                      flags.features.getValue());
  if (flags.window < 0 || flags.sinks < 0)
    return userError("--window and --sinks: expected 0 or more");
  options.fit.window = flags.window;
  options.fit.sinks = flags.sinks;
  options.fit.centre = !flags.noCentring;
  options.fit.seed = flags.seed;
  options.moreSeeds = std::max(0, flags.seeds - 1);
  if (flags.layers == "auto") {
    options.automatic = true;
  } else if (flags.layers != "all") {
    auto layers = parseLayers(flags.layers);
    if (!layers)
      return layers.takeError();
    options.layers = std::move(*layers);
  }
  llvm::Expected<ErrorBudget> budget = ErrorBudget::parse(flags.maxError);
  if (!budget)
    return budget.takeError();
  options.budget = *budget;
  if (flags.calibrate.empty())
    return userError("expected --calibrate=FILE: texts as the model is used "
                     "with, one a line");
  options.calibration = flags.calibrate;
  options.holdout = flags.holdout;
  if (flags.length < 0 || flags.length == 1 || flags.threads < 0)
    return userError("--length: expected 2 or more; --threads: 0 or more");
  options.maxLength = flags.length;
  options.threads = flags.threads;
  if (flags.measure < 0)
    return userErrorf("--measure={0}: expected 0 or more tokens",
                      flags.measure.getValue());
  for (const cl::opt<std::string> *file : {&flags.html, &flags.report})
    if (file->getNumOccurrences() && file->empty())
      return userErrorf("--{0}=: expected the path of a file", file->ArgStr);
  if (flags.format != "text" && flags.format != "json")
    return userErrorf("--format={0}: expected text or json",
                      flags.format.getValue());
  // On a terminal one line that is written over, in a log a line each.
  if (!flags.quiet)
    options.progress = [](llvm::StringRef what) {
      bool isTerminal = llvm::sys::Process::StandardErrIsDisplayed();
      llvm::errs() << (isTerminal ? "\r\x1b[K" : "")
                   << "attune linearize: " << what << (isTerminal ? "" : "\n");
    };
  return options;
}

llvm::Error writeJSON(llvm::StringRef path, const llvm::json::Value &value) {
  std::string text = llvm::formatv("{0:2}\n", value).str(), error;
  rt::FileWriter writer;
  if (!writer.open(path.str(), error) ||
      !writer.write(text.data(), text.size(), error) || !writer.commit(error))
    return userError(error);
  return llvm::Error::success();
}

/// What the page says of where it was made.
std::vector<std::pair<std::string, std::string>>
describeMachine(const LinearizeOptions &options) {
  std::vector<std::pair<std::string, std::string>> facts;
  llvm::Expected<TargetDesc> target = getTarget("native");
  if (target) {
    TargetKey key = getTargetKey(*target);
    facts.push_back({"machine", llvm::formatv("{0} {1}, {2} cores", key.arch,
                                              key.cpu, key.cores)
                                    .str()});
  } else {
    llvm::consumeError(target.takeError());
  }
  facts.push_back({"threads", options.threads ? std::to_string(options.threads)
                                              : "all CPUs"});
  facts.push_back({"compiler", getCompilerVersion()});
  return facts;
}

/// Nothing, with a warning, where something cannot be timed: the report does
/// not depend on it.
std::optional<AttentionCosts> measure(mlir::MLIRContext &context,
                                      const Options &flags,
                                      const LinearizeOptions &options,
                                      const LinearizeReport &report) {
  llvm::Expected<std::optional<AttentionCosts>> costs =
      measureCosts(context, report, options.compiler, flags.measure,
                   options.threads, options.progress);
  if (costs)
    return *costs;
  printWarning("attention was not timed: " + llvm::toString(costs.takeError()));
  return std::nullopt;
}

llvm::Error linearize(Options &flags, int &status) {
  llvm::Expected<LinearizeOptions> options = readOptions(flags);
  if (!options)
    return options.takeError();
  if (flags.output.getNumOccurrences())
    if (llvm::Error error = checkSaved(*options, flags.output))
      return error;
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  llvm::Expected<LinearizeReport> report = linearizeModel(context, *options);
  std::optional<AttentionCosts> costs;
  if (report)
    costs = measure(context, flags, *options, *report);
  if (!flags.quiet && llvm::sys::Process::StandardErrIsDisplayed())
    llvm::errs() << "\r\x1b[K";
  if (!report)
    return report.takeError();
  const AttentionCosts *measured = costs ? &*costs : nullptr;
  llvm::json::Value json = reportToJSON(*report, measured);
  if (!flags.report.empty())
    if (llvm::Error error = writeJSON(flags.report, json))
      return error;
  if (!flags.html.empty()) {
    LinearizePage page{*report, measured, describeMachine(*options)};
    if (llvm::Error error = writePage(flags.html, renderLinearizePage(page)))
      return error;
  }
  if (flags.format == "json")
    llvm::outs() << llvm::formatv("{0:2}\n", json);
  else
    printReport(llvm::outs(), *report, measured);
  if (!report->passes) {
    status = ExitVerificationFailed;
    return llvm::Error::success();
  }
  if (!flags.output.getNumOccurrences())
    return llvm::Error::success();
  return saveLinearModel(*options, *report, flags.output);
}

} // namespace

int attune::tool::runLinearize(int argc, const char **argv) {
  Options flags;
  parseOptions(
      argc, argv, flags.category, flags.command,
      "Replaces softmax attention by linear attention, whose cost grows with "
      "the length\nand not with its square, and says how far the results then "
      "are. Linear attention\nis another function: few layers of a model that "
      "was trained with softmax stand it.\nExit status 4, and nothing written, "
      "when the results on the held-out texts do\nnot keep --max-error.\n");
  int status = 0;
  if (llvm::Error error = linearize(flags, status))
    return reportError(llvm::errs(), argv[0], std::move(error));
  return status;
}
