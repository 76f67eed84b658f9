// RUN: attune-opt %s --attune-merge-projections --split-input-file | FileCheck %s
// RUN: attune-opt %s --attune-merge-projections --split-input-file --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-merge-projections --split-input-file --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC
// RUN: attune-opt %s --attune-merge-projections --split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// Declared beside the first, which is then gone; values of another width.
// CHECK: attune.weight @"layer.0.{query,key,value}.weight" : tensor<20x8xf32>
// CHECK-SAME: from [#attune.piece<"m", 0, f32, 64>, #attune.piece<"m", 256, f16, 64>, #attune.piece<"n", 0, f32, 32>]
// CHECK-NEXT: attune.weight @"layer.0.{query,key,value}.bias" : tensor<20xf32>
// CHECK-SAME: from [#attune.piece<"m", 640, f32, 8>, #attune.piece<"m", 672, f32, 8>, #attune.piece<"m", 704, f32, 4>]
// CHECK-NOT: attune.weight
attune.weight @layer.0.query.weight : tensor<8x8xf32> from [#attune.piece<"m", 0, f32, 64>]
attune.weight @layer.0.key.weight : tensor<8x8xf32> from [#attune.piece<"m", 256, f16, 64>]
attune.weight @layer.0.value.weight : tensor<4x8xf32> from [#attune.piece<"n", 0, f32, 32>]
attune.weight @layer.0.query.bias : tensor<8xf32> from [#attune.piece<"m", 640, f32, 8>]
attune.weight @layer.0.key.bias : tensor<8xf32> from [#attune.piece<"m", 672, f32, 8>]
attune.weight @layer.0.value.bias : tensor<4xf32> from [#attune.piece<"m", 704, f32, 4>]

// CHECK-LABEL: func.func @projections
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
// CHECK-DAG: %[[W:.*]] = attune.load_weight @"layer.0.{query,key,value}.weight" : tensor<20x8xf32>
// CHECK-DAG: %[[B:.*]] = attune.load_weight @"layer.0.{query,key,value}.bias" : tensor<20xf32>
// CHECK: %[[L:.*]] = attune.linear %[[X]], %[[W]] bias(%[[B]] : tensor<20xf32>) : (tensor<?x?x8xf32>, tensor<20x8xf32>) -> tensor<?x?x20xf32>
// CHECK-NEXT: %[[Q:.*]] = attune.slice %[[L]] {axis = 2 : i64, offset = 0 : i64, size = 8 : i64} : tensor<?x?x20xf32> -> tensor<?x?x8xf32>
// CHECK-NEXT: %[[K:.*]] = attune.slice %[[L]] {axis = 2 : i64, offset = 8 : i64, size = 8 : i64} : tensor<?x?x20xf32> -> tensor<?x?x8xf32>
// CHECK-NEXT: %[[V:.*]] = attune.slice %[[L]] {axis = 2 : i64, offset = 16 : i64, size = 4 : i64} : tensor<?x?x20xf32> -> tensor<?x?x4xf32>
// CHECK-NEXT: attune.attention %[[Q]], %[[K]], %[[V]]
// REMARK: [Passed] projections | Category:fusion | Function=projections | Reason="3 linear maps of one input"
// LOC: attune.linear {{.*}} loc([[MERGED:#loc[0-9]*]])
// LOC: {{^}}[[MERGED]] = loc("layer.0.{query,key,value}")
func.func @projections(%x: tensor<?x?x8xf32>) -> tensor<?x?x4xf32> {
  %wq = attune.load_weight @layer.0.query.weight : tensor<8x8xf32>
  %bq = attune.load_weight @layer.0.query.bias : tensor<8xf32>
  %q = attune.linear %x, %wq bias(%bq : tensor<8xf32>) : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32> loc("layer.0.query")
  %wk = attune.load_weight @layer.0.key.weight : tensor<8x8xf32>
  %bk = attune.load_weight @layer.0.key.bias : tensor<8xf32>
  %k = attune.linear %x, %wk bias(%bk : tensor<8xf32>) : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32> loc("layer.0.key")
  %wv = attune.load_weight @layer.0.value.weight : tensor<4x8xf32>
  %bv = attune.load_weight @layer.0.value.bias : tensor<4xf32>
  %v = attune.linear %x, %wv bias(%bv : tensor<4xf32>) : (tensor<?x?x8xf32>, tensor<4x8xf32>) -> tensor<?x?x4xf32> loc("layer.0.value")
  %r = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %r : tensor<?x?x4xf32>
}

// -----

// Layers that share their weights share the merged one. The name is taken.
// CHECK: attune.weight @"{q,k}_0" : tensor<16x8xf32>
// CHECK-NOT: attune.weight @q
// CHECK: attune.weight @v : tensor<8x8xf32>
attune.weight @q : tensor<8x8xf32> from [#attune.piece<"m", 0, f32, 64>]
attune.weight @k : tensor<8x8xf32> from [#attune.piece<"m", 256, f32, 64>]
attune.weight @v : tensor<8x8xf32> from [#attune.piece<"m", 512, f32, 64>]
attune.weight @"{q,k}" : tensor<8x8xf32> from [#attune.piece<"m", 768, f32, 64>]

// CHECK-LABEL: func.func @shared_layers
// CHECK-COUNT-2: attune.load_weight @"{q,k}_0" : tensor<16x8xf32>
func.func @shared_layers(%x: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %wk = attune.load_weight @k : tensor<8x8xf32>
  // The value reads something else, and its weight is loaded twice.
  %wv = attune.load_weight @v : tensor<8x8xf32>
  %q0 = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k0 = attune.linear %x, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %v0 = attune.linear %y, %wv : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.attention %q0, %k0, %v0 {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %wq1 = attune.load_weight @q : tensor<8x8xf32>
  %wk1 = attune.load_weight @k : tensor<8x8xf32>
  %q1 = attune.linear %0, %wq1 : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k1 = attune.linear %0, %wk1 : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %v1 = attune.linear %y, %wv : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %1 = attune.attention %q1, %k1, %v0 {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %1 : tensor<?x?x8xf32>
}

// -----

attune.weight @q : tensor<8x8xf32> from [#attune.piece<"m", 0, f32, 64>]
attune.weight @k : tensor<8x8xf32> from [#attune.piece<"m", 256, f32, 64>]
attune.weight @b : tensor<8xf32> from [#attune.piece<"m", 512, f32, 8>]

// A weight that is still loaded elsewhere stays.
// CHECK: attune.weight @"{q,k}"
// CHECK: attune.weight @q
// CHECK-NOT: attune.weight @k
// CHECK-LABEL: func.func @weight_used_elsewhere
// CHECK: attune.load_weight @q
// CHECK: attune.linear {{.*}} -> tensor<?x?x16xf32>
func.func @weight_used_elsewhere(%x: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %wk = attune.load_weight @k : tensor<8x8xf32>
  %q = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k = attune.linear %x, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %o = attune.linear %y, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.attention %q, %k, %k {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %0, %o : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// -----

attune.weight @q : tensor<8x8xf32> from [#attune.piece<"m", 0, f32, 64>]
attune.weight @k : tensor<8x8xf32> from [#attune.piece<"m", 256, f32, 64>]
attune.weight @v : tensor<8x8xf32> from [#attune.piece<"m", 512, f32, 64>]
attune.weight @b : tensor<8xf32> from [#attune.piece<"m", 768, f32, 8>]

// CHECK-LABEL: func.func @one_has_no_bias
// CHECK-COUNT-3: attune.linear
// CHECK-NOT: attune.slice
// REMARK: [Missed] projections | Category:fusion | Function=one_has_no_bias | Reason="some of the maps of one input have a bias, this one has none", Suggestion="give all of them a bias, zeros where there is none"
func.func @one_has_no_bias(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %wk = attune.load_weight @k : tensor<8x8xf32>
  %wv = attune.load_weight @v : tensor<8x8xf32>
  %b = attune.load_weight @b : tensor<8xf32>
  %q = attune.linear %x, %wq bias(%b : tensor<8xf32>) : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k = attune.linear %x, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.linear %x, %wv bias(%b : tensor<8xf32>) : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// The value is a result too, which would have to be copied out of the wide
// one; the other two are merged.
// CHECK-LABEL: func.func @one_is_a_result
// CHECK: attune.linear {{.*}} -> tensor<?x?x16xf32>
// CHECK: attune.linear {{.*}} -> tensor<?x?x8xf32>
// REMARK: [Missed] projections | Category:fusion | Function=one_is_a_result | Reason="'func.return' uses the result and cannot read a slice without a copy"
// REMARK: [Passed] projections | Category:fusion | Function=one_is_a_result | Reason="2 linear maps of one input"
func.func @one_is_a_result(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %wk = attune.load_weight @k : tensor<8x8xf32>
  %wv = attune.load_weight @v : tensor<8x8xf32>
  %q = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k = attune.linear %x, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.linear %x, %wv : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %0, %v : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// The product of gate and up is computed in the kernel of one of them.
// CHECK-LABEL: func.func @gate_up(
// CHECK-COUNT-2: attune.linear {{.*}} -> tensor<?x?x8xf32>
// REMARK-COUNT-2: [Missed] projections | Category:fusion | Function=gate_up | Reason="gate/up left as two projections: their product is computed in the kernel of one of them"
func.func @gate_up(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %wk = attune.load_weight @k : tensor<8x8xf32>
  %q = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k = attune.linear %x, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.silu %q : tensor<?x?x8xf32>
  %1 = attune.mul %0, %k : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %1 : tensor<?x?x8xf32>
}

// Gate and up of two inputs have nothing in common, and an activation that has
// another use is stored.
// CHECK-LABEL: func.func @gate_of_another_input
// CHECK-COUNT-3: attune.linear {{.*}} -> tensor<?x?x8xf32>
// REMARK: [Missed] projections | Category:fusion | Function=gate_of_another_input | Reason="'attune.silu' uses the result and cannot read a slice without a copy"
func.func @gate_of_another_input(%x: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %wk = attune.load_weight @k : tensor<8x8xf32>
  %wv = attune.load_weight @v : tensor<8x8xf32>
  %q = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k = attune.linear %y, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.linear %x, %wv : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.silu %q : tensor<?x?x8xf32>
  %1 = attune.mul %0, %k : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %1, %v : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @gate_used_twice
// REMARK: [Missed] projections | Category:fusion | Function=gate_used_twice | Reason="'attune.silu' uses the result and cannot read a slice without a copy"
// REMARK: [Missed] projections | Category:fusion | Function=gate_used_twice | Reason="'attune.mul' uses the result and cannot read a slice without a copy"
func.func @gate_used_twice(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %wk = attune.load_weight @k : tensor<8x8xf32>
  %q = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k = attune.linear %x, %wk : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.silu %q : tensor<?x?x8xf32>
  %1 = attune.mul %0, %k : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %1, %0 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @computed_weight
// CHECK-COUNT-2: attune.linear {{.*}} -> tensor<?x?x8xf32>
// REMARK: [Missed] projections | Category:fusion | Function=computed_weight | Reason="weight or bias is computed, not declared", Suggestion="declare it as a weight of the model"
func.func @computed_weight(%x: tensor<?x?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %q = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %k = attune.linear %x, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %0 = attune.attention %q, %k, %k {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.5 : f32}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// A single map is nothing to talk about.
// CHECK-LABEL: func.func @alone
// REMARK-NOT: Function=alone
func.func @alone(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %wq = attune.load_weight @q : tensor<8x8xf32>
  %q = attune.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  return %q : tensor<?x?x8xf32>
}

// COUNTS: attune-merge-projections: 5 fused, 9 missed
// COUNTS-NEXT: 5 fused: projections
// COUNTS-NEXT: 1 missed: projections: 'attune.mul' uses the result and cannot read a slice without a copy
// COUNTS-NEXT: 2 missed: projections: 'attune.silu' uses the result and cannot read a slice without a copy
// COUNTS-NEXT: 2 missed: projections: 'func.return' uses the result and cannot read a slice without a copy
// COUNTS-NEXT: 2 missed: projections: gate/up left as two projections: their product is computed in the kernel of one of them
// COUNTS-NEXT: 1 missed: projections: some of the maps of one input have a bias, this one has none
// COUNTS-NEXT: 1 missed: projections: weight or bias is computed, not declared
