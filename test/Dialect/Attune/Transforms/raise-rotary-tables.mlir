// Cosines and sines of a column each, from tables that rows are chosen from.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: printf 'aaaabbbbaaaabbbbccccddddccccdddd' > halves.bin
// RUN: printf 'aaaaaaaabbbbbbbbccccccccdddddddd' > pairs.bin
// RUN: attune-opt %s --attune-raise-rotary | FileCheck %s
// RUN: attune-opt %s --attune-raise-rotary --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-raise-rotary --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

attune.weight @t.halves : tensor<2x4xf32> from [#attune.piece<"halves.bin", 0, f32, 8>]
attune.weight @t.pairs : tensor<2x4xf32> from [#attune.piece<"pairs.bin", 0, f32, 8>]
attune.weight @t.absent : tensor<2x4xf32> from [#attune.piece<"absent.bin", 0, f32, 8>]
attune.weight @t.other : tensor<2x4xf32> from [] value dense<[[1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.5]]> : tensor<2x4xf32>

// Tables in a file, rows chosen by positions.
// CHECK-LABEL: func.func @halves(
// CHECK: attune.gather
// CHECK: attune.slice %{{.*}} {axis = 3 : i64, offset = 0 : i64, size = 2 : i64}
// CHECK: attune.rotary %{{.*}} {heads = 4 : i64} : tensor<?x?x16xf32>, tensor<?x?x2xf32>
// REMARK: [Passed] rotary | Category:fusion | Function=halves | Reason="4 columns of 4 heads"
func.func @halves(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x4x?x4xf32> {
  %cosw = attune.load_weight @t.halves : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.halves : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 2 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x2xf32>, tensor<?x4x?x2xf32>) -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// Even and odd columns.
// CHECK-LABEL: func.func @pairs(
// CHECK: attune.slice %{{.*}} {axis = 4 : i64, offset = 0 : i64, size = 1 : i64}
// CHECK: attune.rotary %{{.*}} {heads = 4 : i64, interleaved} : tensor<?x?x16xf32>, tensor<?x?x2xf32>
// REMARK: [Passed] rotary | Category:fusion | Function=pairs | Reason="4 columns of 4 heads, interleaved"
func.func @pairs(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x4x?x4xf32> {
  %cosw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.extract %x from <"0", "0", "0", "0"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.extract %x from <"0", "0", "0", "1"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %n1 = attune.reshape %n {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %e1 = attune.reshape %x1 {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %j = attune.concat %n1, %e1 {axis = 4 : i64} : (tensor<?x4x?x2x1xf32>, tensor<?x4x?x2x1xf32>) -> tensor<?x4x?x2x2xf32>
  %h = attune.reshape %j {shape = array<i64: 0, 0, 0, 4>} : tensor<?x4x?x2x2xf32> -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// Columns of inputs that are repeated.
// CHECK-LABEL: func.func @repeated_pairs(
// CHECK: attune.slice %{{.*}} {axis = 4 : i64, offset = 0 : i64, size = 1 : i64}
// CHECK: attune.rotary %{{.*}} {heads = 4 : i64, interleaved} : tensor<?x?x16xf32>, tensor<?x?x2xf32>
// REMARK: [Passed] rotary | Category:fusion | Function=repeated_pairs | Reason="4 columns of 4 heads, interleaved"
func.func @repeated_pairs(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %cost: tensor<?x?x2xf32> {attune.dims = ["b", "l", ""]}, %sint: tensor<?x?x2xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x4x?x4xf32> {
  %cosu = attune.reshape %cost {shape = array<i64: 0, 0, 1, 2, 1>} : tensor<?x?x2xf32> -> tensor<?x?x1x2x1xf32>
  %cose = attune.expand %cosu, <"b", "l", "1", "2", "2"> : tensor<?x?x1x2x1xf32> -> tensor<?x?x1x2x2xf32>
  %cosf = attune.reshape %cose {shape = array<i64: 0, 0, 1, 4>} : tensor<?x?x1x2x2xf32> -> tensor<?x?x1x4xf32>
  %cos = attune.transpose %cosf {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x1x4xf32> -> tensor<?x1x?x4xf32>
  %sinu = attune.reshape %sint {shape = array<i64: 0, 0, 1, 2, 1>} : tensor<?x?x2xf32> -> tensor<?x?x1x2x1xf32>
  %sine = attune.expand %sinu, <"b", "l", "1", "2", "2"> : tensor<?x?x1x2x1xf32> -> tensor<?x?x1x2x2xf32>
  %sinf = attune.reshape %sine {shape = array<i64: 0, 0, 1, 4>} : tensor<?x?x1x2x2xf32> -> tensor<?x?x1x4xf32>
  %sin = attune.transpose %sinf {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x1x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.extract %x from <"0", "0", "0", "0"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.extract %x from <"0", "0", "0", "1"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %n1 = attune.reshape %n {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %e1 = attune.reshape %x1 {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %j = attune.concat %n1, %e1 {axis = 4 : i64} : (tensor<?x4x?x2x1xf32>, tensor<?x4x?x2x1xf32>) -> tensor<?x4x?x2x2xf32>
  %h = attune.reshape %j {shape = array<i64: 0, 0, 0, 4>} : tensor<?x4x?x2x2xf32> -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// Near misses.

// Equal pairs say nothing of halves.
// CHECK-LABEL: func.func @pairs_for_halves(
// CHECK-NOT: attune.rotary
// CHECK: return
// REMARK: [Missed] rotary | Category:fusion | Function=pairs_for_halves | Reason="cosines or sines are not known to be the same for both halves"
func.func @pairs_for_halves(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x4x?x4xf32> {
  %cosw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 2 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x2xf32>, tensor<?x4x?x2xf32>) -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// Nor halves of pairs.
// CHECK-LABEL: func.func @halves_for_pairs(
// CHECK-NOT: attune.rotary
// CHECK: return
// REMARK: [Missed] rotary | Category:fusion | Function=halves_for_pairs | Reason="cosines or sines are not known to be the same for both columns of a pair"
func.func @halves_for_pairs(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x4x?x4xf32> {
  %cosw = attune.load_weight @t.halves : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.halves : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.extract %x from <"0", "0", "0", "0"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.extract %x from <"0", "0", "0", "1"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %n1 = attune.reshape %n {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %e1 = attune.reshape %x1 {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %j = attune.concat %n1, %e1 {axis = 4 : i64} : (tensor<?x4x?x2x1xf32>, tensor<?x4x?x2x1xf32>) -> tensor<?x4x?x2x2xf32>
  %h = attune.reshape %j {shape = array<i64: 0, 0, 0, 4>} : tensor<?x4x?x2x2xf32> -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// One number of the table is another.
// CHECK-LABEL: func.func @one_number(
// CHECK-NOT: attune.rotary
// CHECK: return
// REMARK: [Missed] rotary | Category:fusion | Function=one_number | Reason="cosines or sines are not known to be the same for both halves"
func.func @one_number(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x4x?x4xf32> {
  %cosw = attune.load_weight @t.other : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.other : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 2 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x2xf32>, tensor<?x4x?x2xf32>) -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// A table that cannot be read.
// CHECK-LABEL: func.func @no_file(
// CHECK-NOT: attune.rotary
// CHECK: return
// REMARK: [Missed] rotary | Category:fusion | Function=no_file | Reason="cosines or sines are not known to be the same for both halves"
func.func @no_file(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x4x?x4xf32> {
  %cosw = attune.load_weight @t.absent : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.absent : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 2 : i64, size = 2 : i64} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x?x2xf32>, tensor<?x4x?x2xf32>) -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// Columns that are chosen may be in any order.
// CHECK-LABEL: func.func @columns_chosen(
// CHECK-NOT: attune.rotary
// CHECK: return
// REMARK: [Missed] rotary | Category:fusion | Function=columns_chosen | Reason="cosines or sines are not known to be the same for both halves"
func.func @columns_chosen(%x: tensor<?x4x2x4xf32> {attune.dims = ["b", "", "", ""]}, %p: tensor<4xi64>) -> tensor<?x4x2x4xf32> {
  %cosw = attune.load_weight @t.halves : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 1 : i64} : (tensor<2x4xf32>, tensor<4xi64>) -> tensor<2x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 1, 1, 2, 4>} : tensor<2x4xf32> -> tensor<1x1x2x4xf32>
  %sinw = attune.load_weight @t.halves : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 1 : i64} : (tensor<2x4xf32>, tensor<4xi64>) -> tensor<2x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 1, 1, 2, 4>} : tensor<2x4xf32> -> tensor<1x1x2x4xf32>
  %x1 = attune.slice %x {axis = 3 : i64, offset = 0 : i64, size = 2 : i64} : tensor<?x4x2x4xf32> -> tensor<?x4x2x2xf32>
  %x2 = attune.slice %x {axis = 3 : i64, offset = 2 : i64, size = 2 : i64} : tensor<?x4x2x4xf32> -> tensor<?x4x2x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x2x2xf32> -> tensor<?x4x2x2xf32>
  %h = attune.concat %n, %x1 {axis = 3 : i64} : (tensor<?x4x2x2xf32>, tensor<?x4x2x2xf32>) -> tensor<?x4x2x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x2x4xf32>, tensor<1x1x2x4xf32>) -> tensor<?x4x2x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x2x4xf32>, tensor<1x1x2x4xf32>) -> tensor<?x4x2x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x2x4xf32>, tensor<?x4x2x4xf32>) -> tensor<?x4x2x4xf32>
  return %r : tensor<?x4x2x4xf32>
}

// The other way round.
// CHECK-LABEL: func.func @odd_first(
// CHECK-NOT: attune.rotary
// CHECK: return
// REMARK: [Missed] rotary | Category:fusion | Function=odd_first | Reason="the parts that are swapped are not the even and the odd columns of a head"
func.func @odd_first(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> tensor<?x4x?x4xf32> {
  %cosw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.extract %x from <"0", "0", "0", "1"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.extract %x from <"0", "0", "0", "0"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %n1 = attune.reshape %n {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %e1 = attune.reshape %x1 {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %j = attune.concat %n1, %e1 {axis = 4 : i64} : (tensor<?x4x?x2x1xf32>, tensor<?x4x?x2x1xf32>) -> tensor<?x4x?x2x2xf32>
  %h = attune.reshape %j {shape = array<i64: 0, 0, 0, 4>} : tensor<?x4x?x2x2xf32> -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// The swapped columns are returned too.
// CHECK-LABEL: func.func @swapped_twice(
// CHECK-NOT: attune.rotary
// CHECK: return
// REMARK: [Missed] rotary | Category:fusion | Function=swapped_twice | Reason="the swapped columns have another use"
func.func @swapped_twice(%x: tensor<?x4x?x4xf32> {attune.dims = ["b", "", "l", ""]}, %p: tensor<?x?xi64> {attune.dims = ["b", "l"]}) -> (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) {
  %cosw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %cosg = attune.gather %cosw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %cos = attune.reshape %cosg {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sinw = attune.load_weight @t.pairs : tensor<2x4xf32>
  %sing = attune.gather %sinw, %p {axis = 0 : i64} : (tensor<2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %sin = attune.reshape %sing {shape = array<i64: 0, 1, -1, 4>} : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x1 = attune.extract %x from <"0", "0", "0", "0"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %x2 = attune.extract %x from <"0", "0", "0", "1"> sizes <"b", "4", "l", "2"> {steps = array<i64: 1, 1, 1, 2>} : tensor<?x4x?x4xf32> -> tensor<?x4x?x2xf32>
  %n = attune.unary neg %x2 : tensor<?x4x?x2xf32> -> tensor<?x4x?x2xf32>
  %n1 = attune.reshape %n {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %e1 = attune.reshape %x1 {shape = array<i64: 0, 0, 0, 2, 1>} : tensor<?x4x?x2xf32> -> tensor<?x4x?x2x1xf32>
  %j = attune.concat %n1, %e1 {axis = 4 : i64} : (tensor<?x4x?x2x1xf32>, tensor<?x4x?x2x1xf32>) -> tensor<?x4x?x2x2xf32>
  %h = attune.reshape %j {shape = array<i64: 0, 0, 0, 4>} : tensor<?x4x?x2x2xf32> -> tensor<?x4x?x4xf32>
  %xc = attune.mul %x, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %hs = attune.mul %h, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %r = attune.add %xc, %hs : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  return %r, %h : tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>
}

// COUNTS: attune-raise-rotary: 3 fused, 7 missed
// COUNTS-NEXT: 3 fused: rotary
// COUNTS-NEXT: 1 missed: rotary: cosines or sines are not known to be the same for both columns of a pair
// COUNTS-NEXT: 4 missed: rotary: cosines or sines are not known to be the same for both halves
// COUNTS-NEXT: 1 missed: rotary: the parts that are swapped are not the even and the odd columns of a head
// COUNTS-NEXT: 1 missed: rotary: the swapped columns have another use
