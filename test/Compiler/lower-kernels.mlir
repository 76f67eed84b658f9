// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -split-input-file | FileCheck %s
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v4 -split-input-file | FileCheck %s --check-prefix=V4
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -split-input-file --remarks-filter=compile -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// REMARK: remark: [Analysis] lower | Category:compile | Remark="kernel 'relu' lowered by llvm"

// A kernel's task and the number of its tasks, and the entry points that take the operands' descriptors one behind the other:
// those of rank 2 have 56 bytes. The kernel stays until its launches go.

// CHECK: module attributes {attune.scratch_bytes = 0 : i64}
// CHECK: func.func private @relu.task(%[[X:.*]]: memref<?x8xf32>, %[[Y:.*]]: memref<?x8xf32>, %{{.*}}: memref<?xi8>, %[[INDEX:.*]]: index)
// CHECK-SAME: attune.scratch = 0 : i64
// CHECK: %[[IN:.*]] = vector.load %[[X]][{{.*}}] : memref<?x8xf32>, vector<8xf32>
// CHECK: vector.store %{{.*}}, %[[Y]][{{.*}}] : memref<?x8xf32>, vector<8xf32>
// CHECK: func.func private @relu.grid(%{{.*}}: memref<?x8xf32>, %{{.*}}: memref<?x8xf32>) -> index
// CHECK: llvm.func internal @relu.entry(%[[ARGS:.*]]: !llvm.ptr, %[[TASK:.*]]: i64, %[[SCRATCH:.*]]: !llvm.ptr)
// CHECK: llvm.getelementptr %[[ARGS]][0]
// CHECK: llvm.getelementptr %[[ARGS]][56]
// CHECK: call @relu.task(
// CHECK: llvm.func internal @relu.count(%[[ARGS:.*]]: !llvm.ptr) -> i64
// CHECK: %[[COUNT:.*]] = func.call @relu.grid(
// CHECK: attune.kernel @relu(
// CHECK: attune.launch @relu

// Where AVX-512 has no whole vector of 16, the rest is masked or narrower; the interface is the same.
// V4: func.func private @relu.task(%{{.*}}: memref<?x8xf32>, %{{.*}}: memref<?x8xf32>, %{{.*}}: memref<?xi8>, %{{.*}}: index)
// V4: func.func private @relu.grid(
module {
  attune.kernel @relu(%x: tensor<?x8xf32> {attune.buffer = memref<?x8xf32>}) -> (tensor<?x8xf32> {attune.buffer = memref<?x8xf32>})
      attributes {backend = "llvm", schedule = {}} {
    %0 = attune.relu %x : tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  func.func @forward(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
    attune.launch @relu(%x, %y) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    return
  }
}

// -----

// The schedule's knobs are in the code: the weight's panels are in its type. Scratch is the largest of all kernels'.

// CHECK: module @scratch attributes {attune.scratch_bytes = [[BYTES:[1-9][0-9]*]] : i64}
// CHECK: func.func private @linear.task(%{{.*}}: memref<?x32xf32>, %{{.*}}: memref<3x32x16xf32>, %{{.*}}: memref<?x48xf32>,
// CHECK: func.func private @attention.task({{.*}}attune.scratch = [[BYTES]] : i64
module @scratch {
  attune.kernel @linear(%x: tensor<?x32xf32> {attune.buffer = memref<?x32xf32>},
                        %w: tensor<48x32xf32> {attune.buffer = memref<3x32x16xf32>, attune.layout = #attune.panels<16>})
      -> (tensor<?x48xf32> {attune.buffer = memref<?x48xf32>}) attributes {backend = "llvm", schedule = {packa = 0 : i64}} {
    %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  attune.kernel @attention(%q: tensor<?x?x64xf32> {attune.buffer = memref<?x?x64xf32, strided<[?, 192, 1]>>},
                           %k: tensor<?x?x64xf32> {attune.buffer = memref<?x?x64xf32, strided<[?, 192, 1], offset: 64>>},
                           %v: tensor<?x?x64xf32> {attune.buffer = memref<?x?x64xf32, strided<[?, 192, 1], offset: 128>>})
      -> (tensor<?x?x64xf32> {attune.buffer = memref<?x?x64xf32>}) attributes {backend = "llvm", schedule = {}} {
    %0 = attune.attention %q, %k, %v {heads = 4 : i64, kv_heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x?x64xf32>, tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
    attune.yield %0 : tensor<?x?x64xf32>
  }
}

// -----

// Near miss: a kernel without buffers that nothing launches gets no code and is no error.

// CHECK-LABEL: module @unused
// CHECK-NOT: func
// CHECK: attune.kernel @relu
// CHECK-NOT: func
module @unused {
  attune.kernel @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {backend = "llvm", schedule = {}} {
    %0 = attune.relu %x : tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
}

// COUNTS: attune-lower-kernels: 0 fused, 0 missed, 4 done
// COUNTS-NEXT: 4 done: lower
