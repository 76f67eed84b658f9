// RUN: attune-opt %s --attune-fuse-linear --split-input-file | FileCheck %s
// RUN: attune-opt %s --attune-fuse-linear --split-input-file --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

attune.weight @w : tensor<8x4xf32> from [#attune.piece<"m", 0, f32, 32>]
attune.weight @b : tensor<8xf32> from [#attune.piece<"m", 128, f32, 8>]

// CHECK-LABEL: func.func @product_and_bias
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x4xf32>)
// CHECK-DAG: %[[W:.*]] = attune.load_weight @w
// CHECK-DAG: %[[B:.*]] = attune.load_weight @b
// CHECK: %[[R:.*]] = attune.linear %[[X]], %[[W]] bias(%[[B]] : tensor<8xf32>) : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] linear | Category:fusion | Function=product_and_bias | Reason="a product with a declared weight"
// REMARK: [Passed] bias | Category:fusion | Function=product_and_bias
func.func @product_and_bias(%x: tensor<?x?x4xf32>) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
  // The vector is loaded behind the product.
  %b = attune.load_weight @b : tensor<8xf32>
  %1 = attune.add %0, %b : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %1 : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @bias_on_the_left
// CHECK: attune.linear %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<8xf32>) : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
// CHECK-NOT: attune.add
func.func @bias_on_the_left(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %b = attune.load_weight @b : tensor<8xf32>
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %1 = attune.add %b, %0 : (tensor<8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @without_bias
// CHECK: attune.linear %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
func.func @without_bias(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// The product without the bias is a result of its own.
// CHECK-LABEL: func.func @product_used_twice
// CHECK: %[[L:.*]] = attune.linear %{{.*}}, %{{.*}} : (
// CHECK: attune.add %[[L]]
// REMARK: [Missed] bias | Category:fusion | Function=product_used_twice | Reason="the product without the bias is also used by 'func.return'", Suggestion="use the sum there, or compute the product twice"
func.func @product_used_twice(%x: tensor<?x4xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %b = attune.load_weight @b : tensor<8xf32>
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %1 = attune.add %0, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @second_bias
// CHECK: %[[L:.*]] = attune.linear %{{.*}}, %{{.*}} bias(
// CHECK: attune.add %[[L]]
// REMARK: [Missed] bias | Category:fusion | Function=second_bias | Reason="the linear map has a bias already"
func.func @second_bias(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %b = attune.load_weight @b : tensor<8xf32>
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %1 = attune.add %0, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %2 = attune.add %1, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// A vector that is computed, one of another width, a product of two values,
// a sum that broadcasts the product: none is a bias or a linear map.
// CHECK-LABEL: func.func @not_a_bias
// CHECK-COUNT-2: attune.add
// CHECK-LABEL: func.func @not_a_weight
// CHECK: attune.matmul
func.func @not_a_bias(%x: tensor<?x4xf32>, %v: tensor<8xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %1 = attune.add %0, %v : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %2 = attune.add %1, %v : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}
func.func @not_a_weight(%x: tensor<?x4xf32>, %w: tensor<8x4xf32>) -> tensor<?x8xf32> {
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

attune.weight @w : tensor<4x8xf32> from [#attune.piece<"m", 0, f32, 32>]
attune.weight @one : tensor<1xf32> from [#attune.piece<"m", 0, f32, 1>]

// CHECK-LABEL: func.func @stored_the_other_way
// CHECK: attune.matmul
// REMARK: [Missed] linear | Category:fusion | Function=stored_the_other_way | Reason="the weight is stored as [inputs, outputs]", Suggestion="store the weight as [outputs, inputs] and set transpose_rhs"
func.func @stored_the_other_way(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @w : tensor<4x8xf32>
  %0 = attune.matmul %x, %w : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @scalar_is_no_bias
// CHECK: attune.linear
// CHECK: attune.add
func.func @scalar_is_no_bias(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %w = attune.load_weight @w : tensor<4x8xf32>
  %b = attune.load_weight @one : tensor<1xf32>
  %0 = attune.matmul %x, %w {transpose_rhs} : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %1 = attune.add %0, %b : (tensor<?x4xf32>, tensor<1xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
