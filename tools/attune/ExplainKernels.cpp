//===- ExplainKernels.cpp - attune explain --kernels ----------------------===//
#include "Explain.h"
#include "attune/Compiler/Backends.h"
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <map>

using namespace attune;
using namespace attune::tool;

namespace {

/// What was chosen for a kernel.
struct KernelChoice {
  std::string cpu, kernel, backend, schedule, version, source, where;
  Workload workload;
  KernelShapes shapes; ///< that the schedule was looked up at
  int64_t calls = 0;
};

llvm::Expected<std::vector<KernelChoice>>
collectKernels(Compilation &compilation) {
  if (compilation.getPhase() > Phase::Kernels)
    return userErrorf("'{0}' stands after the phase {1}; expected a model or "
                      "IR up to the phase kernels",
                      compilation.getOptions().input,
                      getName(compilation.getPhase()));
  if (llvm::Error error = compilation.runTo(Phase::Kernels))
    return std::move(error);
  std::vector<KernelChoice> choices;
  for (Compilation::Variant &variant : compilation.getVariants()) {
    mlir::ModuleOp module = variant.module.get();
    llvm::Expected<llvm::StringMap<int64_t>> sizes = getOptimizedSizes(
        module, compilation.getOptions().schedules.optimizeFor);
    if (!sizes)
      return sizes.takeError();
    // There is one: importers make it, and it was looked for in IR.
    llvm::Expected<std::vector<KernelUse>> uses =
        getKernelUses(module, findModelFunction(module), *sizes);
    if (!uses)
      return uses.takeError();
    for (KernelUse &use : *uses) {
      KernelOp kernel = use.kernel;
      KernelChoice &choice = choices.emplace_back();
      choice.cpu = variant.target.name;
      choice.kernel = kernel.getSymName().str();
      choice.backend = kernel.getBackend().value_or("").str();
      choice.schedule = Schedule(kernel.getScheduleAttr()).str();
      auto source =
          kernel->getAttrOfType<mlir::StringAttr>(kScheduleSourceAttr);
      choice.source = source ? source.str() : getName(ScheduleSource::Given);
      if (const Backend *backend = findBackend(choice.backend))
        choice.version = backend->getScheduleVersion().str();
      choice.where = use.where;
      choice.workload = getWorkload(kernel);
      choice.shapes = std::move(use.shapes);
      choice.calls = use.launches;
    }
  }
  return choices;
}

llvm::json::Value toJSON(const KernelChoice &choice) {
  llvm::json::Array shapes;
  for (const std::vector<int64_t> &shape : choice.shapes)
    shapes.push_back(llvm::json::Array(shape));
  return llvm::json::Object{{"kernel", choice.kernel},
                            {"what", choice.workload.label},
                            {"family", choice.workload.family},
                            {"workload", choice.workload.id},
                            {"shapes", std::move(shapes)},
                            {"where", choice.where},
                            {"calls", choice.calls},
                            {"cpu", choice.cpu},
                            {"backend", choice.backend},
                            {"schedule", choice.schedule},
                            {"schedule_version", choice.version},
                            {"source", choice.source}};
}

using Row = std::array<std::string, 7>;

/// Rows below one another, numbers to the right.
void printTable(llvm::raw_ostream &os, llvm::ArrayRef<Row> rows,
                size_t numbers) {
  std::array<size_t, std::tuple_size_v<Row>> widths = {};
  for (const Row &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (const Row &row : rows) {
    std::string line;
    llvm::raw_string_ostream text(line);
    for (size_t i = 0; i < row.size(); ++i) {
      text << (i ? "  " : "");
      if (i == numbers)
        text << llvm::right_justify(row[i], widths[i]);
      else
        text << llvm::left_justify(row[i], widths[i]);
    }
    os << llvm::StringRef(line).rtrim() << '\n';
  }
}

void printText(llvm::raw_ostream &os, llvm::ArrayRef<KernelChoice> choices) {
  std::map<std::string, int64_t> sources;
  llvm::StringRef cpu;
  std::vector<Row> rows;
  auto flush = [&] {
    if (!rows.empty())
      printTable(os, rows, /*numbers=*/3);
    rows.clear();
  };
  for (const KernelChoice &choice : choices) {
    if (choice.cpu != cpu) {
      flush();
      os << (cpu.empty() ? "" : "\n") << "Kernels for " << choice.cpu << ":\n";
      cpu = choice.cpu;
      rows.push_back({"kernel", "what it is", "first in", "calls", "backend",
                      "source", "schedule"});
    }
    rows.push_back({printable(choice.kernel), printable(choice.workload.label),
                    printable(choice.where), std::to_string(choice.calls),
                    choice.backend, choice.source, choice.schedule});
    ++sources[choice.source];
  }
  flush();
  os << '\n' << choices.size() << " kernels:";
  llvm::StringRef separator = " ";
  for (const auto &[source, count] : sources) {
    os << separator << count << ' ' << source;
    separator = ", ";
  }
  os << '\n';
}

} // namespace

llvm::Error attune::tool::explainKernels(Compilation &compilation, bool json) {
  llvm::Expected<std::vector<KernelChoice>> choices =
      collectKernels(compilation);
  if (!choices)
    return choices.takeError();
  if (!json) {
    printText(llvm::outs(), *choices);
    return llvm::Error::success();
  }
  llvm::json::Array list;
  for (const KernelChoice &choice : *choices)
    list.push_back(toJSON(choice));
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(list)))
               << '\n';
  return llvm::Error::success();
}
