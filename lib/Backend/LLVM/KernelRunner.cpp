//===- KernelRunner.cpp - One kernel, compiled and run here ---------------===//
#include "attune/Backend/LLVM/KernelRunner.h"
#include "attune/Backend/LLVM/RuntimeSymbols.h"
#include "attune/Kernel/Packing.h"
#include "attune/Runtime/Cpu.h"
#include "attune/Runtime/ThreadPool.h"
#include "attune/Support/Error.h"
#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace attune;

KernelRunner::~KernelRunner() { attune_pool_destroy(pool); }

llvm::Expected<std::unique_ptr<KernelRunner>>
KernelRunner::create(KernelOp original, const Backend &backend,
                     const TargetDesc &target, const Options &options) {
  uint64_t missing = target.runtimeFeatures & ~rt::cpuFeatures();
  if (missing)
    return userErrorf("kernels for '{0}' cannot run here: this CPU lacks {1}",
                      target.name, rt::cpuFeatureNames(missing));
  std::unique_ptr<KernelRunner> runner(new KernelRunner);
  runner->schedule = options.schedule
                         ? *options.schedule
                         : backend.getDefaultSchedule(original, target);

  runner->gpu = options.gpu;
  if (target.gpu && !runner->gpu) {
    llvm::Expected<std::shared_ptr<OpenGpu>> gpu = OpenGpu::open(target.gpu);
    if (!gpu)
      return gpu.takeError();
    runner->gpu = std::move(*gpu);
  }
  llvm::Expected<CompiledKernel> compiled =
      compileKernel(original, backend, target, runner->schedule,
                    original.getSymName(), options.buffers);
  if (!compiled)
    return compiled.takeError();
  runner->operands = std::move(compiled->operands);
  runner->numResults = original.getResultTypes().size();
  runner->scratchBytes = compiled->scratchBytes;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  objects.push_back(std::move(compiled->object));
  auto jit = Jit::create(std::move(objects), getRuntimeSymbols());
  if (!jit)
    return jit.takeError();
  runner->jit = std::move(*jit);
  if (!compiled->launch.empty()) {
    auto launch = runner->jit->lookupFunction<void(const AttuneCall *, void *)>(
        compiled->launch);
    if (!launch)
      return launch.takeError();
    runner->launch = *launch;
    return std::move(runner);
  }
  auto task = runner->jit->lookupFunction<void(void *, int64_t, void *)>(
      compiled->task);
  if (!task)
    return task.takeError();
  auto count = runner->jit->lookupFunction<int64_t(void *)>(compiled->count);
  if (!count)
    return count.takeError();
  runner->task = *task;
  runner->count = *count;
  return std::move(runner);
}

/// Strides of a row-major buffer.
static SmallVector<int64_t> getRowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

llvm::Error KernelRunner::bind(ArrayRef<KernelBuffer> buffers) {
  if (buffers.size() != operands.size())
    return userErrorf("the kernel has {0} arguments and results, got {1}",
                      operands.size(), buffers.size());
  descriptors.clear();
  packed.clear();
  ranges.clear();
  for (auto [i, buffer, operand] : llvm::enumerate(buffers, operands)) {
    if (failed(verifyCompatibleShape(operand.tensor.getShape(), buffer.shape)))
      return userErrorf("operand {0} does not have the kernel's shape", i);
    void *data = buffer.data;
    SmallVector<int64_t> shape = buffer.shape, strides = buffer.strides;
    if (operand.layout) {
      size_t bytes = llvm::alignTo(
          std::max<int64_t>(operand.type.getNumElements(), 1) * sizeof(float),
          64);
      auto *memory = static_cast<float *>(std::aligned_alloc(64, bytes));
      packed.emplace_back(memory, [](void *p) { std::free(p); });
      packWeight(ArrayRef(static_cast<const float *>(data),
                          buffer.shape[0] * buffer.shape[1]),
                 buffer.shape[0], buffer.shape[1], operand.layout, memory);
      data = memory;
      shape.assign(operand.type.getShape().begin(),
                   operand.type.getShape().end());
      strides.clear();
    }
    if (strides.empty())
      strides = getRowMajorStrides(shape);
    SmallVector<int64_t> expected;
    int64_t offset;
    if (failed(operand.type.getStridesAndOffset(expected, offset)))
      return userErrorf("operand {0} has a layout without strides", i);
    if (!operand.type.getLayout().isIdentity())
      for (auto [have, want] : llvm::zip(strides, expected))
        if (!ShapedType::isDynamic(want) && have != want)
          return userErrorf("operand {0}: expected stride {1}, got {2}", i,
                            want, have);
    size_t elements = 1;
    for (auto [extent, stride] : llvm::zip(shape, strides))
      elements += (extent - 1) * stride;
    if (llvm::is_contained(shape, 0))
      elements = 0;
    bool isResult = i >= operands.size() - numResults;
    // What lies between a result's elements is to stay as it is.
    ranges.push_back(
        {data, elements * ((operand.type.getElementTypeBitWidth() + 7) / 8),
         isResult ? ATTUNE_GPU_INOUT : ATTUNE_GPU_INPUT});
    descriptors.push_back(reinterpret_cast<intptr_t>(data));
    descriptors.push_back(reinterpret_cast<intptr_t>(data));
    descriptors.push_back(0);
    llvm::append_range(descriptors, shape);
    llvm::append_range(descriptors, strides);
  }
  return llvm::Error::success();
}

int64_t KernelRunner::getTaskCount() const {
  return count ? count(const_cast<int64_t *>(descriptors.data())) : 1;
}

llvm::Error KernelRunner::run(int threads) {
  if (descriptors.empty())
    return userError("run() before bind()");
  if (!pool || poolThreads != threads) {
    attune_pool_destroy(pool);
    pool = attune_pool_create(threads, std::max<int64_t>(scratchBytes, 64));
    if (!pool)
      return userErrorf("cannot start {0} threads: {1}", threads,
                        std::strerror(errno));
    poolThreads = threads;
  }
  if (!launch) {
    attune_pool_run(pool, task, descriptors.data(), getTaskCount());
    return llvm::Error::success();
  }
  AttuneFailure failure = {};
  AttuneCall call = {};
  call.pool = pool;
  call.failure = &failure;
  if (!gpu) {
    launch(&call, descriptors.data());
  } else {
    const AttuneGpuDriver *driver = gpu->getDriver();
    call.gpu = gpu->get();
    if (attune_gpu_begin(driver, &call, ranges.data(), ranges.size()) == 0) {
      launch(&call, descriptors.data());
      attune_gpu_end(driver, &call);
    }
  }
  if (failure.failed)
    return userErrorf("the kernel failed: {0}", failure.message);
  return llvm::Error::success();
}
