//===- TargetKey.cpp - The machine of a measurement -----------------------===//
#include "attune/Tuning/TargetKey.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/TargetParser/Triple.h"
#include <algorithm>
#include <sched.h>
#include <thread>

using namespace attune;

/// Extensions that decide which code a schedule becomes, by LLVM's names.
static constexpr llvm::StringLiteral kX86Features[] = {
    "avx2",    "avx512bf16", "avx512bw",   "avx512cd", "avx512dq",
    "avx512f", "avx512vl",   "avx512vnni", "f16c",     "fma"};
static constexpr llvm::StringLiteral kArmFeatures[] = {
    "bf16", "dotprod", "fullfp16", "i8mm", "neon", "sve", "sve2"};

/// Features are compared between what "native" spells out and what the name of
/// a CPU implies, so LLVM is asked rather than the string.
static std::vector<std::string> getFeatures(const TargetDesc &target) {
  initializeTargets();
  std::string error;
  llvm::Triple triple(target.triple);
  const llvm::Target *known = llvm::TargetRegistry::lookupTarget(triple, error);
  std::vector<std::string> features;
  if (!known)
    return features;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      known->createMCSubtargetInfo(triple, target.cpu, target.features));
  if (!subtarget)
    return features;
  llvm::ArrayRef<llvm::StringLiteral> names =
      triple.isX86() ? llvm::ArrayRef<llvm::StringLiteral>(kX86Features)
                     : llvm::ArrayRef<llvm::StringLiteral>(kArmFeatures);
  for (llvm::StringRef name : names)
    if (subtarget->checkFeatures(("+" + name).str()))
      features.push_back(name.str());
  return features;
}

/// CPUs that this process may run on: fewer than the machine has in containers
/// and under taskset.
static int countCores() {
  // The set of a large machine does not fit the usual structure.
  for (int capacity = 1024; capacity <= (1 << 18); capacity *= 2) {
    cpu_set_t *set = CPU_ALLOC(capacity);
    if (!set)
      break;
    size_t bytes = CPU_ALLOC_SIZE(capacity);
    int count =
        sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0)
      return count;
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

TargetKey attune::getTargetKey(const TargetDesc &target) {
  TargetKey key;
  key.arch =
      llvm::Triple::getArchTypeName(llvm::Triple(target.triple).getArch())
          .str();
  key.cpu = target.cpu;
  key.features = getFeatures(target);
  key.vectorBits = target.vectorBits;
  key.l1Bytes = target.l1Bytes;
  key.l2Bytes = target.l2Bytes;
  key.l3Bytes = target.l3Bytes;
  key.cores = countCores();
  key.gpu = target.gpu.str();
  return key;
}

/// Unknown sizes (0) are alike among themselves only.
static bool isWithinTwo(int64_t a, int64_t b) {
  if (a <= 0 || b <= 0)
    return a == b;
  // A difference of positive numbers does not overflow, whatever a file says.
  return std::max(a, b) - std::min(a, b) <= std::min(a, b);
}

std::optional<TargetMatch> attune::matchTargets(const TargetKey &measured,
                                                const TargetKey &wanted) {
  if (measured == wanted)
    return TargetMatch::Exact;
  if (measured.gpu == wanted.gpu && measured.arch == wanted.arch &&
      measured.features == wanted.features &&
      measured.vectorBits == wanted.vectorBits &&
      isWithinTwo(measured.l1Bytes, wanted.l1Bytes) &&
      isWithinTwo(measured.l2Bytes, wanted.l2Bytes))
    return TargetMatch::Similar;
  return std::nullopt;
}
