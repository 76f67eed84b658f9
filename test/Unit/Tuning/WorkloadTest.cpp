//===- WorkloadTest.cpp - Keys of kernels and machines --------------------===//
#include "attune/Tuning/Workload.h"
#include "attune/Support/Error.h"
#include "attune/Tuning/TargetKey.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"
#include <sched.h>
#include <set>
#include <thread>

using namespace attune;
using namespace mlir;

namespace {

class WorkloadTest : public testing::Test {
protected:
  WorkloadTest() { context.loadDialect<AttuneDialect>(); }

  Workload get(llvm::StringRef text) {
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(text, ParserConfig(&context));
    EXPECT_TRUE(bool(module)) << text.str();
    if (!module)
      return {};
    return getWorkload(*module->getOps<KernelOp>().begin());
  }

  std::string getProblem(llvm::StringRef text) {
    llvm::Expected<OwningOpRef<ModuleOp>> module = parseWorkload(context, text);
    EXPECT_FALSE(bool(module)) << text.str();
    if (module)
      return "";
    llvm::Error error = module.takeError();
    EXPECT_TRUE(error.isA<UserError>());
    return llvm::toString(std::move(error));
  }

  MLIRContext context;
};

constexpr llvm::StringLiteral kLinear = R"mlir(
attune.kernel @linear_7(%x: tensor<?x?x384xf32>, %w: tensor<1536x384xf32> {attune.layout = #attune.panels<16>}, %b: tensor<1536xf32>)
    -> (tensor<?x?x1536xf32>) attributes {backend = "llvm", schedule = {mr = 6 : i64}} {
  %0 = attune.linear %x, %w bias(%b : tensor<1536xf32>) : (tensor<?x?x384xf32>, tensor<1536x384xf32>) -> tensor<?x?x1536xf32>
  %1 = attune.gelu %0 : tensor<?x?x1536xf32>
  attune.yield %1 : tensor<?x?x1536xf32>
})mlir";

TEST_F(WorkloadTest, LeavesOutWhatIsNoSpecification) {
  Workload workload = get(kLinear);
  EXPECT_EQ(workload.family, "linear");
  EXPECT_EQ(workload.label, "linear 384x1536 + gelu f32");
  EXPECT_EQ(
      workload.text,
      "attune.kernel @kernel(%arg0: tensor<?x?x384xf32>, %arg1: "
      "tensor<1536x384xf32>, %arg2: tensor<1536xf32>) -> "
      "tensor<?x?x1536xf32> {\n"
      "  %0 = attune.linear %arg0, %arg1 bias(%arg2 : tensor<1536xf32>) : "
      "(tensor<?x?x384xf32>, tensor<1536x384xf32>) -> tensor<?x?x1536xf32>\n"
      "  %1 = attune.gelu %0 : tensor<?x?x1536xf32>\n"
      "  attune.yield %1 : tensor<?x?x1536xf32>\n"
      "}\n");
  // Databases of earlier builds hold it: a change makes them useless.
  EXPECT_EQ(workload.id, "e5249c5d565e348f");
}

TEST_F(WorkloadTest, DependsOnNothingButTheSpecification) {
  Workload workload = get(kLinear);
  // Other names, locations, attributes, and another backend's choice.
  Workload other = get(R"mlir(
#loc = loc("encoder.layer.11.intermediate.dense")
attune.kernel @other(%input: tensor<?x?x384xf32> {attune.buffer = memref<?x?x384xf32>} loc("a"), %weight: tensor<1536x384xf32>, %c: tensor<1536xf32>)
    -> (tensor<?x?x1536xf32> {attune.buffer = memref<?x?x1536xf32>}) attributes {backend = "other"} {
  %y = attune.linear %input, %weight bias(%c : tensor<1536xf32>) {attune.note = 1 : i64} : (tensor<?x?x384xf32>, tensor<1536x384xf32>) -> tensor<?x?x1536xf32> loc(#loc)
  %z = attune.gelu %y : tensor<?x?x1536xf32> loc(#loc)
  attune.yield %z : tensor<?x?x1536xf32>
})mlir");
  EXPECT_EQ(other.text, workload.text);
  EXPECT_EQ(other.id, workload.id);
  // The kernel itself stays as it is.
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(kLinear, ParserConfig(&context));
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  getWorkload(kernel);
  EXPECT_EQ(kernel.getSymName(), "linear_7");
  EXPECT_TRUE(kernel.getArgAttr(1, kLayoutAttr));
  EXPECT_TRUE(kernel.getScheduleAttr());
}

TEST_F(WorkloadTest, IgnoresTheOrderOfAttributes) {
  auto attention = [](llvm::StringRef attributes, int columns) {
    std::string keys = "tensor<?x?x" + std::to_string(columns) + "xf32>";
    return "attune.kernel @a(%q: tensor<?x?x64xf32>, %k: " + keys +
           ", %v: " + keys +
           ") -> tensor<?x?x64xf32> {\n%0 = attune.attention %q, %k, %v {" +
           attributes.str() + "} : (tensor<?x?x64xf32>, " + keys + ", " + keys +
           ") -> tensor<?x?x64xf32>\nattune.yield %0 : tensor<?x?x64xf32>\n}";
  };
  Workload a = get(attention(
      "heads = 4 : i64, kv_heads = 2 : i64, scale = 2.500000e-01 : f32", 32));
  Workload b = get(
      attention("scale = 0.25 : f32, kv_heads = 2 : i64, heads = 4 : i64", 32));
  Workload c = get(
      attention("scale = 0.25 : f32, kv_heads = 4 : i64, heads = 4 : i64", 64));
  EXPECT_EQ(a.id, b.id);
  EXPECT_NE(a.id, c.id);
  EXPECT_EQ(a.label, "attention 64 heads=4 kv_heads=2 f32");
}

TEST_F(WorkloadTest, TellsKernelsApart) {
  std::string text = kLinear.str();
  auto with = [&](llvm::StringRef from, llvm::StringRef to) {
    std::string changed = text;
    for (size_t at = 0; (at = changed.find(from, at)) != std::string::npos;
         at += to.size())
      changed.replace(at, from.size(), to.str());
    return get(changed);
  };
  Workload workload = get(text);
  Workload relu = with("attune.gelu", "attune.relu");
  EXPECT_NE(relu.id, workload.id);
  EXPECT_EQ(relu.label, "linear 384x1536 + relu f32");
  Workload wide = with("1536", "1537");
  EXPECT_NE(wide.id, workload.id);
  EXPECT_EQ(wide.label, "linear 384x1537 + gelu f32");
  EXPECT_NE(with("?x?x", "?x").id, workload.id);
}

// What attention does to scores is part of the specification.
TEST_F(WorkloadTest, TellsFormsOfAttentionApart) {
  auto get = [&](llvm::StringRef argument, llvm::StringRef bias,
                 llvm::StringRef attributes) {
    std::string text =
        ("attune.kernel @k(%q: tensor<?x?x64xf32>" + argument +
         ") -> tensor<?x?x64xf32> {\n%0 = attune.attention %q, %q, %q " + bias +
         " {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32" +
         attributes +
         "} : (tensor<?x?x64xf32>, tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> "
         "tensor<?x?x64xf32>\nattune.yield %0 : tensor<?x?x64xf32>\n}")
            .str();
    return WorkloadTest::get(text).id;
  };
  std::set<std::string> ids = {
      get("", "", ""),
      get("", "", ", causal = #attune.causal<start>"),
      get("", "", ", causal = #attune.causal<end>"),
      get("", "", ", softcap = 3.0 : f32"),
      get(", %b: tensor<1x1x?x?xf32>", "bias(%b : tensor<1x1x?x?xf32>)", ""),
      get(", %b: tensor<1x1x1x?xf32>", "bias(%b : tensor<1x1x1x?xf32>)", "")};
  EXPECT_EQ(ids.size(), 6u);
  // Defaults may be written out.
  EXPECT_EQ(get("", "", ", causal = #attune.causal<none>, softcap = 0.0 : f32"),
            get("", "", ""));
}

TEST_F(WorkloadTest, LabelsEveryKindOfKernel) {
  EXPECT_EQ(get(R"mlir(
attune.kernel @k(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %0 = attune.add %a, %b : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  %1 = attune.relu %0 : tensor<?x64xf32>
  attune.yield %1 : tensor<?x64xf32>
})mlir")
                .label,
            "elementwise 64 + add + relu f32");
  EXPECT_EQ(get(R"mlir(
attune.kernel @k(%a: tensor<?x?xi64>, %t: tensor<199x64xf32>) -> tensor<?x?x64xf32> {
  %0 = attune.embedding %a, %t : (tensor<?x?xi64>, tensor<199x64xf32>) -> tensor<?x?x64xf32>
  attune.yield %0 : tensor<?x?x64xf32>
})mlir")
                .label,
            "embedding 199x64 f32");
  EXPECT_EQ(get(R"mlir(
attune.kernel @k(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>, %g: tensor<64xf32>, %s: tensor<64xf32>) -> tensor<?x64xf32> {
  %0 = attune.add %a, %b : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  %1 = attune.layer_norm %0, %g, %s {epsilon = 1.0e-12 : f64} : tensor<?x64xf32>, tensor<64xf32>, tensor<64xf32>
  attune.yield %1 : tensor<?x64xf32>
})mlir")
                .label,
            "add + layer_norm 64 f32");
  std::string chain =
      "attune.kernel @k(%0: tensor<?xf32>) -> tensor<?xf32> {\n";
  for (int i = 0; i < 20; ++i)
    chain += "%" + std::to_string(i + 1) + " = attune.tanh %" +
             std::to_string(i) + " : tensor<?xf32>\n";
  EXPECT_EQ(get(chain + "attune.yield %20 : tensor<?xf32>\n}").label,
            "elementwise + tanh + tanh + tanh + tanh + tanh + tanh + tanh + "
            "13 more f32");
}

TEST_F(WorkloadTest, ReadsBackWhatItWrote) {
  Workload workload = get(kLinear);
  MLIRContext fresh;
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      parseWorkload(fresh, workload.text);
  ASSERT_TRUE(bool(module)) << llvm::toString(module.takeError());
  KernelOp kernel = *(*module)->getOps<KernelOp>().begin();
  EXPECT_EQ(getWorkload(kernel).id, workload.id);
}

TEST_F(WorkloadTest, RefusesOtherTexts) {
  EXPECT_NE(getProblem("").find("expected one attune.kernel"),
            std::string::npos);
  EXPECT_NE(getProblem("attune.kernel @k(").find("line 1"), std::string::npos);
  std::string text = get(kLinear).text;
  EXPECT_NE(getProblem(text + text).find("redefinition"), std::string::npos);
  std::string second = text;
  second.replace(second.find("@kernel"), 7, "@another");
  EXPECT_NE(getProblem(text + second).find("and nothing else"),
            std::string::npos);
  EXPECT_NE(getProblem("module {}").find("expected one attune.kernel"),
            std::string::npos);
  // Verified: the result has other columns than the weight has rows.
  std::string wrong = text;
  wrong.replace(wrong.find("tensor<1536x384xf32>"), 20, "tensor<1535x384xf32>");
  getProblem(wrong);
  EXPECT_NE(getProblem(std::string(100000, '(')).find("levels of brackets"),
            std::string::npos);
  EXPECT_NE(getProblem(std::string((1 << 20) + 1, ' ')).find("at most"),
            std::string::npos);
}

TEST(TargetKeyTest, SaysWhatDecidesSpeed) {
  llvm::Expected<TargetDesc> v3 = getTarget("x86-64-v3");
  ASSERT_TRUE(bool(v3));
  TargetKey key = getTargetKey(*v3);
  EXPECT_EQ(key.arch, "x86_64");
  EXPECT_EQ(key.cpu, "x86-64-v3");
  EXPECT_EQ(key.features, (std::vector<std::string>{"avx2", "f16c", "fma"}));
  EXPECT_EQ(key.vectorBits, 256);
  llvm::Expected<TargetDesc> v4 = getTarget("x86-64-v4");
  ASSERT_TRUE(bool(v4));
  EXPECT_EQ(
      getTargetKey(*v4).features,
      (std::vector<std::string>{"avx2", "avx512bw", "avx512cd", "avx512dq",
                                "avx512f", "avx512vl", "f16c", "fma"}));
  EXPECT_FALSE(matchTargets(key, getTargetKey(*v4)));
  llvm::Expected<TargetDesc> arm = getTarget("neoverse-v1");
  ASSERT_TRUE(bool(arm));
  TargetKey armKey = getTargetKey(*arm);
  EXPECT_EQ(armKey.arch, "aarch64");
  EXPECT_TRUE(llvm::is_contained(armKey.features, "sve"));
  EXPECT_TRUE(llvm::is_sorted(armKey.features));
}

TEST(TargetKeyTest, TellsGPUsFromCPUs) {
  llvm::Expected<TargetDesc> cpu = getTarget("x86-64-v3");
  llvm::Expected<TargetDesc> gpu = getTarget("x86-64-v3", "cuda:sm_90");
  ASSERT_TRUE(cpu && gpu);
  EXPECT_EQ(getTargetKey(*cpu).gpu, "");
  EXPECT_EQ(getTargetKey(*gpu).gpu, "cuda:sm_90");
  EXPECT_FALSE(matchTargets(getTargetKey(*cpu), getTargetKey(*gpu)));
}

TEST(TargetKeyTest, KnowsFeaturesByNameAndByString) {
  TargetDesc named, spelled;
  named.triple = spelled.triple = "x86_64-unknown-linux-gnu";
  named.cpu = "haswell";
  spelled.cpu = "x86-64";
  spelled.features = "+avx2,+fma,+f16c,-avx512f";
  EXPECT_EQ(getTargetKey(named).features, getTargetKey(spelled).features);
  EXPECT_EQ(matchTargets(getTargetKey(named), getTargetKey(spelled)),
            TargetMatch::Similar);
  EXPECT_EQ(matchTargets(getTargetKey(named), getTargetKey(named)),
            TargetMatch::Exact);
}

TEST(TargetKeyTest, CountsCoresOfThisProcess) {
  llvm::Expected<TargetDesc> target = getTarget("x86-64-v3");
  ASSERT_TRUE(bool(target));
  int all = getTargetKey(*target).cores;
  EXPECT_GE(all, 1);
  // A thread that may run on one CPU has one.
  int one = 0;
  std::thread([&] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
    one = getTargetKey(*target).cores;
  }).join();
  EXPECT_EQ(one, 1);
  EXPECT_EQ(getTargetKey(*target).cores, all);
}

} // namespace
