// RUN: attune-opt %s --attune-fuse-attention | FileCheck %s
// RUN: attune-opt %s --attune-fuse-attention --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-fuse-attention --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

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

// COUNTS: attune-fuse-attention: 18 fused, 12 missed
// COUNTS-NEXT: 18 fused: attention
// COUNTS-NEXT: 2 missed: attention: query, key and value have different batch extents
// COUNTS-NEXT: 1 missed: attention: the key has 1 heads, the values have 2
// COUNTS-NEXT: 1 missed: attention: the mask stands behind the softmax
// COUNTS-NEXT: 1 missed: attention: the masked scores are scaled by a constant that is not positive
// COUNTS-NEXT: 1 missed: attention: the probabilities go through 'attune.scale' before the product with the values
// COUNTS-NEXT: 1 missed: attention: the probabilities have another use
// COUNTS-NEXT: 1 missed: attention: the probabilities have another use, by 'func.return'
// COUNTS-NEXT: 1 missed: attention: the scales together are not a finite constant
// COUNTS-NEXT: 1 missed: attention: the scores are an argument of the function
// COUNTS-NEXT: 1 missed: attention: the scores have another use, by 'func.return'
// COUNTS-NEXT: 1 missed: attention: the scores have two masks
