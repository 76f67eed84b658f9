// The examples of the documentation of ops of linear attention, and each of their options.
// RUN: attune-opt %s | attune-opt | FileCheck %s
// RUN: attune-opt %s --mlir-print-op-generic | attune-opt | FileCheck %s

// CHECK-LABEL: func.func @feature_map
func.func @feature_map(%x: tensor<?x?x512xf32>, %w: tensor<1x256x64xf32>, %b: tensor<8x64xf32>,
                       %m: tensor<8x32x128xf32>, %t: tensor<8x64xf32>) {
  // CHECK: attune.feature_map favor %{{.*}} projection(%{{.*}} : tensor<1x256x64xf32>) {heads = 8 : i64, scale = 0.35355339000000002 : f64} : tensor<?x?x512xf32> -> tensor<?x?x2048xf32>, tensor<?x?x8xf32>
  %f, %s = attune.feature_map favor %x projection(%w : tensor<1x256x64xf32>)
      {heads = 8 : i64, scale = 0.35355339 : f64}
      : tensor<?x?x512xf32> -> tensor<?x?x2048xf32>, tensor<?x?x8xf32>
  // CHECK: attune.feature_map softmax %{{.*}} bias(%{{.*}} : tensor<8x64xf32>) mix(%{{.*}} : tensor<8x32x128xf32>) tilt(%{{.*}} : tensor<8x64xf32>) {heads = 8 : i64, norm = #attune.feature_norm<l2>} : tensor<?x?x512xf32> -> tensor<?x?x256xf32>, tensor<?x?x8xf32>
  %f1, %s1 = attune.feature_map softmax %x bias(%b : tensor<8x64xf32>) mix(%m : tensor<8x32x128xf32>)
      tilt(%t : tensor<8x64xf32>) {heads = 8 : i64, norm = #attune.feature_norm<l2>}
      : tensor<?x?x512xf32> -> tensor<?x?x256xf32>, tensor<?x?x8xf32>
  // CHECK: attune.feature_map dpfp %{{.*}} {epsilon = 1.000000e-03 : f64, heads = 8 : i64, norm = #attune.feature_norm<sum>, norm_epsilon = 1.000000e-05 : f64, order = 3 : i64} : tensor<?x?x512xf32> -> tensor<?x?x3072xf32>
  %f2 = attune.feature_map dpfp %x
      {heads = 8 : i64, order = 3 : i64, epsilon = 1.0e-3 : f64, norm = #attune.feature_norm<sum>, norm_epsilon = 1.0e-5 : f64}
      : tensor<?x?x512xf32> -> tensor<?x?x3072xf32>
  return
}

// The numbers of features of a head of 4 columns.
// CHECK-LABEL: func.func @maps
func.func @maps(%x: tensor<?x?x8xf32>) {
  // CHECK: feature_map identity
  %0 = attune.feature_map identity %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // CHECK: feature_map elu1
  %1 = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // CHECK: feature_map relu
  %2 = attune.feature_map relu %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // CHECK: feature_map exp
  %3 = attune.feature_map exp %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // CHECK: feature_map favor
  %4 = attune.feature_map favor %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // CHECK: feature_map favor_hyperbolic
  %5 = attune.feature_map favor_hyperbolic %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x16xf32>
  // CHECK: feature_map dpfp
  %6 = attune.feature_map dpfp %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x16xf32>
  // CHECK: feature_map taylor2
  %7 = attune.feature_map taylor2 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x30xf32>
  // CHECK: feature_map softmax
  %8 = attune.feature_map softmax %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x16xf32>
  // CHECK: feature_map softmax_halves
  %9 = attune.feature_map softmax_halves %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x16xf32>
  return
}

// CHECK-LABEL: func.func @linear_attention
func.func @linear_attention(%q: tensor<?x?x256xf32>, %k: tensor<?x?x128xf32>, %v: tensor<?x?x128xf32>,
                            %g: tensor<?x?x2xf32>, %b: tensor<?x?x2xf32>, %p: tensor<?x2x64x64xf32>,
                            %m: tensor<?x?xi64>) {
  // CHECK: attune.linear_attention gated_delta %{{.*}}, %{{.*}}, %{{.*}} decay(%{{.*}} : tensor<?x?x2xf32>) beta(%{{.*}} : tensor<?x?x2xf32>) past(%{{.*}} : tensor<?x2x64x64xf32>) {heads = 4 : i64, kv_heads = 2 : i64, scale = 1.250000e-01 : f64}
  %r, %s = attune.linear_attention gated_delta %q, %k, %v decay(%g : tensor<?x?x2xf32>)
      beta(%b : tensor<?x?x2xf32>) past(%p : tensor<?x2x64x64xf32>)
      {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.125 : f64}
      : (tensor<?x?x256xf32>, tensor<?x?x128xf32>, tensor<?x?x128xf32>)
      -> (tensor<?x?x256xf32>, tensor<?x2x64x64xf32>)
  // CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<?x?xi64>) {denominator = 9.9999999999999995E-7 : f64, full, heads = 4 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f64}
  // CHECK-SAME: -> (tensor<?x?x256xf32>, tensor<?x2x64x64xf32> sum tensor<?x2x64xf32>)
  %c, %t, %z = attune.linear_attention linear %q, %k, %v mask(%m : tensor<?x?xi64>)
      {heads = 4 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, full, denominator = 1.0e-6 : f64}
      : (tensor<?x?x256xf32>, tensor<?x?x128xf32>, tensor<?x?x128xf32>)
      -> (tensor<?x?x256xf32>, tensor<?x2x64x64xf32> sum tensor<?x2x64xf32>)
  return
}

// CHECK-LABEL: func.func @states
func.func @states(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>, %w: tensor<?x?x1xf32>, %p: tensor<?x1x4x4xf32>,
                  %z: tensor<?x1x4xf32>, %m: tensor<?x1xf32>, %slopes: tensor<1xf32>, %columns: tensor<?x?x4xf32>) {
  // CHECK: log_weights(%{{.*}} : tensor<?x?x1xf32>) past(%{{.*}} : tensor<?x1x4x4xf32>) past_sum(%{{.*}} : tensor<?x1x4xf32>) past_max(%{{.*}} : tensor<?x1xf32>)
  // CHECK-SAME: -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32> sum tensor<?x1x4xf32> max tensor<?x1xf32>)
  %0:4 = attune.linear_attention linear %q, %k, %k log_weights(%w : tensor<?x?x1xf32>) past(%p : tensor<?x1x4x4xf32>)
      past_sum(%z : tensor<?x1x4xf32>) past_max(%m : tensor<?x1xf32>)
      {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.0 : f64, denominator = 0.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>)
      -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32> sum tensor<?x1x4xf32> max tensor<?x1xf32>)
  // Without a denominator, the largest weight alone.
  // CHECK: -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32> max tensor<?x1xf32>)
  %1:3 = attune.linear_attention linear %q, %k, %k log_weights(%w : tensor<?x?x1xf32>)
      {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>)
      -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32> max tensor<?x1xf32>)
  // The decays of all tokens, of a head, and of each column.
  // CHECK: linear_attention gated %{{.*}} decay(%{{.*}} : tensor<1xf32>)
  %2:2 = attune.linear_attention gated %q, %k, %k decay(%slopes : tensor<1xf32>)
      {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32>)
  // CHECK: linear_attention gated %{{.*}} decay(%{{.*}} : tensor<?x?x1xf32>)
  %3:3 = attune.linear_attention gated %q, %k, %k decay(%w : tensor<?x?x1xf32>)
      {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.0 : f64, denominator = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>)
      -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32> sum tensor<?x1x4xf32>)
  // CHECK: linear_attention gated %{{.*}} decay(%{{.*}} : tensor<?x?x4xf32>)
  %4:2 = attune.linear_attention gated %q, %k, %k decay(%columns : tensor<?x?x4xf32>)
      {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32>)
  // CHECK: linear_attention linear %{{.*}} {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.000000e+00 : f64, squash = #attune.gate<tanh>}
  %5:2 = attune.linear_attention linear %q, %k, %k
      {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.0 : f64, squash = #attune.gate<tanh>}
      : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> (tensor<?x?x8xf32>, tensor<?x1x4x4xf32>)
  return
}

// Queries of another number than keys.
// CHECK-LABEL: func.func @full
func.func @full(%q: tensor<2x3x8xf32>, %k: tensor<2x9x8xf32>) {
  // CHECK: full
  %0:2 = attune.linear_attention linear %q, %k, %k {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, full}
      : (tensor<2x3x8xf32>, tensor<2x9x8xf32>, tensor<2x9x8xf32>) -> (tensor<2x3x8xf32>, tensor<2x2x4x4xf32>)
  return
}

// CHECK-LABEL: func.func @hybrid_attention
func.func @hybrid_attention(%q: tensor<?x?x512xf32>, %k: tensor<?x?x512xf32>, %v: tensor<?x?x512xf32>,
                            %fq: tensor<?x?x512xf32>, %fk: tensor<?x?x512xf32>, %sq: tensor<?x?x8xf32>,
                            %sk: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) {
  // CHECK: attune.hybrid_attention %{{.*}}, %{{.*}}, %{{.*}} features(%{{.*}}, %{{.*}} : tensor<?x?x512xf32>, tensor<?x?x512xf32>) scales(%{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x?x8xf32>) mask(%{{.*}} : tensor<?x?xi64>) {heads = 8 : i64, kv_heads = 8 : i64, scale = 1.250000e-01 : f64, sinks = 4 : i64, window = 64 : i64}
  %r = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x512xf32>, tensor<?x?x512xf32>)
      scales(%sq, %sk : tensor<?x?x8xf32>, tensor<?x?x8xf32>) mask(%m : tensor<?x?xi64>)
      {heads = 8 : i64, kv_heads = 8 : i64, scale = 0.125 : f64, window = 64 : i64, sinks = 4 : i64}
      : (tensor<?x?x512xf32>, tensor<?x?x512xf32>, tensor<?x?x512xf32>) -> tensor<?x?x512xf32>
  // CHECK: attune.hybrid_attention %{{.*}} {full, heads = 8 : i64, kv_heads = 8 : i64, scale = 1.250000e-01 : f64, window = 0 : i64}
  %f = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x512xf32>, tensor<?x?x512xf32>)
      {heads = 8 : i64, kv_heads = 8 : i64, scale = 0.125 : f64, window = 0 : i64, full}
      : (tensor<?x?x512xf32>, tensor<?x?x512xf32>, tensor<?x?x512xf32>) -> tensor<?x?x512xf32>
  return
}

// A kernel has the maps that its anchor reads beside it.
// CHECK-LABEL: attune.kernel @linear_attention_of_features
attune.kernel @linear_attention_of_features(%x: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>) {
  // CHECK-NEXT: attune.feature_map
  %f, %s = attune.feature_map exp %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>, tensor<?x?x2xf32>
  // CHECK-NEXT: attune.linear_attention
  %r, %p, %m = attune.linear_attention linear %x, %f, %v log_weights(%s : tensor<?x?x2xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> max tensor<?x2xf32>)
  attune.yield %r, %p : tensor<?x?x8xf32>, tensor<?x2x4x4xf32>
}
