// RUN: attune-opt %s --attune-linearize-attention="feature-map=elu1" | FileCheck %s
// RUN: attune-opt %s --attune-linearize-attention="feature-map=favor features=6 layers=0" | FileCheck %s --check-prefix=FAVOR
// RUN: attune-opt %s --attune-linearize-attention="feature-map=taylor2 window=8 sinks=2" | FileCheck %s --check-prefix=HYBRID
// RUN: attune-opt %s --attune-linearize-attention="feature-map=elu1" --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-linearize-attention="feature-map=elu1" --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS
// RUN: not attune-opt %s --attune-linearize-attention="feature-map=calibrated" 2>&1 | FileCheck %s --check-prefix=MAP
// RUN: not attune-opt %s --attune-linearize-attention="layers=9" 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not attune-opt %s --attune-linearize-attention="features=0" 2>&1 | FileCheck %s --check-prefix=FEATURES
// The same seed gives the same projections, another one others.
// RUN: attune-opt %s --attune-linearize-attention="features=6" -o %t.a
// RUN: attune-opt %s --attune-linearize-attention="features=6 seed=0" -o %t.b
// RUN: attune-opt %s --attune-linearize-attention="features=6 seed=1" -o %t.c
// RUN: cmp %t.a %t.b
// RUN: not cmp %t.a %t.c

// MAP: feature-map: expected elu1, relu, favor, favor-hyperbolic or taylor2, got 'calibrated'
// LAYER: there is no layer 9: the module has 8 attention ops
// FEATURES: expected 1 to 65536 features, a window and sinks of 0 or more

// COUNTS: attune-linearize-attention: 4 fused, 4 missed

// Each query sees all keys that are no padding.
// FAVOR-DAG: attune.weight @linear_attention.0.query_features.projection : tensor<2x6x4xf32> from [] value
// FAVOR-DAG: attune.weight @linear_attention.0.key_features.projection : tensor<2x6x4xf32> from [] value

// CHECK-LABEL: func.func @encoder(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32> {{[^%]*}}, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32> {{[^%]*}}, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32> {{[^%]*}}, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[FQ:.*]] = attune.feature_map elu1 %[[Q]] {heads = 2 : i64, scale = 5.000000e-01 : f64}
// CHECK-NEXT: %[[FK:.*]] = attune.feature_map elu1 %[[K]] {heads = 2 : i64, scale = 5.000000e-01 : f64}
// CHECK-NEXT: %[[R:[a-z0-9_]*]], {{.*}} = attune.linear_attention linear %[[FQ]], %[[FK]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {denominator = 0.000000e+00 : f64, full, heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f64}
// CHECK-NEXT: return %[[R]]
// Exponentials are stored by their logarithms: those of keys as weights, those
// of queries cancel.
// FAVOR-LABEL: func.func @encoder(
// FAVOR: %{{.*}}, %{{.*}} = attune.feature_map favor %{{.*}} projection(%{{.*}} : tensor<2x6x4xf32>)
// FAVOR: %[[FK:.*]], %[[SK:.*]] = attune.feature_map favor %{{.*}} projection(%{{.*}} : tensor<2x6x4xf32>)
// FAVOR: attune.linear_attention linear %{{.*}}, %[[FK]], %{{.*}} mask(%{{.*}} : tensor<?x?xi64>) log_weights(%[[SK]] : tensor<?x?x2xf32>)
// HYBRID-LABEL: func.func @encoder(
// HYBRID: attune.hybrid_attention %{{.*}}, %{{.*}}, %{{.*}} features(%{{.*}}, %{{.*}} : tensor<?x?x30xf32>, tensor<?x?x30xf32>) mask(%{{.*}} : tensor<?x?xi64>) {full, heads = 2 : i64, kv_heads = 2 : i64, scale = 2.500000e-01 : f64, sinks = 2 : i64, window = 8 : i64}
// REMARK: [Passed] linear-attention | Category:fusion | Function=encoder | Reason="became linear with the map elu1"
func.func @encoder(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %v: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %m: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x?x8xf32> {
  %r = attune.attention %q, %k, %v mask(%m : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.25 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Grouped heads under a causal mask: keys have features once a group, but
// beside exact ones each head has its own.
// CHECK-LABEL: func.func @grouped(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {denominator = 0.000000e+00 : f64, heads = 2 : i64, kv_heads = 1 : i64, scale = 1.000000e+00 : f64}
// FAVOR-LABEL: func.func @grouped(
// FAVOR: attune.attention
// HYBRID-LABEL: func.func @grouped(
// HYBRID: attune.hybrid_attention {{.*}} {heads = 2 : i64, kv_heads = 1 : i64, scale = 2.500000e-01 : f64, sinks = 2 : i64, window = 8 : i64}
func.func @grouped(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x4xf32> {attune.dims = ["b", "l", ""]}, %v: tensor<?x?x4xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x?x8xf32> {
  %r = attune.attention %q, %k, %v {causal = #attune.causal<end>, heads = 2 : i64, kv_heads = 1 : i64, scale = 0.25 : f32} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Other keys than those of the queries' tokens: fine for features, not for a
// window.
// CHECK-LABEL: func.func @cross(
// CHECK: attune.linear_attention linear
// HYBRID-LABEL: func.func @cross(
// HYBRID: attune.attention
func.func @cross(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "source", ""]}, %v: tensor<?x?x8xf32> {attune.dims = ["b", "source", ""]}) -> tensor<?x?x8xf32> {
  %r = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.25 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Values of another size than queries.
// CHECK-LABEL: func.func @values(
// CHECK: attune.linear_attention linear {{.*}} -> (tensor<?x?x12xf32>, tensor<?x2x4x6xf32>
func.func @values(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %v: tensor<?x?x12xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x?x12xf32> {
  %r = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.25 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x12xf32>) -> tensor<?x?x12xf32>
  return %r : tensor<?x?x12xf32>
}

// CHECK-LABEL: func.func @bias(
// CHECK: attune.attention
// REMARK: [Missed] linear-attention | Category:fusion | Function=bias | Reason="a bias is added to the scores, relative positions or a mask of queries and keys: the weight of a key is no inner product of features"
func.func @bias(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %v: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %bias: tensor<1x2x?x?xf32> {attune.dims = ["", "", "l", "l"]}) -> tensor<?x?x8xf32> {
  %r = attune.attention %q, %k, %v bias(%bias : tensor<1x2x?x?xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.25 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @capped(
// CHECK: attune.attention
// REMARK: Function=capped | Reason="the scores are capped: the weight of a key is no inner product of features"
func.func @capped(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %v: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x?x8xf32> {
  %r = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 0.25 : f32, softcap = 50.0 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @negative(
// CHECK: attune.attention
// REMARK: Function=negative | Reason="the scale of the scores is negative"
func.func @negative(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %v: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x?x8xf32> {
  %r = attune.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = -0.25 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @cached(
// CHECK: attune.attention
// REMARK: Function=cached | Reason="the mask is causal, with l queries and l + past keys: earlier keys come from a cache"
func.func @cached(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "past + l", ""]}, %v: tensor<?x?x8xf32> {attune.dims = ["b", "past + l", ""]}, %p: tensor<?xf32> {attune.dims = ["past"]}) -> tensor<?x?x8xf32> {
  %r = attune.attention %q, %k, %v {causal = #attune.causal<end>, heads = 2 : i64, kv_heads = 2 : i64, scale = 0.25 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}
