// RUN: attune-opt %s --attune-fuse-attention | FileCheck %s
// RUN: attune-opt %s --attune-fuse-attention --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// The form that importers emit: nothing of it is left.
// CHECK-LABEL: func.func @whole(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 5.000000e-01 : f32}
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] attention | Category:fusion | Function=whole | Reason="2 heads of 4 columns, with a key mask"
func.func @whole(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sc = attune.scale %s {factor = 0.5 : f32} : tensor<?x2x?x?xf32>
  %sm = attune.mask %sc, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @no_mask(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] {heads = 2 : i64, kv_heads = 2 : i64, scale = 5.000000e-01 : f32}
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] attention | Category:fusion | Function=no_mask | Reason="2 heads of 4 columns"
func.func @no_mask(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sc = attune.scale %s {factor = 0.5 : f32} : tensor<?x2x?x?xf32>
  %p = attune.softmax %sc : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @no_scale(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f32}
// CHECK-NEXT: return %[[R]]
func.func @no_scale(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sm = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// A positive factor keeps -inf where the mask put it.
// CHECK-LABEL: func.func @mask_before_scale(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 5.000000e-01 : f32}
// CHECK-NEXT: return %[[R]]
func.func @mask_before_scale(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sm = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %sc = attune.scale %sm {factor = 0.5 : f32} : tensor<?x2x?x?xf32>
  %p = attune.softmax %sc : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Before the split, on the heads and on the scores.
// CHECK-LABEL: func.func @scales_multiply(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = -2.500000e-01 : f32}
// CHECK-NEXT: return %[[R]]
func.func @scales_multiply(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %q0 = attune.scale %q {factor = 0.5 : f32} : tensor<?x?x8xf32>
  %qs = attune.reshape %q0 {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %kx = attune.scale %kh {factor = -2.0 : f32} : tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kx {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sc = attune.scale %s {factor = 0.25 : f32} : tensor<?x2x?x?xf32>
  %sm = attune.mask %sc, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// The key as [batch, heads, head size, keys], by one transposition or two.
// CHECK-LABEL: func.func @key_transposed_at_once(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f32}
// CHECK-NEXT: return %[[R]]
func.func @key_transposed_at_once(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kt = attune.transpose %ks {permutation = array<i64: 0, 2, 3, 1>} : tensor<?x?x2x4xf32> -> tensor<?x2x4x?xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kt : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  %sm = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @key_transposed_twice(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f32}
// CHECK-NEXT: return %[[R]]
func.func @key_transposed_twice(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %kt = attune.transpose %kh {permutation = array<i64: 0, 1, 3, 2>} : tensor<?x2x?x4xf32> -> tensor<?x2x4x?xf32>
  %s = attune.matmul %qh, %kt : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  %sm = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// One extent of the reshapes may be what remains.
// CHECK-LABEL: func.func @open_extents(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f32}
// CHECK-NEXT: return %[[R]]
func.func @open_extents(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, -1, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: -1, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sm = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, -1, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @same_mask_twice(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK-NEXT: %[[R:.*]] = attune.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f32}
// CHECK-NEXT: return %[[R]]
func.func @same_mask_twice(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %s1 = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %sm = attune.mask %s1, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// The heads of the key are a result too, which fusing need not compute twice.
// CHECK-LABEL: func.func @heads_used_twice(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[M:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK: attune.attention %[[Q]], %[[K]], %[[V]]
// CHECK-NOT: attune.softmax
func.func @heads_used_twice(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> (tensor<?x?x8xf32>, tensor<?x2x?x4xf32>) {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r, %kh : tensor<?x?x8xf32>, tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @scores_used_twice(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=scores_used_twice | Reason="the scores have another use, by 'func.return'", Suggestion="compute the scores a second time for it, so that attention need not store them"
func.func @scores_used_twice(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> (tensor<?x?x8xf32>, tensor<?x2x?x?xf32>) {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sc = attune.scale %s {factor = 0.5 : f32} : tensor<?x2x?x?xf32>
  %sm = attune.mask %sc, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r, %s : tensor<?x?x8xf32>, tensor<?x2x?x?xf32>
}

// CHECK-LABEL: func.func @probabilities_used_twice(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=probabilities_used_twice | Reason="the probabilities have another use, by 'func.return'"
func.func @probabilities_used_twice(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> (tensor<?x?x8xf32>, tensor<?x2x?x?xf32>) {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r, %p : tensor<?x?x8xf32>, tensor<?x2x?x?xf32>
}

// The heads' results come from packed ones again where they are needed.
// CHECK-LABEL: func.func @context_used_twice(
// CHECK: %[[R:.*]] = attune.attention
// CHECK-NEXT: %[[S:.*]] = attune.reshape %[[R]]
// CHECK-NEXT: %[[T:.*]] = attune.transpose %[[S]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: return %[[R]], %[[T]]
// REMARK: [Passed] attention | Category:fusion | Function=context_used_twice | Reason="2 heads of 4 columns"
// REMARK-NOT: Function=probabilities_unused
func.func @context_used_twice(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> (tensor<?x?x8xf32>, tensor<?x2x?x4xf32>) {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r, %c : tensor<?x?x8xf32>, tensor<?x2x?x4xf32>
}

// No product comes behind: not meant to be attention.
// CHECK-LABEL: func.func @probabilities_unused(
// CHECK-NOT: attune.attention
// CHECK-NEXT: return
func.func @probabilities_unused(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  return %q : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @mask_behind_softmax(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=mask_behind_softmax | Reason="the mask stands behind the softmax", Suggestion="mask the scores before the softmax"
func.func @mask_behind_softmax(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %pm = attune.mask %p, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %c = attune.matmul %pm, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @dropout_like(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=dropout_like | Reason="the probabilities go through 'attune.scale' before the product with the values"
func.func @dropout_like(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %px = attune.scale %p {factor = 0.9 : f32} : tensor<?x2x?x?xf32>
  %c = attune.matmul %px, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @two_masks(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=two_masks | Reason="the scores have two masks", Suggestion="combine the masks into one"
func.func @two_masks(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>, %m2: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %s1 = attune.mask %s, %m2 : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %sm = attune.mask %s1, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @additive_mask(
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<?x2x?x?xf32>) {heads
// CHECK-NEXT: return
// REMARK: [Passed] attention | Category:fusion | Function=additive_mask | Reason="2 heads of 4 columns, with a bias"
func.func @additive_mask(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %bias: tensor<?x2x?x?xf32>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sm = attune.add %s, %bias : (tensor<?x2x?x?xf32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %sm : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// -inf would become +inf.
// CHECK-LABEL: func.func @negative_scale_behind_mask(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=negative_scale_behind_mask | Reason="the masked scores are scaled by a constant that is not positive"
func.func @negative_scale_behind_mask(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sm = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %sc = attune.scale %sm {factor = -0.5 : f32} : tensor<?x2x?x?xf32>
  %p = attune.softmax %sc : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @infinite_scale(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=infinite_scale | Reason="the scales together are not a finite constant"
func.func @infinite_scale(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %s1 = attune.scale %s {factor = 1.0e30 : f32} : tensor<?x2x?x?xf32>
  %s2 = attune.scale %s1 {factor = 1.0e30 : f32} : tensor<?x2x?x?xf32>
  %p = attune.softmax %s2 : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @scores_from_outside(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=scores_from_outside | Reason="the scores are an argument of the function"
func.func @scores_from_outside(%s: tensor<?x2x?x?xf32>, %v: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @heads_not_merged(
// CHECK: %[[R:.*]] = attune.attention
// CHECK-NEXT: %[[S:.*]] = attune.reshape %[[R]] {shape = array<i64: 0, 0, 2, 4>}
// CHECK-NEXT: return %[[S]]
// REMARK: [Passed] attention | Category:fusion | Function=heads_not_merged | Reason="2 heads of 4 columns"
func.func @heads_not_merged(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x2x4xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  return %ct : tensor<?x?x2x4xf32>
}

// What the model makes of the result stays as it is.
// CHECK-LABEL: func.func @result_not_transposed(
// CHECK: %[[R:.*]] = attune.attention
// CHECK-NEXT: attune.reshape %[[R]]
// CHECK-NEXT: attune.transpose
// CHECK-NEXT: attune.reshape
// CHECK-NEXT: return
// REMARK: [Passed] attention | Category:fusion | Function=result_not_transposed | Reason="2 heads of 4 columns"
func.func @result_not_transposed(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %r = attune.reshape %c {shape = array<i64: 0, -1, 8>} : tensor<?x2x?x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @value_scaled(
// CHECK: %[[S:.*]] = attune.scale
// CHECK-NEXT: %[[T:.*]] = attune.transpose %[[S]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[P:.*]] = attune.reshape %[[T]]
// CHECK-NEXT: attune.attention %{{.*}}, %{{.*}}, %[[P]] {
// REMARK: [Passed] attention | Category:fusion | Function=value_scaled | Reason="2 heads of 4 columns"
func.func @value_scaled(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vx = attune.scale %vh {factor = 0.5 : f32} : tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vx : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Heads that are not packed anywhere are transposed.
// CHECK-LABEL: func.func @wrong_split(
// CHECK: %[[S:.*]] = attune.reshape
// CHECK-NEXT: %[[T:.*]] = attune.transpose %[[S]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[P:.*]] = attune.reshape %[[T]]
// CHECK-NEXT: attune.attention %[[P]], %{{.*}}, %{{.*}} {
// REMARK: [Passed] attention | Category:fusion | Function=wrong_split | Reason="2 heads of 4 columns"
func.func @wrong_split(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 2, -1, 4>} : tensor<?x?x8xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qs, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @result_permuted(
// CHECK: %[[R:.*]] = attune.attention
// CHECK-NEXT: %[[S:.*]] = attune.reshape %[[R]]
// CHECK-NEXT: attune.transpose %[[S]] {permutation = array<i64: 1, 0, 2, 3>}
// REMARK: [Passed] attention | Category:fusion | Function=result_permuted | Reason="2 heads of 4 columns"
func.func @result_permuted(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 2, 0, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @key_permuted(
// CHECK: attune.transpose {{.*}} {permutation = array<i64: 1, 0, 2, 3>}
// CHECK-NEXT: %[[K:.*]] = attune.reshape
// CHECK-NEXT: attune.attention %{{.*}}, %[[K]], 
// REMARK: [Passed] attention | Category:fusion | Function=key_permuted | Reason="2 heads of 4 columns"
func.func @key_permuted(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 1, 2, 0, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @batch_and_length_mixed(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=batch_and_length_mixed | Reason="query, key and value have different batch extents"
func.func @batch_and_length_mixed(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 6, -1, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// The products repeat a query for every batch, attention does not.
// CHECK-LABEL: func.func @query_of_one_batch(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=query_of_one_batch | Reason="query, key and value have different batch extents"
func.func @query_of_one_batch(%q: tensor<1x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<1x?x8xf32> -> tensor<1x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<1x?x2x4xf32> -> tensor<1x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<1x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @softmax_of_rows(
// CHECK: attune.softmax
func.func @softmax_of_rows(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.softmax %x : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// The probabilities are both operands.
// CHECK-LABEL: func.func @transposed_product(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=transposed_product | Reason="the probabilities have another use"
func.func @transposed_product(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<?x?xi64>) -> tensor<?x2x?x?xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %p {transpose_rhs} : (tensor<?x2x?x?xf32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  return %c : tensor<?x2x?x?xf32>
}

// One head of keys for all queries.
// CHECK-LABEL: func.func @other_heads(
// CHECK-NOT: attune.attention
// CHECK: attune.softmax
// REMARK: [Missed] attention | Category:fusion | Function=other_heads | Reason="the key has 1 heads, the values have 2"
func.func @other_heads(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>, %v: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 1, 4>} : tensor<?x?x4xf32> -> tensor<?x?x1x4xf32>
  %kh = attune.transpose %ks {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x1x4xf32> -> tensor<?x1x?x4xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %s = attune.matmul %qh, %kh {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Values of unreachable blocks may depend on themselves; they are left alone.
// CHECK-LABEL: func.func @unreachable
// CHECK: ^bb1:
// REMARK-NOT: Function=unreachable
func.func @unreachable(%v: tensor<?x2x?x4xf32>) {
  return
^bb1:
  %0 = attune.scale %1 {factor = 2.0 : f32} : tensor<?x2x?x?xf32>
  %1 = attune.scale %0 {factor = 2.0 : f32} : tensor<?x2x?x?xf32>
  %2 = attune.softmax %1 : tensor<?x2x?x?xf32>
  %3 = attune.matmul %2, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  cf.br ^bb1
}

// Arguments of four dimensions are packed by transpositions.
// CHECK-LABEL: func.func @heads_apart(
// CHECK: %[[QT:.*]] = attune.transpose %{{.*}} {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: attune.attention
// CHECK: attune.transpose
// CHECK-NEXT: return
// REMARK: [Passed] attention | Category:fusion | Function=heads_apart | Reason="4 heads of 8 columns"
func.func @heads_apart(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %s : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// A bias that broadcasts, of fewer dimensions, and scaled behind.
// CHECK-LABEL: func.func @bias_of_keys(
// CHECK: %[[M:.*]] = attune.reshape %{{.*}} {shape = array<i64: 1, 1, 1, -1>} : tensor<?xf32> -> tensor<1x1x1x?xf32>
// CHECK: %[[B:.*]] = attune.scale %[[M]] {factor = 5.000000e-01 : f32}
// CHECK: attune.attention {{.*}} bias(%[[B]] : tensor<1x1x1x?xf32>) {{{.*}}scale = 5.000000e-01
// REMARK: [Passed] attention | Category:fusion | Function=bias_of_keys | Reason="4 heads of 8 columns, with a bias"
func.func @bias_of_keys(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %m: tensor<?xf32> {attune.dims = ["t"]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %a = attune.add %s, %m : (tensor<?x4x?x?xf32>, tensor<?xf32>) -> tensor<?x4x?x?xf32>
  %sc = attune.scale %a {factor = 0.5 : f32} : tensor<?x4x?x?xf32>
  %p = attune.softmax %sc : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Masked scores become -inf.
// CHECK-LABEL: func.func @boolean_mask(
// CHECK-DAG: %[[ZERO:.*]] = attune.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG: %[[INF:.*]] = attune.constant dense<0xFF800000> : tensor<f32>
// CHECK: %[[B:.*]] = attune.where %{{.*}}, %[[ZERO]], %[[INF]] : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x?x?xf32>
// CHECK: attune.attention {{.*}} bias(%[[B]] : tensor<?x1x?x?xf32>)
// REMARK: [Passed] attention | Category:fusion | Function=boolean_mask | Reason="4 heads of 8 columns, with a bias"
func.func @boolean_mask(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %m: tensor<?x1x?x?xi1>) -> tensor<?x4x?x8xf32> {
  %inf = attune.constant dense<0xFF800000> : tensor<f32>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.where %m, %s, %inf : (tensor<?x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %w : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Comparisons of positions prove a causal mask.
// CHECK-LABEL: func.func @causal(
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<start>
// REMARK: [Passed] attention | Category:fusion | Function=causal | Reason="4 heads of 8 columns, causal"
func.func @causal(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %inf = attune.constant dense<0xFF800000> : tensor<f32>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %j = attune.iota <"t"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ic = attune.reshape %i {shape = array<i64: -1, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare ge %ic, %j : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %x = attune.where %w, %s, %inf : (tensor<?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Queries begin behind a cache.
// CHECK-LABEL: func.func @causal_with_past(
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<end>
// REMARK: [Passed] attention | Category:fusion | Function=causal_with_past | Reason="4 heads of 8 columns, causal"
func.func @causal_with_past(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %inf = attune.constant dense<0xFF800000> : tensor<f32>
  %zero = attune.constant dense<0.0> : tensor<f32>
  %past = attune.extents <"-1*l + t"> : tensor<1xi64>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %j = attune.iota <"t"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ip = attune.add %i, %past : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %ic = attune.reshape %ip {shape = array<i64: -1, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare ge %ic, %j : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %b = attune.where %w, %zero, %inf : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %x = attune.add %s, %b : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Without its own position it is a bias as any.
// CHECK-LABEL: func.func @strictly_causal(
// CHECK: attune.compare gt
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=strictly_causal | Reason="4 heads of 8 columns, with a bias"
func.func @strictly_causal(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %inf = attune.constant dense<0xFF800000> : tensor<f32>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %j = attune.iota <"t"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ic = attune.reshape %i {shape = array<i64: -1, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare gt %ic, %j : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %x = attune.where %w, %s, %inf : (tensor<?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Rows without keys would differ.
// CHECK-LABEL: func.func @weak_mask(
// CHECK-NOT: attune.attention
// REMARK: [Missed] attention | Category:fusion | Function=weak_mask | Reason="masked scores become {{.*}}, which is not the same as leaving keys out"
func.func @weak_mask(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %m: tensor<?x1x?x?xi1>) -> tensor<?x4x?x8xf32> {
  %weak = attune.constant dense<-1.0e4> : tensor<f32>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.where %m, %s, %weak : (tensor<?x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %w : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// A bias that repeats the scores.
// CHECK-LABEL: func.func @larger_bias(
// CHECK-NOT: attune.attention
// REMARK: [Missed] attention | Category:fusion | Function=larger_bias | Reason="what 'attune.add' joins to the scores is larger than they are"
func.func @larger_bias(%q: tensor<1x4x?x8xf32>, %k: tensor<1x4x?x8xf32>, %v: tensor<?x4x?x8xf32>, %m: tensor<?x4x?x?xf32>) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>) -> tensor<1x4x?x?xf32>
  %a = attune.add %s, %m : (tensor<1x4x?x?xf32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %a : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// cap * tanh(s / cap).
// CHECK-LABEL: func.func @softcap(
// CHECK: attune.attention {{.*}}scale = 2.500000e-01 : f32, softcap = 3.000000e+01 : f32
// REMARK: [Passed] attention | Category:fusion | Function=softcap | Reason="4 heads of 8 columns, with a softcap"
func.func @softcap(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %cap = attune.constant dense<30.0> : tensor<f32>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %s1 = attune.scale %s {factor = 0.25 : f32} : tensor<?x4x?x?xf32>
  %d = attune.binary div %s1, %cap : (tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %t = attune.tanh %d : tensor<?x4x?x?xf32>
  %m = attune.mul %cap, %t : (tensor<f32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %m : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// CHECK-LABEL: func.func @bias_before_softcap(
// CHECK-NOT: attune.attention
// REMARK: [Missed] attention | Category:fusion | Function=bias_before_softcap | Reason="the bias stands before the softcap"
func.func @bias_before_softcap(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %m: tensor<?x4x?x?xf32>) -> tensor<?x4x?x8xf32> {
  %cap = attune.constant dense<30.0> : tensor<f32>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %a = attune.add %s, %m : (tensor<?x4x?x?xf32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %d = attune.binary div %a, %cap : (tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %t = attune.tanh %d : tensor<?x4x?x?xf32>
  %x = attune.mul %cap, %t : (tensor<f32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Key and value heads that are repeated for groups of query heads.
// CHECK-LABEL: func.func @repeated_heads(
// CHECK-NOT: attune.expand
// CHECK: attune.attention {{.*}}heads = 4 : i64, kv_heads = 2 : i64
// REMARK: [Passed] attention | Category:fusion | Function=repeated_heads | Reason="4 heads of 8 columns, 2 of keys"
func.func @repeated_heads(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x2x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %ku = attune.reshape %k {extents = #attune.shape<"b", "2", "1", "t", "8">, shape = array<i64>} : tensor<?x2x?x8xf32> -> tensor<?x2x1x?x8xf32>
  %ke = attune.expand %ku, <"b", "2", "2", "t", "8"> : tensor<?x2x1x?x8xf32> -> tensor<?x2x2x?x8xf32>
  %kr = attune.reshape %ke {extents = #attune.shape<"b", "4", "t", "8">, shape = array<i64>} : tensor<?x2x2x?x8xf32> -> tensor<?x4x?x8xf32>
  %vu = attune.reshape %v {extents = #attune.shape<"b", "2", "1", "t", "8">, shape = array<i64>} : tensor<?x2x?x8xf32> -> tensor<?x2x1x?x8xf32>
  %ve = attune.expand %vu, <"b", "2", "2", "t", "8"> : tensor<?x2x1x?x8xf32> -> tensor<?x2x2x?x8xf32>
  %vr = attune.reshape %ve {extents = #attune.shape<"b", "4", "t", "8">, shape = array<i64>} : tensor<?x2x2x?x8xf32> -> tensor<?x4x?x8xf32>
  %s = attune.matmul %q, %kr {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %s : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %vr : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Query and key scaled by the root each, the key transposed before.
// CHECK-LABEL: func.func @root_of_scale(
// CHECK: attune.attention {{.*}}scale = 2.500000e-01
// REMARK: [Passed] attention | Category:fusion | Function=root_of_scale | Reason="4 heads of 8 columns"
func.func @root_of_scale(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %h = attune.constant dense<0.5> : tensor<f32>
  %qs = attune.mul %q, %h : (tensor<?x4x?x8xf32>, tensor<f32>) -> tensor<?x4x?x8xf32>
  %kt = attune.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : tensor<?x4x?x8xf32> -> tensor<?x4x8x?xf32>
  %ks = attune.mul %kt, %h : (tensor<?x4x8x?xf32>, tensor<f32>) -> tensor<?x4x8x?xf32>
  %s = attune.matmul %qs, %ks : (tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %s : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// What exporters put behind a softmax for rows without keys.
// CHECK-LABEL: func.func @rows_mended(
// CHECK-NOT: attune.softmax
// CHECK: attune.attention
// REMARK: [Passed] attention | Category:fusion | Function=rows_mended | Reason="4 heads of 8 columns"
func.func @rows_mended(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x4x?x8xf32> {
  %zero = attune.constant dense<0.0> : tensor<f32>
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %n = attune.softmax %s : tensor<?x4x?x?xf32>
  %nan = attune.unary is_nan %n : tensor<?x4x?x?xf32> -> tensor<?x4x?x?xi1>
  %p = attune.where %nan, %zero, %n : (tensor<?x4x?x?xi1>, tensor<f32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Heads taken together with the batch for products of three dimensions.
// CHECK-LABEL: func.func @heads_with_batch(
// CHECK: attune.attention %[[Q3:.*]], %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<?x1x1x?xf32>) {heads = 4
// REMARK: [Passed] attention | Category:fusion | Function=heads_with_batch | Reason="4 heads of 8 columns, with a bias"
func.func @heads_with_batch(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "t", ""]}, %m: tensor<?x1x1x?xf32>) -> tensor<?x4x?x8xf32> {
  %q3 = attune.reshape %q {extents = #attune.shape<"4*b", "l", "8">, shape = array<i64>} : tensor<?x4x?x8xf32> -> tensor<?x?x8xf32>
  %k3 = attune.reshape %k {extents = #attune.shape<"4*b", "t", "8">, shape = array<i64>} : tensor<?x4x?x8xf32> -> tensor<?x?x8xf32>
  %v3 = attune.reshape %v {extents = #attune.shape<"4*b", "t", "8">, shape = array<i64>} : tensor<?x4x?x8xf32> -> tensor<?x?x8xf32>
  %s3 = attune.matmul %q3, %k3 {transpose_rhs} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x?xf32>
  %s = attune.reshape %s3 {extents = #attune.shape<"b", "4", "l", "t">, shape = array<i64>} : tensor<?x?x?xf32> -> tensor<?x4x?x?xf32>
  %a = attune.add %s, %m : (tensor<?x4x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x4x?x?xf32>
  %a3 = attune.reshape %a {extents = #attune.shape<"4*b", "l", "t">, shape = array<i64>} : tensor<?x4x?x?xf32> -> tensor<?x?x?xf32>
  %p = attune.softmax %a3 : tensor<?x?x?xf32>
  %c3 = attune.matmul %p, %v3 : (tensor<?x?x?xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %c = attune.reshape %c3 {extents = #attune.shape<"b", "4", "l", "8">, shape = array<i64>} : tensor<?x?x8xf32> -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Keys and values behind those of a cache, which are results too.
// CHECK-LABEL: func.func @cache(
// CHECK: %[[K:.*]] = attune.concat
// CHECK: attune.attention
// CHECK: return %{{.*}}, %[[K]]
// REMARK: [Passed] attention | Category:fusion | Function=cache | Reason="4 heads of 8 columns"
func.func @cache(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %pk: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "past", ""]}) -> (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) {
  %kc = attune.concat %pk, %k {axis = 2 : i64} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  %vc = attune.concat %pk, %v {axis = 2 : i64} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  %s = attune.matmul %q, %kc {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %s : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %vc : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c, %kc : tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>
}
