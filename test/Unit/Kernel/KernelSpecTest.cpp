//===- KernelSpecTest.cpp - Kernels by name and sizes ---------------------===//
#include "attune/Kernel/KernelSpec.h"
#include "attune/Kernel/ArgumentRange.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

class KernelSpecTest : public ::testing::Test {
protected:
  KernelSpecTest() { context.loadDialect<AttuneDialect>(); }

  KernelProblem parse(llvm::StringRef text) {
    llvm::Expected<KernelProblem> problem = parseKernelSpec(context, text);
    if (!problem) {
      ADD_FAILURE() << llvm::toString(problem.takeError());
      return {};
    }
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*problem->module)));
    return std::move(*problem);
  }

  /// The message and the exit status of a spec that is refused.
  std::string refuse(llvm::StringRef text, int status = ExitUserError) {
    llvm::Expected<KernelProblem> problem = parseKernelSpec(context, text);
    if (problem) {
      ADD_FAILURE() << text.str() << " was taken";
      return "";
    }
    llvm::Error error = problem.takeError();
    EXPECT_EQ(exitCodeFor(error), status) << text.str();
    return llvm::toString(std::move(error));
  }

  mlir::MLIRContext context;
};

using Shapes = llvm::SmallVector<llvm::SmallVector<int64_t>>;

TEST_F(KernelSpecTest, Gemm) {
  KernelProblem problem = parse("gemm:m=5,n=7,k=11");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "linear");
  EXPECT_EQ(problem.shapes, (Shapes{{5, 11}, {7, 11}, {5, 7}}));
  EXPECT_EQ(problem.flops, 2.0 * 5 * 7 * 11);
  EXPECT_EQ(problem.bytes, 4.0 * (5 * 11 + 7 * 11 + 5 * 7));
}

TEST_F(KernelSpecTest, Attention) {
  KernelProblem problem = parse("attention:b=2,h=6,hkv=3,q=5,k=9,d=4,causal=0");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "attention");
  EXPECT_EQ(problem.shapes,
            (Shapes{{2, 5, 24}, {2, 9, 12}, {2, 9, 12}, {2, 5, 24}}));
  EXPECT_EQ(problem.flops, 4.0 * 2 * 6 * 5 * 9 * 4);
  auto attention =
      mlir::cast<AttentionOp>(problem.kernel.getAnchor().getOperation());
  EXPECT_EQ(attention.getKvHeads(), 3u);
  EXPECT_EQ(attention.getScale().convertToFloat(), 0.5f);
}

TEST_F(KernelSpecTest, AttentionWithBiasCapAndOtherValues) {
  KernelProblem problem = parse(
      "attention:b=2,h=6,hkv=3,q=5,k=9,d=4,dv=7,mask=1,bias=1,softcap=30");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.shapes, (Shapes{{2, 5, 24},
                                    {2, 9, 12},
                                    {2, 9, 21},
                                    {2, 9},
                                    {1, 1, 5, 9},
                                    {2, 5, 42}}));
  EXPECT_EQ(problem.flops, 2.0 * 2 * 6 * 5 * 9 * (4 + 7));
  auto attention =
      mlir::cast<AttentionOp>(problem.kernel.getAnchor().getOperation());
  EXPECT_EQ(attention.getSoftcap().convertToFloat(), 30.0f);
  EXPECT_EQ(attention.getValueDim(), 7);
  EXPECT_TRUE(attention.getBias());
}

// Operations are those of the keys that queries see.
TEST_F(KernelSpecTest, CausalAttention) {
  auto check = [&](const char *spec, Causal causal, int64_t pairs) {
    KernelProblem problem = parse(spec);
    ASSERT_TRUE(problem.kernel);
    auto attention =
        mlir::cast<AttentionOp>(problem.kernel.getAnchor().getOperation());
    EXPECT_EQ(attention.getCausal(), causal);
    EXPECT_EQ(problem.flops, 4.0 * 3 * pairs * 2) << spec;
  };
  check("attention:b=1,h=3,q=4,k=4,d=2,causal=1", Causal::start, 1 + 2 + 3 + 4);
  check("attention:b=1,h=3,q=2,k=5,d=2,causal=1", Causal::end, 4 + 5);
  check("attention:b=1,h=3,q=1,k=5,d=2,causal=1", Causal::end, 5);
  check("attention:b=1,h=3,q=4,k=2,d=2,causal=1", Causal::start, 1 + 2 + 2 + 2);
}

TEST_F(KernelSpecTest, RmsNorm) {
  KernelProblem problem = parse("rms_norm:rows=3,columns=8,residual=1");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "rms_norm");
  EXPECT_EQ(problem.shapes, (Shapes{{3, 8}, {3, 8}, {8}, {3, 8}}));
}

TEST_F(KernelSpecTest, KeyHeadsDefaultToHeads) {
  KernelProblem problem = parse("attention:d=4,k=9,q=5,h=6,b=2");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.shapes[1], problem.shapes[2]);
  EXPECT_EQ(problem.shapes[1], (llvm::SmallVector<int64_t>{2, 9, 24}));
}

TEST_F(KernelSpecTest, GemmWithEpilogue) {
  KernelProblem problem =
      parse("gemm:m=5,n=7,k=11,bias=1,epilogue=gelu_tanh+mul,residual=1");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "linear");
  // Input, weight, bias, the gate, the residual, the result.
  EXPECT_EQ(problem.shapes,
            (Shapes{{5, 11}, {7, 11}, {7}, {5, 7}, {5, 7}, {5, 7}}));
  // The product alone: to be compared with peaks.
  EXPECT_EQ(problem.flops, 2.0 * 5 * 7 * 11);
  EXPECT_EQ(problem.bytes, 4.0 * (5 * 11 + 7 * 11 + 7 + 3 * 5 * 7));
  std::vector<llvm::StringRef> ops;
  for (mlir::Operation &op : problem.kernel.getBody().front())
    ops.push_back(op.getName().stripDialect());
  EXPECT_EQ(ops, (std::vector<llvm::StringRef>{"linear", "gelu", "mul", "add",
                                               "yield"}));
}

TEST_F(KernelSpecTest, GemvIsOneRow) {
  KernelProblem problem = parse("gemv:n=7,k=11,epilogue=relu");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "linear");
  EXPECT_EQ(problem.shapes, (Shapes{{1, 11}, {7, 11}, {1, 7}}));
}

TEST_F(KernelSpecTest, Matmul) {
  KernelProblem plain = parse("matmul:b=2,h=3,m=5,n=7,k=11");
  ASSERT_TRUE(plain.kernel);
  EXPECT_EQ(plain.kernel.getFamily(), "matmul");
  EXPECT_EQ(plain.shapes, (Shapes{{2, 3, 5, 11}, {2, 3, 11, 7}, {2, 3, 5, 7}}));
  EXPECT_EQ(plain.flops, 2.0 * 2 * 3 * 5 * 7 * 11);
  KernelProblem transposed = parse("matmul:b=2,h=3,m=5,n=7,k=11,transpose=1");
  ASSERT_TRUE(transposed.kernel);
  EXPECT_EQ(transposed.shapes,
            (Shapes{{2, 3, 5, 11}, {2, 3, 7, 11}, {2, 3, 5, 7}}));
}

TEST_F(KernelSpecTest, AttentionWithMask) {
  KernelProblem problem = parse("attention:b=2,h=6,q=5,k=9,d=4,mask=1");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.shapes,
            (Shapes{{2, 5, 24}, {2, 9, 24}, {2, 9, 24}, {2, 9}, {2, 5, 24}}));
  EXPECT_EQ(problem.limits, (llvm::SmallVector<int64_t>{0, 0, 0, 2}));
}

TEST_F(KernelSpecTest, LinearAttention) {
  KernelProblem problem = parse("linear_attention:b=2,h=6,hkv=3,n=5,d=4,dv=7");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "linear_attention");
  EXPECT_EQ(
      problem.shapes,
      (Shapes{{2, 5, 24}, {2, 5, 12}, {2, 5, 21}, {2, 5, 42}, {2, 3, 4, 7}}));
  // Each token: a multiplication and an addition for each element of the state
  // of its three heads, and as many for the queries of each of six.
  EXPECT_EQ(problem.flops, 2.0 * 2 * 5 * (3 + 6) * 4 * 7);
  EXPECT_EQ(problem.bytes, 4.0 * (2 * 5 * (24 + 12 + 21 + 42) + 2 * 3 * 4 * 7));
}

// The form of the design: a map of queries and keys in the same kernel.
TEST_F(KernelSpecTest, LinearAttentionWithMap) {
  KernelProblem problem =
      parse("linear_attention:b=1,h=8,n=9,d=4,causal=1,map=elu1,rule=linear,"
            "denominator=1,mask=1,past=1");
  ASSERT_TRUE(problem.kernel);
  std::vector<llvm::StringRef> ops;
  for (mlir::Operation &op : problem.kernel.getBody().front())
    ops.push_back(op.getName().stripDialect());
  EXPECT_EQ(ops, (std::vector<llvm::StringRef>{"feature_map", "feature_map",
                                               "linear_attention", "yield"}));
  EXPECT_EQ(problem.shapes, (Shapes{{1, 9, 32},
                                    {1, 9, 32},
                                    {1, 9, 32},
                                    {1, 9},
                                    {1, 8, 4, 4},
                                    {1, 8, 4},
                                    {1, 9, 32},
                                    {1, 8, 4, 4},
                                    {1, 8, 4}}));
  auto attention =
      mlir::cast<LinearAttentionOp>(problem.kernel.getAnchor().getOperation());
  EXPECT_FALSE(attention.getFull());
  EXPECT_EQ(attention.getDenominator()->convertToDouble(), 1e-6);
}

// Random features come with their scale, which weighs the keys.
TEST_F(KernelSpecTest, LinearAttentionWithRandomFeatures) {
  KernelProblem problem =
      parse("linear_attention:b=1,h=2,n=9,d=4,causal=0,map=favor,features=16");
  ASSERT_TRUE(problem.kernel);
  auto attention =
      mlir::cast<LinearAttentionOp>(problem.kernel.getAnchor().getOperation());
  EXPECT_TRUE(attention.getFull());
  EXPECT_TRUE(attention.getLogWeights());
  EXPECT_EQ(attention.getKeyDim(), 16);
  EXPECT_EQ(problem.shapes, (Shapes{{1, 9, 8},
                                    {1, 9, 8},
                                    {1, 9, 8},
                                    {1, 16, 4},
                                    {1, 16, 4},
                                    {1, 9, 8},
                                    {1, 2, 16, 4},
                                    {1, 2}}));
}

TEST_F(KernelSpecTest, RulesOfLinearAttention) {
  KernelProblem gated =
      parse("linear_attention:b=1,h=2,n=9,d=4,rule=gated,columns=1");
  ASSERT_TRUE(gated.kernel);
  EXPECT_EQ(gated.shapes[3], (llvm::SmallVector<int64_t>{1, 9, 8}));
  KernelProblem delta = parse(
      "linear_attention:b=1,h=2,n=9,d=4,rule=gated_delta,map=dpfp,order=3");
  ASSERT_TRUE(delta.kernel);
  auto attention =
      mlir::cast<LinearAttentionOp>(delta.kernel.getAnchor().getOperation());
  EXPECT_EQ(attention.getKeyDim(), 2 * 4 * 3);
  // Decay, then beta: one number a head each.
  EXPECT_EQ(delta.shapes[3], (llvm::SmallVector<int64_t>{1, 9, 2}));
  EXPECT_EQ(delta.shapes[4], (llvm::SmallVector<int64_t>{1, 9, 2}));
  EXPECT_EQ(getArgumentRange(delta.kernel, 3).high, 0);
  EXPECT_EQ(getArgumentRange(delta.kernel, 4).low, 0);
  EXPECT_EQ(getArgumentRange(delta.kernel, 2).low, -1);
  // Keys of norm up to one, so that states stay bounded.
  KernelProblem plain = parse("linear_attention:b=1,h=2,n=9,d=4,rule=delta");
  EXPECT_EQ(getArgumentRange(plain.kernel, 1).high, 0.5);
}

TEST_F(KernelSpecTest, FeatureMap) {
  KernelProblem favor =
      parse("feature_map:b=2,h=3,n=5,d=4,map=favor,features=8");
  ASSERT_TRUE(favor.kernel);
  EXPECT_EQ(favor.kernel.getFamily(), "feature_map");
  EXPECT_EQ(favor.shapes,
            (Shapes{{2, 5, 12}, {1, 8, 4}, {2, 5, 24}, {2, 5, 3}}));
  KernelProblem taylor = parse("feature_map:b=2,h=3,n=5,d=4,map=taylor2");
  ASSERT_TRUE(taylor.kernel);
  EXPECT_EQ(taylor.shapes, (Shapes{{2, 5, 12}, {2, 5, 3 * 15}}));
}

TEST_F(KernelSpecTest, HybridAttention) {
  KernelProblem problem = parse(
      "hybrid_attention:b=2,h=4,hkv=2,n=5,d=4,features=8,window=2,sinks=1");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "hybrid_attention");
  EXPECT_EQ(problem.shapes, (Shapes{{2, 5, 16},
                                    {2, 5, 8},
                                    {2, 5, 8},
                                    {2, 5, 32},
                                    {2, 5, 32},
                                    {2, 5, 4},
                                    {2, 5, 4},
                                    {2, 5, 16}}));
  auto hybrid =
      mlir::cast<HybridAttentionOp>(problem.kernel.getAnchor().getOperation());
  EXPECT_EQ(hybrid.getWindow(), 2u);
  EXPECT_EQ(hybrid.getSinks(), 1u);
}

TEST_F(KernelSpecTest, RefusesWhatLinearAttentionDoesNotHave) {
  const std::string sizes = "linear_attention:b=1,h=2,n=9,d=4,";
  auto expect = [&](const std::string &options, const char *message) {
    EXPECT_NE(refuse(sizes + options).find(message), std::string::npos)
        << options;
  };
  expect("map=fourier", "expected map to be one of identity, elu1, relu, exp");
  expect("map=elu1+relu", "found 'elu1+relu'");
  expect("rule=sum", "expected rule to be one of linear, gated, delta, "
                     "gated_delta; found 'sum'");
  expect("norm=l1", "expected norm to be one of none, sum, l2");
  expect("rule=delta,denominator=1", "no denominator for the rule delta");
  expect("rule=gated,causal=0", "no causal=0 for the rule gated");
  expect("columns=1", "no columns for the rule linear");
  expect("hkv=3", "expected h to be a multiple of hkv");
  expect("map=elu1,order=2", "expected no order for the map elu1");
  expect("map=taylor2,features=100000", "more than 2^24 features");
}

TEST_F(KernelSpecTest, Rows) {
  KernelProblem softmax = parse("softmax:rows=3,columns=5");
  ASSERT_TRUE(softmax.kernel);
  EXPECT_EQ(softmax.kernel.getFamily(), "softmax");
  EXPECT_EQ(softmax.shapes, (Shapes{{3, 5}, {3, 5}}));
  KernelProblem norm = parse("layer_norm:rows=3,columns=5,residual=1");
  ASSERT_TRUE(norm.kernel);
  EXPECT_EQ(norm.kernel.getFamily(), "layer_norm");
  EXPECT_EQ(norm.shapes, (Shapes{{3, 5}, {3, 5}, {5}, {5}, {3, 5}}));
  KernelProblem scaled = parse("l2_normalize:rows=3,columns=5");
  ASSERT_TRUE(scaled.kernel);
  EXPECT_EQ(scaled.kernel.getFamily(), "l2_normalize");
  KernelProblem chain = parse("elementwise:rows=3,columns=5,ops=scale+add");
  ASSERT_TRUE(chain.kernel);
  EXPECT_EQ(chain.kernel.getFamily(), "elementwise");
  EXPECT_EQ(chain.shapes, (Shapes{{3, 5}, {3, 5}, {3, 5}}));
  EXPECT_EQ(chain.flops, 3.0 * 5 * 2);
}

/// A look-up reads the rows that are asked for, by ids within the table.
TEST_F(KernelSpecTest, Embedding) {
  KernelProblem problem = parse("embedding:rows=3,vocabulary=100,columns=5");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.kernel.getFamily(), "embedding");
  EXPECT_EQ(problem.shapes, (Shapes{{3}, {100, 5}, {3, 5}}));
  EXPECT_EQ(problem.limits, (llvm::SmallVector<int64_t>{100, 0}));
  EXPECT_EQ(problem.bytes, 3 * 8.0 + 3 * 5 * 4.0 + 3 * 5 * 4.0);
}

TEST_F(KernelSpecTest, RefusesOptionsThatDoNotFit) {
  EXPECT_NE(refuse("gemm:m=1,n=1,k=1,bias=2")
                .find("bias to be a number up to "
                      "1"),
            std::string::npos);
  std::string unknown = refuse("gemm:m=1,n=1,k=1,epilogue=relu+fft");
  EXPECT_NE(unknown.find("'fft' is no elementwise op"), std::string::npos);
  EXPECT_NE(unknown.find("gelu, gelu_tanh, mul"), std::string::npos);
  // An op of the dialect, but no elementwise one.
  EXPECT_NE(refuse("gemm:m=1,n=1,k=1,epilogue=softmax").find("no elementwise"),
            std::string::npos);
  EXPECT_NE(refuse("elementwise:rows=1,columns=1").find("expected ops="),
            std::string::npos);
  EXPECT_NE(refuse("elementwise:rows=1,columns=1,ops=").find("no elementwise"),
            std::string::npos);
  EXPECT_NE(refuse("softmax:rows=1,columns=1,residual=1")
                .find("expected rows, columns"),
            std::string::npos);
  EXPECT_NE(refuse("gemm:m=1048576,n=1048576,k=1").find("too large"),
            std::string::npos);
  EXPECT_NE(refuse("matmul:b=1048576,h=1048576,m=1048576,n=1048576,k=1048576")
                .find("too large"),
            std::string::npos);
}

TEST_F(KernelSpecTest, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(refuse("conv:m=1").find("unknown kernel 'conv'"),
            std::string::npos);
  EXPECT_NE(refuse("").find("gemm:m=M,n=N,k=K"), std::string::npos);
  EXPECT_NE(refuse("gemm:m=1,n=2,q=3").find("it has no size 'q'"),
            std::string::npos);
  EXPECT_NE(refuse("gemm:m=1,n=2").find("expected a positive size k"),
            std::string::npos);
  EXPECT_NE(refuse("gemm:m=0,n=2,k=3").find("expected a positive size m"),
            std::string::npos);
  for (const char *number :
       {"-1", "x", "", "1e3", "99999999999999999999", "1048577"})
    EXPECT_NE(refuse("gemm:n=2,k=3,m=" + std::string(number))
                  .find("expected m to be a number"),
              std::string::npos)
        << number;
  EXPECT_NE(refuse("attention:b=1,h=4,hkv=3,q=1,k=1,d=1").find("multiple"),
            std::string::npos);
  EXPECT_NE(refuse("attention:b=1,h=1,q=1,k=1,d=1,causal=2").find("causal"),
            std::string::npos);
}

} // namespace
