//===- Cuda.h - What is used of the CUDA driver -----------------*- C++ -*-===//
//
// Types, values and functions of the CUDA driver interface (cuda.h), as far as
// they are used here, so that building needs no CUDA.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_GPU_CUDA_H
#define ATTUNE_LIB_RUNTIME_GPU_CUDA_H

#include "Library.h"

#include <cstddef>
#include <cstdint>

namespace attune::rt::cuda {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = uint64_t;
using CUcontext = struct ContextHandle *;
using CUmodule = struct ModuleHandle *;
using CUfunction = struct FunctionHandle *;
using CUstream = struct StreamHandle *;

constexpr CUresult CUDA_SUCCESS = 0;
constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75;
constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76;
constexpr int CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
constexpr int CU_JIT_ERROR_LOG_BUFFER = 5;
constexpr int CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
/// A stream that does not wait for the default stream.
constexpr unsigned CU_STREAM_NON_BLOCKING = 1;

/// X(member, exported name, parameters) for every function.
#define ATTUNE_CUDA_FUNCTIONS(X)                                               \
  X(init, cuInit, (unsigned))                                                  \
  X(getErrorName, cuGetErrorName, (CUresult, const char **))                   \
  X(deviceGetCount, cuDeviceGetCount, (int *))                                 \
  X(deviceGet, cuDeviceGet, (CUdevice *, int))                                 \
  X(deviceGetName, cuDeviceGetName, (char *, int, CUdevice))                   \
  X(deviceGetAttribute, cuDeviceGetAttribute, (int *, int, CUdevice))          \
  X(retainContext, cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))          \
  X(releaseContext, cuDevicePrimaryCtxRelease_v2, (CUdevice))                  \
  X(pushContext, cuCtxPushCurrent_v2, (CUcontext))                             \
  X(popContext, cuCtxPopCurrent_v2, (CUcontext *))                             \
  X(streamCreate, cuStreamCreate, (CUstream *, unsigned))                      \
  X(streamDestroy, cuStreamDestroy_v2, (CUstream))                             \
  X(streamSynchronize, cuStreamSynchronize, (CUstream))                        \
  X(memAlloc, cuMemAlloc_v2, (CUdeviceptr *, size_t))                          \
  X(memFree, cuMemFree_v2, (CUdeviceptr))                                      \
  X(copyIn, cuMemcpyHtoDAsync_v2,                                              \
    (CUdeviceptr, const void *, size_t, CUstream))                             \
  X(copyOut, cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))    \
  X(moduleLoad, cuModuleLoadDataEx,                                            \
    (CUmodule *, const void *, unsigned, int *, void **))                      \
  X(moduleUnload, cuModuleUnload, (CUmodule))                                  \
  X(moduleGetFunction, cuModuleGetFunction,                                    \
    (CUfunction *, CUmodule, const char *))                                    \
  X(funcSetAttribute, cuFuncSetAttribute, (CUfunction, int, int))              \
  X(launchKernel, cuLaunchKernel,                                              \
    (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,   \
     unsigned, CUstream, void **, void **))

/// The functions; null those that the library lacks.
struct Functions {
#define ATTUNE_DECLARE(MEMBER, NAME, PARAMETERS) CUresult(*MEMBER) PARAMETERS;
  ATTUNE_CUDA_FUNCTIONS(ATTUNE_DECLARE)
#undef ATTUNE_DECLARE

  explicit Functions(const Library &library) {
#define ATTUNE_FIND(MEMBER, NAME, PARAMETERS)                                  \
  MEMBER = reinterpret_cast<CUresult(*) PARAMETERS>(library.find(#NAME));
    ATTUNE_CUDA_FUNCTIONS(ATTUNE_FIND)
#undef ATTUNE_FIND
  }

#define ATTUNE_CHECK(MEMBER, NAME, PARAMETERS) &&MEMBER
  bool isComplete() const { return true ATTUNE_CUDA_FUNCTIONS(ATTUNE_CHECK); }
#undef ATTUNE_CHECK
};

} // namespace attune::rt::cuda

#endif // ATTUNE_LIB_RUNTIME_GPU_CUDA_H
