//===- GpuTest.cpp - Kernels on GPUs --------------------------------------===//
//
// That kernels compute the same on an OpenCL device the tests of each family
// say; here is what only such devices have.
//
//===----------------------------------------------------------------------===//
#include "KernelTestSupport.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Runtime/HalideGpuHooks.h"
#if ATTUNE_HAS_HALIDE
#include "attune/Backend/Halide/HalideBackend.h"
#endif
#include <cstring>

using namespace mlir;
using namespace attune;

namespace {

/// The GPU that the tests of this file need; they are skipped without it.
class OpenCLTest : public testing::Test {
protected:
  void SetUp() override {
    char message[256] = "";
    gpu = attune_gpu_opencl.open(weights.data(), sizeof weights, message,
                                 sizeof message);
    if (!gpu)
      GTEST_SKIP() << message;
    call.gpu = gpu;
    call.failure = &failure;
  }
  void TearDown() override {
    if (gpu)
      attune_gpu_opencl.close(gpu);
  }

  std::array<float, 4> weights{1, 2, 3, 4};
  AttuneGpu *gpu = nullptr;
  AttuneFailure failure = {};
  AttuneCall call = {};
};

/// halide_buffer_t without dimensions.
struct Shown {
  uint64_t device = 0;
  const void *interface = nullptr;
  const void *host = nullptr;
  uint64_t flags = 0;
  uint8_t code = 2, bits = 32;
  uint16_t lanes = 1;
  int32_t dimensions = 0;
  void *dim = nullptr, *padding = nullptr;
};

TEST_F(OpenCLTest, MemoryIsFoundByItsAddress) {
  float input[100] = {}, output[100] = {};
  AttuneGpuRange ranges[] = {{input, sizeof input, ATTUNE_GPU_INPUT},
                             {output, sizeof output, ATTUNE_GPU_OUTPUT}};
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_opencl, &call, ranges, 2), 0);
  auto attach = [&](const void *host, int64_t bytes) {
    Shown shown;
    shown.host = host;
    attune_halide_attach(&call, &shown, bytes);
    return shown.device;
  };
  uint64_t first = attach(input, sizeof input);
  EXPECT_NE(first, 0u);
  EXPECT_EQ(attach(input + 3, 8), first + 12);
  EXPECT_EQ(attach(input + 100, 0), first + sizeof input);
  EXPECT_NE(attach(output, 4), first);
  EXPECT_NE(attach(&weights[2], 8), 0u);
  EXPECT_FALSE(failure.failed);
  // One element too many: it would be another range's.
  EXPECT_EQ(attach(input + 3, sizeof input), 0u);
  EXPECT_TRUE(failure.failed);
  EXPECT_STREQ(failure.message,
               "a kernel is given memory that is not on the GPU");
  EXPECT_EQ(attune_gpu_end(&attune_gpu_opencl, &call), 0);
}

TEST_F(OpenCLTest, BordersOfACall) {
  float both[] = {1, 2, 3}, input[] = {4, 5}, work[] = {6};
  AttuneGpuRange ranges[] = {{both, sizeof both, ATTUNE_GPU_INOUT},
                             {input, sizeof input, ATTUNE_GPU_INPUT},
                             {work, sizeof work, ATTUNE_GPU_WORK}};
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_opencl, &call, ranges, 3), 0);
  // What happens here in the meantime is nothing to the GPU.
  std::fill(std::begin(both), std::end(both), 0.0f);
  std::fill(std::begin(input), std::end(input), 0.0f);
  ASSERT_EQ(attune_gpu_end(&attune_gpu_opencl, &call), 0);
  EXPECT_EQ(both[0], 1);
  EXPECT_EQ(both[2], 3);
  EXPECT_EQ(input[0], 0);
  EXPECT_EQ(work[0], 6);
}

TEST_F(OpenCLTest, CodeThatDoesNotCompileIsAFailure) {
  const char code[] = "__kernel void broken(__global float *x) { x[0] = y; }";
  void *state = nullptr;
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_opencl, &call, nullptr, 0), 0);
  EXPECT_NE(
      attune_halide_opencl_initialize_kernels(&call, &state, code, sizeof code),
      0);
  EXPECT_TRUE(failure.failed);
  EXPECT_TRUE(StringRef(failure.message).contains("does not compile"))
      << failure.message;
  // Nothing more is run, and nothing falls over.
  size_t sizes[] = {0};
  EXPECT_NE(attune_halide_opencl_run(&call, state, "broken", 1, 1, 1, 1, 1, 1,
                                     0, sizes, nullptr, nullptr),
            0);
  EXPECT_EQ(attune_gpu_end(&attune_gpu_opencl, &call), 0);
}

TEST_F(OpenCLTest, UnknownKernelIsAFailure) {
  const char code[] = "__kernel void one(__local short *shared) {}";
  void *state = nullptr;
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_opencl, &call, nullptr, 0), 0);
  ASSERT_EQ(
      attune_halide_opencl_initialize_kernels(&call, &state, code, sizeof code),
      0)
      << failure.message;
  size_t sizes[] = {0};
  EXPECT_EQ(attune_halide_opencl_run(&call, state, "one", 1, 1, 1, 1, 1, 1, 0,
                                     sizes, nullptr, nullptr),
            0);
  // No groups, no launch.
  EXPECT_EQ(attune_halide_opencl_run(&call, state, "two", 0, 1, 1, 1, 1, 1, 0,
                                     sizes, nullptr, nullptr),
            0);
  EXPECT_NE(attune_halide_opencl_run(&call, state, "two", 1, 1, 1, 1, 1, 1, 0,
                                     sizes, nullptr, nullptr),
            0);
  EXPECT_TRUE(StringRef(failure.message).contains("CL_INVALID_KERNEL_NAME"))
      << failure.message;
  EXPECT_EQ(attune_gpu_end(&attune_gpu_opencl, &call), 0);
}

TEST(GpuTest, WithoutAGpu) {
  // Attaching needs one: a call without says so instead of running.
  AttuneFailure failure = {};
  AttuneCall call = {};
  call.failure = &failure;
  Shown shown;
  EXPECT_NE(attune_halide_attach(&call, &shown, 4), 0);
  EXPECT_STREQ(failure.message, "a kernel for GPUs is run without one");
}

#if ATTUNE_HAS_HALIDE
TEST(GpuTest, Autoscheduler) {
  std::string reason;
  if (!hasOpenCL(reason))
    GTEST_SKIP() << reason;
  std::string target = getRunnableTargets().front() + "/halide/opencl";
  KernelUnderTest kernel(
      "attune.kernel @k(%x: tensor<?x64xf32>, %y: tensor<64xf32>) -> "
      "tensor<?x64xf32> {\n"
      "  %0 = attune.add %x, %y : (tensor<?x64xf32>, tensor<64xf32>) -> "
      "tensor<?x64xf32>\n"
      "  %1 = attune.gelu %0 : tensor<?x64xf32>\n"
      "  attune.yield %1 : tensor<?x64xf32>\n}",
      target, {}, Schedule().set("autoscheduler", 4));
  for (int64_t rows : {1, 5, 200})
    kernel.check({randomFloats({rows, 64}, 1), randomFloats(64, 2)}, 1e-6);
  KernelUnderTest product(
      "attune.kernel @k(%x: tensor<?x48xf32>, %w: tensor<40x48xf32>) -> "
      "tensor<?x40xf32> {\n"
      "  %0 = attune.linear %x, %w : (tensor<?x48xf32>, tensor<40x48xf32>) -> "
      "tensor<?x40xf32>\n"
      "  attune.yield %0 : tensor<?x40xf32>\n}",
      target, {}, Schedule().set("autoscheduler", 4));
  for (int64_t rows : {1, 5, 200})
    product.check({randomFloats({rows, 48}, 1), randomFloats({40, 48}, 2)},
                  1e-5);
}

TEST(GpuTest, AutoschedulersOfOtherMachinesAreRefused) {
  auto backend = createHalideBackend();
  MLIRContext context;
  context.loadDialect<AttuneDialect>();
  KernelProblem problem =
      llvm::cantFail(parseKernelSpec(context, "gemm:m=1,n=8,k=8"));
  for (auto [gpu, number, text] :
       {std::tuple("opencl", 2, "Adams2019 makes no schedules for GPUs"),
        std::tuple("", 4, "Anderson2021 makes no schedules for CPUs")}) {
    TargetDesc target = llvm::cantFail(getTarget("x86-64-v3", gpu));
    std::string reason;
    EXPECT_TRUE(failed(backend->verifySchedule(
        problem.kernel, Schedule().set("autoscheduler", number), target,
        reason)));
    EXPECT_TRUE(StringRef(reason).contains(text)) << reason;
    for (const Knob &knob : backend->getKnobs(problem.kernel, target))
      if (knob.name == "autoscheduler")
        EXPECT_FALSE(llvm::is_contained(knob.choices, number));
  }
}
#endif

TEST(GpuTest, UnknownDeviceIsNamed) {
  std::string reason;
  if (!hasOpenCL(reason))
    GTEST_SKIP() << reason;
  setenv("ATTUNE_GPU", "no such device", 1);
  bool found = hasOpenCL(reason);
  unsetenv("ATTUNE_GPU");
  EXPECT_FALSE(found);
  EXPECT_TRUE(StringRef(reason).starts_with(
      "ATTUNE_GPU=no such device: no OpenCL device has such a name; there "
      "are '"))
      << reason;
}

} // namespace
