//===- Inspect.cpp - attune inspect ---------------------------------------===//
#include "Commands.h"
#include "ModelOptions.h"
#include "attune/Compiler/MemoryReport.h"
#include "attune/Explain/ModelPage.h"
#include "attune/Kernel/Cost.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "attune/Support/HTMLPage.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/JSON.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"Options of attune inspect"};
  cl::SubCommand command{"inspect",
                         "prints what a model consists of and what it costs"};
  cl::opt<std::string> model{cl::Positional, cl::desc("MODEL"),
                             cl::cat(category), cl::sub(command)};
  cl::opt<int64_t> batch{"batch",
                         cl::init(1),
                         cl::value_desc("n"),
                         cl::desc("batch that figures are for (1)"),
                         cl::cat(category),
                         cl::sub(command)};
  cl::opt<int64_t> length{"length",
                          cl::init(128),
                          cl::value_desc("n"),
                          cl::desc("length that figures are for (128)"),
                          cl::cat(category),
                          cl::sub(command)};
  cl::opt<std::string> format{"format",
                              cl::init("text"),
                              cl::value_desc("text|json"),
                              cl::desc("form of the report"),
                              cl::cat(category),
                              cl::sub(command)};
  cl::opt<std::string> html{
      "html", cl::value_desc("file"),
      cl::desc("instead of the report, draw the model before and after fusion "
               "as one HTML file"),
      cl::cat(category), cl::sub(command)};
  ModelOptions compiler{category, command};
};

/// The values of the model's symbols that figures are for.
llvm::StringMap<int64_t> getSymbolValues(const Compilation &compilation,
                                         const Options &flags) {
  int64_t longest = compilation.getMaxLength();
  llvm::StringMap<int64_t> values;
  values["batch"] = flags.batch;
  values["length"] =
      longest ? std::min<int64_t>(flags.length, longest) : flags.length;
  return values;
}

/// What is known of a model once its memory is planned.
struct Figures {
  std::string name, family;
  int64_t parameters = 0, layers = 0, batch = 0, length = 0;
  double weightBytes = 0, flops = 0, activationBytes = 0, trafficBytes = 0;
  std::map<std::string, int64_t> sourceOps, fusedOps;
  int64_t launches = 0, kernels = 0;
};

llvm::Expected<Figures> measure(Compilation &compilation,
                                const Options &flags) {
  Figures figures;
  figures.name = compilation.getName();
  mlir::ModuleOp module = compilation.getVariants().front().module.get();
  if (compilation.getPhase() > Phase::Kernels)
    return userErrorf("'{0}' stands after the phase {1}; expected a model or "
                      "IR up to the phase kernels",
                      flags.model.getValue(), getName(compilation.getPhase()));
  // There is one: importers make it, and it was looked for in IR.
  auto findFunction = [&] {
    return *llvm::find_if(module.getOps<mlir::func::FuncOp>(),
                          [](mlir::func::FuncOp f) { return !f.isExternal(); });
  };
  mlir::func::FuncOp function = findFunction();
  const ModelSource *source = compilation.getSource();
  const ModelDescription *model = source ? source->getDescription() : nullptr;
  if (model) {
    figures.family = model->family;
    figures.layers = model->layers;
  }
  for (WeightOp weight : module.getOps<WeightOp>())
    // What a description has computed, such as sinusoids, no one trained.
    if (!model || !weight.getValue())
      figures.parameters +=
          mlir::cast<mlir::RankedTensorType>(weight.getType()).getNumElements();
  figures.sourceOps = CostAnalysis(function).getCounts();

  llvm::StringMap<int64_t> values = getSymbolValues(compilation, flags);
  figures.batch = values["batch"];
  figures.length = values["length"];
  if (llvm::Error error = compilation.runTo(Phase::Kernels))
    return std::move(error);
  function = findFunction();
  CostAnalysis cost(function);
  figures.flops = cost.getTotal().flops.evaluate(values);
  figures.trafficBytes =
      (cost.getTotal().weightBytes + cost.getTotal().activationBytes)
          .evaluate(values);
  figures.fusedOps = cost.getCounts();
  figures.launches = cost.getOps().size();
  figures.kernels = llvm::range_size(module.getOps<KernelOp>());
  llvm::Expected<std::vector<SlotReport>> slots = getSlots(compilation);
  if (!slots)
    return slots.takeError();
  for (const SlotReport &slot : *slots)
    figures.activationBytes += slot.bytes.evaluate(values);
  for (Compilation::Variant &variant : compilation.getVariants())
    if (auto end = variant.module.get()->getAttrOfType<mlir::IntegerAttr>(
            "attune.weights_end"))
      figures.weightBytes =
          std::max<double>(figures.weightBytes, end.getInt() - 4096);
  return figures;
}

void printText(llvm::raw_ostream &os, const Figures &figures) {
  double tokens = static_cast<double>(figures.batch * figures.length);
  os << figures.name;
  if (!figures.family.empty())
    os << " (" << figures.family << ", " << figures.layers << " layers)";
  os << llvm::formatv("\n  parameters         {0}\n", figures.parameters)
     << llvm::formatv("  weights            {0:f1} MB as stored\n",
                      figures.weightBytes / 1e6)
     << llvm::formatv("At batch {0}, length {1}:\n", figures.batch,
                      figures.length)
     << llvm::formatv("  FLOPs              {0:f3} G, {1:f1} M a token\n",
                      figures.flops / 1e9, figures.flops / tokens / 1e6)
     << llvm::formatv("  bytes moved        {0:f1} MB, {1:f3} MB a token\n",
                      figures.trafficBytes / 1e6,
                      figures.trafficBytes / tokens / 1e6)
     << llvm::formatv("  activations        {0:f2} MB, one arena\n",
                      figures.activationBytes / 1e6)
     << llvm::formatv("  kernels            {0}, launched {1} times\n",
                      figures.kernels, figures.launches);
  os << "Ops of the source, and once fused:\n";
  std::map<std::string, std::pair<int64_t, int64_t>> ops;
  for (const auto &[name, count] : figures.sourceOps)
    ops[name].first = count;
  for (const auto &[name, count] : figures.fusedOps)
    ops[name].second = count;
  for (const auto &[name, counts] : ops)
    os << llvm::formatv("  {0,-18} {1,5} {2,5}\n", name, counts.first,
                        counts.second);
}

void printJSON(llvm::raw_ostream &os, const Figures &figures) {
  llvm::json::Object ops;
  for (const auto &[name, count] : figures.sourceOps)
    ops[name] = count;
  double tokens = static_cast<double>(figures.batch * figures.length);
  os << llvm::formatv("{0:2}",
                      llvm::json::Value(llvm::json::Object{
                          {"name", figures.name},
                          {"family", figures.family},
                          {"parameters", figures.parameters},
                          {"layers", figures.layers},
                          {"batch", figures.batch},
                          {"length", figures.length},
                          {"flops_per_token", figures.flops / tokens},
                          {"bytes_per_token", figures.trafficBytes / tokens},
                          {"weight_bytes", figures.weightBytes},
                          {"activation_bytes", figures.activationBytes},
                          {"kernels", figures.kernels},
                          {"launches", figures.launches},
                          {"ops", std::move(ops)}}))
     << '\n';
}

llvm::Error drawModel(Compilation &compilation, const Options &flags) {
  llvm::Expected<ModelPage> page =
      buildModelPage(compilation, getSymbolValues(compilation, flags));
  if (!page)
    return page.takeError();
  if (llvm::Error error = writePage(flags.html, renderModelPage(*page)))
    return error;
  llvm::errs() << "wrote " << printable(flags.html) << '\n';
  return llvm::Error::success();
}

llvm::Error inspect(Options &flags) {
  if (flags.format != "text" && flags.format != "json")
    return userErrorf("--format={0}: expected text or json",
                      flags.format.getValue());
  if (flags.html.getNumOccurrences() && flags.html.empty())
    return userError("--html=: expected the path of a file");
  if (flags.batch < 1 || flags.length < 1)
    return userError("--batch and --length: expected at least 1");
  llvm::Expected<CompilerOptions> options = flags.compiler.get(flags.model);
  if (!options)
    return options.takeError();
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Compilation compilation(context, *options);
  if (llvm::Error error = compilation.load())
    return error;
  if (flags.html.getNumOccurrences())
    return drawModel(compilation, flags);
  llvm::Expected<Figures> figures = measure(compilation, flags);
  if (!figures)
    return figures.takeError();
  if (flags.format == "json")
    printJSON(llvm::outs(), *figures);
  else
    printText(llvm::outs(), *figures);
  return llvm::Error::success();
}

} // namespace

int attune::tool::runInspect(int argc, const char **argv) {
  Options flags;
  parseOptions(argc, argv, flags.category, flags.command,
               "Prints what a model consists of and what it costs, or, with "
               "--html, draws it.\n");
  return reportError(llvm::errs(), argv[0], inspect(flags));
}
