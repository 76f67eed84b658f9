/*===- Gpu.h - Kernels on a GPU
 * -----------------------------------------------===
 *
 * Models that are compiled for a GPU are linked with libattune_gpu.a, which has
 * a driver for each interface. A handle opens the GPU once: the weights are
 * copied to it, and there is a copy of the workspace on it, which is all that
 * kernels between the model's inputs and outputs see. Compiled code names
 * memory by its address in this process; the driver knows which memory of the
 * GPU stands for it.
 *
 * The libraries of OpenCL and CUDA are loaded when a GPU is opened: a program
 * needs none of them to start.
 *===----------------------------------------------------------------------===*/
#ifndef ATTUNE_RUNTIME_GPU_H
#define ATTUNE_RUNTIME_GPU_H

#include "attune/Runtime/ABI.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What happens to memory at the borders of a call. */
typedef enum AttuneGpuUse {
  ATTUNE_GPU_WORK = 0,   /* nothing: its contents live on the GPU alone */
  ATTUNE_GPU_INPUT = 1,  /* copied to the GPU before the first kernel */
  ATTUNE_GPU_OUTPUT = 2, /* copied back after the last one */
  ATTUNE_GPU_INOUT = 3   /* both */
} AttuneGpuUse;

/* Memory of this process that kernels of a call may be given. */
typedef struct AttuneGpuRange {
  void *host;
  size_t bytes;
  int32_t use; /* AttuneGpuUse */
} AttuneGpuRange;

/* One interface to GPUs. Functions that fail say why in `message`, one
 * terminated line of at most `size` bytes. */
struct AttuneGpuDriver {
  const char *name; /* "opencl", "cuda" */

  /* Opens the GPU that is to be used, and copies the weights to it, which stay
   * where they are until it is closed (none: NULL and 0). NULL on failure. */
  AttuneGpu *(*open)(const void *weights, size_t bytes, char *message,
                     size_t size);
  void (*close)(AttuneGpu *gpu);

  /* Begins a call: kernels may be given what lies in `ranges`, of which the
   * first that holds an address counts, and the weights. 0 on success; else
   * there is nothing to end. */
  int32_t (*begin)(AttuneGpu *gpu, const AttuneGpuRange *ranges, size_t count,
                   char *message, size_t size);

  /* Ends it, also when it has failed: waits for all kernels, and copies outputs
   * back. 0 on success. */
  int32_t (*end)(AttuneGpu *gpu, char *message, size_t size);
};

extern const AttuneGpuDriver attune_gpu_opencl;
extern const AttuneGpuDriver attune_gpu_cuda;

/* The same for a call and what its driver has opened for it, with failures
 * reported to the call (attune_fail). */
int32_t attune_gpu_begin(const AttuneGpuDriver *driver, const AttuneCall *call,
                         const AttuneGpuRange *ranges, size_t count);
int32_t attune_gpu_end(const AttuneGpuDriver *driver, const AttuneCall *call);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_GPU_H */
