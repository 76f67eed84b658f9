//===- BackendChoice.cpp - Which backend is asked for ---------------------===//
#include "attune/Compiler/BackendChoice.h"
#include "attune/Compiler/Backends.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using namespace attune;
using llvm::StringRef;

namespace {

/// A backend that a build may leave out.
struct OptionalBackend {
  StringRef name, setting;
};

constexpr OptionalBackend kOptionalBackends[] = {
    {"halide", "ATTUNE_ENABLE_HALIDE"}};

constexpr StringRef kAuto = "auto";

} // namespace

llvm::Expected<BackendChoice> BackendChoice::parse(StringRef text) {
  BackendChoice choice;
  bool hasOtherwise = false;
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    auto [left, right] = part.split('=');
    bool isFamily = part.contains('=');
    if (left.empty() || (isFamily && right.empty()))
      return userErrorf("--backend={0}: expected NAME or FAMILY=NAME, found "
                        "'{1}'",
                        printable(text), printable(part));
    bool isTwice = isFamily ? choice.families.count(left.str()) : hasOtherwise;
    if (isTwice)
      return userErrorf("--backend={0}: it says twice which backend is for {1}",
                        printable(text),
                        isFamily ? printable(left) : "the model");
    if (isFamily)
      choice.families[left.str()] = right.str();
    else
      choice.otherwise = left.str();
    hasOtherwise |= !isFamily;
  }
  return choice;
}

static llvm::Error checkBackend(StringRef name, StringRef said) {
  if (name == kAuto || findBackend(name))
    return llvm::Error::success();
  std::string names = kAuto.str(), why;
  for (const Backend *backend : getBackends())
    names += " or " + backend->getName().str();
  for (const OptionalBackend &optional : kOptionalBackends)
    if (optional.name == name)
      why = llvm::formatv("this build of Attune has no backend '{0}' (it was "
                          "configured with {1}=OFF); ",
                          name, optional.setting);
  return userErrorf("--backend={0}: {1}expected {2}", printable(said), why,
                    names);
}

llvm::Error BackendChoice::check() const {
  if (llvm::Error error = checkBackend(otherwise, otherwise))
    return error;
  std::set<StringRef> known;
  for (const Backend *backend : getBackends())
    for (StringRef family : backend->getFamilies())
      known.insert(family);
  for (const auto &[family, name] : families) {
    std::string said = family + "=" + name;
    if (!known.count(family))
      return userErrorf("--backend={0}: there is no family of kernels '{1}'; "
                        "expected one of {2}",
                        printable(said), printable(family),
                        llvm::join(known, ", "));
    if (llvm::Error error = checkBackend(name, said))
      return error;
  }
  return llvm::Error::success();
}

StringRef BackendChoice::get(StringRef family) const {
  auto it = families.find(family.str());
  return it == families.end() ? otherwise : it->second;
}

std::string BackendChoice::str() const {
  std::string text = otherwise;
  for (const auto &[family, name] : families)
    text += "," + family + "=" + name;
  return text;
}
