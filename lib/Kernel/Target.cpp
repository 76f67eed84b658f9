//===- Target.cpp - The machine that kernels are made for -----------------===//
#include "attune/Kernel/Target.h"
#include "attune/Runtime/ABI.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <unistd.h>

using namespace llvm;
using namespace attune;

static constexpr StringLiteral kLinuxX86 = "x86_64-unknown-linux-gnu";
static constexpr StringLiteral kLinuxArm = "aarch64-unknown-linux-gnu";
static constexpr StringLiteral kSupported =
    "supported are 'native' (this machine), 'x86-64-v3' (AVX2 and FMA), "
    "'x86-64-v4' (AVX-512), 'aarch64', and LLVM's names of CPUs with AVX2 and "
    "FMA or of AArch64 ones, e.g. 'haswell', 'znver4', 'neoverse-n1'";

void attune::initializeTargets() {
  // Once: the registry takes no locks, and kernels are compiled on several
  // threads.
  static const bool once = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    return true;
  }();
  (void)once;
}

/// LLVM's description of a CPU; null when the triple is not compiled in.
static std::unique_ptr<MCSubtargetInfo>
createSubtarget(StringRef triple, StringRef cpu, StringRef features) {
  initializeTargets();
  std::string error;
  Triple parsed(triple);
  const Target *target = TargetRegistry::lookupTarget(parsed, error);
  if (!target)
    return nullptr;
  return std::unique_ptr<MCSubtargetInfo>(
      target->createMCSubtargetInfo(parsed, cpu, features));
}

static bool hasAll(const MCSubtargetInfo &subtarget,
                   ArrayRef<StringRef> features) {
  return all_of(features, [&](StringRef feature) {
    return subtarget.checkFeatures(("+" + feature).str());
  });
}

/// The vector unit and the runtime's feature bits, from what LLVM knows.
static Error describeX86(TargetDesc &desc, const MCSubtargetInfo &subtarget) {
  if (!hasAll(subtarget, {"avx2", "fma", "f16c", "bmi2"}))
    return userErrorf("CPU '{0}' lacks AVX2 and FMA, which kernels need; {1}",
                      desc.name, kSupported);
  desc.runtimeFeatures = ATTUNE_CPU_AVX2_FMA;
  desc.vectorBits = 256;
  if (!hasAll(subtarget,
              {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"}))
    return Error::success();
  desc.runtimeFeatures |= ATTUNE_CPU_AVX512;
  desc.vectorBits = 512;
  desc.vectorRegisters = 32;
  if (hasAll(subtarget, {"avx512vnni"}))
    desc.runtimeFeatures |= ATTUNE_CPU_AVX512_VNNI;
  if (hasAll(subtarget, {"avx512bf16"}))
    desc.runtimeFeatures |= ATTUNE_CPU_AVX512_BF16;
  return Error::success();
}

static Error describe(TargetDesc &desc) {
  auto subtarget = createSubtarget(desc.triple, desc.cpu, desc.features);
  if (!subtarget)
    return internalError("this LLVM has no code generator for " + desc.triple);
  if (Triple(desc.triple).isX86())
    return describeX86(desc, *subtarget);
  desc.runtimeFeatures = ATTUNE_CPU_NEON;
  desc.vectorBits = 128;
  desc.vectorRegisters = 32;
  return Error::success();
}

/// Cache sizes of this machine where the system tells them.
static void readCacheSizes(TargetDesc &desc) {
  auto read = [](int name, int64_t &bytes) {
    if (long value = sysconf(name); value > 0)
      bytes = value;
  };
  read(_SC_LEVEL1_DCACHE_SIZE, desc.l1Bytes);
  read(_SC_LEVEL2_CACHE_SIZE, desc.l2Bytes);
  read(_SC_LEVEL3_CACHE_SIZE, desc.l3Bytes);
}

static TargetDesc describeHost() {
  TargetDesc desc;
  Triple triple(sys::getDefaultTargetTriple());
  desc.triple = triple.isAArch64() ? kLinuxArm.str() : kLinuxX86.str();
  desc.cpu = sys::getHostCPUName().str();
  std::vector<std::string> features;
  for (const auto &entry : sys::getHostCPUFeatures())
    features.push_back((entry.second ? "+" : "-") + entry.first().str());
  llvm::sort(features);
  desc.features = join(features, ",");
  readCacheSizes(desc);
  return desc;
}

Expected<TargetDesc> attune::getTarget(StringRef name, StringRef gpu) {
  TargetDesc desc;
  if (name == "native") {
    desc = describeHost();
  } else if (name == "aarch64") {
    desc.triple = kLinuxArm.str();
    desc.cpu = "generic";
  } else {
    desc.cpu = name.str();
    for (StringRef triple : {StringRef(kLinuxX86), StringRef(kLinuxArm)}) {
      auto known = createSubtarget(triple, "", "");
      if (known && known->isCPUStringValid(name)) {
        desc.triple = triple.str();
        break;
      }
    }
    if (name.empty() || desc.triple.empty())
      return userErrorf("unknown CPU '{0}'; {1}", name, kSupported);
  }
  desc.name = name.str();
  Expected<GpuTarget> device = GpuTarget::parse(gpu);
  if (!device)
    return device.takeError();
  desc.gpu = *device;
  if (Error error = describe(desc))
    return std::move(error);
  // The machines that these levels stand for have a larger second cache.
  if (name != "native" && desc.vectorBits == 512)
    desc.l2Bytes = 1 << 20;
  return desc;
}
