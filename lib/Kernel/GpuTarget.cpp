//===- GpuTarget.cpp - The GPU that kernels are made for ------------------===//
#include "attune/Kernel/GpuTarget.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

using namespace attune;
using llvm::StringRef;

/// Maxwell: the oldest that today's drivers know.
static constexpr int kLowestCapability = 50;
/// Three digits: sm_100 and later.
static constexpr int kHighestCapability = 999;

std::string GpuTarget::str() const {
  switch (api) {
  case Api::None:
    return "";
  case Api::OpenCL:
    return "opencl";
  case Api::Cuda:
    return "cuda:sm_" + std::to_string(capability);
  }
  return "";
}

StringRef GpuTarget::getExtension() const {
  return api == Api::Cuda ? "ptx" : "cl";
}

llvm::Expected<GpuTarget> GpuTarget::parse(StringRef text) {
  if (text.empty())
    return GpuTarget();
  if (text == "opencl")
    return GpuTarget{Api::OpenCL, 0};
  if (text == "cuda")
    return GpuTarget{Api::Cuda, kLowestCapability};
  StringRef number = text;
  int capability;
  if (number.consume_front("cuda:sm_") &&
      !number.getAsInteger(10, capability)) {
    if (capability >= kLowestCapability && capability <= kHighestCapability)
      return GpuTarget{Api::Cuda, capability};
    return userErrorf("--gpu={0}: expected a compute capability of at least "
                      "sm_{1}",
                      printable(text), kLowestCapability);
  }
  return userErrorf("--gpu={0}: expected opencl, cuda or cuda:sm_NN, e.g. "
                    "cuda:sm_90",
                    printable(text));
}
