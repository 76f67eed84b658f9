//===- AttentionFormsTest.cpp - Bias, causal and capped attention ---------===//
#include "KernelTestSupport.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#if ATTUNE_HAS_HALIDE
#include "attune/Backend/Halide/HalideBackend.h"
#endif
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace attune;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLowest = -std::numeric_limits<float>::max();

/// How the type of a bias writes its extents, each "1", or "?" or the number
/// of heads; empty: no bias.
struct Form {
  int64_t heads = 2, kvHeads = 2, size = 16, valueSize = 16;
  std::string bias;
  StringRef causal = "none";
  float softcap = 0;
  bool masked = false;

  std::string getText() const {
    auto tensor = [](int64_t columns) {
      return llvm::formatv("tensor<?x?x{0}xf32>", columns).str();
    };
    std::string q = tensor(heads * size), k = tensor(kvHeads * size),
                v = tensor(kvHeads * valueSize), r = tensor(heads * valueSize);
    std::string arguments =
        llvm::formatv("%q: {0}, %k: {1}, %v: {2}", q, k, v).str();
    std::string others;
    if (masked) {
      arguments += ", %m: tensor<?x?xi64>";
      others += " mask(%m : tensor<?x?xi64>)";
    }
    if (!bias.empty()) {
      std::string type = "tensor<" + bias + "xf32>";
      arguments += ", %b: " + type;
      others += " bias(%b : " + type + ")";
    }
    return llvm::formatv(
               "attune.kernel @attention({0}) -> {1} {{\n"
               "  %0 = attune.attention %q, %k, %v{2} {{heads = {3} : i64, "
               "kv_heads = {4} : i64, scale = 0.4 : f32, "
               "causal = #attune.causal<{5}>, softcap = {6:e} : f32} "
               ": ({7}, {8}, {9}) -> {1}\n"
               "  attune.yield %0 : {1}\n"
               "}",
               arguments, r, others, heads, kvHeads, causal, softcap, q, k, v)
        .str();
  }
};

enum class Biasing { Random, MinusInfinity, Lowest, Large };

/// Random numbers, with elements and whole rows of what models write for keys
/// to exclude.
Tensor makeBias(ArrayRef<int64_t> shape, Biasing biasing, uint64_t seed) {
  double range = biasing == Biasing::Large ? 1e4 : 3;
  Tensor random = randomFloats(shape, seed, -range, range);
  Tensor choice = randomIds(shape, seed + 1, 3);
  std::vector<float> values(random.getFloats());
  float excluded = biasing == Biasing::MinusInfinity ? -kInfinity : kLowest;
  int64_t keys = std::max<int64_t>(shape.back(), 1);
  for (size_t i = 0; i < values.size(); ++i) {
    bool isExcluded = choice.getInteger(i) == 0 || i / keys % 5 == 3;
    if (biasing != Biasing::Random && biasing != Biasing::Large && isExcluded)
      values[i] = excluded;
  }
  return Tensor::floats(shape, values);
}

struct Lengths {
  int64_t batch, queries, keys;
};

/// One, odd ones, those around vectors and blocks, also of keys of few queries;
/// more queries than keys.
constexpr Lengths kLengths[] = {
    {2, 1, 1},    {1, 1, 37},  {2, 2, 9},     {2, 5, 40},
    {1, 3, 0},    {2, 17, 17}, {1, 40, 70},   {1, 33, 20},
    {0, 4, 4},    {1, 0, 5},   {1, 64, 64},   {2, 67, 67},
    {1, 50, 131}, {1, 20, 3},  {1, 100, 300}, {2, 2, 700}};

class AttentionFormsTest : public testing::TestWithParam<std::string> {
protected:
  void check(KernelUnderTest &kernel, const Form &form, const Lengths &lengths,
             Biasing biasing = Biasing::Random, int threads = 1,
             bool repeats = false) {
    auto [batch, queries, keys] = lengths;
    SCOPED_TRACE(
        llvm::formatv("batch {0}, {1} queries, {2} keys, biasing {3} in\n{4}",
                      batch, queries, keys, int(biasing), form.getText())
            .str());
    uint64_t seed = batch * 1000003 + queries * 1009 + keys;
    SmallVector<Tensor> inputs = {
        randomFloats({batch, queries, form.heads * form.size}, seed, -2, 2),
        randomFloats({batch, keys, form.kvHeads * form.size}, seed + 1, -2, 2),
        randomFloats({batch, keys, form.kvHeads * form.valueSize}, seed + 2)};
    if (form.masked)
      inputs.push_back(randomIds({batch, keys}, seed + 3, 4));
    if (!form.bias.empty()) {
      SmallVector<StringRef> extents;
      StringRef(form.bias).split(extents, 'x');
      SmallVector<int64_t> shape = {batch, form.heads, queries, keys};
      for (auto [extent, text] : llvm::zip(shape, extents))
        if (text == "1" || repeats)
          extent = 1;
      inputs.push_back(makeBias(shape, biasing, seed + 4));
    }
    // Sums with a large bias have its roundings, as those of floats have.
    kernel.check(inputs, biasing == Biasing::Large ? 2e-3 : 1e-5, threads);
  }
};

// Every combination of repeated extents, each with other neighbours.
TEST_P(AttentionFormsTest, Matrix) {
  static constexpr StringRef causals[] = {"none", "start", "end"};
  for (int i = 0; i < 48; ++i) {
    Form form;
    for (int dim = 0; dim < 4; ++dim) {
      StringRef full = dim == 1 ? "2" : "?";
      form.bias += (dim ? "x" : "") + (i >> dim & 1 ? full.str() : "1");
    }
    if (i % 16 == 1)
      form.bias.clear();
    form.causal = causals[(i + i / 16) % 3];
    form.softcap = i % 5 == 2 ? 3.0f : 0.0f;
    form.masked = i % 4 == 3;
    if (i % 7 == 4)
      form.kvHeads = 1;
    if (i % 6 == 5)
      form.valueSize = 5;
    if (i % 9 == 7)
      form.size = 7;
    KernelUnderTest kernel(form.getText(), GetParam());
    for (auto [number, lengths] : llvm::enumerate(kLengths))
      check(kernel, form, lengths, Biasing((number + i) % 4));
  }
}

// Extents of one that the type does not tell.
TEST_P(AttentionFormsTest, ExtentsThatTurnOutToBeOne) {
  Form form;
  form.heads = form.kvHeads = 1;
  form.bias = "?x1x?x?";
  KernelUnderTest kernel(form.getText(), GetParam());
  for (const Lengths &lengths : kLengths)
    check(kernel, form, lengths, Biasing::Random, 1, /*repeats=*/true);
}

TEST_P(AttentionFormsTest, Threads) {
  Form form;
  form.heads = 4;
  form.bias = "1x1x?x?";
  form.causal = "end";
  KernelUnderTest kernel(form.getText(), GetParam());
  for (int threads : {2, 3})
    check(kernel, form, {3, 130, 170}, Biasing::MinusInfinity, threads);
  // Keys beyond L2: several blocks of queries share them.
  check(kernel, form, {1, 150, 5000}, Biasing::Lowest, 2);
}

TEST_P(AttentionFormsTest, Schedules) {
  Form form;
  form.bias = "?x1x?x?";
  form.causal = "start";
  form.softcap = 2;
  form.masked = true;
  for (auto [mr, nv, kb, qblocks, unroll] :
       {std::tuple(4, 1, 32, 1, 1), std::tuple(4, 2, 48, 2, 2),
        std::tuple(2, 4, 37, 8, 4), std::tuple(1, 3, 1, 1, 3)}) {
    Schedule schedule;
    schedule.set("mr", mr).set("nv", nv).set("kb", kb);
    schedule.set("qblocks", qblocks).set("unroll", unroll);
    KernelUnderTest kernel(form.getText(), GetParam(), {}, schedule);
    for (int64_t length : {1, 30, 131})
      check(kernel, form, {1, length, length}, Biasing::MinusInfinity);
  }
}

// Parts of a merged projection, and a part of a wider bias.
TEST_P(AttentionFormsTest, StridedOperands) {
  Form form;
  form.bias = "?x2x?x?";
  KernelUnderTest kernel(form.getText(), GetParam(), {96, 96, 96, 70});
  for (auto [queries, keys] : {std::pair(1, 9), {12, 50}, {40, 70}})
    check(kernel, form, {2, queries, keys}, Biasing::MinusInfinity);
}

// A bias of -3.4e38 for every key leaves them equal weights, as sums of floats
// do; one of -inf leaves none; a finite one beside it wins.
TEST_P(AttentionFormsTest, RowsWithoutKeys) {
  Form form;
  form.heads = form.kvHeads = 1;
  for (StringRef bias : {"1x1x?x?", "1x1x1x?"}) {
    form.bias = bias.str();
    KernelUnderTest kernel(form.getText(), GetParam());
    for (int64_t queries : {1, 20})
      for (float excluded : {kLowest, kLowest + kLowest, -1e38f}) {
        int64_t keys = 150, rows = bias.ends_with("1x?") ? 1 : queries;
        std::vector<float> values(rows * keys, excluded);
        if (rows > 1)
          values[keys + 140] = 0.5f;
        kernel.check({randomFloats({1, queries, 16}, 1),
                      randomFloats({1, keys, 16}, 2),
                      randomFloats({1, keys, 16}, 3),
                      Tensor::floats({1, 1, rows, keys}, values)},
                     1e-5);
      }
  }
}

// What stands at keys that no query may see has no effect.
TEST_P(AttentionFormsTest, LaterKeysMayHoldAnything) {
  Form form;
  form.heads = form.kvHeads = 1;
  form.causal = "start";
  KernelUnderTest kernel(form.getText(), GetParam());
  int64_t keys = 40;
  for (int64_t queries : {1, 7, 30}) {
    std::vector<float> values(keys * 16);
    for (int64_t i = 0; i < keys * 16; ++i)
      values[i] = i < queries * 16 ? 0.01f * float(i % 100)
                                   : std::numeric_limits<float>::quiet_NaN();
    kernel.check({randomFloats({1, queries, 16}, 1),
                  Tensor::floats({1, keys, 16}, values),
                  randomFloats({1, keys, 16}, 2)},
                 1e-5);
  }
}

// A cap bounds scores that would leave one key only, and does nothing to small
// ones when it is large.
TEST_P(AttentionFormsTest, Caps) {
  for (float cap : {1e-30f, 0.5f, 50.0f, 1e30f}) {
    Form form;
    form.softcap = cap;
    KernelUnderTest kernel(form.getText(), GetParam());
    check(kernel, form, {2, 20, 45});
    kernel.check({randomFloats({1, 20, 32}, 1, -30, 30),
                  randomFloats({1, 60, 32}, 2, -30, 30),
                  randomFloats({1, 60, 32}, 3)},
                 cap > 10 ? 2e-3 : 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, AttentionFormsTest,
                         testing::ValuesIn(getRunnableTargets()), getTestName);

#if ATTUNE_HAS_HALIDE
// Each form by itself is refused with a reason, so that another backend gets
// it.
TEST(HalideAttentionTest, LeavesOtherFormsToTheLLVMBackend) {
  DialectRegistry registry;
  registerLLVMBackendDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto getReason = [&](const Form &form) {
    auto module =
        parseSourceString<ModuleOp>(form.getText(), ParserConfig(&context));
    EXPECT_TRUE(module) << form.getText();
    std::string reason;
    KernelOp kernel = *module->getOps<KernelOp>().begin();
    EXPECT_TRUE(succeeded(createLLVMBackend()->supports(kernel, reason)))
        << reason;
    reason.clear();
    bool isTaken = succeeded(createHalideBackend()->supports(kernel, reason));
    EXPECT_EQ(isTaken, reason.empty());
    return reason;
  };
  EXPECT_EQ(getReason({}), "");
  Form form;
  form.valueSize = 24;
  EXPECT_EQ(getReason(form), "");
  form.causal = "end";
  EXPECT_EQ(getReason(form), "causal attention is left to the LLVM backend");
  form = {};
  form.bias = "1x1x1x?";
  EXPECT_EQ(getReason(form),
            "attention with a bias is left to the LLVM backend");
  form = {};
  form.softcap = 30;
  EXPECT_EQ(getReason(form),
            "attention with capped scores is left to the LLVM backend");
}
#endif

} // namespace
