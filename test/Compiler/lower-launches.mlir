// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -attune-lower-launches -split-input-file | FileCheck %s
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -attune-lower-launches -split-input-file --remarks-filter=compile -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -attune-lower-launches -split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// REMARK: remark: [Analysis] lower | Category:compile | Remark="{{[1-9][0-9]*}} launches lowered"

// Launches store their operands' descriptors in memory that they share and call the runtime. What the descriptor of the model
// needs stays as an attribute. Kernels are gone.

// CHECK: module attributes {
// CHECK-SAME: attune.interface = {function = "forward",
// CHECK-SAME: inputs = [{dims = ["n", ""], limit = 5 : i64, name = "x", type = tensor<?x8xi64>, when_absent = "ones"}],
// CHECK-SAME: outputs = [{dims = ["n", "", ""], name = "y", type = tensor<?x8x4xf32>}], symbols = ["n"]}
// CHECK-SAME: attune.slots = [{holds = ["a"], size = "64*n"}]
// CHECK: llvm.func @attune_parallel_for(!llvm.ptr, !llvm.ptr, !llvm.ptr, i64)
// CHECK-NOT: attune.kernel
// CHECK: func.func private @forward(%[[CALL:[^:]*]]: !llvm.ptr, %{{.*}}: index
// CHECK: %[[ARGS:.*]] = llvm.alloca %{{.*}} x !llvm.array<23 x i64> {alignment = 16 : i64}
// CHECK: llvm.store %{{.*}}, %{{.*}} : !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>
// CHECK: llvm.store
// CHECK: %[[ENTRY:.*]] = llvm.mlir.addressof @positions.entry
// CHECK: %[[COUNT:.*]] = llvm.call @positions.count(%[[ARGS]])
// CHECK: llvm.call @attune_parallel_for(%[[CALL]], %[[ENTRY]], %[[ARGS]], %[[COUNT]])
// CHECK: llvm.mlir.addressof @embedding.entry
// CHECK: llvm.call @attune_parallel_for(%[[CALL]],
// CHECK-NOT: attune.launch
// CHECK: return

// The entry point: buffers, extents, workspace and weights of the AttuneCall, in this order.
// CHECK: llvm.func @forward.entry(%[[CALL:.*]]: !llvm.ptr)
// CHECK: llvm.getelementptr %[[CALL]][0] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK: llvm.getelementptr %[[CALL]][1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK: llvm.getelementptr %[[CALL]][2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK: llvm.getelementptr %[[CALL]][3] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK: call @forward(%[[CALL]],
// CHECK: func.func private @forward.workspace(
// CHECK: llvm.func @forward.workspace.entry(%{{.*}}: !llvm.ptr) -> i64
// CHECK: call @forward.workspace(
module {
  attune.kernel @positions(%x: tensor<?x8xi64> {attune.buffer = memref<?x8xi64>}) -> (tensor<?x8xi64> {attune.buffer = memref<?x8xi64>}) attributes {backend = "llvm", schedule = {}} {
    %0 = attune.positions %x {offset = 0 : i64} : tensor<?x8xi64>
    attune.yield %0 : tensor<?x8xi64>
  }
  attune.kernel @embedding(%x: tensor<?x8xi64> {attune.buffer = memref<?x8xi64>}, %w: tensor<8x4xf32> {attune.buffer = memref<8x4xf32>}) -> (tensor<?x8x4xf32> {attune.buffer = memref<?x8x4xf32>}) attributes {backend = "llvm", schedule = {}} {
    %0 = attune.embedding %x, %w : (tensor<?x8xi64>, tensor<8x4xf32>) -> tensor<?x8x4xf32>
    attune.yield %0 : tensor<?x8x4xf32>
  }
  func.func @forward(%n: index {attune.name = "n"}, %x: memref<?x8xi64> {attune.dims = ["n", ""], attune.limit = 5 : i64, attune.name = "x", attune.when_absent = "ones"}, %y: memref<?x8x4xf32> {attune.dims = ["n", "", ""], attune.name = "y"}, %ws: memref<?xi8>, %w: memref<?xi8>)
      attributes {attune.num_inputs = 1 : i64, attune.slots = [{holds = ["a"], size = "64*n"}]} {
    %c0 = arith.constant 0 : index
    %a = memref.view %ws[%c0][%n] : memref<?xi8> to memref<?x8xi64>
    %c4096 = arith.constant 4096 : index
    %table = memref.view %w[%c4096][] : memref<?xi8> to memref<8x4xf32>
    attune.launch @positions(%x, %a) : (memref<?x8xi64>, memref<?x8xi64>) -> ()
    attune.launch @embedding(%a, %table, %y) : (memref<?x8xi64>, memref<8x4xf32>, memref<?x8x4xf32>) -> ()
    return
  }
  func.func @forward.workspace(%n: index) -> index {
    %c32 = arith.constant 32 : index
    %0 = arith.muli %n, %c32 : index
    return %0 : index
  }
}

// -----

// An extent that follows from symbols is computed by the entry point.

// CHECK-LABEL: module @sums
// CHECK-SAME: outputs = [{dims = ["2*n*p + n - 3"], name = "y", type = tensor<?xi64>}], symbols = ["n", "p"]}
// CHECK: llvm.func @forward.entry(
// CHECK: %[[N:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK: %[[P:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK-DAG: %[[MINUS3:.*]] = arith.constant -3 : index
// CHECK-DAG: %[[TWO:.*]] = arith.constant 2 : index
// CHECK: %[[TWON:.*]] = arith.muli %[[TWO]], %[[N]]
// CHECK: arith.muli %[[TWON]], %[[P]]
// CHECK: %[[SUM:.*]] = arith.addi
// CHECK: memref.view %{{.*}}[%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xi64>
module @sums {
  attune.kernel @iota() -> (tensor<?xi64> {attune.buffer = memref<?xi64>}) attributes {backend = "llvm", schedule = {}} {
    %0 = attune.iota <"2*n*p + n - 3"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
    attune.yield %0 : tensor<?xi64>
  }
  func.func @forward(%n: index {attune.name = "n"}, %p: index {attune.name = "p"}, %y: memref<?xi64> {attune.dims = ["2*n*p + n - 3"], attune.name = "y"}, %ws: memref<?xi8>, %w: memref<?xi8>)
      attributes {attune.num_inputs = 0 : i64, attune.slots = []} {
    attune.launch @iota(%y) : (memref<?xi64>) -> ()
    return
  }
  func.func @forward.workspace(%n: index, %p: index) -> index {
    return %n : index
  }
}

// -----

// Near miss: functions without a plan are left alone.

// CHECK-LABEL: module @others
// CHECK-NOT: llvm.func
// CHECK: func.func @helper(%{{.*}}: memref<?xf32>) {
// CHECK-NOT: llvm.func
module @others {
  func.func @helper(%x: memref<?xf32>) {
    return
  }
}

// COUNTS: attune-lower-launches: 0 fused, 0 missed, 2 done
// COUNTS-NEXT: 2 done: lower
