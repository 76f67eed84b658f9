//===- MemoryReport.cpp - Who holds the activations' memory ---------------===//
#include "attune/Compiler/MemoryReport.h"
#include "attune/Compiler/Passes.h"
#include "attune/Support/Error.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace attune;

static ArrayAttr findSlots(ModuleOp module) {
  if (auto slots = module->getAttrOfType<ArrayAttr>(kSlotsAttr))
    return slots;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (auto slots = function->getAttrOfType<ArrayAttr>(kSlotsAttr))
      return slots;
  return {};
}

llvm::Expected<std::vector<SlotReport>>
attune::getSlots(Compilation &compilation) {
  if (llvm::Error error = compilation.runTo(Phase::Plan))
    return std::move(error);
  ArrayAttr slots = findSlots(compilation.getVariants().front().module.get());
  if (!slots)
    return userErrorf("'{0}' has no plan of its memory",
                      compilation.getOptions().input);
  std::vector<SlotReport> reports;
  for (Attribute attr : slots) {
    auto entry = dyn_cast<DictionaryAttr>(attr);
    auto size = entry ? entry.getAs<StringAttr>("size") : StringAttr();
    auto holds = entry ? entry.getAs<ArrayAttr>("holds") : ArrayAttr();
    std::optional<DimExpr> bytes =
        size ? DimExpr::parse(size.getValue()) : std::nullopt;
    if (!bytes || !holds)
      return userErrorf("'{0}': expected '{1}' to list dictionaries with a "
                        "size and what the slot holds",
                        compilation.getOptions().input, kSlotsAttr);
    SlotReport report;
    report.formula = size.str();
    report.bytes = *bytes;
    for (Attribute name : holds)
      if (auto place = dyn_cast<StringAttr>(name))
        report.holds.push_back(place.str());
    reports.push_back(std::move(report));
  }
  return reports;
}

/// "12.3 MB".
static std::string formatBytes(double bytes) {
  constexpr const char *units[] = {"B", "KB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < std::size(units)) {
    bytes /= 1000;
    ++unit;
  }
  return llvm::formatv("{0:f1} {1}", bytes, units[unit]);
}

llvm::Error attune::printMemoryReport(Compilation &compilation,
                                      raw_ostream &os) {
  llvm::Expected<std::vector<SlotReport>> slots = getSlots(compilation);
  if (!slots)
    return slots.takeError();
  DimExpr total;
  for (const SlotReport &slot : *slots)
    total += slot.bytes;
  os << "Activations: " << total << " bytes, one arena of " << slots->size()
     << " slots, allocated before the call\n";
  int64_t longest = compilation.getMaxLength();
  std::vector<int64_t> lengths{128};
  if (longest && longest < 128)
    lengths = {longest};
  else if (longest > 128)
    lengths.push_back(longest);
  auto evaluate = [](const DimExpr &expr, int64_t batch, int64_t length) {
    llvm::StringMap<int64_t> values;
    values["batch"] = batch;
    values["length"] = length;
    return expr.evaluate(values);
  };
  for (int64_t batch : {1, 8})
    for (int64_t length : lengths)
      os << llvm::formatv("  batch {0}, length {1}: {2}\n", batch, length,
                          formatBytes(evaluate(total, batch, length)));
  os << "Slots, largest first, with the places whose results they hold:\n";
  llvm::sort(*slots, [&](const SlotReport &a, const SlotReport &b) {
    return evaluate(a.bytes, 1, 128) > evaluate(b.bytes, 1, 128);
  });
  for (const SlotReport &slot : *slots) {
    os << "  " << slot.formula << " bytes:";
    for (const std::string &name : ArrayRef(slot.holds).take_front(4))
      os << ' ' << name;
    if (slot.holds.size() > 4)
      os << " and " << slot.holds.size() - 4 << " more";
    os << '\n';
  }
  return llvm::Error::success();
}
