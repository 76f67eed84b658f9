//===- GpuCode.cpp - The text of kernels for GPUs -------------------------===//
#include "GpuCode.h"
#include "attune/Backend/Backend.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Constants.h"

using namespace attune;

/// IR may call kernels anything.
static std::string toFileName(llvm::StringRef name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) || c == '.' || c == '-' ? c : '_';
  return result.empty() || result.front() == '.' ? "_" + result : result;
}

std::vector<GpuCode> attune::getGpuCode(const llvm::Module &module) {
  std::vector<GpuCode> result;
  llvm::StringSet<> names;
  for (const llvm::GlobalVariable &variable : module.globals()) {
    // Linking may have put a number behind a name.
    auto [kernel, rest] = variable.getName().rsplit(kGpuSourceSuffix);
    if (kernel.size() == variable.getName().size() ||
        !variable.hasInitializer())
      continue;
    auto *data =
        llvm::dyn_cast<llvm::ConstantDataSequential>(variable.getInitializer());
    if (!data || !data->isString())
      continue;
    std::string name = toFileName(kernel), unique = name;
    for (int number = 1; !names.insert(unique).second; ++number)
      unique = name + "_" + std::to_string(number);
    result.push_back({unique, data->getAsString().rtrim('\0').str()});
  }
  llvm::sort(result, [](const GpuCode &a, const GpuCode &b) {
    return a.name < b.name;
  });
  return result;
}
