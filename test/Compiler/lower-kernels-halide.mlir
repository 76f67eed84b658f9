// REQUIRES: halide
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -split-input-file -verify-diagnostics | FileCheck %s
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v4 -split-input-file -verify-diagnostics | FileCheck %s
// RUN: attune-opt %s -attune-lower-kernels=cpu=aarch64 -split-input-file -verify-diagnostics | FileCheck %s

// The code of a Halide kernel is bitcode beside a function that shows the operands to it, as they lie in memory, and runs the
// whole kernel. Matrices come as (column, row): the rows of a batch of sequences are those of one matrix.

// CHECK: llvm.func @attune_fail(!llvm.ptr, !llvm.ptr)
// CHECK: llvm.func @add.halide(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
// CHECK: attune.object @add.code, "bitcode", "BC\C0\DE
// CHECK: func.func private @add.run(%[[X:[^:]*]]: memref<?x?x8xf32, strided<[?, 24, 1], offset: 8>>, %[[B:[^:]*]]: memref<8xf32>, %{{.*}}: memref<?x?x8xf32>, %[[CALL:.*]]: !llvm.ptr)
// CHECK: llvm.alloca %{{.*}} x !llvm.array<56 x i8>
// CHECK: llvm.alloca %{{.*}} x !llvm.array<32 x i8>

// A launch without elements calls nothing.
// CHECK: arith.cmpi sgt,
// CHECK: scf.if
// CHECK: memref.extract_strided_metadata %[[X]]
// CHECK: memref.extract_aligned_pointer_as_index %[[X]]
// CHECK: memref.extract_aligned_pointer_as_index %[[B]]

// Halide counts in 32 bits: larger buffers are refused when the kernel runs.
// CHECK: %[[LIMIT:.*]] = arith.constant 2147483647 : i64
// CHECK: %[[FITS:.*]] = arith.cmpi sle, %{{.*}}, %[[LIMIT]] : i64
// CHECK: %[[STATUS:.*]] = scf.if %[[FITS]] -> (i32) {
// CHECK: llvm.call @add.halide(%[[CALL]],
// CHECK: } else {
// CHECK: "kernel 'add' of the halide backend takes buffers of up to 2^31 elements: compile it with --backend=llvm\00"
// CHECK: llvm.call @attune_fail(%[[CALL]],
// CHECK: arith.cmpi ne, %[[STATUS]],
// CHECK: scf.if
// CHECK: "kernel 'add' failed\00"
// CHECK: llvm.call @attune_fail(%[[CALL]],
// CHECK: llvm.func internal @add.launch(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// CHECK: call @add.run(
attune.kernel @add(%x: tensor<?x?x8xf32> {attune.buffer = memref<?x?x8xf32, strided<[?, 24, 1], offset: 8>>},
                   %b: tensor<8xf32> {attune.buffer = memref<8xf32>})
    -> (tensor<?x?x8xf32> {attune.buffer = memref<?x?x8xf32>}) attributes {backend = "halide", schedule = {elements = 4096 : i64}} {
  %0 = attune.add %x, %b : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  attune.yield %0 : tensor<?x?x8xf32>
}

// -----

// Ids are looked up by their place among the result's rows: their extents are parameters.
// CHECK: llvm.func @embedding.halide(!llvm.ptr, !llvm.ptr, !llvm.ptr, i32, !llvm.ptr) -> i32
// CHECK: func.func private @embedding.run(
// CHECK: memref.dim %{{.*}}, %{{.*}} : memref<?x?x8xf32>
attune.kernel @embedding(%ids: tensor<?x?xi64> {attune.buffer = memref<?x?xi64>}, %t: tensor<5x8xf32> {attune.buffer = memref<5x8xf32>})
    -> (tensor<?x?x8xf32> {attune.buffer = memref<?x?x8xf32>}) attributes {backend = "halide", schedule = {}} {
  %0 = attune.embedding %ids, %t : (tensor<?x?xi64>, tensor<5x8xf32>) -> tensor<?x?x8xf32>
  attune.yield %0 : tensor<?x?x8xf32>
}

// -----

// expected-error @+1 {{cannot be emitted: elements must be from 1 to 2^30}}
attune.kernel @add(%x: tensor<8xf32> {attune.buffer = memref<8xf32>}) -> (tensor<8xf32> {attune.buffer = memref<8xf32>})
    attributes {backend = "halide", schedule = {elements = 0 : i64}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}

// -----

// expected-error @+1 {{cannot be emitted: there is no autoscheduler 17}}
attune.kernel @add(%x: tensor<8xf32> {attune.buffer = memref<8xf32>}) -> (tensor<8xf32> {attune.buffer = memref<8xf32>})
    attributes {backend = "halide", schedule = {autoscheduler = 17 : i64}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}
