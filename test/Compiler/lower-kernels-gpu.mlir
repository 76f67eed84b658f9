// REQUIRES: halide
// RUN: attune-opt %s "-attune-lower-kernels=cpu=x86-64-v3 gpu=opencl" | FileCheck %s
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 | FileCheck %s --check-prefix=CPU

// Before the call of what Halide made, each buffer gets the memory of the GPU that stands for it: here 8 columns of floats,
// up to the last row, or no byte of a buffer without rows.

// CHECK: llvm.func @attune_halide_attach(!llvm.ptr, !llvm.ptr, i64) -> i32
// CHECK: func.func private @relu.run(%{{.*}}: memref<?x8xf32>, %{{.*}}: memref<?x8xf32>, %[[CALL:.*]]: !llvm.ptr)
// CHECK-COUNT-2: llvm.call @attune_halide_attach(%[[CALL]], %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, i64) -> i32
// CHECK: llvm.call @relu.halide(

// CPU-NOT: attune_halide_attach
// CPU: llvm.call @relu.halide(
module {
  attune.kernel @relu(%x: tensor<?x8xf32> {attune.buffer = memref<?x8xf32>}) -> (tensor<?x8xf32> {attune.buffer = memref<?x8xf32>})
      attributes {backend = "halide", schedule = {}} {
    %0 = attune.relu %x : tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  func.func @forward(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
    attune.launch @relu(%x, %y) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    return
  }
}
