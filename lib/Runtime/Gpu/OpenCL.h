//===- OpenCL.h - What is used of OpenCL ------------------------*- C++ -*-===//
//
// Types, values and functions of the OpenCL 3.0 specification, as far as they
// are used here, so that building needs no headers of OpenCL.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_GPU_OPENCL_H
#define ATTUNE_LIB_RUNTIME_GPU_OPENCL_H

#include "Library.h"

#include <cstddef>
#include <cstdint>

namespace attune::rt::opencl {

using cl_int = int32_t;
using cl_uint = uint32_t;
using cl_bool = cl_uint;
using cl_bitfield = uint64_t;
using cl_platform_id = struct Platform *;
using cl_device_id = struct DeviceId *;
using cl_context = struct Context *;
using cl_command_queue = struct Queue *;
using cl_program = struct ProgramId *;
using cl_kernel = struct Kernel *;
using cl_event = struct Event *;

constexpr cl_int CL_SUCCESS = 0;
constexpr cl_int CL_OUT_OF_RESOURCES = -5;
constexpr cl_bool CL_TRUE = 1;
constexpr cl_bool CL_FALSE = 0;
constexpr cl_bitfield CL_DEVICE_TYPE_CPU = 1 << 1;
constexpr cl_bitfield CL_DEVICE_TYPE_GPU = 1 << 2;
constexpr cl_bitfield CL_DEVICE_TYPE_ALL = 0xFFFFFFFF;
constexpr cl_uint CL_DEVICE_TYPE = 0x1000;
constexpr cl_uint CL_DEVICE_NAME = 0x102B;
constexpr cl_uint CL_DEVICE_SVM_CAPABILITIES = 0x1053;
constexpr cl_bitfield CL_DEVICE_SVM_COARSE_GRAIN_BUFFER = 1 << 0;
constexpr cl_bitfield CL_MEM_READ_WRITE = 1 << 0;
constexpr cl_uint CL_PROGRAM_BUILD_LOG = 0x1183;

using Notify = void (*)(const char *, const void *, size_t, void *);
using BuildNotify = void (*)(cl_program, void *);

/// X(name, result, parameters) for every function.
#define ATTUNE_OPENCL_FUNCTIONS(X)                                             \
  X(clGetPlatformIDs, cl_int, (cl_uint, cl_platform_id *, cl_uint *))          \
  X(clGetDeviceIDs, cl_int,                                                    \
    (cl_platform_id, cl_bitfield, cl_uint, cl_device_id *, cl_uint *))         \
  X(clGetDeviceInfo, cl_int,                                                   \
    (cl_device_id, cl_uint, size_t, void *, size_t *))                         \
  X(clCreateContext, cl_context,                                               \
    (const intptr_t *, cl_uint, const cl_device_id *, Notify, void *,          \
     cl_int *))                                                                \
  X(clReleaseContext, cl_int, (cl_context))                                    \
  X(clCreateCommandQueue, cl_command_queue,                                    \
    (cl_context, cl_device_id, cl_bitfield, cl_int *))                         \
  X(clReleaseCommandQueue, cl_int, (cl_command_queue))                         \
  X(clCreateProgramWithSource, cl_program,                                     \
    (cl_context, cl_uint, const char **, const size_t *, cl_int *))            \
  X(clBuildProgram, cl_int,                                                    \
    (cl_program, cl_uint, const cl_device_id *, const char *, BuildNotify,     \
     void *))                                                                  \
  X(clGetProgramBuildInfo, cl_int,                                             \
    (cl_program, cl_device_id, cl_uint, size_t, void *, size_t *))             \
  X(clReleaseProgram, cl_int, (cl_program))                                    \
  X(clCreateKernel, cl_kernel, (cl_program, const char *, cl_int *))           \
  X(clReleaseKernel, cl_int, (cl_kernel))                                      \
  X(clSetKernelArg, cl_int, (cl_kernel, cl_uint, size_t, const void *))        \
  X(clEnqueueNDRangeKernel, cl_int,                                            \
    (cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *,     \
     const size_t *, cl_uint, const cl_event *, cl_event *))                   \
  X(clFinish, cl_int, (cl_command_queue))

/// Since OpenCL 2.0.
#define ATTUNE_OPENCL_SVM_FUNCTIONS(X)                                         \
  X(clSVMAlloc, void *, (cl_context, cl_bitfield, size_t, cl_uint))            \
  X(clSVMFree, void, (cl_context, void *))                                     \
  X(clEnqueueSVMMemcpy, cl_int,                                                \
    (cl_command_queue, cl_bool, void *, const void *, size_t, cl_uint,         \
     const cl_event *, cl_event *))                                            \
  X(clSetKernelArgSVMPointer, cl_int, (cl_kernel, cl_uint, const void *))

/// The functions; null those that the library lacks.
struct Functions {
#define ATTUNE_DECLARE(NAME, RESULT, PARAMETERS) RESULT(*NAME) PARAMETERS;
  ATTUNE_OPENCL_FUNCTIONS(ATTUNE_DECLARE)
  ATTUNE_OPENCL_SVM_FUNCTIONS(ATTUNE_DECLARE)
#undef ATTUNE_DECLARE

  explicit Functions(const Library &library) {
#define ATTUNE_FIND(NAME, RESULT, PARAMETERS)                                  \
  NAME = reinterpret_cast<RESULT(*) PARAMETERS>(library.find(#NAME));
    ATTUNE_OPENCL_FUNCTIONS(ATTUNE_FIND)
    ATTUNE_OPENCL_SVM_FUNCTIONS(ATTUNE_FIND)
#undef ATTUNE_FIND
  }

  /// Whether all functions of OpenCL 1.2, and all of OpenCL 2.0, are there.
#define ATTUNE_CHECK(NAME, RESULT, PARAMETERS) &&NAME
  bool isComplete() const { return true ATTUNE_OPENCL_FUNCTIONS(ATTUNE_CHECK); }
  bool hasSharedMemory() const {
    return true ATTUNE_OPENCL_SVM_FUNCTIONS(ATTUNE_CHECK);
  }
#undef ATTUNE_CHECK
};

} // namespace attune::rt::opencl

#endif // ATTUNE_LIB_RUNTIME_GPU_OPENCL_H
