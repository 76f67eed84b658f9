//===- Schedule.cpp - Knobs and their values ------------------------------===//
#include "attune/Kernel/Schedule.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace attune;

Schedule::Schedule(DictionaryAttr attr) {
  if (!attr)
    return;
  for (NamedAttribute entry : attr)
    if (auto value = dyn_cast<IntegerAttr>(entry.getValue()))
      values.emplace_back(entry.getName().str(), value.getInt());
}

int64_t Schedule::get(StringRef name, int64_t otherwise) const {
  for (const auto &[knob, value] : values)
    if (knob == name)
      return value;
  return otherwise;
}

Schedule &Schedule::set(StringRef name, int64_t value) {
  auto it = llvm::lower_bound(values, name, [](const auto &entry, StringRef n) {
    return entry.first < n;
  });
  if (it != values.end() && it->first == name)
    it->second = value;
  else
    values.insert(it, {name.str(), value});
  return *this;
}

DictionaryAttr Schedule::toAttr(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<NamedAttribute> entries;
  for (const auto &[knob, value] : values)
    entries.push_back(
        builder.getNamedAttr(knob, builder.getI64IntegerAttr(value)));
  return builder.getDictionaryAttr(entries);
}

std::string Schedule::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      values, os,
      [&](const auto &entry) { os << entry.first << '=' << entry.second; },
      " ");
  return text;
}
