// The examples of the documentation of reductions, scatters and windows.
// RUN: attune-opt %s | attune-opt | FileCheck %s
// RUN: attune-opt %s --mlir-print-op-generic | attune-opt | FileCheck %s

// CHECK-LABEL: func.func @reductions
func.func @reductions(%x: tensor<?x?x384xf32>, %y: tensor<?x384xf32>, %n: tensor<?x?xi64>) {
  // CHECK: attune.reduce mean %{{.*}} {axes = array<i64: 2>, keep_dims} : tensor<?x?x384xf32> -> tensor<?x?x1xf32>
  %0 = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x384xf32> -> tensor<?x?x1xf32>
  // CHECK: attune.arg_reduce max %{{.*}} {axis = 1 : i64, keep_dims} : tensor<?x384xf32> -> tensor<?x1xi64>
  %1 = attune.arg_reduce max %y {axis = 1 : i64, keep_dims} : tensor<?x384xf32> -> tensor<?x1xi64>
  // CHECK: attune.cumulate sum %{{.*}} {axis = 1 : i64} : tensor<?x?xi64>
  %2 = attune.cumulate sum %n {axis = 1 : i64} : tensor<?x?xi64>
  // CHECK: attune.top_k %{{.*}} {axis = 1 : i64, k = 3 : i64} : tensor<?x384xf32> -> tensor<?x3xf32>, tensor<?x3xi64>
  %v, %i = attune.top_k %y {axis = 1 : i64, k = 3 : i64} : tensor<?x384xf32> -> tensor<?x3xf32>, tensor<?x3xi64>
  return
}

// CHECK-LABEL: func.func @scatters
func.func @scatters(%x: tensor<?x8xf32>, %i: tensor<?x3xi64>, %u: tensor<?x3xf32>,
                    %y: tensor<8x64xf32>, %j: tensor<?x1xi64>, %w: tensor<?x64xf32>) {
  // CHECK: attune.scatter_elements add %{{.*}}, %{{.*}}, %{{.*}} {axis = 1 : i64}
  %0 = attune.scatter_elements add %x, %i, %u {axis = 1 : i64}
      : (tensor<?x8xf32>, tensor<?x3xi64>, tensor<?x3xf32>) -> tensor<?x8xf32>
  // CHECK: attune.scatter_nd replace %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x64xf32>, tensor<?x1xi64>, tensor<?x64xf32>) -> tensor<8x64xf32>
  %1 = attune.scatter_nd replace %y, %j, %w
      : (tensor<8x64xf32>, tensor<?x1xi64>, tensor<?x64xf32>) -> tensor<8x64xf32>
  return
}

// CHECK-LABEL: func.func @windows
func.func @windows(%x: tensor<?x3x224x224xf32>, %w: tensor<192x3x16x16xf32>, %y: tensor<?x64x56x56xf32>) {
  // CHECK: attune.conv %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, groups = 1 : i64
  %0 = attune.conv %x, %w {strides = array<i64: 16, 16>, low = array<i64: 0, 0>,
      high = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64}
      : (tensor<?x3x224x224xf32>, tensor<192x3x16x16xf32>) -> tensor<?x192x14x14xf32>
  // CHECK: attune.pool_window max %{{.*}} {dilations = array<i64: 1, 1>
  %1 = attune.pool_window max %y {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>,
      low = array<i64: 0, 0>, high = array<i64: 0, 0>, dilations = array<i64: 1, 1>}
      : tensor<?x64x56x56xf32> -> tensor<?x64x28x28xf32>
  return
}

// CHECK-LABEL: func.func @integers
func.func @integers(%x: tensor<?x4xui8>, %y: tensor<4x?xi8>) {
  // CHECK: attune.matmul %{{.*}}, %{{.*}} : (tensor<?x4xui8>, tensor<4x?xi8>) -> tensor<?x?xi32>
  %0 = attune.matmul %x, %y : (tensor<?x4xui8>, tensor<4x?xi8>) -> tensor<?x?xi32>
  return
}
