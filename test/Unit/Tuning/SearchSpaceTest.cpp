//===- SearchSpaceTest.cpp - Which schedules there are --------------------===//
#include "SearchTestSupport.h"

using namespace attune;

namespace {

TargetDesc get(llvm::StringRef name) { return llvm::cantFail(getTarget(name)); }

Candidate change(Candidate candidate, llvm::StringRef knob, int64_t value) {
  candidate.schedule.set(knob, value);
  return candidate;
}

/// Why the candidate does not fit; empty when it does.
std::string refuse(const SearchSpace &space, const Candidate &candidate) {
  std::string reason;
  bool fits = space.fits(candidate, reason);
  EXPECT_EQ(fits, reason.empty()) << reason;
  return fits ? "" : reason;
}

bool contains(const std::string &text, llvm::StringRef part) {
  return llvm::StringRef(text).contains(part);
}

const Knob &getKnob(const SearchSpace &space, llvm::StringRef name) {
  for (const Knob &knob : space.getSides()[0].knobs)
    if (knob.name == name)
      return knob;
  ADD_FAILURE() << "no knob " << name.str();
  return space.getSides()[0].knobs[0];
}

TEST(SearchSpace, DefaultsAlwaysFit) {
  auto backend = createLLVMBackend();
  for (llvm::StringRef name : {"x86-64-v3", "x86-64-v4", "aarch64"})
    for (llvm::StringRef spec : {"gemm:m=1,n=7,k=3", "gemm:m=128,n=768,k=768",
                                 "gemm:m=512,n=4096,k=16384",
                                 "attention:b=1,h=12,hkv=12,q=512,k=512,d=64",
                                 "attention:b=1,h=2,hkv=1,q=9,k=512,d=256"}) {
      SpecKernel kernel(spec);
      SearchSpace space(kernel.getKernel(), get(name), {backend.get()});
      ASSERT_EQ(space.getSides().size(), 1u);
      ASSERT_EQ(space.getDefaults().size(), 1u);
      EXPECT_EQ(refuse(space, space.getDefaults()[0]), "")
          << name.str() << " " << spec.str();
      EXPECT_EQ(space.getDefaults()[0].schedule,
                backend->getDefaultSchedule(kernel.getKernel(), get(name)));
      EXPECT_GE(space.getSize(), 1000);
      for (const Knob &knob : space.getSides()[0].knobs) {
        EXPECT_TRUE(llvm::is_sorted(knob.choices)) << knob.name.str();
        EXPECT_TRUE(llvm::is_contained(
            knob.choices, space.getDefaults()[0].schedule.get(knob.name, -1)))
            << knob.name.str();
      }
    }
}

TEST(SearchSpace, LinearKnobsFollowTheSizes) {
  auto backend = createLLVMBackend();
  TargetDesc target = get("x86-64-v3");
  SpecKernel small("gemm:m=128,n=200,k=384"), large("gemm:m=128,n=4096,k=4096");
  SearchSpace smallSpace(small.getKernel(), target, {backend.get()});
  SearchSpace largeSpace(large.getKernel(), target, {backend.get()});
  // 384 elements are one run, or two of 192; longer runs mean the same.
  EXPECT_EQ(getKnob(smallSpace, "kc").choices,
            (llvm::SmallVector<int64_t>{256, 4096}));
  EXPECT_EQ(getKnob(largeSpace, "kc").choices,
            (llvm::SmallVector<int64_t>{256, 384, 512, 768, 1024, 2048, 4096}));
  // 256 columns hold all 200.
  EXPECT_EQ(getKnob(smallSpace, "nc").choices.back(), 256);
  EXPECT_EQ(getKnob(largeSpace, "nc").choices.back(), 1536);
  EXPECT_GT(getKnob(largeSpace, "tasks").choices.size(), 3u);
}

TEST(SearchSpace, HardFacts) {
  auto backend = createLLVMBackend();
  SpecKernel gemm("gemm:m=128,n=768,k=3072");
  SearchSpace space(gemm.getKernel(), get("x86-64-v3"), {backend.get()});
  Candidate reference = space.getDefaults()[0];
  EXPECT_TRUE(contains(refuse(space, change(reference, "mr", 8)), "registers"));
  EXPECT_TRUE(contains(refuse(space, change(reference, "panel", 24)), "panel"));
  EXPECT_TRUE(contains(refuse(space, change(reference, "mr", 99)),
                       "mr=99 is not between 1 and 12"));
  EXPECT_TRUE(
      contains(refuse(space, change(reference, "warp", 1)), "no knob 'warp'"));
  // 512 rows of 3072 elements are 6 MB.
  EXPECT_TRUE(contains(refuse(space, change(reference, "mc", 512)), "in L2"));
  EXPECT_EQ(refuse(space, change(change(reference, "mc", 256), "kc", 256)), "");
  Candidate other = reference;
  other.backend = "other";
  EXPECT_TRUE(contains(refuse(space, other), "no backend 'other'"));

  SpecKernel attention("attention:b=1,h=12,hkv=12,q=512,k=512,d=64");
  SearchSpace heads(attention.getKernel(), get("x86-64-v4"), {backend.get()});
  Candidate analytic = heads.getDefaults()[0];
  EXPECT_TRUE(contains(refuse(heads, change(analytic, "kb", 512)), "in L1"));
  EXPECT_EQ(refuse(heads, change(analytic, "kb", 64)), "");
  EXPECT_TRUE(contains(refuse(heads, change(analytic, "nv", 4)), "registers"));
}

TEST(SearchSpace, FootprintsGrowWithTiles) {
  auto backend = createLLVMBackend();
  TargetDesc target = get("x86-64-v4");
  SpecKernel gemm("gemm:m=128,n=768,k=768");
  auto footprint = [&](llvm::StringRef knob, int64_t value) {
    Schedule schedule =
        backend->getDefaultSchedule(gemm.getKernel(), target).set(knob, value);
    auto result = backend->getFootprint(gemm.getKernel(), schedule, target);
    EXPECT_TRUE(result.has_value());
    return result.value_or(Footprint());
  };
  EXPECT_EQ(footprint("mr", 8).registers, 8 * 2 + 2 + 1);
  EXPECT_GT(footprint("mr", 12).registers, footprint("mr", 8).registers);
  EXPECT_GT(footprint("mc", 192).l2Bytes, footprint("mc", 48).l2Bytes);
  EXPECT_GT(footprint("kc", 4096).l2Bytes, footprint("kc", 256).l2Bytes);
  // A schedule that is none has no footprint.
  Schedule bad = backend->getDefaultSchedule(gemm.getKernel(), target);
  EXPECT_FALSE(backend->getFootprint(gemm.getKernel(), bad.set("mr", 0), target)
                   .has_value());
}

TEST(SearchSpace, SidesOfSeveralBackends) {
  auto llvmBackend = createLLVMBackend();
  FakeBackend first("first", {{"tile", "", {4, 1, 2, 2}}}, Schedule());
  FakeBackend none("none", {}, Schedule());
  none.supportsKernels = false;
  SpecKernel gemm("gemm:m=128,n=768,k=768");
  SearchSpace space(gemm.getKernel(), get("x86-64-v3"),
                    {&first, &none, llvmBackend.get()});
  ASSERT_EQ(space.getSides().size(), 2u);
  EXPECT_EQ(space.findSide("none"), nullptr);
  ASSERT_NE(space.findSide("first"), nullptr);
  EXPECT_EQ(space.findSide("first")->knobs[0].choices,
            (llvm::SmallVector<int64_t>{1, 2, 4}));
  std::vector<Candidate> defaults = space.getDefaults();
  ASSERT_EQ(defaults.size(), 2u);
  EXPECT_EQ(defaults[0].backend, "first");
  EXPECT_EQ(defaults[1].backend, "llvm");
  EXPECT_EQ(defaults[1].source, "default");
  EXPECT_TRUE(contains(refuse(space, {"none", Schedule(), ""}), "'none'"));
}

TEST(SearchSpace, DefaultsLimitNothingBelowThemselves) {
  // The default takes more than the machine has: as much is allowed.
  FakeBackend fake("fake", {{"bytes", "", {1, 2, 3}}},
                   Schedule().set("bytes", 2));
  fake.footprint = [](const Schedule &schedule) {
    return Footprint{1, 1, schedule.get("bytes", 0) << 30};
  };
  SpecKernel gemm("gemm:m=128,n=768,k=768");
  SearchSpace space(gemm.getKernel(), get("x86-64-v3"), {&fake});
  EXPECT_EQ(refuse(space, {"fake", Schedule().set("bytes", 2), ""}), "");
  EXPECT_TRUE(contains(refuse(space, {"fake", Schedule().set("bytes", 3), ""}),
                       "in L2"));
}

TEST(SearchSpace, CanonicalForm) {
  Knob autoscheduler{"autoscheduler", "", {0, 1, 2}, /*overrides=*/true};
  FakeBackend fake("fake",
                   {{"tile", "", {1, 2, 4}}, autoscheduler, {"v", "", {0, 1}}},
                   Schedule().set("tile", 2).set("v", 0));
  SpecKernel gemm("gemm:m=128,n=768,k=768");
  SearchSpace space(gemm.getKernel(), get("x86-64-v3"), {&fake});
  auto canonical = [&](Schedule schedule) {
    return space.canonicalize({"fake", schedule, "x"}).schedule.str();
  };
  EXPECT_EQ(canonical(Schedule()), "tile=2 v=0");
  EXPECT_EQ(canonical(Schedule().set("tile", 4)), "tile=4 v=0");
  EXPECT_EQ(canonical(Schedule().set("tile", 4).set("autoscheduler", 0)),
            "tile=4 v=0");
  EXPECT_EQ(canonical(Schedule().set("tile", 4).set("autoscheduler", 1)),
            "autoscheduler=1");
  EXPECT_EQ(canonical(Schedule().set("unknown", 1)), "tile=2 unknown=1 v=0");
  EXPECT_EQ(space.canonicalize({"fake", Schedule(), "x"}).source, "x");
  // 3 x 2 tiles, and two autoschedulers.
  EXPECT_EQ(space.getSize(), 8);
  std::vector<Candidate> overrides = space.getOverrides();
  ASSERT_EQ(overrides.size(), 2u);
  EXPECT_EQ(overrides[1].schedule.str(), "autoscheduler=2");
  EXPECT_EQ(overrides[1].source, "autoscheduler");
  EXPECT_EQ(refuse(space, overrides[1]), "");
  EXPECT_TRUE(
      contains(refuse(space, {"fake", Schedule().set("autoscheduler", 3), ""}),
               "not between 0 and 2"));
}

} // namespace
