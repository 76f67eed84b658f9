// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: printf '\001\000\000\000\001\001\000\000\001\001\001\000\001\001\001\001' > mask.bin
// RUN: attune-opt %s --attune-fuse-attention | FileCheck %s
// RUN: attune-opt %s --attune-fuse-attention --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Masks that are constant matrices, of which a box is cut out.

attune.weight @m.file : tensor<1x1x4x4xi1> from [#attune.piece<"mask.bin", 0, i1, 16>]
attune.weight @m.short : tensor<1x1x4x4xi1> from [#attune.piece<"mask.bin", 8, i1, 16>]
attune.weight @m.bytes : tensor<1x1x4x4xui8> from [] value dense<[[[[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]]]> : tensor<1x1x4x4xui8>
attune.weight @m.ones : tensor<1x1x4x4xf32> from [] value dense<[[[[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]]]]> : tensor<1x1x4x4xf32>
attune.weight @m.upper : tensor<4x4xi1> from [] value dense<[[false, true, true, true], [false, false, true, true], [false, false, false, true], [false, false, false, false]]> : tensor<4x4xi1>
attune.weight @m.added : tensor<1x1x4x4xf32> from [] value dense<[[[[0.0, -3.40282347E+38, -3.40282347E+38, -3.40282347E+38], [0.0, 0.0, -3.40282347E+38, -3.40282347E+38], [0.0, 0.0, 0.0, -3.40282347E+38], [0.0, 0.0, 0.0, 0.0]]]]> : tensor<1x1x4x4xf32>
attune.weight @m.strict : tensor<1x1x4x4xi1> from [] value dense<[[[[false, false, false, false], [true, false, false, false], [true, true, false, false], [true, true, true, false]]]]> : tensor<1x1x4x4xi1>
attune.weight @m.shifted : tensor<1x1x4x4xi1> from [] value dense<[[[[true, true, false, false], [true, true, true, false], [true, true, true, true], [true, true, true, true]]]]> : tensor<1x1x4x4xi1>
attune.weight @m.band : tensor<1x1x4x4xi1> from [] value dense<[[[[true, false, false, false], [true, true, false, false], [false, true, true, false], [false, false, true, true]]]]> : tensor<1x1x4x4xi1>
attune.weight @m.weak : tensor<1x1x4x4xf32> from [] value dense<[[[[0.0, -100.0, -100.0, -100.0], [0.0, 0.0, -100.0, -100.0], [0.0, 0.0, 0.0, -100.0], [0.0, 0.0, 0.0, 0.0]]]]> : tensor<1x1x4x4xf32>

// The bytes of a file.
// CHECK-LABEL: func.func @from_file(
// CHECK-NOT: attune.extract
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<start>
// REMARK: [Passed] attention | Category:fusion | Function=from_file | Reason="4 heads of 8 columns, causal"
func.func @from_file(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.file : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Rows begin behind the past. A large number is as good as leaving keys out: each query sees its own.
// CHECK-LABEL: func.func @with_past(
// CHECK-NOT: attune.extract
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<end>
// REMARK: [Passed] attention | Category:fusion | Function=with_past | Reason="4 heads of 8 columns, causal"
func.func @with_past(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.file : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "past", "0"> sizes <"1", "1", "l", "l + past"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<-1.0e4> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Two boxes, and a cast to booleans.
// CHECK-LABEL: func.func @from_bytes(
// CHECK-NOT: attune.extract
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<end>
// REMARK: [Passed] attention | Category:fusion | Function=from_bytes | Reason="4 heads of 8 columns, causal"
func.func @from_bytes(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.bytes : tensor<1x1x4x4xui8>
  %a = attune.extract %w from <"0", "0", "past", "0"> sizes <"1", "1", "l", "4"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xui8> -> tensor<1x1x?x4xui8>
  %b = attune.extract %a from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l + past"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x?x4xui8> -> tensor<1x1x?x?xui8>
  %m = attune.cast %b : tensor<1x1x?x?xui8> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Booleans that say what is hidden.
// CHECK-LABEL: func.func @upper_hides(
// CHECK-NOT: attune.extract
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<start>
// REMARK: [Passed] attention | Category:fusion | Function=upper_hides | Reason="4 heads of 8 columns, causal"
func.func @upper_hides(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.upper : tensor<4x4xi1>
  %m = attune.extract %w from <"0", "0"> sizes <"l", "l"> {steps = array<i64: 1, 1>} : tensor<4x4xi1> -> tensor<?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %f, %s : (tensor<?x?xi1>, tensor<f32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// A matrix that is added.
// CHECK-LABEL: func.func @added(
// CHECK-NOT: attune.extract
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<end>
// REMARK: [Passed] attention | Category:fusion | Function=added | Reason="4 heads of 8 columns, causal"
func.func @added(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.added : tensor<1x1x4x4xf32>
  %m = attune.extract %w from <"0", "0", "past", "0"> sizes <"1", "1", "l", "l + past"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xf32> -> tensor<1x1x?x?xf32>
  %x = attune.add %s, %m : (tensor<?x4x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// scores * mask - 10000 * (1 - mask).
// CHECK-LABEL: func.func @blend(
// CHECK-NOT: attune.extract
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<start>
// REMARK: [Passed] attention | Category:fusion | Function=blend | Reason="4 heads of 8 columns, causal"
func.func @blend(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.ones : tensor<1x1x4x4xf32>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xf32> -> tensor<1x1x?x?xf32>
  %f = attune.constant dense<1.0e4> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %sm = attune.mul %s, %m : (tensor<?x4x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %n = attune.binary sub %one, %m : (tensor<f32>, tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %nf = attune.mul %n, %f : (tensor<1x1x?x?xf32>, tensor<f32>) -> tensor<1x1x?x?xf32>
  %x = attune.binary sub %sm, %nf : (tensor<?x4x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Beginning one column later makes up for a diagonal that is one higher.
// CHECK-LABEL: func.func @shifted(
// CHECK-NOT: attune.extract
// CHECK: attune.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = #attune.causal<start>
// REMARK: [Passed] attention | Category:fusion | Function=shifted | Reason="4 heads of 8 columns, causal"
func.func @shifted(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.shifted : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "1"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Near misses: a bias where that is the same, and nothing where it is not.

// No query sees its own position.
// CHECK-LABEL: func.func @strict(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=strict | Reason="4 heads of 8 columns, with a bias"
func.func @strict(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.strict : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Not triangular.
// CHECK-LABEL: func.func @band(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=band | Reason="4 heads of 8 columns, with a bias"
func.func @band(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.band : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// A number that is not large enough, on a mask that may hide everything.
// CHECK-LABEL: func.func @weak_band(
// CHECK-NOT: attune.attention
// REMARK: [Missed] attention | Category:fusion | Function=weak_band | Reason="masked scores become -10000.00, which is not the same as leaving keys out"
func.func @weak_band(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.band : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<-1.0e4> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Hidden keys count with e^-100.
// CHECK-LABEL: func.func @small_number(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=small_number | Reason="4 heads of 8 columns, with a bias"
func.func @small_number(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.weak : tensor<1x1x4x4xf32>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xf32> -> tensor<1x1x?x?xf32>
  %x = attune.add %s, %m : (tensor<?x4x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Rows that do not begin behind the past.
// CHECK-LABEL: func.func @wrong_offset(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=wrong_offset | Reason="4 heads of 8 columns, with a bias"
func.func @wrong_offset(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l + past", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.file : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "1", "0"> sizes <"1", "1", "l", "l + past"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Every second row.
// CHECK-LABEL: func.func @steps(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=steps | Reason="4 heads of 8 columns, with a bias"
func.func @steps(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.file : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 2, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// One row for all queries.
// CHECK-LABEL: func.func @one_row(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=one_row | Reason="4 heads of 8 columns, with a bias"
func.func @one_row(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.file : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "1", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x1x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x1x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// With another mask a query may see no key, which a finite number tells apart.
// CHECK-LABEL: func.func @beside_another(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=beside_another | Reason="4 heads of 8 columns, with a bias"
func.func @beside_another(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %pad: tensor<?x1x1x?xf32> {attune.dims = ["b", "", "", "l"]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.added : tensor<1x1x4x4xf32>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xf32> -> tensor<1x1x?x?xf32>
  %y = attune.add %s, %m : (tensor<?x4x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %x = attune.add %y, %pad : (tensor<?x4x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// A file that is too short says nothing.
// CHECK-LABEL: func.func @past_the_end(
// CHECK: attune.attention {{.*}} bias(
// REMARK: [Passed] attention | Category:fusion | Function=past_the_end | Reason="4 heads of 8 columns, with a bias"
func.func @past_the_end(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.short : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Scores that are zero where the mask is cannot be a sum.
// CHECK-LABEL: func.func @blend_of_band(
// CHECK-NOT: attune.attention
// REMARK: [Missed] attention | Category:fusion | Function=blend_of_band | Reason="the scores are multiplied with a mask that is not causal"
func.func @blend_of_band(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.ones : tensor<1x1x4x4xf32>
  %m = attune.extract %w from <"0", "0", "0", "1"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xf32> -> tensor<1x1x?x?xf32>
  %f = attune.constant dense<1.0e4> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %sm = attune.mul %s, %m : (tensor<?x4x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %n = attune.binary sub %one, %m : (tensor<f32>, tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %nf = attune.mul %n, %f : (tensor<1x1x?x?xf32>, tensor<f32>) -> tensor<1x1x?x?xf32>
  %x = attune.binary sub %sm, %nf : (tensor<?x4x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c : tensor<?x4x?x8xf32>
}

// Others read the masked scores.
// CHECK-LABEL: func.func @second_use(
// CHECK-NOT: attune.attention
// REMARK: [Missed] attention | Category:fusion | Function=second_use | Reason="the scores have another use, by 'func.return'"
func.func @second_use(%q: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %k: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %v: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> (tensor<?x4x?x8xf32>, tensor<?x4x?x?xf32>) {
  %s = attune.matmul %q, %k {transpose_rhs} : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
  %w = attune.load_weight @m.file : tensor<1x1x4x4xi1>
  %m = attune.extract %w from <"0", "0", "0", "0"> sizes <"1", "1", "l", "l"> {steps = array<i64: 1, 1, 1, 1>} : tensor<1x1x4x4xi1> -> tensor<1x1x?x?xi1>
  %f = attune.constant dense<0xFF800000> : tensor<f32>
  %x = attune.where %m, %s, %f : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %p = attune.softmax %x : tensor<?x4x?x?xf32>
  %c = attune.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %c, %x : tensor<?x4x?x8xf32>, tensor<?x4x?x?xf32>
}
