// Every op's example of its documentation, in functions of the operands' types.
// RUN: attune-opt %s | attune-opt | FileCheck %s
// RUN: attune-opt %s --mlir-print-op-generic | attune-opt | FileCheck %s

// CHECK: attune.weight @dense.weight : tensor<384x384xf32> from [#attune.piece<"model.safetensors", 4096, f32, 147456>]
attune.weight @dense.weight : tensor<384x384xf32>
    from [#attune.piece<"model.safetensors", 4096, f32, 147456>]

// CHECK: attune.weight @packed : tensor<4x2xf32> from [#attune.piece<"a", 0, f16, 4>, #attune.piece<"b", 8, bf16, 4>] layout #attune.panels<16> at 64
attune.weight @packed : tensor<4x2xf32>
    from [#attune.piece<"a", 0, f16, 4>, #attune.piece<"b", 8, bf16, 4>]
    layout #attune.panels<16> at 64

// CHECK: attune.kernel @linear_0(%{{.*}}: tensor<?x?x384xf32>, %{{.*}}: tensor<384x384xf32> {attune.layout = #attune.panels<16>}) -> tensor<?x?x384xf32>
// CHECK-SAME: attributes {backend = "llvm", schedule = {mr = 6 : i64}}
attune.kernel @linear_0(%x: tensor<?x?x384xf32>, %w: tensor<384x384xf32> {attune.layout = #attune.panels<16>}) -> tensor<?x?x384xf32>
    attributes {backend = "llvm", schedule = {mr = 6 : i64}} {
  %0 = attune.linear %x, %w : (tensor<?x?x384xf32>, tensor<384x384xf32>) -> tensor<?x?x384xf32>
  attune.yield %0 : tensor<?x?x384xf32>
}

// CHECK-LABEL: func.func @attention
func.func @attention(%scores: tensor<?x12x?x?xf32>, %m: tensor<?x?xi64>,
                     %q: tensor<?x?x384xf32>, %k: tensor<?x?x384xf32>, %v: tensor<?x?x384xf32>) {
  // CHECK: attune.mask %{{.*}}, %{{.*}} : tensor<?x12x?x?xf32>, tensor<?x?xi64>
  %r = attune.mask %scores, %m : tensor<?x12x?x?xf32>, tensor<?x?xi64>
  // CHECK: attune.softmax %{{.*}} : tensor<?x12x?x?xf32>
  %p = attune.softmax %scores : tensor<?x12x?x?xf32>
  // CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<?x?xi64>) {heads = 12 : i64, kv_heads = 12 : i64, scale = 0.176776692 : f32}
  %c = attune.attention %q, %k, %v mask(%m : tensor<?x?xi64>)
      {heads = 12 : i64, kv_heads = 12 : i64, scale = 0.176776692 : f32}
      : (tensor<?x?x384xf32>, tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
  // Without a mask, and with grouped keys and values of half the heads.
  // CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {heads = 12 : i64, kv_heads = 6 : i64
  %kv = attune.slice %k {axis = 2 : i64, offset = 0 : i64, size = 192 : i64} : tensor<?x?x384xf32> -> tensor<?x?x192xf32>
  %g = attune.attention %q, %kv, %kv
      {heads = 12 : i64, kv_heads = 6 : i64, scale = 0.176776692 : f32}
      : (tensor<?x?x384xf32>, tensor<?x?x192xf32>, tensor<?x?x192xf32>) -> tensor<?x?x384xf32>
  return
}

// CHECK-LABEL: func.func @attention_forms
func.func @attention_forms(%q: tensor<?x?x384xf32>, %v: tensor<?x?x96xf32>, %m: tensor<?x?xi64>,
                           %b: tensor<?x12x?x?xf32>, %row: tensor<1x1x1x?xf32>) {
  // CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<?x?xi64>) bias(%{{.*}} : tensor<?x12x?x?xf32>) {causal = #attune.causal<end>, heads = 12 : i64, kv_heads = 12 : i64, scale = 1.250000e-01 : f32, softcap = 3.000000e+01 : f32} : ({{.*}}, {{.*}}, tensor<?x?x96xf32>) -> tensor<?x?x96xf32>
  %0 = attune.attention %q, %q, %v mask(%m : tensor<?x?xi64>) bias(%b : tensor<?x12x?x?xf32>)
      {heads = 12 : i64, kv_heads = 12 : i64, scale = 0.125 : f32, causal = #attune.causal<end>, softcap = 30.0 : f32}
      : (tensor<?x?x384xf32>, tensor<?x?x384xf32>, tensor<?x?x96xf32>) -> tensor<?x?x96xf32>
  // CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<1x1x1x?xf32>) {causal = #attune.causal<start>
  %1 = attune.attention %q, %q, %v bias(%row : tensor<1x1x1x?xf32>)
      {heads = 12 : i64, kv_heads = 12 : i64, scale = 0.125 : f32, causal = #attune.causal<start>}
      : (tensor<?x?x384xf32>, tensor<?x?x384xf32>, tensor<?x?x96xf32>) -> tensor<?x?x96xf32>
  return
}

// CHECK-LABEL: func.func @rms_norm
func.func @rms_norm(%x: tensor<?x?x384xf32>, %gamma: tensor<384xf32>) {
  // CHECK: attune.rms_norm %{{.*}}, %{{.*}} {epsilon = {{.*}} : f64} : tensor<?x?x384xf32>, tensor<384xf32>
  %r = attune.rms_norm %x, %gamma {epsilon = 1.0e-6 : f64} : tensor<?x?x384xf32>, tensor<384xf32>
  return
}

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<?x?x384xf32>, %bias: tensor<384xf32>, %scores: tensor<?x12x?x?xf32>) {
  // CHECK: attune.add %{{.*}}, %{{.*}} : (tensor<?x?x384xf32>, tensor<384xf32>) -> tensor<?x?x384xf32>
  %0 = attune.add %x, %bias : (tensor<?x?x384xf32>, tensor<384xf32>) -> tensor<?x?x384xf32>
  // CHECK: attune.mul %{{.*}}, %{{.*}} : (tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
  %1 = attune.mul %x, %x : (tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
  // CHECK: attune.scale %{{.*}} {factor = 1.250000e-01 : f32} : tensor<?x12x?x?xf32>
  %2 = attune.scale %scores {factor = 0.125 : f32} : tensor<?x12x?x?xf32>
  // CHECK: attune.relu %{{.*}} : tensor<?x?x384xf32>
  %3 = attune.relu %x : tensor<?x?x384xf32>
  // CHECK: attune.gelu %{{.*}} : tensor<?x?x384xf32>
  %4 = attune.gelu %x : tensor<?x?x384xf32>
  // CHECK: attune.gelu %{{.*}} {approximate = "tanh"} : tensor<?x?x384xf32>
  %5 = attune.gelu %x {approximate = "tanh"} : tensor<?x?x384xf32>
  // CHECK: attune.quick_gelu %{{.*}} : tensor<?x?x384xf32>
  %6 = attune.quick_gelu %x : tensor<?x?x384xf32>
  // CHECK: attune.silu %{{.*}} : tensor<?x?x384xf32>
  %7 = attune.silu %x : tensor<?x?x384xf32>
  // CHECK: attune.tanh %{{.*}} : tensor<?x?x384xf32>
  %8 = attune.tanh %x : tensor<?x?x384xf32>
  return
}

// CHECK-LABEL: func.func @kernels
func.func @kernels(%x: tensor<?x?x384xf32>, %w: tensor<384x384xf32>, %res: tensor<?x?x384xf32>) {
  // CHECK: attune.fused(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}, %[[C:.*]] = %{{.*}}) : (tensor<?x?x384xf32>, tensor<384x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32> {
  // CHECK-NEXT: attune.linear %[[A]], %[[B]]
  // CHECK-NEXT: attune.add %{{.*}}, %[[C]]
  // CHECK-NEXT: attune.yield %{{.*}} : tensor<?x?x384xf32>
  %r = attune.fused(%a = %x, %b = %w, %c = %res) : (tensor<?x?x384xf32>, tensor<384x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32> {
    %0 = attune.linear %a, %b : (tensor<?x?x384xf32>, tensor<384x384xf32>) -> tensor<?x?x384xf32>
    %1 = attune.add %0, %c : (tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
    attune.yield %1 : tensor<?x?x384xf32>
  }
  // CHECK: attune.launch @linear_0(%{{.*}}, %{{.*}}) : (tensor<?x?x384xf32>, tensor<384x384xf32>) -> tensor<?x?x384xf32>
  %l = attune.launch @linear_0(%x, %w) : (tensor<?x?x384xf32>, tensor<384x384xf32>) -> tensor<?x?x384xf32>
  return
}

// CHECK: attune.object @linear_0.code, "bitcode", "BC\C0\DE"
attune.object @linear_0.code, "bitcode", "BC\C0\DE"

// Once buffers are planned the result's buffer is the last operand, and a
// packed weight may have any shape.
// CHECK-LABEL: func.func @planned
func.func @planned(%x: memref<?x?x384xf32>, %w: memref<147456xf32>, %r: memref<?x?x384xf32>) {
  // CHECK: attune.launch @linear_0(%{{.*}}, %{{.*}}, %{{.*}}) : (memref<?x?x384xf32>, memref<147456xf32>, memref<?x?x384xf32>) -> ()
  attune.launch @linear_0(%x, %w, %r) : (memref<?x?x384xf32>, memref<147456xf32>, memref<?x?x384xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @linear
func.func @linear(%x: tensor<?x?x384xf32>, %w: tensor<1536x384xf32>, %b: tensor<1536xf32>,
                  %q: tensor<?x12x?x32xf32>, %k: tensor<?x12x?x32xf32>) {
  // CHECK: attune.matmul %{{.*}}, %{{.*}} {transpose_rhs} : (tensor<?x12x?x32xf32>, tensor<?x12x?x32xf32>) -> tensor<?x12x?x?xf32>
  %s = attune.matmul %q, %k {transpose_rhs}
      : (tensor<?x12x?x32xf32>, tensor<?x12x?x32xf32>) -> tensor<?x12x?x?xf32>
  // CHECK: attune.linear %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<1536xf32>) : (tensor<?x?x384xf32>, tensor<1536x384xf32>) -> tensor<?x?x1536xf32>
  %r = attune.linear %x, %w bias(%b : tensor<1536xf32>)
      : (tensor<?x?x384xf32>, tensor<1536x384xf32>) -> tensor<?x?x1536xf32>
  return
}

// CHECK-LABEL: func.func @norms
func.func @norms(%x: tensor<?x?x384xf32>, %gamma: tensor<384xf32>, %beta: tensor<384xf32>,
                 %mask: tensor<?x?xi64>, %e: tensor<?x384xf32>) {
  // CHECK: attune.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {epsilon = {{.*}} : f64} : tensor<?x?x384xf32>, tensor<384xf32>, tensor<384xf32>
  %0 = attune.layer_norm %x, %gamma, %beta {epsilon = 1.0e-12 : f64}
      : tensor<?x?x384xf32>, tensor<384xf32>, tensor<384xf32>
  // CHECK: attune.l2_normalize %{{.*}} {epsilon = {{.*}} : f64} : tensor<?x384xf32>
  %1 = attune.l2_normalize %e {epsilon = 1.0e-12 : f64} : tensor<?x384xf32>
  // CHECK: attune.pool %{{.*}}, %{{.*}} {mode = #attune.pool_mode<mean>} : (tensor<?x?x384xf32>, tensor<?x?xi64>) -> tensor<?x384xf32>
  %2 = attune.pool %x, %mask {mode = #attune.pool_mode<mean>}
      : (tensor<?x?x384xf32>, tensor<?x?xi64>) -> tensor<?x384xf32>
  // CHECK: attune.pool %{{.*}}, %{{.*}} {mode = #attune.pool_mode<mean_sqrt>}
  %3 = attune.pool %x, %mask {mode = #attune.pool_mode<mean_sqrt>}
      : (tensor<?x?x384xf32>, tensor<?x?xi64>) -> tensor<?x384xf32>
  return
}

// CHECK-LABEL: func.func @positions
func.func @positions(%ids: tensor<?x?xi64>, %table: tensor<30522x384xf32>) {
  // CHECK: attune.embedding %{{.*}}, %{{.*}} : (tensor<?x?xi64>, tensor<30522x384xf32>) -> tensor<?x?x384xf32>
  %0 = attune.embedding %ids, %table
      : (tensor<?x?xi64>, tensor<30522x384xf32>) -> tensor<?x?x384xf32>
  // CHECK: attune.positions %{{.*}} {offset = 0 : i64} : tensor<?x?xi64>
  %p = attune.positions %ids {offset = 0 : i64} : tensor<?x?xi64>
  // CHECK: attune.positions %{{.*}} {offset = 1 : i64, padding_id = 1 : i64} : tensor<?x?xi64>
  %r = attune.positions %ids {offset = 1 : i64, padding_id = 1 : i64} : tensor<?x?xi64>
  return
}

// CHECK-LABEL: func.func @shapes
func.func @shapes(%x: tensor<?x?x384xf32>, %qkv: tensor<?x?x1152xf32>) -> tensor<?x384xf32> {
  // CHECK: attune.reshape %{{.*}} {shape = array<i64: 0, 0, 12, 32>} : tensor<?x?x384xf32> -> tensor<?x?x12x32xf32>
  %0 = attune.reshape %x {shape = array<i64: 0, 0, 12, 32>}
      : tensor<?x?x384xf32> -> tensor<?x?x12x32xf32>
  // CHECK: attune.slice %{{.*}} {axis = 2 : i64, offset = 384 : i64, size = 384 : i64} : tensor<?x?x1152xf32> -> tensor<?x?x384xf32>
  %k = attune.slice %qkv {axis = 2 : i64, offset = 384 : i64, size = 384 : i64}
      : tensor<?x?x1152xf32> -> tensor<?x?x384xf32>
  // CHECK: attune.select %{{.*}} {axis = 1 : i64, index = 0 : i64} : tensor<?x?x384xf32> -> tensor<?x384xf32>
  %cls = attune.select %x {axis = 1 : i64, index = 0 : i64}
      : tensor<?x?x384xf32> -> tensor<?x384xf32>
  // CHECK: attune.transpose %{{.*}} {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x12x32xf32> -> tensor<?x12x?x32xf32>
  %r = attune.transpose %0 {permutation = array<i64: 0, 2, 1, 3>}
      : tensor<?x?x12x32xf32> -> tensor<?x12x?x32xf32>
  // CHECK: attune.load_weight @dense.weight : tensor<384x384xf32>
  %w = attune.load_weight @dense.weight : tensor<384x384xf32>
  return %cls : tensor<?x384xf32>
}
