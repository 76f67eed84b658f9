// REQUIRES: halide
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -attune-lower-launches | FileCheck %s

// A kernel that shares out its work itself is called with the call and the operands' descriptors; its code stays beside it.

// CHECK: attune.object @relu.code, "bitcode"
// CHECK: func.func private @forward(%[[CALL:[^:]*]]: !llvm.ptr, %{{.*}}: index
// CHECK: %[[ARGS:.*]] = llvm.alloca
// CHECK-NOT: attune_parallel_for
// CHECK: llvm.call @relu.launch(%[[CALL]], %[[ARGS]]) : (!llvm.ptr, !llvm.ptr) -> ()
attune.kernel @relu(%x: tensor<?x8xf32> {attune.buffer = memref<?x8xf32>}) -> (tensor<?x8xf32> {attune.buffer = memref<?x8xf32>})
    attributes {backend = "halide", schedule = {}} {
  %0 = attune.relu %x : tensor<?x8xf32>
  attune.yield %0 : tensor<?x8xf32>
}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?x8xf32> {attune.dims = ["n", ""], attune.name = "x"}, %y: memref<?x8xf32> {attune.dims = ["n", ""], attune.name = "y"}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  %c0 = arith.constant 0 : index
  return %c0 : index
}
