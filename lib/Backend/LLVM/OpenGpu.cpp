//===- OpenGpu.cpp - A GPU of this machine, in use ------------------------===//
#include "attune/Backend/LLVM/OpenGpu.h"
#include "attune/Support/Error.h"

using namespace attune;

llvm::Expected<std::shared_ptr<OpenGpu>>
OpenGpu::open(const GpuTarget &target, const void *weights, size_t bytes) {
  const AttuneGpuDriver *driver = target.api == GpuTarget::Api::Cuda
                                      ? &attune_gpu_cuda
                                      : &attune_gpu_opencl;
  char message[sizeof(AttuneFailure::message)] = "";
  AttuneGpu *gpu = driver->open(weights, bytes, message, sizeof message);
  if (!gpu)
    return userErrorf("--gpu={0}: {1}", target.str(), message);
  return std::shared_ptr<OpenGpu>(new OpenGpu(driver, gpu));
}
