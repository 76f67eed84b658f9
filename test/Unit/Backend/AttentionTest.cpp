//===- AttentionTest.cpp - Attention kernels against the interpreter ------===//
#include "KernelTestSupport.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#if ATTUNE_HAS_HALIDE
#include "attune/Backend/Halide/HalideBackend.h"
#endif
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace attune;

namespace {

/// An attention kernel of some head counts and sizes.
struct Heads {
  int64_t heads, kvHeads, size, valueSize;

  int64_t query() const { return heads * size; }
  int64_t key() const { return kvHeads * size; }
  int64_t value() const { return kvHeads * valueSize; }
  int64_t result() const { return heads * valueSize; }

  std::string getText(bool masked) const {
    auto tensor = [](int64_t columns) {
      return llvm::formatv("tensor<?x?x{0}xf32>", columns).str();
    };
    std::string q = tensor(query()), k = tensor(key()), v = tensor(value()),
                r = tensor(result());
    std::string arguments =
        llvm::formatv("%q: {0}, %k: {1}, %v: {2}", q, k, v).str();
    std::string mask;
    if (masked) {
      arguments += ", %m: tensor<?x?xi64>";
      mask = "mask(%m : tensor<?x?xi64>)";
    }
    return llvm::formatv(
               "attune.kernel @attention({0}) -> {1} {{\n"
               "  %0 = attune.attention %q, %k, %v {2} {{heads = {3} : i64, "
               "kv_heads = {4} : i64, scale = 0.4 : f32} : ({5}, {6}, {7}) -> "
               "{1}\n"
               "  attune.yield %0 : {1}\n"
               "}",
               arguments, r, mask, heads, kvHeads, q, k, v)
        .str();
  }
};

enum class Masking { None, Full, Partial, One, Tail, Nothing };

Tensor makeMask(Masking masking, int64_t batch, int64_t keys, uint64_t seed) {
  Tensor random = randomIds({batch, keys}, seed, 3);
  std::vector<int64_t> mask(batch * keys);
  for (int64_t i = 0; i < batch * keys; ++i) {
    int64_t k = i % keys;
    switch (masking) {
    case Masking::Partial:
      mask[i] = random.getInteger(i);
      break;
    case Masking::One:
      mask[i] = k == keys / 2;
      break;
    case Masking::Tail:
      mask[i] = k < keys - keys / 3;
      break;
    case Masking::Nothing:
      mask[i] = 0;
      break;
    default:
      mask[i] = 1;
    }
  }
  return Tensor::integers({batch, keys}, mask);
}

class AttentionTest : public testing::TestWithParam<std::string> {
protected:
  /// GPUs have schedules of their own, and compilers that take their time.
  static bool isGpu() { return StringRef(GetParam()).count('/') == 2; }

  void check(KernelUnderTest &kernel, const Heads &heads, int64_t batch,
             int64_t queries, int64_t keys, Masking masking, int threads = 1) {
    SCOPED_TRACE(llvm::formatv("batch {0}, {1} queries, {2} keys, masking {3}",
                               batch, queries, keys, int(masking))
                     .str());
    uint64_t seed = batch * 1000003 + queries * 1009 + keys;
    SmallVector<Tensor> inputs = {
        randomFloats({batch, queries, heads.query()}, seed, -2, 2),
        randomFloats({batch, keys, heads.key()}, seed + 1, -2, 2),
        randomFloats({batch, keys, heads.value()}, seed + 2)};
    if (masking != Masking::None)
      inputs.push_back(makeMask(masking, batch, keys, seed + 3));
    kernel.check(inputs, 2e-5, threads);
  }
};

// Around the sizes of tiles: lanes (8, 16), two vectors of queries, tiles of
// keys and blocks of keys.
TEST_P(AttentionTest, Lengths) {
  Heads heads = {2, 2, 32, 32};
  KernelUnderTest plain(heads.getText(false), GetParam());
  for (int64_t queries : {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65})
    check(plain, heads, 2, queries, queries, Masking::None);
  for (int64_t keys : {0,  1,  3,  4,  5,   6,   7,   11,  12,  13,
                       63, 64, 65, 72, 127, 128, 129, 132, 133, 257})
    check(plain, heads, 1, 5, keys, Masking::None);
  check(plain, heads, 0, 4, 4, Masking::None);
  check(plain, heads, 1, 300, 301, Masking::None, 2);
}

TEST_P(AttentionTest, Masks) {
  Heads heads = {3, 3, 16, 16};
  KernelUnderTest masked(heads.getText(true), GetParam());
  for (Masking masking : {Masking::Full, Masking::Partial, Masking::One,
                          Masking::Tail, Masking::Nothing})
    for (int64_t length : {1, 5, 17, 40, 150})
      check(masked, heads, 3, length, length, masking);
}

// An excluded key has no effect, whatever stands there.
TEST_P(AttentionTest, ExcludedKeysMayHoldAnything) {
  Heads heads = {1, 1, 8, 8};
  KernelUnderTest masked(heads.getText(true), GetParam());
  std::vector<float> keys(9 * 8), values(9 * 8);
  for (int64_t i = 0; i < 9 * 8; ++i) {
    keys[i] = 0.1f * (i % 7);
    values[i] = 0.2f * (i % 5);
  }
  for (int64_t i = 0; i < 8; ++i)
    keys[4 * 8 + i] = i % 2 ? std::numeric_limits<float>::quiet_NaN() : 3e38f;
  std::vector<int64_t> mask(9, 1);
  mask[4] = 0;
  masked.check({randomFloats({1, 3, 8}, 1), Tensor::floats({1, 9, 8}, keys),
                Tensor::floats({1, 9, 8}, values),
                Tensor::integers({1, 9}, mask)},
               2e-5);
}

TEST_P(AttentionTest, HeadSizes) {
  SmallVector<int64_t> sizes = {1, 3, 7, 8, 13, 24, 33, 64, 80};
  if (isGpu())
    sizes = {3, 64};
  for (int64_t size : sizes) {
    Heads heads = {2, 2, size, size};
    KernelUnderTest kernel(heads.getText(true), GetParam());
    for (int64_t length : {1, 9, 37})
      check(kernel, heads, 2, length, length, Masking::Partial);
  }
}

TEST_P(AttentionTest, GroupedHeadsAndOtherValueSizes) {
  for (Heads heads :
       {Heads{6, 2, 16, 16}, Heads{4, 1, 8, 24}, Heads{2, 2, 20, 5}}) {
    KernelUnderTest kernel(heads.getText(false), GetParam());
    check(kernel, heads, 2, 19, 23, Masking::None);
  }
}

// The parts of a merged projection are operands without a copy.
TEST_P(AttentionTest, StridedOperands) {
  Heads heads = {4, 4, 16, 16};
  int64_t pitch = 3 * 64;
  KernelUnderTest kernel(heads.getText(true), GetParam(),
                         {pitch, pitch, pitch, 0});
  for (int64_t length : {1, 12, 50})
    check(kernel, heads, 2, length, length, Masking::Tail);
}

TEST_P(AttentionTest, LargeScoresDoNotOverflow) {
  Heads heads = {1, 1, 16, 16};
  KernelUnderTest kernel(heads.getText(false), GetParam());
  kernel.check({randomFloats({1, 20, 16}, 1, -30, 30),
                randomFloats({1, 200, 16}, 2, -30, 30),
                randomFloats({1, 200, 16}, 3)},
               2e-3);
}

TEST_P(AttentionTest, ThreadsAndLongSequences) {
  Heads heads = {2, 1, 32, 32};
  KernelUnderTest kernel(heads.getText(true), GetParam());
  for (int threads : {1, 2, 3})
    check(kernel, heads, 2, 97, 97, Masking::Partial, threads);
  // Keys beyond L2: several blocks of queries share them.
  check(kernel, heads, 1, 150, 5000, Masking::Partial, 2);
}

TEST_P(AttentionTest, Schedules) {
  if (isGpu())
    GTEST_SKIP() << "GPUs have other schedules";
  Heads heads = {2, 2, 40, 40};
  for (auto [mr, nv, kb, qblocks, unroll] :
       {std::tuple(4, 1, 32, 1, 1), std::tuple(4, 2, 48, 2, 2),
        std::tuple(2, 4, 37, 8, 4), std::tuple(5, 2, 512, 4, 8),
        std::tuple(1, 3, 1, 1, 3)}) {
    Schedule schedule;
    schedule.set("mr", mr).set("nv", nv).set("kb", kb);
    schedule.set("qblocks", qblocks).set("unroll", unroll);
    KernelUnderTest kernel(heads.getText(true), GetParam(), {}, schedule);
    for (int64_t length : {1, 30, 131})
      check(kernel, heads, 1, length, length, Masking::Partial);
  }
}

// Few queries are computed one by one by some backends.
TEST_P(AttentionTest, FewQueries) {
  Heads heads = {4, 2, 24, 40};
  SmallVector<int64_t> choices = {0, 1, 20};
  if (isGpu())
    choices.resize(1);
  for (int64_t few : choices) {
    KernelUnderTest kernel(heads.getText(true), GetParam(), {},
                           Schedule().set("few", few).set("rows", 3));
    for (int64_t queries : {1, 2, 8, 9, 21})
      for (int64_t keys : {1, 18, 1100})
        check(kernel, heads, 2, queries, keys, Masking::Partial);
  }
}

// Nothing is left out of a sum because it is not a number.
TEST_P(AttentionTest, NaNsArePassedOn) {
  Heads heads = {1, 1, 8, 8};
  KernelUnderTest kernel(heads.getText(false), GetParam());
  for (int64_t queries : {1, 40}) {
    std::vector<float> query(queries * 8, 0.5f), keys(30 * 8, 0.25f);
    query[0] = std::numeric_limits<float>::quiet_NaN();
    Tensor values = randomFloats({1, 30, 8}, 1);
    kernel.check({Tensor::floats({1, queries, 8}, query),
                  Tensor::floats({1, 30, 8}, keys), values},
                 2e-5);
    query[0] = 0.5f;
    keys[17 * 8 + 3] = std::numeric_limits<float>::quiet_NaN();
    kernel.check({Tensor::floats({1, queries, 8}, query),
                  Tensor::floats({1, 30, 8}, keys), values},
                 2e-5);
  }
}

TEST_P(AttentionTest, RefusesTilesBeyondTheRegisters) {
  DialectRegistry registry;
  registerLLVMBackendDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = parseSourceString<ModuleOp>(Heads{1, 1, 8, 8}.getText(false),
                                            ParserConfig(&context));
  ASSERT_TRUE(module);
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  auto [targetName, others] = StringRef(GetParam()).split('/');
  auto backend = createLLVMBackend();
#if ATTUNE_HAS_HALIDE
  if (others == "halide")
    backend = createHalideBackend();
#endif
  if (isGpu())
    GTEST_SKIP() << "GPUs have other schedules";
  TargetDesc target = llvm::cantFail(getTarget(targetName));
  std::string reason;
  Schedule schedule;
  schedule.set("mr", target.vectorRegisters).set("nv", 1);
  EXPECT_TRUE(
      failed(backend->verifySchedule(kernel, schedule, target, reason)));
  EXPECT_NE(reason.find("vector registers"), std::string::npos) << reason;
  schedule.set("mr", 0);
  EXPECT_TRUE(
      failed(backend->verifySchedule(kernel, schedule, target, reason)));
  EXPECT_EQ(reason, "mr = 0 is not between 1 and 32");
  EXPECT_TRUE(succeeded(backend->verifySchedule(
      kernel, backend->getDefaultSchedule(kernel, target), target, reason)))
      << reason;
}

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTest,
                         testing::ValuesIn(getRunnableBackends()), getTestName);

} // namespace
