//===- GpuTargetTest.cpp --------------------------------------------------===//
#include "attune/Kernel/Target.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

TEST(GpuTarget, Forms) {
  GpuTarget none = llvm::cantFail(GpuTarget::parse(""));
  EXPECT_FALSE(none);
  EXPECT_EQ(none.str(), "");
  GpuTarget opencl = llvm::cantFail(GpuTarget::parse("opencl"));
  EXPECT_TRUE(opencl);
  EXPECT_EQ(opencl.str(), "opencl");
  EXPECT_EQ(opencl.getExtension(), "cl");
  GpuTarget cuda = llvm::cantFail(GpuTarget::parse("cuda:sm_90"));
  EXPECT_EQ(cuda.capability, 90);
  EXPECT_EQ(cuda.str(), "cuda:sm_90");
  EXPECT_EQ(cuda.getExtension(), "ptx");
  EXPECT_EQ(llvm::cantFail(GpuTarget::parse("cuda")).str(), "cuda:sm_50");
}

TEST(GpuTarget, Refusals) {
  for (llvm::StringRef text :
       {"metal", "cuda:", "cuda:sm_", "cuda:90", "cuda:sm_9x", "OpenCL"}) {
    std::string message = llvm::toString(GpuTarget::parse(text).takeError());
    EXPECT_NE(message.find("expected opencl, cuda or cuda:sm_NN"),
              std::string::npos)
        << message;
  }
  std::string old = llvm::toString(GpuTarget::parse("cuda:sm_20").takeError());
  EXPECT_NE(old.find("at least sm_50"), std::string::npos) << old;
}

TEST(GpuTarget, PartOfTheTarget) {
  TargetDesc target = llvm::cantFail(getTarget("x86-64-v3", "cuda:sm_80"));
  EXPECT_EQ(target.name, "x86-64-v3");
  EXPECT_EQ(target.gpu.capability, 80);
  EXPECT_FALSE(llvm::cantFail(getTarget("x86-64-v3")).gpu);
  EXPECT_FALSE(bool(llvm::expectedToOptional(getTarget("x86-64-v3", "tpu"))));
}

} // namespace
