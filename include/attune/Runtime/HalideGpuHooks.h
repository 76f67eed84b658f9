/*===- HalideGpuHooks.h - What Halide's kernels for GPUs ask for ------------===
 *
 * Like HalideHooks.h: what the host's code of such kernels calls in the place
 * of Halide's own runtime, whose names these are with halide_ in front. Buffers
 * are halide_buffer_t. Failures end the call; what comes after is not run.
 *===----------------------------------------------------------------------===*/
#ifndef ATTUNE_RUNTIME_HALIDEGPUHOOKS_H
#define ATTUNE_RUNTIME_HALIDEGPUHOOKS_H

#include "attune/Runtime/ABI.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes `buffer`, which shows `bytes` of memory of this process, show what
 * stands for them on the GPU. */
int32_t attune_halide_attach(void *user_context, void *buffer, int64_t bytes);

/* Keeps in *state how the kernels of `code` are found again. */
int32_t attune_halide_opencl_initialize_kernels(void *user_context,
                                                void **state, const char *code,
                                                int32_t bytes);
int32_t attune_halide_cuda_initialize_kernels(void *user_context, void **state,
                                              const char *code, int32_t bytes);
void attune_halide_opencl_finalize_kernels(void *user_context, void *state);
void attune_halide_cuda_finalize_kernels(void *user_context, void *state);

/* Launches a kernel. The sizes of arguments end with a 0. */
int32_t attune_halide_opencl_run(void *user_context, void *state,
                                 const char *kernel, int32_t groups_x,
                                 int32_t groups_y, int32_t groups_z,
                                 int32_t threads_x, int32_t threads_y,
                                 int32_t threads_z, int32_t shared_bytes,
                                 size_t *sizes, void **arguments,
                                 int8_t *is_buffer);
int32_t attune_halide_cuda_run(void *user_context, void *state,
                               const char *kernel, int32_t groups_x,
                               int32_t groups_y, int32_t groups_z,
                               int32_t threads_x, int32_t threads_y,
                               int32_t threads_z, int32_t shared_bytes,
                               size_t *sizes, void **arguments,
                               int8_t *is_buffer);

const void *attune_halide_opencl_device_interface(void);
const void *attune_halide_cuda_device_interface(void);

int32_t attune_halide_device_malloc(void *user_context, void *buffer,
                                    const void *device);
int32_t attune_halide_device_free(void *user_context, void *buffer);
void attune_halide_device_free_as_destructor(void *user_context, void *buffer);
int32_t attune_halide_copy_to_device(void *user_context, void *buffer,
                                     const void *device);
int32_t attune_halide_copy_to_host(void *user_context, void *buffer);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_HALIDEGPUHOOKS_H */
