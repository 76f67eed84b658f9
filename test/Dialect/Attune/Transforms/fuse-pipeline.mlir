// The phase `fuse` and the kernels behind it, on one layer as importers emit it.
// RUN: attune-opt %s --attune-fuse | FileCheck %s
// RUN: attune-opt %s --attune-fuse --attune-outline-kernels | FileCheck %s --check-prefix=KERNELS
// RUN: attune-opt %s --attune-fuse=disable=attention,projections | FileCheck %s --check-prefix=DISABLED
// RUN: attune-opt %s --attune-fuse=disable=elementwise | FileCheck %s --check-prefix=ALONE

// CHECK-LABEL: func.func @forward
// CHECK: %[[QKV:.*]] = attune.fused
// CHECK-NEXT: attune.linear {{.*}} -> tensor<?x?x192xf32>
// CHECK: attune.slice %[[QKV]]
// CHECK-NEXT: attune.slice %[[QKV]]
// CHECK-NEXT: attune.slice %[[QKV]]
// CHECK-NEXT: attune.fused
// CHECK-NEXT: attune.attention
// CHECK: attune.fused
// CHECK-NEXT: attune.linear
// CHECK-NEXT: attune.add
// CHECK: attune.fused
// CHECK-NEXT: attune.layer_norm
// CHECK-NOT: attune.fused

// KERNELS: attune.kernel @linear(
// KERNELS: attune.kernel @attention(
// KERNELS: attune.kernel @linear_1(
// KERNELS: attune.kernel @layer_norm(
// KERNELS-NOT: attune.kernel
// KERNELS-LABEL: func.func @forward
// KERNELS-NOT: attune.fused

// DISABLED-NOT: attune.attention
// DISABLED-COUNT-3: attune.linear {{.*}} -> tensor<?x?x64xf32>
// DISABLED: attune.softmax

// ALONE-LABEL: func.func @forward
// ALONE: attune.attention
// ALONE: attune.linear
// ALONE-NEXT: attune.yield
// ALONE: attune.fused
// ALONE-NEXT: attune.add
module {
  attune.weight @layer.0.query.weight : tensor<64x64xf32> from [#attune.piece<"model.safetensors", 0, f32, 4096>]
  attune.weight @layer.0.key.weight : tensor<64x64xf32> from [#attune.piece<"model.safetensors", 16384, f32, 4096>]
  attune.weight @layer.0.value.weight : tensor<64x64xf32> from [#attune.piece<"model.safetensors", 32768, f32, 4096>]
  attune.weight @layer.0.query.bias : tensor<64xf32> from [#attune.piece<"model.safetensors", 0, f32, 64>]
  attune.weight @layer.0.key.bias : tensor<64xf32> from [#attune.piece<"model.safetensors", 0, f32, 64>]
  attune.weight @layer.0.value.bias : tensor<64xf32> from [#attune.piece<"model.safetensors", 0, f32, 64>]
  attune.weight @wo : tensor<64x64xf32> from [#attune.piece<"model.safetensors", 0, f32, 4096>]
  attune.weight @gamma : tensor<64xf32> from [#attune.piece<"model.safetensors", 0, f32, 64>]
  func.func @forward(%x: tensor<?x?x64xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x64xf32> {
    %wq = attune.load_weight @layer.0.query.weight : tensor<64x64xf32>
    %wk = attune.load_weight @layer.0.key.weight : tensor<64x64xf32>
    %wv = attune.load_weight @layer.0.value.weight : tensor<64x64xf32>
    %bq = attune.load_weight @layer.0.query.bias : tensor<64xf32>
    %bk = attune.load_weight @layer.0.key.bias : tensor<64xf32>
    %bv = attune.load_weight @layer.0.value.bias : tensor<64xf32>
    %wo = attune.load_weight @wo : tensor<64x64xf32>
    %g = attune.load_weight @gamma : tensor<64xf32>
    %q0 = attune.matmul %x, %wq {transpose_rhs} : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
    %q1 = attune.add %q0, %bq : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    %q2 = attune.reshape %q1 {shape = array<i64: 0, 0, 4, 16>} : tensor<?x?x64xf32> -> tensor<?x?x4x16xf32>
    %q3 = attune.transpose %q2 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x4x16xf32> -> tensor<?x4x?x16xf32>
    %k0 = attune.matmul %x, %wk {transpose_rhs} : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
    %k1 = attune.add %bk, %k0 : (tensor<64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
    %k2 = attune.reshape %k1 {shape = array<i64: 0, 0, 4, 16>} : tensor<?x?x64xf32> -> tensor<?x?x4x16xf32>
    %k3 = attune.transpose %k2 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x4x16xf32> -> tensor<?x4x?x16xf32>
    %v0 = attune.matmul %x, %wv {transpose_rhs} : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
    %v1 = attune.add %v0, %bv : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    %v2 = attune.reshape %v1 {shape = array<i64: 0, 0, 4, 16>} : tensor<?x?x64xf32> -> tensor<?x?x4x16xf32>
    %v3 = attune.transpose %v2 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x4x16xf32> -> tensor<?x4x?x16xf32>
    %s0 = attune.matmul %q3, %k3 {transpose_rhs} : (tensor<?x4x?x16xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x?xf32>
    %s1 = attune.scale %s0 {factor = 0.25 : f32} : tensor<?x4x?x?xf32>
    %s2 = attune.mask %s1, %m : tensor<?x4x?x?xf32>, tensor<?x?xi64>
    %p = attune.softmax %s2 : tensor<?x4x?x?xf32>
    %c0 = attune.matmul %p, %v3 : (tensor<?x4x?x?xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x16xf32>
    %c1 = attune.transpose %c0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x4x?x16xf32> -> tensor<?x?x4x16xf32>
    %c2 = attune.reshape %c1 {shape = array<i64: 0, 0, 64>} : tensor<?x?x4x16xf32> -> tensor<?x?x64xf32>
    %o0 = attune.matmul %c2, %wo {transpose_rhs} : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
    %o1 = attune.add %o0, %bq : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    %o2 = attune.add %o1, %x : (tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
    %n = attune.layer_norm %o2, %g, %g {epsilon = 1.0e-12 : f64} : tensor<?x?x64xf32>, tensor<64xf32>, tensor<64xf32>
    return %n : tensor<?x?x64xf32>
  }
}
