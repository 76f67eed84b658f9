// RUN: attune-opt %s --attune-fuse-elementwise | FileCheck %s
// RUN: attune-opt %s --attune-fuse-elementwise --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-fuse-elementwise=join=false | FileCheck %s --check-prefix=ALONE
// RUN: attune-opt %s --attune-fuse-elementwise --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

attune.weight @w : tensor<8x8xf32> from [#attune.piece<"m", 0, f32, 64>]
attune.weight @g : tensor<8xf32> from [#attune.piece<"m", 256, f32, 8>]

// The residual joins the linear map and not the norm behind it. Weights stay
// outside.
// CHECK-LABEL: func.func @post_norm
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
// CHECK-DAG: %[[W:.*]] = attune.load_weight @w
// CHECK-DAG: %[[G:.*]] = attune.load_weight @g
// CHECK: %[[SUM:.*]] = attune.fused(%[[A:.*]] = %[[X]], %[[B:.*]] = %[[W]], %[[C:.*]] = %[[G]])
// CHECK-NEXT: %[[L:.*]] = attune.linear %[[A]], %[[B]] bias(%[[C]] : tensor<8xf32>)
// CHECK-NEXT: %[[S:.*]] = attune.add %[[L]], %[[A]]
// CHECK-NEXT: attune.yield %[[S]] : tensor<?x?x8xf32>
// CHECK: %[[N:.*]] = attune.fused(%[[D:.*]] = %[[SUM]], %[[E:.*]] = %[[G]])
// CHECK-NEXT: attune.layer_norm %[[D]], %[[E]], %[[E]]
// CHECK: return %[[N]]
// REMARK: [Passed] elementwise | Category:fusion | Function=post_norm | Reason="'attune.linear' with 0 ops before and 1 behind it"
// ALONE-LABEL: func.func @post_norm
// ALONE-COUNT-3: attune.fused
// ALONE: return
func.func @post_norm(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @w : tensor<8x8xf32>
  %g = attune.load_weight @g : tensor<8xf32>
  %0 = attune.linear %x, %w bias(%g : tensor<8xf32>) : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %1 = attune.add %0, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %2 = attune.layer_norm %1, %g, %g {epsilon = 1.0e-12 : f64} : tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %2 : tensor<?x?x8xf32>
}

// The sum is the next residual too: it stays with its producer.
// CHECK-LABEL: func.func @pre_norm
// CHECK: %[[SUM:.*]] = attune.fused
// CHECK-NEXT: attune.linear
// CHECK-NEXT: attune.add
// CHECK: attune.fused(%{{.*}} = %[[SUM]]
// CHECK-NEXT: attune.layer_norm
// CHECK: return %{{.*}}, %[[SUM]]
func.func @pre_norm(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %w = attune.load_weight @w : tensor<8x8xf32>
  %0 = attune.linear %x, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %1 = attune.add %0, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %2 = attune.layer_norm %1, %g, %g {epsilon = 1.0e-12 : f64} : tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %2, %1 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// A chain of epilogues; the other operand of the last is computed behind the
// linear map, and the region stands behind both.
// CHECK-LABEL: func.func @chain
// CHECK: %[[S:.*]] = attune.fused
// CHECK-NEXT: attune.softmax
// CHECK: %[[R:.*]] = attune.fused
// CHECK-SAME: = %[[S]])
// CHECK-NEXT: attune.linear
// CHECK-NEXT: attune.gelu
// CHECK-NEXT: attune.scale
// CHECK-NEXT: attune.mul
// CHECK-NEXT: attune.yield
// CHECK: return %[[R]]
// REMARK: Function=chain | Reason="'attune.linear' with 0 ops before and 3 behind it"
func.func @chain(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %1 = attune.gelu %0 : tensor<?x8xf32>
  %2 = attune.scale %1 {factor = 2.0 : f32} : tensor<?x8xf32>
  %3 = attune.softmax %y : tensor<?x8xf32>
  %4 = attune.mul %3, %2 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// Embeddings take no epilogue: their sum, and the repeated row of segments,
// are the prologue of the norm.
// CHECK-LABEL: func.func @embeddings
// CHECK-COUNT-2: attune.embedding
// CHECK: attune.fused
// CHECK-NEXT: attune.scale
// CHECK-NEXT: attune.add
// CHECK-NEXT: attune.add
// CHECK-NEXT: attune.layer_norm
// CHECK-NEXT: attune.yield
// REMARK: Function=embeddings | Reason="'attune.layer_norm' with 3 ops before and 0 behind it"
// REMARK-NOT: [Missed] elementwise | Category:fusion | Function=embeddings
func.func @embeddings(%ids: tensor<?x?xi64>, %t: tensor<10x8xf32>, %row: tensor<8xf32>, %g: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %0 = attune.embedding %ids, %t : (tensor<?x?xi64>, tensor<10x8xf32>) -> tensor<?x?x8xf32>
  %1 = attune.embedding %ids, %t : (tensor<?x?xi64>, tensor<10x8xf32>) -> tensor<?x?x8xf32>
  %2 = attune.scale %0 {factor = 3.0 : f32} : tensor<?x?x8xf32>
  %3 = attune.add %2, %row : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %4 = attune.add %3, %1 : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %5 = attune.layer_norm %4, %g, %g {epsilon = 1.0e-12 : f64} : tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %5 : tensor<?x?x8xf32>
}

// Prologue and epilogue of one anchor; what the affine vectors come from is
// no prologue, since they are read once a row.
// CHECK-LABEL: func.func @both_sides
// CHECK: %[[G:.*]] = attune.fused
// CHECK-NEXT: attune.relu
// CHECK: attune.fused
// CHECK-NEXT: attune.silu
// CHECK-NEXT: attune.layer_norm
// CHECK-NEXT: attune.tanh
// REMARK: [Missed] elementwise | Category:fusion | Function=both_sides | Reason="'attune.layer_norm' takes no prologue for operand 1"
func.func @both_sides(%x: tensor<?x8xf32>, %g: tensor<8xf32>) -> tensor<?x8xf32> {
  %g1 = attune.relu %g : tensor<8xf32>
  %0 = attune.silu %x : tensor<?x8xf32>
  %1 = attune.layer_norm %0, %g1, %g {epsilon = 1.0e-12 : f64} : tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>
  %2 = attune.tanh %1 : tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// One add reads both linear maps; it joins the first, behind the second.
// CHECK-LABEL: func.func @two_producers
// CHECK: %[[B:.*]] = attune.fused
// CHECK-NEXT: attune.linear
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-SAME: = %[[B]])
// CHECK-NEXT: attune.linear
// CHECK-NEXT: attune.add
func.func @two_producers(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>, %v: tensor<8x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %1 = attune.linear %x, %v : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %2 = attune.add %0, %1 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// Both uses of the result are the same op's.
// CHECK-LABEL: func.func @square
// CHECK: attune.linear
// CHECK-NEXT: %[[M:.*]] = attune.mul %[[L:.*]], %[[L]]
func.func @square(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %1 = attune.mul %0, %0 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @used_twice
// CHECK: attune.linear
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.relu
// REMARK: [Missed] elementwise | Category:fusion | Function=used_twice | Reason="the result of 'attune.linear' is also used by 'func.return'", Suggestion="let the other use read the result of 'attune.relu'"
func.func @used_twice(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %1 = attune.relu %0 : tensor<?x8xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @no_epilogue
// CHECK: attune.matmul
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.relu
// REMARK: [Missed] elementwise | Category:fusion | Function=no_epilogue | Reason="'attune.matmul' takes no epilogue"
func.func @no_epilogue(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.matmul %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %1 = attune.relu %0 : tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// The sum is wider than the result, or its other operand is repeated along
// an inner dimension.
// CHECK-LABEL: func.func @other_shapes
// CHECK: attune.linear
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.add
// CHECK: attune.linear
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.add
// REMARK-COUNT-2: [Missed] elementwise | Category:fusion | Function=other_shapes | Reason="its operands are not walked as the result of 'attune.linear' is"
func.func @other_shapes(%x: tensor<8xf32>, %w: tensor<8x8xf32>, %y: tensor<?x8xf32>,
                        %z: tensor<4x8xf32>, %c: tensor<4x1xf32>) -> (tensor<?x8xf32>, tensor<4x8xf32>) {
  %0 = attune.linear %x, %w : (tensor<8xf32>, tensor<8x8xf32>) -> tensor<8xf32>
  %1 = attune.add %0, %y : (tensor<8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = attune.linear %z, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %3 = attune.add %2, %c : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %1, %3 : tensor<?x8xf32>, tensor<4x8xf32>
}

// Views stay outside and end a group; what is elementwise alone is grouped.
// CHECK-LABEL: func.func @leftovers
// CHECK: %[[A:.*]] = attune.fused
// CHECK-NEXT: attune.relu
// CHECK-NEXT: attune.tanh
// CHECK-NEXT: attune.add
// CHECK-NEXT: attune.yield
// CHECK: %[[V:.*]] = attune.slice %[[A]]
// CHECK: attune.fused(%{{.*}} = %[[V]])
// CHECK-NEXT: attune.silu
// CHECK-NEXT: attune.yield
func.func @leftovers(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %0 = attune.relu %x : tensor<?x8xf32>
  %1 = attune.tanh %y : tensor<?x8xf32>
  %2 = attune.add %0, %1 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = attune.slice %2 {axis = 1 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  %4 = attune.silu %3 : tensor<?x4xf32>
  return %4 : tensor<?x4xf32>
}

// What is in a region already stays there.
// CHECK-LABEL: func.func @already_fused
// CHECK-COUNT-1: attune.fused
// CHECK-NOT: attune.fused
// CHECK: return
func.func @already_fused(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.fused(%a = %x) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
    %1 = attune.relu %a : tensor<?x8xf32>
    attune.yield %1 : tensor<?x8xf32>
  }
  return %0 : tensor<?x8xf32>
}

// A constant that is the same everywhere is part of the epilogue that reads it;
// one that an anchor reads is written to memory by a kernel of its own.
// CHECK-LABEL: func.func @constants
// CHECK: %[[BIAS:.*]] = attune.fused()
// CHECK-NEXT: attune.constant dense<[1.000000e+00, 2.000000e+00]>
// CHECK: attune.fused(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %[[BIAS]])
// CHECK-NEXT: %[[C:.*]] = attune.constant dense<5.000000e-01> : tensor<f32>
// CHECK-NEXT: %[[L:.*]] = attune.linear
// CHECK-NEXT: attune.binary max %[[L]], %[[C]]
// CHECK-NEXT: attune.yield
func.func @constants(%x: tensor<?x8xf32>, %w: tensor<2x8xf32>) -> tensor<?x2xf32> {
  %b = attune.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %c = attune.constant dense<0.5> : tensor<f32>
  %0 = attune.linear %x, %w bias(%b : tensor<2xf32>) : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x2xf32>
  %1 = attune.binary max %0, %c : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  return %1 : tensor<?x2xf32>
}

// A causal mask is computed where it is read, from nothing.
// CHECK-LABEL: func.func @causal_mask
// CHECK-SAME: (%[[X:.*]]: tensor<?x?xf32>, %[[P:.*]]: tensor<?x1xi64>)
// CHECK-NEXT: %[[R:.*]] = attune.fused(%{{.*}} = %[[P]], %{{.*}} = %[[X]])
// CHECK-DAG: attune.iota
// CHECK-DAG: attune.constant
// CHECK: attune.compare
// CHECK-NEXT: attune.where
// CHECK-NEXT: attune.yield
// CHECK: return %[[R]]
func.func @causal_mask(%x: tensor<?x?xf32>, %p: tensor<?x1xi64>) -> tensor<?x?xf32> {
  %i = attune.iota <"n"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %m = attune.compare le %i, %p : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %c = attune.constant dense<-1.0e9> : tensor<f32>
  %r = attune.where %m, %x, %c : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// What a gather reads may be read more than once, and its extent has to be
// known: it is computed before. What follows joins.
// CHECK-LABEL: func.func @gathers
// CHECK: %[[S:.*]] = attune.fused
// CHECK-NEXT: attune.add
// CHECK-NEXT: attune.yield
// CHECK: attune.fused(%{{.*}} = %[[S]]
// CHECK-NEXT: attune.gather
// CHECK-NEXT: attune.unary neg
// CHECK-NEXT: attune.yield
func.func @gathers(%x: tensor<?x4xf32>, %i: tensor<?xi64>) -> tensor<?x4xf32> {
  %0 = attune.add %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = attune.gather %0, %i {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %2 = attune.unary neg %1 : tensor<?x4xf32> -> tensor<?x4xf32>
  return %2 : tensor<?x4xf32>
}

// Code that moves elements may not become vectors: what computes much stays
// alone.
// CHECK-LABEL: func.func @moves
// CHECK: attune.fused
// CHECK-NEXT: attune.unary erf
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.concat
// CHECK-NEXT: attune.yield
func.func @moves(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %0 = attune.unary erf %x : tensor<?x4xf32> -> tensor<?x4xf32>
  %1 = attune.concat %0, %y {axis = 1 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// Offsets of symbols are computed by the plan and read by the kernel.
// CHECK-LABEL: func.func @last
// CHECK: %[[AT:.*]] = attune.extents <"-1 + n", "0"> : tensor<2xi64>
// CHECK: attune.fused(%{{.*}} = %{{.*}}, %[[IN:.*]] = %[[AT]])
// CHECK-NEXT: attune.extract %{{.*}} from <"-1 + n", "0"> at(%[[IN]] : tensor<2xi64>) sizes <"1", "4">
func.func @last(%x: tensor<?x4xf32>) -> tensor<1x4xf32> {
  %0 = attune.extract %x from <"-1 + n", "0"> sizes <"1", "4"> {steps = array<i64: 1, 1>} : tensor<?x4xf32> -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// COUNTS: attune-fuse-elementwise: 8 fused, 5 missed
// COUNTS-NEXT: 8 fused: elementwise
// COUNTS-NEXT: 1 missed: elementwise: 'attune.layer_norm' takes no prologue for operand 1
// COUNTS-NEXT: 1 missed: elementwise: 'attune.matmul' takes no epilogue
// COUNTS-NEXT: 2 missed: elementwise: its operands are not walked as the result of 'attune.linear' is
// COUNTS-NEXT: 1 missed: elementwise: the result of 'attune.linear' is also used by 'func.return'
