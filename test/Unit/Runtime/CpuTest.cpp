//===- CpuTest.cpp - CPU features and the choice of a variant -------------===//
#include "attune/Runtime/Cpu.h"

#include <gtest/gtest.h>
#include <vector>

using namespace attune::rt;

namespace {

AttuneModel modelOf(const std::vector<AttuneVariant> &variants) {
  AttuneModel model = {};
  model.name = "tiny";
  model.variants = variants.data();
  model.num_variants = int32_t(variants.size());
  return model;
}

const std::vector<AttuneVariant> both = {
    {"x86-64-v4", ATTUNE_CPU_AVX2_FMA | ATTUNE_CPU_AVX512, nullptr, nullptr, 0},
    {"x86-64-v3", ATTUNE_CPU_AVX2_FMA, nullptr, nullptr, 0}};

const char *chosen(uint64_t features, const char *wanted = nullptr) {
  AttuneModel model = modelOf(both);
  std::string error;
  const AttuneVariant *variant = selectVariant(model, features, wanted, error);
  EXPECT_EQ(variant == nullptr, !error.empty());
  return variant ? variant->cpu : "none";
}

std::string errorOf(const std::vector<AttuneVariant> &variants,
                    uint64_t features, const char *wanted = nullptr) {
  AttuneModel model = modelOf(variants);
  std::string error;
  EXPECT_EQ(selectVariant(model, features, wanted, error), nullptr);
  return error;
}

TEST(Cpu, FeaturesAreConsistent) {
  uint64_t features = cpuFeatures();
  EXPECT_EQ(features, cpuFeatures());
  if (features & (ATTUNE_CPU_AVX512_VNNI | ATTUNE_CPU_AVX512_BF16))
    EXPECT_TRUE(features & ATTUNE_CPU_AVX512);
  if (features & ATTUNE_CPU_AVX512)
    EXPECT_TRUE(features & ATTUNE_CPU_AVX2_FMA);
#if defined(__x86_64__)
  // The compiler's own detection, which knows of XGETBV too.
  EXPECT_EQ(!!(features & ATTUNE_CPU_AVX2_FMA),
            __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                __builtin_cpu_supports("bmi2"));
  EXPECT_EQ(!!(features & ATTUNE_CPU_AVX512),
            __builtin_cpu_supports("avx512f") &&
                __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512cd"));
#endif
}

TEST(Cpu, Names) {
  EXPECT_EQ(cpuFeatureNames(0), "none");
  EXPECT_EQ(cpuFeatureNames(ATTUNE_CPU_AVX2_FMA | ATTUNE_CPU_AVX512_BF16),
            "AVX2+FMA, AVX-512 BF16");
  EXPECT_EQ(cpuFeatureNames(uint64_t(1) << 40), "feature 40");
}

TEST(Cpu, TakesTheFirstVariantThatRuns) {
  uint64_t v3 = ATTUNE_CPU_AVX2_FMA, v4 = v3 | ATTUNE_CPU_AVX512;
  EXPECT_STREQ(chosen(v4), "x86-64-v4");
  EXPECT_STREQ(chosen(v4 | ATTUNE_CPU_AVX512_VNNI), "x86-64-v4");
  EXPECT_STREQ(chosen(v3), "x86-64-v3");
  EXPECT_STREQ(chosen(v4, "x86-64-v3"), "x86-64-v3");
  EXPECT_STREQ(chosen(v4, ""), "x86-64-v4");
  EXPECT_STREQ(chosen(v3, "x86-64-v4"), "none");
  EXPECT_STREQ(chosen(0), "none");
}

TEST(Cpu, SaysWhatIsMissing) {
  std::string error = errorOf({both[0]}, ATTUNE_CPU_AVX2_FMA);
  for (const char *part :
       {"tiny cannot run on this CPU", "x86-64-v4",
        "lacks AVX-512 (F, BW, DQ, VL, CD)", "found: AVX2+FMA", "--cpu="})
    EXPECT_NE(error.find(part), error.npos) << error;
  error = errorOf(both, ATTUNE_CPU_AVX2_FMA, "x86-64-v5");
  EXPECT_NE(error.find("no variant for 'x86-64-v5'"), error.npos) << error;
  EXPECT_NE(error.find("x86-64-v4, x86-64-v3"), error.npos) << error;
  EXPECT_NE(errorOf({}, 0).find("none"), error.npos);
}

} // namespace
