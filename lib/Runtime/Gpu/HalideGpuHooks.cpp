//===- HalideGpuHooks.cpp - What Halide's kernels for GPUs ask for --------===//
#include "attune/Runtime/HalideGpuHooks.h"
#include "Gpu.h"
#include "attune/Runtime/Text.h"

#include <vector>

using namespace attune::rt;

namespace {

/// halide_dimension_t and halide_buffer_t of HalideRuntime.h.
struct Dimension {
  int32_t min, extent, stride;
  uint32_t flags;
};
struct Buffer {
  uint64_t device;
  const void *interface;
  uint8_t *host;
  uint64_t flags;
  uint8_t code, bits;
  uint16_t lanes;
  int32_t dimensions;
  Dimension *dim;
  void *padding;

  static constexpr uint64_t kHostDirty = 1, kDeviceDirty = 2;

  size_t getBytes() const {
    int64_t last = 0;
    for (int32_t i = 0; i < dimensions; ++i) {
      if (dim[i].extent <= 0)
        return 0;
      last += (dim[i].extent - int64_t(1)) * dim[i].stride;
    }
    return size_t(last + 1) * ((bits + 7u) / 8);
  }
};

/// Told from other devices by its address.
const char theDevice = 0;

const AttuneCall *callOf(void *context) {
  return static_cast<const AttuneCall *>(context);
}

/// The GPU of a call that has not failed; null otherwise, when nothing more is
/// to be done.
AttuneGpu *gpuOf(void *context) {
  const AttuneCall *call = callOf(context);
  if (call->failure && call->failure->failed)
    return nullptr;
  if (!call->gpu)
    attune_fail(call, "a kernel for GPUs is run without one");
  return call->gpu;
}

int32_t failed(void *context, const AttuneGpu &gpu) {
  attune_fail(callOf(context), gpu.device->getError().c_str());
  return 1;
}

int32_t initialize(void *context, void **state, const char *code,
                   int32_t bytes) {
  // The same for every handle and thread: the place is one for all of them.
  __atomic_store_n(state, const_cast<char *>(code), __ATOMIC_RELAXED);
  AttuneGpu *gpu = gpuOf(context);
  if (!gpu)
    return 1;
  return gpu->addProgram(code, size_t(bytes)) ? 0 : failed(context, *gpu);
}

int32_t run(void *context, void *state, const char *kernel, int32_t groups_x,
            int32_t groups_y, int32_t groups_z, int32_t threads_x,
            int32_t threads_y, int32_t threads_z, int32_t shared_bytes,
            const size_t *sizes, void *const *arguments,
            const int8_t *is_buffer) {
  AttuneGpu *gpu = gpuOf(context);
  if (!gpu)
    return 1;
  KernelLaunch launch = {};
  launch.kernel = kernel;
  const int32_t groups[] = {groups_x, groups_y, groups_z};
  const int32_t threads[] = {threads_x, threads_y, threads_z};
  for (int i = 0; i < 3; ++i) {
    // There is nothing to do for results without elements.
    if (groups[i] <= 0 || threads[i] <= 0)
      return 0;
    launch.groups[i] = uint32_t(groups[i]);
    launch.threads[i] = uint32_t(threads[i]);
  }
  launch.sharedBytes = uint32_t(shared_bytes);
  constexpr size_t most = 64;
  KernelArgument list[most];
  size_t count = 0;
  for (; sizes[count] != 0; ++count) {
    if (count == most) {
      attune_fail(callOf(context), "a kernel has too many arguments");
      return 1;
    }
    KernelArgument &argument = list[count];
    argument.isAddress = is_buffer[count];
    argument.bytes = sizes[count];
    argument.value =
        is_buffer[count]
            ? &static_cast<const Buffer *>(arguments[count])->device
            : arguments[count];
  }
  launch.arguments = list;
  launch.numArguments = count;
  Program *program = gpu->getProgram(state);
  return program && program->launch(launch) ? 0 : failed(context, *gpu);
}

} // namespace

extern "C" {

int32_t attune_halide_attach(void *user_context, void *buffer, int64_t bytes) {
  AttuneGpu *gpu = gpuOf(user_context);
  if (!gpu)
    return 1;
  auto *shown = static_cast<Buffer *>(buffer);
  shown->device = gpu->find(shown->host, size_t(bytes));
  shown->interface = &theDevice;
  if (shown->device)
    return 0;
  attune_fail(callOf(user_context),
              "a kernel is given memory that is not on the GPU");
  return 1;
}

int32_t attune_halide_opencl_initialize_kernels(void *user_context,
                                                void **state, const char *code,
                                                int32_t bytes) {
  return initialize(user_context, state, code, bytes);
}

int32_t attune_halide_cuda_initialize_kernels(void *user_context, void **state,
                                              const char *code, int32_t bytes) {
  return initialize(user_context, state, code, bytes);
}

void attune_halide_opencl_finalize_kernels(void *, void *) {}
void attune_halide_cuda_finalize_kernels(void *, void *) {}

int32_t attune_halide_opencl_run(void *user_context, void *state,
                                 const char *kernel, int32_t groups_x,
                                 int32_t groups_y, int32_t groups_z,
                                 int32_t threads_x, int32_t threads_y,
                                 int32_t threads_z, int32_t shared_bytes,
                                 size_t *sizes, void **arguments,
                                 int8_t *is_buffer) {
  return run(user_context, state, kernel, groups_x, groups_y, groups_z,
             threads_x, threads_y, threads_z, shared_bytes, sizes, arguments,
             is_buffer);
}

int32_t attune_halide_cuda_run(void *user_context, void *state,
                               const char *kernel, int32_t groups_x,
                               int32_t groups_y, int32_t groups_z,
                               int32_t threads_x, int32_t threads_y,
                               int32_t threads_z, int32_t shared_bytes,
                               size_t *sizes, void **arguments,
                               int8_t *is_buffer) {
  return run(user_context, state, kernel, groups_x, groups_y, groups_z,
             threads_x, threads_y, threads_z, shared_bytes, sizes, arguments,
             is_buffer);
}

const void *attune_halide_opencl_device_interface(void) { return &theDevice; }
const void *attune_halide_cuda_device_interface(void) { return &theDevice; }

int32_t attune_halide_device_malloc(void *user_context, void *buffer,
                                    const void *device) {
  auto *shown = static_cast<Buffer *>(buffer);
  AttuneGpu *gpu = gpuOf(user_context);
  if (!gpu)
    return 1;
  if (shown->device)
    return 0;
  shown->device = gpu->borrow(shown->getBytes());
  shown->interface = device;
  return shown->device ? 0 : failed(user_context, *gpu);
}

int32_t attune_halide_device_free(void *user_context, void *buffer) {
  auto *shown = static_cast<Buffer *>(buffer);
  // Also after a failure: the memory is wanted in the next call.
  if (AttuneGpu *gpu = callOf(user_context)->gpu; gpu && shown->device)
    gpu->giveBack(shown->device);
  shown->device = 0;
  shown->interface = nullptr;
  shown->flags &= ~Buffer::kDeviceDirty;
  return 0;
}

void attune_halide_device_free_as_destructor(void *user_context, void *buffer) {
  attune_halide_device_free(user_context, buffer);
}

int32_t attune_halide_copy_to_device(void *user_context, void *buffer,
                                     const void *device) {
  auto *shown = static_cast<Buffer *>(buffer);
  if (int32_t status =
          attune_halide_device_malloc(user_context, buffer, device))
    return status;
  if (!(shown->flags & Buffer::kHostDirty))
    return 0;
  AttuneGpu *gpu = callOf(user_context)->gpu;
  if (!gpu->device->copyIn(shown->device, shown->host, shown->getBytes()))
    return failed(user_context, *gpu);
  shown->flags &= ~Buffer::kHostDirty;
  return 0;
}

int32_t attune_halide_copy_to_host(void *user_context, void *buffer) {
  auto *shown = static_cast<Buffer *>(buffer);
  AttuneGpu *gpu = gpuOf(user_context);
  if (!gpu)
    return 1;
  if (!(shown->flags & Buffer::kDeviceDirty))
    return 0;
  if (!gpu->device->copyOut(shown->host, shown->device, shown->getBytes()))
    return failed(user_context, *gpu);
  shown->flags &= ~Buffer::kDeviceDirty;
  return 0;
}

} // extern "C"
