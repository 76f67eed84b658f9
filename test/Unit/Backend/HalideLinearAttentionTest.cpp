//===- HalideLinearAttentionTest.cpp - What the Halide backend leaves -----===//
//
// What it takes is compared with the interpreter by the tests of all backends.
//
//===----------------------------------------------------------------------===//
#include "KernelTestSupport.h"
#include "attune/Kernel/Target.h"

using namespace mlir;
using namespace attune;

namespace {

/// Why the backend leaves a kernel to another one; "" where it takes it.
std::string getReason(StringRef text) {
  std::string reason;
  bool isTaken = supportsKernel(
      text, getRunnableTargets().back() + std::string("/halide"), reason);
  EXPECT_EQ(isTaken, reason.empty()) << text.str();
  return reason;
}

constexpr const char *kTokens = "tensor<?x?x16xf32>";
constexpr const char *kState = "tensor<?x2x8x8xf32>";

/// An attention whose queries come from `map`, which reads %q, or are %q.
std::string getAttention(std::string rule, std::string operands = "",
                         std::string arguments = "", std::string map = "",
                         std::string attributes = "") {
  std::string x = kTokens, s = kState;
  return "attune.kernel @k(%q: " + x + ", %k: " + x + ", %v: " + x + arguments +
         ") -> (" + x + ", " + s + ") {\n" +
         (map.empty() ? "" : "  %f = attune.feature_map " + map + "\n") +
         "  %r, %s = attune.linear_attention " + rule +
         (map.empty() ? " %q" : " %f") + ", %k, %v" + operands +
         " {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64" +
         attributes + "} : (" + x + ", " + x + ", " + x + ") -> (" + x + ", " +
         s + ")\n  attune.yield %r, %s : " + x + ", " + s + "\n}";
}

} // namespace

TEST(HalideLinearAttentionTest, LeavesOtherRulesToTheLLVMBackend) {
  std::string x = kTokens;
  EXPECT_EQ(getReason(getAttention("linear")), "");
  EXPECT_EQ(getReason(getAttention("gated", " decay(%g : tensor<2xf32>)",
                                   ", %g: tensor<2xf32>")),
            "");
  EXPECT_EQ(
      getReason(getAttention("gated", " decay(%g : " + x + ")", ", %g: " + x)),
      "linear attention with a decay of each column is left to the LLVM "
      "backend");
  EXPECT_EQ(getReason(getAttention("delta", " beta(%b : tensor<?x?x2xf32>)",
                                   ", %b: tensor<?x?x2xf32>")),
            "linear attention with the delta rules is left to the LLVM "
            "backend");
  EXPECT_EQ(getReason(getAttention("linear", "", "", "",
                                   ", squash = #attune.gate<tanh>")),
            "linear attention with a squashed state is left to the LLVM "
            "backend");
}

TEST(HalideLinearAttentionTest, LeavesOtherMapsToTheLLVMBackend) {
  std::string type = std::string(" : ") + kTokens + " -> " + kTokens;
  auto reasonOf = [&](std::string map, std::string attributes) {
    return getReason(
        getAttention("linear", "", "",
                     map + " %q {heads = 2 : i64" + attributes + "}" + type));
  };
  EXPECT_EQ(reasonOf("elu1", ""), "");
  EXPECT_EQ(reasonOf("favor", ""), "");
  EXPECT_EQ(reasonOf("relu", ", norm = #attune.feature_norm<sum>"),
            "a feature map with a norm is left to the LLVM backend");
  std::string halved = "tensor<?x?x8xf32>";
  EXPECT_EQ(getReason(getAttention("linear", "", ", %h: " + halved,
                                   "softmax %h {heads = 2 : i64} : " + halved +
                                       " -> " + kTokens)),
            "the feature map softmax is left to the LLVM backend");
}

TEST(HalideLinearAttentionTest, ComputesMapsByThemselves) {
  struct Map {
    const char *name, *attributes;
    int64_t rows, features;
  };
  for (Map map : {Map{"identity", "scale = 2.0 : f64", 0, 8},
                  {"elu1", "scale = 1.0 : f64", 0, 8},
                  {"relu", "epsilon = 1.0e-3 : f64", 20, 20},
                  {"exp", "scale = 0.5 : f64", 0, 8},
                  {"favor", "scale = 0.5 : f64", 21, 21},
                  {"favor_hyperbolic", "scale = 0.5 : f64", 12, 24}}) {
    std::string weight = "tensor<1x" + std::to_string(map.rows) + "x8xf32>";
    std::string result =
        "tensor<?x?x" + std::to_string(3 * map.features) + "xf32>";
    std::string text =
        "attune.kernel @feature_map(%x: tensor<?x?x24xf32>" +
        (map.rows ? ", %w: " + weight : std::string()) + ") -> " + result +
        " {\n  %r = attune.feature_map " + map.name + " %x" +
        (map.rows ? " projection(%w : " + weight + ")" : std::string()) +
        " {heads = 3 : i64, " + map.attributes + "} : tensor<?x?x24xf32> -> " +
        result + "\n  attune.yield %r : " + result + "\n}";
    SCOPED_TRACE(text);
    KernelUnderTest kernel(text, getRunnableTargets().back() + "/halide");
    for (auto [batch, length] : {std::pair(1, 1), {2, 1}, {2, 33}, {0, 3}}) {
      SmallVector<Tensor> inputs = {randomFloats({batch, length, 24}, 1)};
      if (map.rows)
        inputs.push_back(randomFloats({1, map.rows, 8}, 2));
      kernel.check(inputs, 1e-5, 2);
    }
  }
}
