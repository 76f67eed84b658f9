// Layouts of heads, masks and scores beyond what importers of descriptions emit.
// RUN: attune-opt %s --attune-fuse-attention | FileCheck %s
// RUN: attune-opt %s --attune-fuse-attention --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

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
