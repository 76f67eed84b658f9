// Features of queries and keys are computed by the kernel that reads them.
// RUN: attune-opt %s --attune-fuse-elementwise | FileCheck %s
// RUN: attune-opt %s --attune-fuse-elementwise --attune-outline-kernels | FileCheck %s --check-prefix=KERNELS
// RUN: attune-opt %s --attune-fuse-elementwise --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-fuse-elementwise=join=false | FileCheck %s --check-prefix=ALONE
// RUN: attune-opt %s --attune-fuse-elementwise=join=false --attune-outline-kernels | FileCheck %s --check-prefix=FAMILIES

attune.weight @w : tensor<1x16x4xf32> from [#attune.piece<"m", 0, f32, 64>]

// Both maps, with the scale of the keys' features.
// CHECK-LABEL: func.func @performer
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x8xf32>, %[[K:.*]]: tensor<?x?x8xf32>, %[[V:.*]]: tensor<?x?x8xf32>)
// CHECK: %[[W:.*]] = attune.load_weight @w
// CHECK-NEXT: attune.fused
// CHECK-NEXT: %[[FQ:.*]] = attune.feature_map favor
// CHECK-NEXT: %[[FK:.*]], %[[S:.*]] = attune.feature_map favor
// CHECK-NEXT: attune.linear_attention linear %[[FQ]], %[[FK]], %{{.*}} log_weights(%[[S]] :
// CHECK-NEXT: attune.yield
// CHECK-NOT: attune.fused
// CHECK: return
// KERNELS: attune.kernel @linear_attention(
// KERNELS-NEXT: attune.feature_map
// KERNELS-NEXT: attune.feature_map
// KERNELS-NEXT: attune.linear_attention
// REMARK: [Passed] elementwise | Category:fusion | Function=performer | Reason="'attune.linear_attention' with 2 ops before and 0 behind it"
// REMARK-NOT: [Missed] elementwise | Category:fusion | Function=performer
// ALONE-LABEL: func.func @performer
// ALONE-COUNT-3: attune.fused
// ALONE: return
// FAMILIES: attune.kernel @feature_map(
// FAMILIES: attune.kernel @feature_map_1(
// FAMILIES: attune.kernel @linear_attention(
func.func @performer(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @w : tensor<1x16x4xf32>
  %fq = attune.feature_map favor %q projection(%w : tensor<1x16x4xf32>) {heads = 2 : i64}
      : tensor<?x?x8xf32> -> tensor<?x?x32xf32>
  %fk, %s = attune.feature_map favor %k projection(%w : tensor<1x16x4xf32>) {heads = 2 : i64}
      : tensor<?x?x8xf32> -> tensor<?x?x32xf32>, tensor<?x?x2xf32>
  %r, %p, %z, %m = attune.linear_attention linear %fq, %fk, %v log_weights(%s : tensor<?x?x2xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = 1.0e-6 : f64}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x8xf32>)
      -> (tensor<?x?x8xf32>, tensor<?x2x16x4xf32> sum tensor<?x2x16xf32> max tensor<?x2xf32>)
  return %r : tensor<?x?x8xf32>
}

// Queries and keys that are the same have one map.
// CHECK-LABEL: func.func @shared
// CHECK: attune.fused
// CHECK-NEXT: %[[F:.*]] = attune.feature_map elu1
// CHECK-NEXT: attune.linear_attention linear %[[F]], %[[F]],
// CHECK-NOT: attune.fused
// CHECK: return
func.func @shared(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %f = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %r, %p = attune.linear_attention linear %f, %f, %x {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return %r : tensor<?x?x8xf32>
}

// What else reads the features needs them in memory.
// CHECK-LABEL: func.func @second_use
// CHECK: attune.fused
// CHECK-NEXT: attune.feature_map elu1
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.feature_map relu
// CHECK-NEXT: attune.linear_attention
// REMARK: [Missed] elementwise | Category:fusion | Function=second_use | Reason="the result is also used by 'func.return'"
// REMARK-SAME: Suggestion="let one op read the features, as queries and keys alone"
func.func @second_use(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %fq = attune.feature_map relu %q {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %fk = attune.feature_map elu1 %k {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %r, %p = attune.linear_attention linear %fq, %fk, %k {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return %r, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// Of two readers neither has it.
// CHECK-LABEL: func.func @two_readers
// CHECK: attune.fused
// CHECK-NEXT: attune.feature_map
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.linear_attention
// CHECK: attune.fused
// CHECK-NEXT: attune.linear_attention
// REMARK: [Missed] elementwise | Category:fusion | Function=two_readers | Reason="the result is also used by 'attune.linear_attention'"
func.func @two_readers(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %f = attune.feature_map elu1 %k {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %r, %p = attune.linear_attention linear %q, %f, %k {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  %r1, %p1 = attune.linear_attention linear %k, %f, %q {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return %r, %r1 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// Values are not mapped where they are read.
// CHECK-LABEL: func.func @values
// CHECK: attune.fused
// CHECK-NEXT: attune.feature_map
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.linear_attention
// REMARK: [Missed] elementwise | Category:fusion | Function=values | Reason="'attune.linear_attention' reads it as another operand, too"
func.func @values(%q: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %f = attune.feature_map elu1 %q {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %r, %p = attune.linear_attention linear %q, %f, %f {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return %r : tensor<?x?x8xf32>
}

// Scales that weigh other keys than those of their map are read from memory.
// CHECK-LABEL: func.func @other_scales
// CHECK: attune.fused
// CHECK-NEXT: attune.feature_map
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.linear_attention
func.func @other_scales(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %f, %s = attune.feature_map exp %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>, tensor<?x?x2xf32>
  %r, %p, %m = attune.linear_attention linear %f, %x, %x log_weights(%s : tensor<?x?x2xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> max tensor<?x2xf32>)
  return %r : tensor<?x?x8xf32>
}

// Hybrid attention reads features and columns, and takes no map; nor does
// softmax attention. There is nothing to say about it.
// CHECK-LABEL: func.func @other_readers
// CHECK: attune.fused
// CHECK-NEXT: attune.feature_map
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.hybrid_attention
// CHECK: attune.fused
// CHECK-NEXT: attune.feature_map
// CHECK-NEXT: attune.yield
// CHECK: attune.fused
// CHECK-NEXT: attune.attention
// REMARK-NOT: [Missed] elementwise | Category:fusion | Function=other_readers
func.func @other_readers(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %f = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %r = attune.hybrid_attention %x, %x, %x features(%f, %f : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 4 : i64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %g = attune.feature_map relu %r {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %a = attune.attention %g, %x, %x {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %a : tensor<?x?x8xf32>
}
