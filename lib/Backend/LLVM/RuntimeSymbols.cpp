//===- RuntimeSymbols.cpp - The runtime, for code linked in memory --------===//
#include "attune/Backend/LLVM/RuntimeSymbols.h"
#include "attune/Runtime/ABI.h"
#include "attune/Runtime/Gpu.h"
#include "attune/Runtime/HalideGpuHooks.h"
#include "attune/Runtime/HalideHooks.h"

using namespace attune;

llvm::ArrayRef<JitSymbol> attune::getRuntimeSymbols() {
#define ATTUNE_SYMBOL(NAME)                                                    \
  {                                                                            \
    #NAME, reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(&NAME))        \
  }
  static const JitSymbol symbols[] = {
      ATTUNE_SYMBOL(attune_fail),
      ATTUNE_SYMBOL(attune_gpu_cuda),
      ATTUNE_SYMBOL(attune_gpu_opencl),
      ATTUNE_SYMBOL(attune_halide_attach),
      ATTUNE_SYMBOL(attune_halide_copy_to_device),
      ATTUNE_SYMBOL(attune_halide_copy_to_host),
      ATTUNE_SYMBOL(attune_halide_cuda_device_interface),
      ATTUNE_SYMBOL(attune_halide_cuda_finalize_kernels),
      ATTUNE_SYMBOL(attune_halide_cuda_initialize_kernels),
      ATTUNE_SYMBOL(attune_halide_cuda_run),
      ATTUNE_SYMBOL(attune_halide_device_free),
      ATTUNE_SYMBOL(attune_halide_device_free_as_destructor),
      ATTUNE_SYMBOL(attune_halide_device_malloc),
      ATTUNE_SYMBOL(attune_halide_opencl_device_interface),
      ATTUNE_SYMBOL(attune_halide_opencl_finalize_kernels),
      ATTUNE_SYMBOL(attune_halide_opencl_initialize_kernels),
      ATTUNE_SYMBOL(attune_halide_opencl_run),
      ATTUNE_SYMBOL(attune_parallel_for),
      ATTUNE_SYMBOL(attune_halide_do_par_for),
      ATTUNE_SYMBOL(attune_halide_error),
      ATTUNE_SYMBOL(attune_halide_free),
      ATTUNE_SYMBOL(attune_halide_malloc),
  };
#undef ATTUNE_SYMBOL
  return symbols;
}
