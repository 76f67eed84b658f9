//===- KernelSpecTest.cpp - Kernels by name and sizes ---------------------===//
#include "attune/Kernel/KernelSpec.h"
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

TEST_F(KernelSpecTest, KeyHeadsDefaultToHeads) {
  KernelProblem problem = parse("attention:d=4,k=9,q=5,h=6,b=2");
  ASSERT_TRUE(problem.kernel);
  EXPECT_EQ(problem.shapes[1], problem.shapes[2]);
  EXPECT_EQ(problem.shapes[1], (llvm::SmallVector<int64_t>{2, 9, 24}));
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
  EXPECT_NE(refuse("attention:b=1,h=1,q=1,k=1,d=1,causal=1", ExitUnsupported)
                .find("causal"),
            std::string::npos);
}

} // namespace
