// RUN: attune-opt %s --attune-fuse-linear --split-input-file | FileCheck %s
// RUN: attune-opt %s --attune-fuse-linear --split-input-file --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-fuse-linear --split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

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

// Both forms of @w are needed: the transpose has a name of its own.
// CHECK-DAG: attune.weight @w.transposed : tensor<8x4xf32> from [#attune.piece<"m", 0, f32, 32, transposed 8>]
// CHECK-DAG: attune.weight @w : tensor<4x8xf32> from [#attune.piece<"m", 0, f32, 32>]
// CHECK-LABEL: func.func @stored_the_other_way
// CHECK: %[[W:.*]] = attune.load_weight @w.transposed : tensor<8x4xf32>
// CHECK: attune.linear %{{.*}}, %[[W]] : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
// REMARK: [Passed] linear | Category:fusion | Function=stored_the_other_way | Reason="a product with a declared weight"
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

// -----

attune.weight @w : tensor<4x8xf32> from [#attune.piece<"m", 0, f32, 32>]
attune.weight @back : tensor<8x4xf32> from [#attune.piece<"m", 128, f32, 32, transposed 8>]
attune.weight @value : tensor<2x3xf32> from [] value dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
attune.weight @b : tensor<8xf32> from [#attune.piece<"m", 256, f32, 8>]
attune.weight @rows : tensor<4x8xf32> from [#attune.piece<"m", 0, f32, 16>, #attune.piece<"m", 512, f32, 16>]

// The transpose takes the name over.
// CHECK: attune.weight @w : tensor<8x4xf32> from [#attune.piece<"m", 0, f32, 32, transposed 8>]
// CHECK: attune.weight @back : tensor<4x8xf32> from [#attune.piece<"m", 128, f32, 32>]
// CHECK: attune.weight @value : tensor<3x2xf32> from [] value dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]>
// CHECK-LABEL: func.func @transposes
// CHECK: attune.linear %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<8xf32>) : (tensor<?x?x4xf32>, tensor<8x4xf32>)
// CHECK: attune.linear %{{.*}}, %{{.*}} : (tensor<?x?x8xf32>, tensor<4x8xf32>)
func.func @transposes(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = attune.load_weight @w : tensor<4x8xf32>
  %back = attune.load_weight @back : tensor<8x4xf32>
  %b = attune.load_weight @b : tensor<8xf32>
  %0 = attune.matmul %x, %w : (tensor<?x?x4xf32>, tensor<4x8xf32>) -> tensor<?x?x8xf32>
  %1 = attune.add %b, %0 : (tensor<8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %2 = attune.matmul %1, %back : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  return %2 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @computed
// CHECK: attune.linear %{{.*}}, %{{.*}} : (tensor<?x2xf32>, tensor<3x2xf32>)
func.func @computed(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
  %w = attune.load_weight @value : tensor<2x3xf32>
  %0 = attune.matmul %x, %w : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// A transposition of the weight is none, or two.
// CHECK-LABEL: func.func @transposed_in_the_graph
// CHECK: %[[W:.*]] = attune.load_weight @w : tensor<8x4xf32>
// CHECK: attune.linear %{{.*}}, %[[W]] : (tensor<?x4xf32>, tensor<8x4xf32>)
// CHECK-NOT: attune.transpose
func.func @transposed_in_the_graph(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @w : tensor<4x8xf32>
  %t = attune.transpose %w {permutation = array<i64: 1, 0>} : tensor<4x8xf32> -> tensor<8x4xf32>
  %0 = attune.matmul %x, %t {transpose_rhs} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Rows in several places of the file are no columns side by side.
// CHECK-LABEL: func.func @several_pieces
// CHECK: attune.matmul
// REMARK: [Missed] linear | Category:fusion | Function=several_pieces | Reason="the weight is stored as [inputs, outputs] in several pieces", Suggestion="store the weight as [outputs, inputs] and set transpose_rhs"
func.func @several_pieces(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @rows : tensor<4x8xf32>
  %0 = attune.matmul %x, %w : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Rows that are flattened for a product of matrices, as exporters write it.
// CHECK-LABEL: func.func @flattened
// CHECK-SAME: (%[[X:[a-z0-9]*]]: tensor<?x?x4xf32>
// CHECK: %[[R:.*]] = attune.linear %[[X]], %{{.*}} bias(%{{.*}}) : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
// CHECK-NEXT: return %[[R]]
func.func @flattened(%x: tensor<?x?x4xf32> {attune.dims = ["b", "l", ""]}) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @w : tensor<4x8xf32>
  %b = attune.load_weight @b : tensor<8xf32>
  %f = attune.reshape %x {shape = array<i64: -1, 4>} : tensor<?x?x4xf32> -> tensor<?x4xf32>
  %0 = attune.matmul %f, %w : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %1 = attune.add %0, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %2 = attune.reshape %1 {extents = #attune.shape<"b", "l", "8">, shape = array<i64>} : tensor<?x8xf32> -> tensor<?x?x8xf32>
  return %2 : tensor<?x?x8xf32>
}

// COUNTS: attune-fuse-linear: 18 fused, 3 missed
// COUNTS-NEXT: 5 fused: bias
// COUNTS-NEXT: 13 fused: linear
// COUNTS-NEXT: 1 missed: bias: the linear map has a bias already
// COUNTS-NEXT: 1 missed: bias: the product without the bias is also used by 'func.return'
// COUNTS-NEXT: 1 missed: linear: the weight is stored as [inputs, outputs] in several pieces
