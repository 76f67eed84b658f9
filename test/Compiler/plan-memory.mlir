// RUN: attune-opt %s -attune-plan-memory -split-input-file | FileCheck %s
// RUN: attune-opt %s -attune-plan-memory=keep-all -split-input-file | FileCheck %s --check-prefix=KEEP
// RUN: attune-opt %s -attune-plan-memory -canonicalize -split-input-file | FileCheck %s --check-prefix=FOLD
// RUN: attune-opt %s -attune-plan-memory -split-input-file --remarks-filter=compile -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s -attune-plan-memory -split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// REMARK: remark: [Analysis] memory | Category:compile | Remark="3 values in 2 slots of together 64*n bytes"

// A chain: values that are dead when another is computed share its slot; the operand of a launch never shares with its result.
// The result is written into the caller's buffer. With keep-all every intermediate has a slot, in the order of the launches.

// CHECK-LABEL: attune.kernel @relu
// CHECK-SAME: (%{{.*}}: tensor<?x8xf32> {attune.buffer = memref<?x8xf32>}) -> (tensor<?x8xf32> {attune.buffer = memref<?x8xf32>})
// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[N:.*]]: index {attune.name = "n"},
// CHECK-SAME: %[[X:.*]]: memref<?x8xf32> {attune.dims = ["n", ""], attune.name = "x"},
// CHECK-SAME: %[[Y:.*]]: memref<?x8xf32> {attune.dims = ["n", ""], attune.name = "y"},
// CHECK-SAME: %[[WS:.*]]: memref<?xi8> {attune.name = "workspace"}, %[[W:.*]]: memref<?xi8> {attune.name = "weights"})
// CHECK-SAME: attune.num_inputs = 1 : i64
// CHECK-SAME: attune.slots = [{holds = ["a", "c"], size = "32*n"}, {holds = ["b"], size = "32*n"}]
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: %[[A:.*]] = memref.view %[[WS]][%[[FIRST]]][%{{.*}}] : memref<?xi8> to memref<?x8xf32>
// CHECK: attune.launch @relu(%[[X]], %[[A]]) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
// CHECK: %[[B:.*]] = memref.view %[[WS]][%[[SECOND:.*]]][%{{.*}}]
// CHECK: attune.launch @relu(%[[A]], %[[B]])
// CHECK: %[[PLACE:.*]] = arith.constant 4096 : index
// CHECK: %[[PACKED:.*]] = memref.view %[[W]][%[[PLACE]]][] : memref<?xi8> to memref<1x8x16xf32>
// CHECK: %[[C:.*]] = memref.view %[[WS]][%[[FIRST]]]
// CHECK: attune.launch @linear(%[[B]], %[[PACKED]], %[[C]])
// CHECK: attune.launch @relu(%[[C]], %[[Y]])
// CHECK-NEXT: return

// The size of the workspace: both slots rounded up to cache lines.
// FOLD-LABEL: func.func @forward.workspace
// FOLD-SAME: (%[[N:.*]]: index) -> index
// FOLD-DAG: %[[C64:.*]] = arith.constant 64 : index
// FOLD-DAG: %[[C32:.*]] = arith.constant 32 : index
// FOLD: %[[BYTES:.*]] = arith.muli %[[N]], %[[C32]]
// FOLD: arith.ceildivui %[[BYTES]], %[[C64]]

// KEEP: attune.slots = [{holds = ["a"], size = "32*n"}, {holds = ["b"], size = "32*n"}, {holds = ["c"], size = "32*n"}]
module {
  attune.weight @w : tensor<8x8xf32> from [#attune.piece<"w", 0, f32, 64>] layout #attune.panels<16> at 4096
  attune.kernel @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = attune.relu %x : tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  attune.kernel @linear(%x: tensor<?x8xf32>, %w: tensor<8x8xf32> {attune.layout = #attune.panels<16>}) -> tensor<?x8xf32> {
    %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  func.func @forward(%x: tensor<?x8xf32> {attune.dims = ["n", ""], attune.name = "x"}) -> (tensor<?x8xf32> {attune.dims = ["n", ""], attune.name = "y"}) {
    %0 = attune.launch @relu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("a")
    %1 = attune.launch @relu(%0) : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("b")
    %w = attune.load_weight @w : tensor<8x8xf32>
    %2 = attune.launch @linear(%1, %w) : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("c")
    %3 = attune.launch @relu(%2) : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("d")
    return %3 : tensor<?x8xf32>
  }
}

// -----

// A value that lives on (a residual) keeps its slot; slots grow to the largest of what they hold, and a value takes the free
// slot that grows least. Views share their operand's memory, and it lives as long as they do.

// CHECK-LABEL: module @residual
// CHECK: attune.slots = [{holds = ["a", "wide2"], size = "64*n"}, {holds = ["wide"], size = "64*n"}, {holds = ["b"], size = "32*n"}, {holds = ["c"], size = "32*n"}]
module @residual {
  attune.kernel @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = attune.relu %x : tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  attune.kernel @relu_1(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
    %0 = attune.relu %x : tensor<?x16xf32>
    attune.yield %0 : tensor<?x16xf32>
  }
  attune.kernel @linear(%x: tensor<?x8xf32>, %w: tensor<16x8xf32>) -> tensor<?x16xf32> {
    %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<16x8xf32>) -> tensor<?x16xf32>
    attune.yield %0 : tensor<?x16xf32>
  }
  attune.kernel @add(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = attune.add %x, %y : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  func.func @forward(%x: tensor<?x8xf32> {attune.dims = ["n", ""]}, %w: tensor<16x8xf32>) -> tensor<?x16xf32> {
    %a = attune.launch @relu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("a")
    %wide = attune.launch @linear(%a, %w) : (tensor<?x8xf32>, tensor<16x8xf32>) -> tensor<?x16xf32> loc("wide")
    %half = attune.slice %wide {axis = 1 : i64, offset = 8 : i64, size = 8 : i64} : tensor<?x16xf32> -> tensor<?x8xf32>
    %b = attune.launch @add(%half, %a) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32> loc("b")
    %wide2 = attune.launch @relu_1(%wide) : (tensor<?x16xf32>) -> tensor<?x16xf32> loc("wide2")
    %c = attune.launch @add(%b, %half) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32> loc("c")
    %r = attune.launch @relu_1(%wide2) : (tensor<?x16xf32>) -> tensor<?x16xf32> loc("r")
    return %r : tensor<?x16xf32>
  }
}

// -----

// One kernel, launched on contiguous rows and on a slice of wider ones: it is copied for the other layout, and launches of
// equal layouts share the copy.

// CHECK-LABEL: module @layouts
// CHECK: attune.kernel @relu(%{{.*}}: tensor<?x8xf32> {attune.buffer = memref<?x8xf32>})
// CHECK: attune.kernel @relu.1(%{{.*}}: tensor<?x8xf32> {attune.buffer = memref<?x8xf32, strided<[16, 1], offset: 8>>})
// CHECK-NOT: attune.kernel
// CHECK: attune.launch @relu(%{{.*}}, %[[V0:.*]]) : (memref<?x8xf32>,
// CHECK: attune.launch @relu.1(%{{.*}}, %[[V1:.*]]) : (memref<?x8xf32, strided<[16, 1], offset: 8>>,
// CHECK: attune.launch @relu.1(%{{.*}}, %{{.*}}) : (memref<?x8xf32, strided<[16, 1], offset: 8>>,
module @layouts {
  attune.kernel @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = attune.relu %x : tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  func.func @forward(%x: tensor<?x8xf32> {attune.dims = ["n", ""]}, %y: tensor<?x16xf32> {attune.dims = ["n", ""]}) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
    %half = attune.slice %y {axis = 1 : i64, offset = 8 : i64, size = 8 : i64} : tensor<?x16xf32> -> tensor<?x8xf32>
    %a = attune.launch @relu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %b = attune.launch @relu(%half) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %c = attune.launch @relu(%half) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    return %a, %b, %c : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  }
}

// -----

// Near miss: results need no slots, and a function without intermediates no workspace.

// CHECK-LABEL: module @results
// CHECK: attune.slots = []
// FOLD-LABEL: module @results
// FOLD: func.func @forward.workspace
// FOLD-NEXT: %[[C0:.*]] = arith.constant 0 : index
// FOLD-NEXT: return %[[C0]]
module @results {
  attune.kernel @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = attune.relu %x : tensor<?x8xf32>
    attune.yield %0 : tensor<?x8xf32>
  }
  func.func @forward(%x: tensor<?x8xf32> {attune.dims = ["n", ""]}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %a = attune.launch @relu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %b = attune.launch @relu(%a) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
  }
}

// -----

// Symbols in the order in which they appear, products of them as sizes; a declaration is left alone.

// CHECK-LABEL: module @symbols
// CHECK: func.func private @other(tensor<?xf32>)
// CHECK: func.func @forward(%{{.*}}: index {attune.name = "rows"}, %{{.*}}: index {attune.name = "columns"}, %{{.*}}: memref<?x?xf32>
// CHECK-SAME: size = "4*columns*rows"
module @symbols {
  func.func private @other(tensor<?xf32>)
  attune.kernel @relu(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
    %0 = attune.relu %x : tensor<?x?xf32>
    attune.yield %0 : tensor<?x?xf32>
  }
  func.func @forward(%x: tensor<?x?xf32> {attune.dims = ["rows", "columns"]}) -> tensor<?x?xf32> {
    %a = attune.launch @relu(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
    %b = attune.launch @relu(%a) : (tensor<?x?xf32>) -> tensor<?x?xf32>
    return %b : tensor<?x?xf32>
  }
}

// COUNTS: attune-plan-memory: 0 fused, 0 missed, 5 done
// COUNTS-NEXT: 5 done: memory
