//===- OpenGpu.h - A GPU of this machine, in use ----------------*- C++ -*-===//
#ifndef ATTUNE_BACKEND_LLVM_OPENGPU_H
#define ATTUNE_BACKEND_LLVM_OPENGPU_H

#include "attune/Kernel/GpuTarget.h"
#include "attune/Runtime/Gpu.h"
#include <memory>

namespace attune {

/// What a driver (Gpu.h) has opened, until it is destroyed. One thread at a
/// time may use it.
class OpenGpu {
public:
  /// `weights` are copied to the GPU. A UserError says why there is none, or
  /// why it cannot be used.
  static llvm::Expected<std::shared_ptr<OpenGpu>>
  open(const GpuTarget &target, const void *weights = nullptr,
       size_t bytes = 0);
  ~OpenGpu() { driver->close(gpu); }
  OpenGpu(const OpenGpu &) = delete;
  OpenGpu &operator=(const OpenGpu &) = delete;

  const AttuneGpuDriver *getDriver() const { return driver; }
  AttuneGpu *get() const { return gpu; }

private:
  OpenGpu(const AttuneGpuDriver *driver, AttuneGpu *gpu)
      : driver(driver), gpu(gpu) {}

  const AttuneGpuDriver *driver;
  AttuneGpu *gpu;
};

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_OPENGPU_H
