// REQUIRES: halide
// RUN: attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 gpu=opencl" | FileCheck %s
// RUN: attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 gpu=cuda:sm_90" | FileCheck %s
// RUN: not attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 gpu=opencl backend=llvm" -o /dev/null 2>&1 | FileCheck %s --check-prefix=LLVM
// RUN: not attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 gpu=opencl backend=auto,linear=llvm" -o /dev/null 2>&1 | FileCheck %s --check-prefix=LLVM
// RUN: not attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 gpu=vulkan" -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// Only backends that make code for GPUs are asked.

// LLVM: error: no backend takes kernel 'linear' for --gpu=opencl: llvm: makes code for CPUs only
// UNKNOWN: error: {{.*}}--gpu=vulkan: expected opencl, cuda or cuda:sm_NN, e.g. cuda:sm_90

// CHECK: attune.kernel @linear(
// CHECK-SAME: backend = "halide"
module {
  attune.weight @w : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]
  attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> {
    %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  func.func @forward(%x: tensor<?x32xf32> {attune.dims = ["n", ""]}) -> tensor<?x48xf32> {
    %w = attune.load_weight @w : tensor<48x32xf32>
    %r = attune.launch @linear(%x, %w) : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    return %r : tensor<?x48xf32>
  }
}
