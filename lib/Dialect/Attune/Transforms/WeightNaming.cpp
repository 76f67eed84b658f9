//===- WeightNaming.cpp - Names of merged weights and layers --------------===//
#include "WeightNaming.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;

std::string attune::mergeNames(ArrayRef<StringRef> names) {
  SmallVector<SmallVector<StringRef>> parts;
  for (StringRef name : names)
    name.split(parts.emplace_back(), '.');
  size_t shortest = parts.front().size();
  for (ArrayRef<StringRef> list : parts)
    shortest = std::min(shortest, list.size());
  auto common = [&](auto get) {
    return llvm::all_of(parts, [&](ArrayRef<StringRef> list) {
      return get(list) == get(ArrayRef<StringRef>(parts.front()));
    });
  };
  size_t prefix = 0, suffix = 0;
  while (prefix < shortest &&
         common([&](ArrayRef<StringRef> list) { return list[prefix]; }))
    ++prefix;
  while (prefix + suffix < shortest && common([&](ArrayRef<StringRef> list) {
           return list[list.size() - 1 - suffix];
         }))
    ++suffix;

  ArrayRef<StringRef> first = parts.front();
  SmallVector<std::string> middles;
  for (ArrayRef<StringRef> list : parts)
    middles.push_back(
        llvm::join(list.drop_front(prefix).drop_back(suffix), "."));
  SmallVector<std::string> result;
  for (StringRef part : first.take_front(prefix))
    result.push_back(part.str());
  if (!llvm::all_of(middles, [](StringRef text) { return text.empty(); }))
    result.push_back("{" + llvm::join(middles, ",") + "}");
  for (StringRef part : first.take_back(suffix))
    result.push_back(part.str());
  return llvm::join(result, ".");
}

Location attune::mergeLocations(ArrayRef<Location> locations) {
  MLIRContext *context = locations.front()->getContext();
  SmallVector<StringRef> names;
  for (Location loc : locations)
    if (auto named = dyn_cast<NameLoc>(loc))
      names.push_back(named.getName().getValue());
  if (names.size() != locations.size())
    return FusedLoc::get(context, locations);
  return NameLoc::get(StringAttr::get(context, mergeNames(names)));
}
