// RUN: attune-opt %s --attune-raise-rotary | FileCheck %s
// RUN: attune-opt %s --attune-raise-rotary --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-raise-rotary --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// x * cos + concat(-x2, x1) * sin on [batch, heads, length, D].
// CHECK-LABEL: func.func @rotate_half(
// CHECK: %[[S:.*]] = attune.transpose %{{.*}} {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[P:.*]] = attune.reshape %[[S]]
// CHECK: %[[C:.*]] = attune.reshape %{{.*}} -> tensor<1x?x4xf32>
// CHECK: %[[R:.*]] = attune.rotary %[[P]], %[[C]], %{{.*}} {heads = 4 : i64} : tensor<?x?x32xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>
// CHECK: attune.transpose
// REMARK: [Passed] rotary | Category:fusion | Function=rotate_half | Reason="8 columns of 4 heads"
func.func @rotate_half(%x: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %f: tensor<1x1x?x4xf32> {attune.dims = ["", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %a = attune.concat %f, %f {axis = 3 : i64} : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x8xf32>
  %cos = attune.unary cos %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %sin = attune.unary sin %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x4xf32> -> tensor<?x4x?x4xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %r : tensor<?x4x?x8xf32>
}

// Parts that are concatenated, on [batch, length, heads, D].
// CHECK-LABEL: func.func @parts(
// CHECK: %[[P:.*]] = attune.reshape
// CHECK: %[[R:.*]] = attune.rotary %[[P]], %{{.*}}, %{{.*}} {heads = 4 : i64}
// CHECK-NEXT: %[[S:.*]] = attune.reshape %[[R]]
// CHECK-NEXT: return %[[S]]
// REMARK: [Passed] rotary | Category:fusion | Function=parts | Reason="8 columns of 4 heads"
func.func @parts(%x: tensor<?x?x4x8xf32> {attune.dims = ["b", "l", "", ""]}, %cos: tensor<1x?x1x4xf32> {attune.dims = ["", "l", "", ""]}, %sin: tensor<1x?x1x4xf32> {attune.dims = ["", "l", "", ""]}) -> tensor<?x?x4x8xf32> {
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x?x4x8xf32> -> tensor<?x?x4x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x?x4x8xf32> -> tensor<?x?x4x4xf32>
  %a = attune.mul %x1, %cos : (tensor<?x?x4x4xf32>, tensor<1x?x1x4xf32>) -> tensor<?x?x4x4xf32>
  %b = attune.mul %x2, %sin : (tensor<?x?x4x4xf32>, tensor<1x?x1x4xf32>) -> tensor<?x?x4x4xf32>
  %re = attune.binary sub %a, %b : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %c = attune.mul %sin, %x1 : (tensor<1x?x1x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %d = attune.mul %cos, %x2 : (tensor<1x?x1x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %im = attune.add %d, %c : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %r = attune.concat %re, %im {axis = 3 : i64} : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x8xf32>
  return %r : tensor<?x?x4x8xf32>
}

// Even and odd columns.
// CHECK-LABEL: func.func @interleaved(
// CHECK: attune.rotary %{{.*}} {heads = 4 : i64, interleaved}
// REMARK: [Passed] rotary | Category:fusion | Function=interleaved | Reason="8 columns of 4 heads, interleaved"
func.func @interleaved(%x: tensor<?x?x4x8xf32> {attune.dims = ["b", "l", "", ""]}, %cos: tensor<1x?x1x4xf32> {attune.dims = ["", "l", "", ""]}, %sin: tensor<1x?x1x4xf32> {attune.dims = ["", "l", "", ""]}) -> tensor<?x?x4x8xf32> {
  %x1 = attune.extract %x from <"0", "0", "0", "0"> sizes <"b", "l", "4", "4"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x?x4x8xf32> -> tensor<?x?x4x4xf32>
  %x2 = attune.extract %x from <"0", "0", "0", "1"> sizes <"b", "l", "4", "4"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x?x4x8xf32> -> tensor<?x?x4x4xf32>
  %a = attune.mul %x1, %cos : (tensor<?x?x4x4xf32>, tensor<1x?x1x4xf32>) -> tensor<?x?x4x4xf32>
  %b = attune.mul %x2, %sin : (tensor<?x?x4x4xf32>, tensor<1x?x1x4xf32>) -> tensor<?x?x4x4xf32>
  %re = attune.binary sub %a, %b : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %c = attune.mul %sin, %x1 : (tensor<1x?x1x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %d = attune.mul %cos, %x2 : (tensor<1x?x1x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %im = attune.add %d, %c : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %re1 = attune.reshape %re {shape = array<i64: 0, 0, 4, 4, 1>} : tensor<?x?x4x4xf32> -> tensor<?x?x4x4x1xf32>
  %im1 = attune.reshape %im {shape = array<i64: 0, 0, 4, 4, 1>} : tensor<?x?x4x4xf32> -> tensor<?x?x4x4x1xf32>
  %p = attune.concat %re1, %im1 {axis = 4 : i64} : (tensor<?x?x4x4x1xf32>, tensor<?x?x4x4x1xf32>) -> tensor<?x?x4x4x2xf32>
  %r = attune.reshape %p {shape = array<i64: 0, 0, 4, 8>} : tensor<?x?x4x4x2xf32> -> tensor<?x?x4x8xf32>
  return %r : tensor<?x?x4x8xf32>
}

// Columns behind that are not rotated are taken along.
// CHECK-LABEL: func.func @some_columns(
// CHECK: attune.rotary %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64} : tensor<?x?x48xf32>, tensor<1x?x4xf32>
// CHECK-NOT: attune.concat
// CHECK: return
// REMARK: [Passed] rotary | Category:fusion | Function=some_columns | Reason="8 columns of 4 heads"
func.func @some_columns(%w: tensor<?x4x?x12xf32> {attune.dims = ["b", "", "l", ""]}, %f: tensor<1x1x?x4xf32> {attune.dims = ["", "", "l", ""]}) -> tensor<?x4x?x12xf32> {
  %a = attune.concat %f, %f {axis = 3 : i64} : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x8xf32>
  %cos = attune.unary cos %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %sin = attune.unary sin %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %x = attune.slice %w {axis = 3 : i64, offset = 0 : i64, size = 8 : i64} : tensor<?x4x?x12xf32> -> tensor<?x4x?x8xf32>
  %rest = attune.slice %w {axis = 3 : i64, offset = 8 : i64, size = 4 : i64} : tensor<?x4x?x12xf32> -> tensor<?x4x?x4xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x4xf32> -> tensor<?x4x?x4xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  %o = attune.concat %r, %rest {axis = 3 : i64} : (tensor<?x4x?x8xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x12xf32>
  return %o : tensor<?x4x?x12xf32>
}

// Near misses.
// CHECK-LABEL: func.func @other_halves(
// CHECK-NOT: attune.rotary
// REMARK: [Missed] rotary | Category:fusion | Function=other_halves | Reason="the parts that are swapped are not the halves of a head"
func.func @other_halves(%x: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %f: tensor<1x1x?x4xf32> {attune.dims = ["", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %a = attune.concat %f, %f {axis = 3 : i64} : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x8xf32>
  %cos = attune.unary cos %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %sin = attune.unary sin %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x4xf32> -> tensor<?x4x?x4xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %r : tensor<?x4x?x8xf32>
}

// CHECK-LABEL: func.func @unknown_halves(
// CHECK-NOT: attune.rotary
// REMARK: [Missed] rotary | Category:fusion | Function=unknown_halves | Reason="cosines or sines are not known to be the same for both halves"
func.func @unknown_halves(%x: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %cos: tensor<1x1x?x8xf32> {attune.dims = ["", "", "l", ""]}, %sin: tensor<1x1x?x8xf32> {attune.dims = ["", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x4xf32> -> tensor<?x4x?x4xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %r : tensor<?x4x?x8xf32>
}

// CHECK-LABEL: func.func @other_input(
// CHECK-NOT: attune.rotary
// REMARK: [Missed] rotary | Category:fusion | Function=other_input | Reason="the product with the sines is not added to x * cos of the same x"
func.func @other_input(%x: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %f: tensor<1x1x?x4xf32> {attune.dims = ["", "", "l", ""]}, %y: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %a = attune.concat %f, %f {axis = 3 : i64} : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x8xf32>
  %cos = attune.unary cos %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %sin = attune.unary sin %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x4xf32> -> tensor<?x4x?x4xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  %xc = attune.mul %y, %cos : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %r : tensor<?x4x?x8xf32>
}

// CHECK-LABEL: func.func @used_twice(
// CHECK-NOT: attune.rotary
// REMARK: [Missed] rotary | Category:fusion | Function=used_twice | Reason="the swapped halves have another use"
func.func @used_twice(%x: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}, %f: tensor<1x1x?x4xf32> {attune.dims = ["", "", "l", ""]}) -> (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) {
  %a = attune.concat %f, %f {axis = 3 : i64} : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x8xf32>
  %cos = attune.unary cos %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %sin = attune.unary sin %a : tensor<1x1x?x8xf32> -> tensor<1x1x?x8xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x4xf32> -> tensor<?x4x?x4xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %r, %h : tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>
}

// CHECK-LABEL: func.func @wrong_part(
// CHECK-NOT: attune.rotary
// REMARK: [Missed] rotary | Category:fusion | Function=wrong_part | Reason="the second part is not x1 * sin + x2 * cos of the first's operands"
func.func @wrong_part(%x: tensor<?x?x4x8xf32> {attune.dims = ["b", "l", "", ""]}, %cos: tensor<1x?x1x4xf32> {attune.dims = ["", "l", "", ""]}, %sin: tensor<1x?x1x4xf32> {attune.dims = ["", "l", "", ""]}) -> tensor<?x?x4x8xf32> {
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x?x4x8xf32> -> tensor<?x?x4x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x?x4x8xf32> -> tensor<?x?x4x4xf32>
  %a = attune.mul %x1, %cos : (tensor<?x?x4x4xf32>, tensor<1x?x1x4xf32>) -> tensor<?x?x4x4xf32>
  %b = attune.mul %x2, %sin : (tensor<?x?x4x4xf32>, tensor<1x?x1x4xf32>) -> tensor<?x?x4x4xf32>
  %re = attune.binary sub %a, %b : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %c = attune.mul %cos, %x1 : (tensor<1x?x1x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %d = attune.mul %cos, %x2 : (tensor<1x?x1x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %im = attune.add %d, %c : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x4xf32>
  %r = attune.concat %re, %im {axis = 3 : i64} : (tensor<?x?x4x4xf32>, tensor<?x?x4x4xf32>) -> tensor<?x?x4x8xf32>
  return %r : tensor<?x?x4x8xf32>
}

// Nothing is rotated by a concatenation alone.
// CHECK-LABEL: func.func @halves_swapped(
// CHECK-NOT: attune.rotary
// REMARK-NOT: Function=halves_swapped
func.func @halves_swapped(%x: tensor<?x4x?x8xf32> {attune.dims = ["b", "", "l", ""]}) -> tensor<?x4x?x8xf32> {
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x4x?x8xf32> -> tensor<?x4x?x4xf32>
  %r = attune.concat %x2, %x1 {axis = 3 : i64} : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  return %r : tensor<?x4x?x8xf32>
}

// COUNTS: attune-raise-rotary: 4 fused, 5 missed
// COUNTS-NEXT: 4 fused: rotary
// COUNTS-NEXT: 1 missed: rotary: cosines or sines are not known to be the same for both halves
// COUNTS-NEXT: 1 missed: rotary: the parts that are swapped are not the halves of a head
// COUNTS-NEXT: 1 missed: rotary: the product with the sines is not added to x * cos of the same x
// COUNTS-NEXT: 1 missed: rotary: the second part is not x1 * sin + x2 * cos of the first's operands
// COUNTS-NEXT: 1 missed: rotary: the swapped halves have another use
