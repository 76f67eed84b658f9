// Examples of the ops that take any number, and of those that choose elements
// by position.
// RUN: attune-opt %s | attune-opt | FileCheck %s
// RUN: attune-opt %s --mlir-print-op-generic | attune-opt | FileCheck %s

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<?x384xf32>, %mean: tensor<?x1xf32>, %i: tensor<?x1xi64>, %j: tensor<1x?xi64>,
                       %c: tensor<?x1x1x?xi1>, %s: tensor<?x12x?x?xf32>, %y: tensor<f32>, %u: tensor<?xui8>) {
  // CHECK: attune.unary exp %{{.*}} : tensor<?x384xf32> -> tensor<?x384xf32>
  %0 = attune.unary exp %x : tensor<?x384xf32> -> tensor<?x384xf32>
  // CHECK: attune.unary is_nan %{{.*}} : tensor<?x384xf32> -> tensor<?x384xi1>
  %1 = attune.unary is_nan %x : tensor<?x384xf32> -> tensor<?x384xi1>
  // CHECK: attune.binary sub %{{.*}}, %{{.*}} : (tensor<?x384xf32>, tensor<?x1xf32>) -> tensor<?x384xf32>
  %2 = attune.binary sub %x, %mean : (tensor<?x384xf32>, tensor<?x1xf32>) -> tensor<?x384xf32>
  // CHECK: attune.binary shift_left %{{.*}}, %{{.*}} : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
  %3 = attune.binary shift_left %u, %u : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
  // CHECK: attune.compare lt %{{.*}}, %{{.*}} : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi1>
  %4 = attune.compare lt %i, %j : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi1>
  // CHECK: attune.where %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x1x1x?xi1>, tensor<?x12x?x?xf32>, tensor<f32>) -> tensor<?x12x?x?xf32>
  %5 = attune.where %c, %s, %y : (tensor<?x1x1x?xi1>, tensor<?x12x?x?xf32>, tensor<f32>) -> tensor<?x12x?x?xf32>
  // CHECK: attune.cast %{{.*}} : tensor<?x1xi64> -> tensor<?x1xf32>
  %6 = attune.cast %i : tensor<?x1xi64> -> tensor<?x1xf32>
  // CHECK: attune.cast %{{.*}} {saturate} : tensor<?x1xi64> -> tensor<?x1xi8>
  %7 = attune.cast %i {saturate} : tensor<?x1xi64> -> tensor<?x1xi8>
  // CHECK: attune.add %{{.*}}, %{{.*}} : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi64>
  %8 = attune.add %i, %j : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi64>
  return
}

// CHECK-LABEL: func.func @indexed
func.func @indexed(%x: tensor<?x1x1x?xf32>, %past: tensor<?x12x?x64xf32>, %m: tensor<?x?xf32>, %v: tensor<f32>,
                   %k: tensor<?x128x64xf32>, %ids: tensor<?xi64>, %t: tensor<4x5x6xf32>, %tuples: tensor<?x2xi64>,
                   %two: tensor<?x3xi64>, %eight: tensor<?x8xf32>, %at: tensor<2xi64>) {
  // CHECK: attune.constant dense<[0, 2, 1, 3]> : tensor<4xi64>
  %0 = attune.constant dense<[0, 2, 1, 3]> : tensor<4xi64>
  // CHECK: attune.extents <"batch", "12"> : tensor<2xi64>
  %1 = attune.extents <"batch", "12"> : tensor<2xi64>
  // CHECK: attune.iota <"length"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  %2 = attune.iota <"length"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
  // CHECK: attune.expand %{{.*}}, <"batch", "12", "1", "length"> : tensor<?x1x1x?xf32> -> tensor<?x12x1x?xf32>
  %3 = attune.expand %x, <"batch", "12", "1", "length"> : tensor<?x1x1x?xf32> -> tensor<?x12x1x?xf32>
  // CHECK: attune.concat %{{.*}}, %{{.*}} {axis = 2 : i64} : (tensor<?x12x?x64xf32>, tensor<?x12x?x64xf32>) -> tensor<?x12x?x64xf32>
  %4 = attune.concat %past, %past {axis = 2 : i64} : (tensor<?x12x?x64xf32>, tensor<?x12x?x64xf32>) -> tensor<?x12x?x64xf32>
  // CHECK: attune.extract %{{.*}} from <"0", "-1 + length"> sizes <"batch", "length"> {steps = array<i64: 1, -1>} : tensor<?x?xf32> -> tensor<?x?xf32>
  %5 = attune.extract %m from <"0", "-1 + length"> sizes <"batch", "length"> {steps = array<i64: 1, -1>} : tensor<?x?xf32> -> tensor<?x?xf32>
  // CHECK: attune.extract %{{.*}} from <"0", "-1 + length"> at(%{{.*}} : tensor<2xi64>) sizes <"batch", "length">
  %6 = attune.extract %m from <"0", "-1 + length"> at(%at : tensor<2xi64>) sizes <"batch", "length"> {steps = array<i64: 1, -1>} : tensor<?x?xf32> -> tensor<?x?xf32>
  // CHECK: attune.pad reflect %{{.*}} {high = array<i64: 0, 0>, low = array<i64: 0, 3>} : tensor<?x?xf32> -> tensor<?x?xf32>
  %7 = attune.pad reflect %m {low = array<i64: 0, 3>, high = array<i64: 0, 0>} : tensor<?x?xf32> -> tensor<?x?xf32>
  // CHECK: attune.pad constant %{{.*}} value(%{{.*}} : tensor<f32>) {high
  %8 = attune.pad constant %m value(%v : tensor<f32>) {low = array<i64: 0, 3>, high = array<i64: 0, 0>} : tensor<?x?xf32> -> tensor<?x?xf32>
  // CHECK: attune.gather %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<?x128x64xf32>, tensor<?xi64>) -> tensor<?x?x64xf32>
  %9 = attune.gather %k, %ids {axis = 1 : i64} : (tensor<?x128x64xf32>, tensor<?xi64>) -> tensor<?x?x64xf32>
  // CHECK: attune.gather_elements %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x3xi64>) -> tensor<?x3xf32>
  %10 = attune.gather_elements %eight, %two {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x3xi64>) -> tensor<?x3xf32>
  // CHECK: attune.gather_nd %{{.*}}, %{{.*}} {batch_dims = 0 : i64} : (tensor<4x5x6xf32>, tensor<?x2xi64>) -> tensor<?x6xf32>
  %11 = attune.gather_nd %t, %tuples {batch_dims = 0 : i64} : (tensor<4x5x6xf32>, tensor<?x2xi64>) -> tensor<?x6xf32>
  // CHECK: attune.reshape %{{.*}} {extents = #attune.shape<"2*batch", "length">, shape = array<i64>} : tensor<?x?xf32> -> tensor<?x?xf32>
  %12 = attune.reshape %m {shape = array<i64>, extents = #attune.shape<"2*batch", "length">} : tensor<?x?xf32> -> tensor<?x?xf32>
  return
}

// CHECK-LABEL: func.func @rotary
func.func @rotary(%x: tensor<?x?x768xf32>, %c: tensor<1x?x32xf32>) {
  // CHECK: attune.rotary %{{.*}}, %{{.*}}, %{{.*}} {heads = 12 : i64, interleaved} : tensor<?x?x768xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>
  %r = attune.rotary %x, %c, %c {heads = 12 : i64, interleaved} : tensor<?x?x768xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>
  return
}
