// RUN: attune-opt %s --attune-reassociate-attention | FileCheck %s
// RUN: attune-opt %s --attune-reassociate-attention --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-reassociate-attention --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// The form that importers emit: nothing of it is left.
// CHECK-LABEL: func.func @whole(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x?x8xf32> {{[^%]*}}, %[[K:[a-z0-9]*]]: tensor<?x?x8xf32> {{[^%]*}}, %[[V:[a-z0-9]*]]: tensor<?x?x8xf32>
// CHECK-NEXT: %[[R:.*]], %{{.*}} = attune.linear_attention linear %[[Q]], %[[K]], %[[V]] {full, heads = 2 : i64, kv_heads = 2 : i64, scale = 2.500000e-01 : f64}
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] reassociation | Category:fusion | Function=whole | Reason="2 heads of 4 columns; the state is cheaper from a length of 4 on"
func.func @whole(%q: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %k: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}, %v: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x?x8xf32> {
  %qs = attune.reshape %q {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %qh = attune.transpose %qs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %ks = attune.reshape %k {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %kt = attune.transpose %ks {permutation = array<i64: 0, 2, 3, 1>} : tensor<?x?x2x4xf32> -> tensor<?x2x4x?xf32>
  %vs = attune.reshape %v {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %vh = attune.transpose %vs {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32>
  %qx = attune.scale %qh {factor = 0.5 : f32} : tensor<?x2x?x4xf32>
  %s = attune.matmul %qx, %kt : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  %sc = attune.scale %s {factor = 0.5 : f32} : tensor<?x2x?x?xf32>
  %c = attune.matmul %sc, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %ct = attune.transpose %c {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32>
  %r = attune.reshape %ct {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// With heads apart, what packs them is put in.

// CHECK-LABEL: func.func @normalised(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {denominator = 9.765625E-4 : f64, full, heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f64}
// CHECK-NOT: attune.reduce
// REMARK: [Passed] reassociation | Category:fusion | Function=normalised | Reason="2 heads of 4 columns, divided by sums; 
func.func @normalised(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sum = attune.reduce sum %s {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %e = attune.constant dense<9.765625e-4> : tensor<f32>
  %se = attune.add %sum, %e : (tensor<?x2x?x1xf32>, tensor<f32>) -> tensor<?x2x?x1xf32>
  %p = attune.binary div %s, %se : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// The scale is in the sums too: it only makes the constant smaller.
// CHECK-LABEL: func.func @normalised_behind(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {denominator = 4.8828125E-4 : f64, full, 
// CHECK-NOT: attune.reduce
// REMARK: [Passed] reassociation | Category:fusion | Function=normalised_behind | Reason="2 heads of 4 columns, divided by sums; 
func.func @normalised_behind(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %s2 = attune.scale %s {factor = 2.0 : f32} : tensor<?x2x?x?xf32>
  %sum = attune.reduce sum %s2 {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %e = attune.constant dense<9.765625e-4> : tensor<f32>
  %se = attune.add %sum, %e : (tensor<?x2x?x1xf32>, tensor<f32>) -> tensor<?x2x?x1xf32>
  %c0 = attune.matmul %s2, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %rc = attune.unary reciprocal %se : tensor<?x2x?x1xf32> -> tensor<?x2x?x1xf32>
  %c = attune.mul %c0, %rc : (tensor<?x2x?x4xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @sums_without_dimension(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {denominator = 0.000000e+00 : f64, full, heads = 2 : i64, kv_heads = 2 : i64, scale = 3.000000e+00 : f64}
// REMARK: [Passed] reassociation | Category:fusion | Function=sums_without_dimension | Reason="2 heads of 4 columns, divided by sums; 
func.func @sums_without_dimension(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %s0 = attune.reduce sum %s {axes = array<i64: 3>} : tensor<?x2x?x?xf32> -> tensor<?x2x?xf32>
  %sum = attune.reshape %s0 {shape = array<i64: 0, 0, 0, 1>} : tensor<?x2x?xf32> -> tensor<?x2x?x1xf32>
  %p = attune.binary div %s, %sum : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %px = attune.scale %p {factor = 3.0 : f32} : tensor<?x2x?x?xf32>
  %c = attune.matmul %px, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @causal(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f64}
// REMARK: [Passed] reassociation | Category:fusion | Function=causal | Reason="2 heads of 4 columns, causal; 
func.func @causal(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ic = attune.reshape %i {shape = array<i64: 0, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare ge %ic, %i : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %m = attune.cast %w : tensor<?x?xi1> -> tensor<?x?xf32>
  %x = attune.mul %s, %m : (tensor<?x2x?x?xf32>, tensor<?x?xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @causal_by_choice(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {denominator = 0.000000e+00 : f64, heads = 2 : i64
// REMARK: [Passed] reassociation | Category:fusion | Function=causal_by_choice | Reason="2 heads of 4 columns, causal, divided by sums; 
func.func @causal_by_choice(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ic = attune.reshape %i {shape = array<i64: 0, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare ge %ic, %i : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %z = attune.constant dense<0.0> : tensor<f32>
  %x = attune.where %w, %s, %z : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %sum = attune.reduce sum %x {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %p = attune.binary div %x, %sum : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// Of integers, zeros and ones are the mask of the op.
// CHECK-LABEL: func.func @key_mask(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<?x?xi64>) {full, 
// REMARK: [Passed] reassociation | Category:fusion | Function=key_mask | Reason="2 heads of 4 columns, with a key mask; 
func.func @key_mask(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %m: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %b = attune.cast %m : tensor<?x?xi64> -> tensor<?x?xi1>
  %n = attune.cast %b : tensor<?x?xi1> -> tensor<?x?xf32>
  %n4 = attune.reshape %n {shape = array<i64: 0, 1, 1, -1>} : tensor<?x?xf32> -> tensor<?x1x1x?xf32>
  %x = attune.mul %s, %n4 : (tensor<?x2x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// Any other numbers multiply the keys.
// CHECK-LABEL: func.func @key_factor(
// CHECK: %[[F:.*]] = attune.reshape %{{.*}} : tensor<?x?xf32> -> tensor<?x?x1xf32>
// CHECK: %[[K:.*]] = attune.mul %{{.*}}, %[[F]] : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
// CHECK: attune.linear_attention linear %{{.*}}, %[[K]], %{{.*}} {full, 
// REMARK: [Passed] reassociation | Category:fusion | Function=key_factor | Reason="2 heads of 4 columns, with a key mask; 
func.func @key_factor(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %m: tensor<?x?xf32> {attune.dims = ["b", "l"]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %n4 = attune.reshape %m {shape = array<i64: 0, 1, 1, -1>} : tensor<?x?xf32> -> tensor<?x1x1x?xf32>
  %x = attune.mul %s, %n4 : (tensor<?x2x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @key_mask_by_choice(
// CHECK: attune.unary logical_not
// CHECK: attune.mul %{{.*}} : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {full, 
// REMARK: [Passed] reassociation | Category:fusion | Function=key_mask_by_choice | Reason="2 heads of 4 columns, with a key mask; 
func.func @key_mask_by_choice(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %m: tensor<?x1x1x?xi1> {attune.dims = ["b", "", "", "l"]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %z = attune.constant dense<0.0> : tensor<f32>
  %x = attune.where %m, %z, %s : (tensor<?x1x1x?xi1>, tensor<f32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// What is the same for all keys comes behind the product with the values.
// CHECK-LABEL: func.func @row_factors(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {full, 
// CHECK: %[[D:.*]] = attune.binary div %{{.*}}, %{{.*}} : (tensor<?x2x?x4xf32>, tensor<f32>) -> tensor<?x2x?x4xf32>
// CHECK: attune.mul %[[D]], %{{.*}} : (tensor<?x2x?x4xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x4xf32>
// REMARK: [Passed] reassociation | Category:fusion | Function=row_factors | Reason="2 heads of 4 columns; 
func.func @row_factors(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %m: tensor<?x2x?x1xf32> {attune.dims = ["b", "", "l", ""]}, %n: tensor<f32>) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %x = attune.mul %s, %m : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %y = attune.binary div %x, %n : (tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %y, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// Queries and keys may differ in number.
// CHECK-LABEL: func.func @cross(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {full, 
// REMARK: [Passed] reassociation | Category:fusion | Function=cross | Reason="2 heads of 4 columns; the state is cheaper from a length of
func.func @cross(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %s, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @softmax(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=softmax | Reason="a softmax stands between the products"
func.func @softmax(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %p = attune.softmax %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @bias(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=bias | Reason="a bias is added to the scores, by 'attune.add'"
func.func @bias(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %b: tensor<?x?xf32> {attune.dims = ["l", "l"]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %x = attune.add %s, %b : (tensor<?x2x?x?xf32>, tensor<?x?xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @activation(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=activation | Reason="'attune.relu' of the scores is not linear"
func.func @activation(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %x = attune.relu %s : tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @second_use(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=second_use | Reason="the scores have another use, by 'attune.relu'"
func.func @second_use(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> (tensor<?x2x?x4xf32>, tensor<?x2x?x?xf32>) {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %s, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %t = attune.relu %s : tensor<?x2x?x?xf32>
  return %c, %t : tensor<?x2x?x4xf32>, tensor<?x2x?x?xf32>
}

// CHECK-LABEL: func.func @sums_used_twice(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=sums_used_twice | Reason="the sums of the scores have another use"
func.func @sums_used_twice(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> (tensor<?x2x?x4xf32>, tensor<?x2x?x1xf32>) {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sum = attune.reduce sum %s {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %p = attune.binary div %s, %sum : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c, %sum : tensor<?x2x?x4xf32>, tensor<?x2x?x1xf32>
}

// CHECK-LABEL: func.func @infinities(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=infinities | Reason="the mask puts -inf into the scores, which only a softmax makes zeros of"
func.func @infinities(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %m: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %x = attune.mask %s, %m : tensor<?x2x?x?xf32>, tensor<?x?xi64>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @any_matrix(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=any_matrix | Reason="the scores are multiplied with a matrix of queries and keys that is no causal mask of as many queries as keys"
func.func @any_matrix(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %m: tensor<?x?xf32> {attune.dims = ["l", "l"]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %x = attune.mul %s, %m : (tensor<?x2x?x?xf32>, tensor<?x?xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// A query does not see its own key: no state of attune.linear_attention does that.
// CHECK-LABEL: func.func @strictly_causal(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=strictly_causal | Reason="the scores are multiplied with a matrix of queries and keys that is no causal mask
func.func @strictly_causal(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ic = attune.reshape %i {shape = array<i64: 0, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare gt %ic, %i : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %z = attune.constant dense<0.0> : tensor<f32>
  %x = attune.where %w, %s, %z : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @causal_cross(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=causal_cross | Reason="the scores are multiplied with a matrix of queries and keys that is no causal mask
func.func @causal_cross(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "t", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "t", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %j = attune.iota <"t"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ic = attune.reshape %i {shape = array<i64: 0, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare ge %ic, %j : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %z = attune.constant dense<0.0> : tensor<f32>
  %x = attune.where %w, %s, %z : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// The sums are of all keys, the results of some.
// CHECK-LABEL: func.func @masked_behind_sums(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=masked_behind_sums | Reason="a mask stands behind the division by the sums"
func.func @masked_behind_sums(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %i = attune.iota <"l"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %ic = attune.reshape %i {shape = array<i64: 0, 1>} : tensor<?xi64> -> tensor<?x1xi64>
  %w = attune.compare ge %ic, %i : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %z = attune.constant dense<0.0> : tensor<f32>
  %sum = attune.reduce sum %s {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %p = attune.binary div %s, %sum : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %x = attune.where %w, %p, %z : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %x, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @sums_of_others(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=sums_of_others | Reason="the sums that divide are of other scores"
func.func @sums_of_others(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %a = attune.matmul %v, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sum = attune.reduce sum %a {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %p = attune.binary div %s, %sum : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// A limit is not linear, and has no place in the op.
// CHECK-LABEL: func.func @limited_sums(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=limited_sums | Reason="the scores have another use, by 'attune.reduce'"
func.func @limited_sums(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sum = attune.reduce sum %s {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %e = attune.constant dense<1.0e-3> : tensor<f32>
  %se = attune.binary max %sum, %e : (tensor<?x2x?x1xf32>, tensor<f32>) -> tensor<?x2x?x1xf32>
  %p = attune.binary div %s, %se : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// CHECK-LABEL: func.func @negative_constant(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=negative_constant | Reason="the sums that divide have a negative constant added"
func.func @negative_constant(%q: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x2x?x4xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x2x?x4xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32>
  %sum = attune.reduce sum %s {axes = array<i64: 3>, keep_dims} : tensor<?x2x?x?xf32> -> tensor<?x2x?x1xf32>
  %e = attune.constant dense<-1.0e-3> : tensor<f32>
  %se = attune.add %sum, %e : (tensor<?x2x?x1xf32>, tensor<f32>) -> tensor<?x2x?x1xf32>
  %p = attune.binary div %s, %se : (tensor<?x2x?x?xf32>, tensor<?x2x?x1xf32>) -> tensor<?x2x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %c : tensor<?x2x?x4xf32>
}

// Lengths that are known are compared exactly: n (d + d) and 2 d d.
// CHECK-LABEL: func.func @static_equal(
// CHECK-NOT: attune.linear_attention
// REMARK: [Missed] reassociation | Category:fusion | Function=static_equal | Reason="the scores cost less than the state: 4096 FLOPs by the state, 4096 by the scores"
func.func @static_equal(%q: tensor<1x2x8x8xf32> , %k: tensor<1x2x8x8xf32> , %v: tensor<1x2x8x8xf32> ) -> tensor<1x2x8x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<1x2x8x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %c = attune.matmul %s, %v : (tensor<1x2x8x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  return %c : tensor<1x2x8x8xf32>
}

// CHECK-LABEL: func.func @static_longer(
// CHECK: attune.linear_attention linear %{{.*}}, %{{.*}}, %{{.*}} {full, 
// REMARK: [Passed] reassociation | Category:fusion | Function=static_longer | Reason="2 heads of 8 columns; 4608 FLOPs by the state, 5184 by the scores"
func.func @static_longer(%q: tensor<1x2x9x8xf32> , %k: tensor<1x2x9x8xf32> , %v: tensor<1x2x9x8xf32> ) -> tensor<1x2x9x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<1x2x9x8xf32>, tensor<1x2x9x8xf32>) -> tensor<1x2x9x9xf32>
  %c = attune.matmul %s, %v : (tensor<1x2x9x9xf32>, tensor<1x2x9x8xf32>) -> tensor<1x2x9x8xf32>
  return %c : tensor<1x2x9x8xf32>
}

// A plain product with a weight in the end is none of it.
// CHECK-LABEL: func.func @weights(
// CHECK-NOT: attune.linear_attention
// REMARK-NOT: Function=weights
func.func @weights(%x: tensor<?x?x8xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x?x8xf32> {
  %u = attune.load_weight @w : tensor<8x8xf32>
  %a = attune.matmul %x, %u : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %c = attune.matmul %a, %u : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  return %c : tensor<?x?x8xf32>
}
attune.weight @w : tensor<8x8xf32> from [#attune.piece<"m", 0, f32, 64>]

// And back: short and static, products of matrices cost less.
// CHECK-LABEL: func.func @back(
// CHECK-NOT: attune.linear_attention
// CHECK: %[[S:.*]] = attune.matmul %{{.*}}, %{{.*}} {transpose_rhs} : (tensor<1x2x4x64xf32>, tensor<1x2x4x64xf32>) -> tensor<1x2x4x4xf32>
// CHECK: %[[W:.*]] = attune.compare le %{{.*}}, %{{.*}} : (tensor<1x4xi64>, tensor<4x1xi64>) -> tensor<4x4xi1>
// CHECK: %[[M:.*]] = attune.where %[[W]], %[[S]], %{{.*}} : (tensor<4x4xi1>, tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
// CHECK: %[[U:.*]] = attune.reshape %{{.*}} : tensor<1x4xi1> -> tensor<1x1x1x4xi1>
// CHECK: %[[N:.*]] = attune.where %[[U]], %[[M]], %{{.*}} : (tensor<1x1x1x4xi1>, tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
// CHECK: %[[C:.*]] = attune.matmul %[[N]], %{{.*}} : (tensor<1x2x4x4xf32>, tensor<1x2x4x64xf32>) -> tensor<1x2x4x64xf32>
// CHECK: %[[Z:.*]] = attune.reduce sum %[[N]] {axes = array<i64: 3>, keep_dims}
// CHECK: attune.mul %[[C]], %{{.*}} : (tensor<1x2x4x64xf32>, tensor<1x2x4x1xf32>) -> tensor<1x2x4x64xf32>
// REMARK: [Passed] reassociation | Category:fusion | Function=back | Reason="products of matrices: 131072 FLOPs by the state, {{[0-9]+}} by the scores"
func.func @back(%q: tensor<1x4x128xf32>, %k: tensor<1x4x128xf32>, %v: tensor<1x4x128xf32>, %m: tensor<1x4xi64>) -> tensor<1x4x128xf32> {
  %r, %s, %z = attune.linear_attention linear %q, %k, %v mask(%m : tensor<1x4xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 2.0 : f64, denominator = 1.0e-6 : f64}
    : (tensor<1x4x128xf32>, tensor<1x4x128xf32>, tensor<1x4x128xf32>) -> (tensor<1x4x128xf32>, tensor<1x2x64x64xf32> sum tensor<1x2x64xf32>)
  return %r : tensor<1x4x128xf32>
}
// The state is asked for.
// CHECK-LABEL: func.func @state_used(
// CHECK: attune.linear_attention
func.func @state_used(%q: tensor<1x4x128xf32>, %k: tensor<1x4x128xf32>, %v: tensor<1x4x128xf32>) -> (tensor<1x4x128xf32>, tensor<1x2x64x64xf32>) {
  %r, %s = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 2.0 : f64} : (tensor<1x4x128xf32>, tensor<1x4x128xf32>, tensor<1x4x128xf32>) -> (tensor<1x4x128xf32>, tensor<1x2x64x64xf32>)
  return %r, %s : tensor<1x4x128xf32>, tensor<1x2x64x64xf32>
}
// So is it by the next call.
// CHECK-LABEL: func.func @gated(
// CHECK: attune.linear_attention
func.func @gated(%q: tensor<1x4x128xf32>, %k: tensor<1x4x128xf32>, %v: tensor<1x4x128xf32>, %g: tensor<2xf32>) -> tensor<1x4x128xf32> {
  %r, %s = attune.linear_attention gated %q, %k, %v decay(%g : tensor<2xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 2.0 : f64} : (tensor<1x4x128xf32>, tensor<1x4x128xf32>, tensor<1x4x128xf32>) -> (tensor<1x4x128xf32>, tensor<1x2x64x64xf32>)
  return %r : tensor<1x4x128xf32>
}
// The features of a map are computed where they are read.
// CHECK-LABEL: func.func @mapped(
// CHECK: attune.linear_attention
func.func @mapped(%q: tensor<1x4x128xf32>, %k: tensor<1x4x128xf32>, %v: tensor<1x4x128xf32>) -> tensor<1x4x128xf32> {
  %f = attune.feature_map elu1 %q {heads = 2 : i64} : tensor<1x4x128xf32> -> tensor<1x4x128xf32>
  %r, %s = attune.linear_attention linear %f, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 2.0 : f64} : (tensor<1x4x128xf32>, tensor<1x4x128xf32>, tensor<1x4x128xf32>) -> (tensor<1x4x128xf32>, tensor<1x2x64x64xf32>)
  return %r : tensor<1x4x128xf32>
}
// As long as this the state is cheaper, and of any length it may be.
// CHECK-LABEL: func.func @long(
// CHECK: attune.linear_attention
func.func @long(%q: tensor<?x?x128xf32>, %k: tensor<?x?x128xf32>, %v: tensor<?x?x128xf32>) -> tensor<?x?x128xf32> {
  %r, %s = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 2.0 : f64} : (tensor<?x?x128xf32>, tensor<?x?x128xf32>, tensor<?x?x128xf32>) -> (tensor<?x?x128xf32>, tensor<?x2x64x64xf32>)
  return %r : tensor<?x?x128xf32>
}

// COUNTS: attune-reassociate-attention: 13 fused, 14 missed
// COUNTS-NEXT: 13 fused: reassociation
// COUNTS-NEXT: 1 missed: reassociation: 'attune.relu' of the scores is not linear
// COUNTS-NEXT: 1 missed: reassociation: a bias is added to the scores, by 'attune.add'
// COUNTS-NEXT: 1 missed: reassociation: a mask stands behind the division by the sums
// COUNTS-NEXT: 1 missed: reassociation: a softmax stands between the products
// COUNTS-NEXT: 1 missed: reassociation: the mask puts -inf into the scores, which only a softmax makes zeros of
// COUNTS-NEXT: 3 missed: reassociation: the scores are multiplied with a matrix of queries and keys that is no causal mask of as many queries as keys
// COUNTS-NEXT: 1 missed: reassociation: the scores cost less than the state: 4096 FLOPs by the state, 4096 by the scores
// COUNTS-NEXT: 1 missed: reassociation: the scores have another use, by 'attune.reduce'
// COUNTS-NEXT: 1 missed: reassociation: the scores have another use, by 'attune.relu'
// COUNTS-NEXT: 1 missed: reassociation: the sums of the scores have another use
// COUNTS-NEXT: 1 missed: reassociation: the sums that divide are of other scores
// COUNTS-NEXT: 1 missed: reassociation: the sums that divide have a negative constant added
