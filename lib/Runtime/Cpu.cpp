//===- Cpu.cpp - What the CPU at hand offers ------------------------------===//
#include "attune/Runtime/Cpu.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace attune::rt {

#if defined(__x86_64__)
namespace {

constexpr bool bit(uint32_t word, unsigned n) { return (word >> n) & 1; }

/// The register sets that the operating system saves on a context switch.
uint64_t enabledStates() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

} // namespace

uint64_t cpuFeatures() {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  bool osxsave = bit(c, 27), avx = bit(c, 28), fma = bit(c, 12);
  bool f16c = bit(c, 29), movbe = bit(c, 22), popcnt = bit(c, 23);
  if (!osxsave || !avx)
    return 0;
  uint64_t states = enabledStates();
  constexpr uint64_t ymm = 0x6, zmm = 0xe6;
  if ((states & ymm) != ymm)
    return 0;
  bool lzcnt = __get_cpuid(0x80000001, &a, &b, &c, &d) && bit(c, 5);
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
    return 0;
  uint32_t leaves = a;
  // A variant for x86-64-v3 is compiled with all of that level, so all of it
  // is asked for, though the bit is named after the parts that kernels use.
  bool level3 = fma && f16c && movbe && popcnt && lzcnt && bit(b, 3) &&
                bit(b, 5) && bit(b, 8);
  if (!level3)
    return 0;
  uint64_t features = ATTUNE_CPU_AVX2_FMA;
  bool level4 = bit(b, 16) && bit(b, 17) && bit(b, 28) && bit(b, 30) &&
                bit(b, 31) && (states & zmm) == zmm;
  if (!level4)
    return features;
  features |= ATTUNE_CPU_AVX512;
  if (bit(c, 11))
    features |= ATTUNE_CPU_AVX512_VNNI;
  if (leaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && bit(a, 5))
    features |= ATTUNE_CPU_AVX512_BF16;
  return features;
}
#elif defined(__aarch64__)
// Advanced SIMD is part of the base architecture that Linux runs on.
uint64_t cpuFeatures() { return ATTUNE_CPU_NEON; }
#else
uint64_t cpuFeatures() { return 0; }
#endif

std::string cpuFeatureNames(uint64_t features) {
  static constexpr struct {
    uint64_t bits;
    const char *name;
  } names[] = {
      {ATTUNE_CPU_AVX2_FMA, "AVX2+FMA"},
      {ATTUNE_CPU_AVX512, "AVX-512 (F, BW, DQ, VL, CD)"},
      {ATTUNE_CPU_AVX512_VNNI, "AVX-512 VNNI"},
      {ATTUNE_CPU_AVX512_BF16, "AVX-512 BF16"},
      {ATTUNE_CPU_NEON, "NEON"},
  };
  std::string text;
  auto add = [&](const std::string &name) {
    if (!text.empty())
      text += ", ";
    text += name;
  };
  for (auto &entry : names)
    if (features & entry.bits) {
      add(entry.name);
      features &= ~entry.bits;
    }
  for (unsigned n = 0; n < 64; ++n)
    if (features >> n & 1)
      add("feature " + std::to_string(n));
  return text.empty() ? "none" : text;
}

const AttuneVariant *selectVariant(const AttuneModel &model, uint64_t features,
                                   const char *wanted, std::string &error) {
  bool any = !wanted || !*wanted;
  uint64_t missing = 0;
  std::string names;
  for (int32_t i = 0; i < model.num_variants; ++i) {
    const AttuneVariant &variant = model.variants[i];
    bool asked = any || !strcmp(variant.cpu, wanted);
    if (asked && !(variant.features & ~features))
      return &variant;
    names += (i ? ", " : "") + std::string(variant.cpu);
    // The last one asked for needs least: what it lacks is the way out.
    if (asked)
      missing = variant.features & ~features;
  }
  std::string name = model.name ? model.name : "this model";
  if (!missing) {
    error = name + " has no variant for '" + std::string(any ? "" : wanted) +
            "': it was compiled for " + (names.empty() ? "none" : names);
    return nullptr;
  }
  error = name + " cannot run on this CPU: it was compiled for " + names +
          ", and the CPU or the operating system lacks " +
          cpuFeatureNames(missing) + " (found: " + cpuFeatureNames(features) +
          "). Compile it with --cpu=native on this machine, or list several, "
          "e.g. --cpu=x86-64-v3,x86-64-v4";
  return nullptr;
}

} // namespace attune::rt
