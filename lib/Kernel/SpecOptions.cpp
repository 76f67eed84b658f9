//===- SpecOptions.cpp - Sizes and options of a kernel's name -------------===//
#include "SpecOptions.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace attune;
using llvm::StringRef;

/// Far beyond any memory, yet products of three fit in 64 bits.
static constexpr int64_t kLargest = 1 << 20;

static std::string listNames(const SpecForm &form) {
  std::string text = llvm::join(form.sizes, ", ");
  llvm::SmallVector<StringRef> others;
  for (const auto &number : form.numbers)
    others.push_back(number.first);
  llvm::append_range(others, form.flags);
  llvm::append_range(others, form.words);
  if (!others.empty())
    text += " and, where wanted, " + llvm::join(others, ", ");
  return text;
}

llvm::Error SpecOptions::read(StringRef name, StringRef value,
                              const SpecForm &form) {
  if (llvm::is_contained(form.words, name)) {
    auto &list = words[name];
    list.clear();
    value.split(list, '+');
    return llvm::Error::success();
  }
  bool isFlag = llvm::is_contained(form.flags, name);
  bool isKnown = isFlag || llvm::is_contained(form.sizes, name) ||
                 llvm::any_of(form.numbers, [&](const auto &number) {
                   return number.first == name;
                 });
  if (!isKnown)
    return userErrorf("kernel '{0}': it has no size '{1}'; expected {2}",
                      printable(spec), printable(name), listNames(form));
  int64_t number, largest = isFlag ? 1 : kLargest;
  if (value.getAsInteger(10, number) || number < 0 || number > largest)
    return userErrorf("kernel '{0}': expected {1} to be a number up to {2}, "
                      "found '{3}'",
                      printable(spec), name, largest, printable(value));
  numbers[name] = number;
  return llvm::Error::success();
}

llvm::Expected<SpecOptions> SpecOptions::parse(StringRef spec, StringRef text,
                                               const SpecForm &form) {
  SpecOptions options;
  options.spec = spec;
  for (auto [name, value] : form.numbers)
    options.numbers[name] = value;
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [name, value] = part.split('=');
    if (llvm::Error error = options.read(name, value, form))
      return std::move(error);
  }
  for (StringRef name : form.sizes)
    if (options.get(name) == 0)
      return userErrorf("kernel '{0}': expected a positive size {1}",
                        printable(spec), name);
  return options;
}
