//===- CudaTest.cpp - The CUDA driver as the runtime uses it --------------===//
//
// libcuda.so.1 is FakeCuda.c here: the run path of this program leads there.
//
//===----------------------------------------------------------------------===//
#include "attune/Runtime/Gpu.h"
#include "attune/Runtime/HalideGpuHooks.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

namespace {

struct FakeCuda {
  int devices, refuse_text, contexts, retained, streams, modules, allocations,
      launches;
  unsigned shared_bytes;
  int shared_limit;
  size_t memory;
};

FakeCuda *fake() {
  static auto *found = static_cast<FakeCuda *>(
      dlsym(dlopen("libcuda.so.1", RTLD_NOW), "fake_cuda"));
  return found;
}

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

class CudaTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(fake()) << "libcuda.so.1 is not the one of the tests";
    before = *fake();
    call.failure = &failure;
  }
  void TearDown() override {
    if (call.gpu)
      attune_gpu_cuda.close(call.gpu);
    // Whatever happened, nothing is left behind.
    EXPECT_EQ(fake()->contexts, 0);
    EXPECT_EQ(fake()->retained, 0);
    EXPECT_EQ(fake()->streams, 0);
    EXPECT_EQ(fake()->modules, 0);
    EXPECT_EQ(fake()->allocations, 0);
    *fake() = before;
    unsetenv("ATTUNE_GPU");
  }

  void open() {
    call.gpu =
        attune_gpu_cuda.open(weights, sizeof weights, message, sizeof message);
    ASSERT_TRUE(call.gpu) << message;
    EXPECT_EQ(fake()->contexts, 0);
  }

  /// Runs `kernel` on x, as Halide's code does.
  int32_t run(const char *kernel, float *x, int count, int shared = 0) {
    void *state = nullptr;
    attune_halide_cuda_initialize_kernels(&call, &state, code, sizeof code);
    Shown shown;
    shown.host = x;
    attune_halide_attach(&call, &shown, count * int64_t(sizeof(float)));
    float factor = 3;
    size_t sizes[] = {8, 4, 4, 0};
    void *arguments[] = {&shown, &factor, &count, nullptr};
    int8_t isBuffer[] = {1, 0, 0, 0};
    return attune_halide_cuda_run(&call, state, kernel, (count + 3) / 4, 1, 1,
                                  4, 1, 1, shared, sizes, arguments, isBuffer);
  }

  FakeCuda before;
  float weights[3] = {1, 2, 3};
  char message[256] = "";
  const char code[16] = "scale other";
  AttuneFailure failure = {};
  AttuneCall call = {};
};

TEST_F(CudaTest, KernelsRunOnTheirMemory) {
  open();
  float x[] = {1, 2, 3, 4, 5}, y[] = {1, 1};
  AttuneGpuRange ranges[] = {{x, sizeof x, ATTUNE_GPU_INOUT},
                             {y, sizeof y, ATTUNE_GPU_INPUT}};
  for (int round = 1; round <= 2; ++round) {
    ASSERT_EQ(attune_gpu_begin(&attune_gpu_cuda, &call, ranges, 2), 0);
    EXPECT_EQ(run("scale", x + 1, 3), 0) << failure.message;
    EXPECT_EQ(x[1], round == 1 ? 2 : 6);
    ASSERT_EQ(attune_gpu_end(&attune_gpu_cuda, &call), 0);
    EXPECT_EQ(x[0], 1);
    EXPECT_EQ(x[1], round == 1 ? 6 : 18);
    EXPECT_EQ(x[4], 5);
  }
  EXPECT_EQ(fake()->launches, 2);
  EXPECT_EQ(fake()->modules, 1); // loaded once
}

TEST_F(CudaTest, SharedMemoryBeyondTheUsual) {
  open();
  float x[] = {1};
  AttuneGpuRange ranges[] = {{x, sizeof x, ATTUNE_GPU_INOUT}};
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_cuda, &call, ranges, 1), 0);
  EXPECT_EQ(run("other", x, 1, 1000), 0);
  EXPECT_EQ(fake()->shared_bytes, 1000u);
  EXPECT_EQ(fake()->shared_limit, 0);
  EXPECT_EQ(run("other", x, 1, 100000), 0);
  EXPECT_EQ(fake()->shared_limit, 100000);
  ASSERT_EQ(attune_gpu_end(&attune_gpu_cuda, &call), 0);
}

TEST_F(CudaTest, IntermediateMemoryIsLentAgain) {
  open();
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_cuda, &call, nullptr, 0), 0);
  Shown a, b, c;
  EXPECT_EQ(attune_halide_device_malloc(&call, &a, &a), 0);
  EXPECT_EQ(attune_halide_device_malloc(&call, &b, &b), 0);
  EXPECT_NE(a.device, b.device);
  uint64_t first = a.device;
  EXPECT_EQ(attune_halide_device_free(&call, &a), 0);
  EXPECT_EQ(a.device, 0u);
  EXPECT_EQ(attune_halide_device_malloc(&call, &c, &c), 0);
  EXPECT_EQ(c.device, first);
  ASSERT_EQ(attune_gpu_end(&attune_gpu_cuda, &call), 0);
}

TEST_F(CudaTest, CodeForNewerGpus) {
  open();
  fake()->refuse_text = 1;
  float x[] = {1};
  AttuneGpuRange ranges[] = {{x, sizeof x, ATTUNE_GPU_INOUT}};
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_cuda, &call, ranges, 1), 0);
  EXPECT_NE(run("scale", x, 1), 0);
  EXPECT_STREQ(failure.message,
               "the GPU 'Fake A' (sm_86) does not load the kernels: "
               "CUDA_ERROR_INVALID_PTX: ptxas error: too new");
  EXPECT_EQ(fake()->launches, 0);
  ASSERT_EQ(attune_gpu_end(&attune_gpu_cuda, &call), 0);
}

TEST_F(CudaTest, UnknownKernel) {
  open();
  float x[] = {1};
  AttuneGpuRange ranges[] = {{x, sizeof x, ATTUNE_GPU_INOUT}};
  ASSERT_EQ(attune_gpu_begin(&attune_gpu_cuda, &call, ranges, 1), 0);
  EXPECT_NE(run("missing", x, 1), 0);
  EXPECT_STREQ(failure.message,
               "missing failed on the GPU 'Fake A': CUDA_ERROR_NOT_FOUND");
  ASSERT_EQ(attune_gpu_end(&attune_gpu_cuda, &call), 0);
}

TEST_F(CudaTest, TooLittleMemory) {
  open();
  fake()->memory = 1000;
  float x[1];
  AttuneGpuRange ranges[] = {{x, 2000, ATTUNE_GPU_WORK}};
  EXPECT_NE(attune_gpu_begin(&attune_gpu_cuda, &call, ranges, 1), 0);
  EXPECT_TRUE(std::string(failure.message)
                  .starts_with("no memory for ")) // with room to round up
      << failure.message;
  EXPECT_TRUE(std::string(failure.message).ends_with(" on the GPU 'Fake A'"));
  EXPECT_EQ(fake()->contexts, 0);
}

TEST_F(CudaTest, TooLittleMemoryForWeights) {
  fake()->memory = 4;
  EXPECT_FALSE(
      attune_gpu_cuda.open(weights, sizeof weights, message, sizeof message));
  EXPECT_STREQ(message, "no memory for 12 bytes on the GPU 'Fake A'");
}

TEST_F(CudaTest, ChoosesByName) {
  fake()->devices = 2;
  setenv("ATTUNE_GPU", "B", 1);
  open();
  attune_gpu_cuda.close(call.gpu);
  setenv("ATTUNE_GPU", "C", 1);
  call.gpu = attune_gpu_cuda.open(nullptr, 0, message, sizeof message);
  EXPECT_FALSE(call.gpu);
  EXPECT_STREQ(message, "ATTUNE_GPU=C: no GPU has such a name; there are "
                        "'Fake A', 'Fake B'");
}

TEST_F(CudaTest, NoDevice) {
  fake()->devices = 0;
  char small[8];
  EXPECT_FALSE(attune_gpu_cuda.open(nullptr, 0, message, sizeof message));
  EXPECT_STREQ(message, "no GPU: the CUDA driver finds none");
  EXPECT_FALSE(attune_gpu_cuda.open(nullptr, 0, small, sizeof small));
  EXPECT_STREQ(small, "no GPU:");
}

} // namespace
