// RUN: attune-opt %s --attune-raise-softmax | FileCheck %s
// RUN: attune-opt %s --attune-raise-softmax --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-raise-softmax --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// CHECK-LABEL: func.func @whole(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.softmax %[[X]]
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] softmax | Category:fusion | Function=whole | Reason="exponentials divided by their sum"
func.func @whole(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %m = attune.reduce max %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %e = attune.unary exp %d : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %s = attune.reduce sum %e {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %e, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// The dimension is dropped and put back; the division is a product.
// CHECK-LABEL: func.func @other_forms(
// CHECK-NEXT: %[[R:.*]] = attune.softmax
// CHECK-NEXT: return %[[R]]
func.func @other_forms(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %m = attune.reduce max %x {axes = array<i64: 1>} : tensor<?x8xf32> -> tensor<?xf32>
  %mk = attune.reshape %m {shape = array<i64: 0, 1>} : tensor<?xf32> -> tensor<?x1xf32>
  %d = attune.binary sub %x, %mk : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %e = attune.unary exp %d : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.reduce sum %e {axes = array<i64: 1>} : tensor<?x8xf32> -> tensor<?xf32>
  %sk = attune.reshape %s {shape = array<i64: 0, 1>} : tensor<?xf32> -> tensor<?x1xf32>
  %i = attune.unary reciprocal %sk : tensor<?x1xf32> -> tensor<?x1xf32>
  %r = attune.mul %i, %e : (tensor<?x1xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @without_maximum(
// CHECK-NEXT: %[[R:.*]] = attune.softmax
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] softmax | Category:fusion | Function=without_maximum | Reason="exponentials divided by their sum, no maximum taken off"
func.func @without_maximum(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %e = attune.unary exp %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.reduce sum %e {axes = array<i64: 1>, keep_dims} : tensor<?x8xf32> -> tensor<?x1xf32>
  %r = attune.binary div %e, %s : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @wrong_axis(
// CHECK-NOT: attune.softmax
// REMARK: [Missed] softmax | Category:fusion | Function=wrong_axis | Reason="the sum is not one over the last dimension", Suggestion="transpose that dimension to the end"
func.func @wrong_axis(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %e = attune.unary exp %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.reduce sum %e {axes = array<i64: 0>, keep_dims} : tensor<?x8xf32> -> tensor<1x8xf32>
  %r = attune.binary div %e, %s : (tensor<?x8xf32>, tensor<1x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @maximum_of_all(
// CHECK-NOT: attune.softmax
// REMARK: [Missed] softmax | Category:fusion | Function=maximum_of_all | Reason="the maximum is not one over the last dimension, as the sum is"
func.func @maximum_of_all(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %m = attune.reduce max %x {axes = array<i64: 0, 1>, keep_dims} : tensor<?x8xf32> -> tensor<1x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x8xf32>, tensor<1x1xf32>) -> tensor<?x8xf32>
  %e = attune.unary exp %d : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.reduce sum %e {axes = array<i64: 1>, keep_dims} : tensor<?x8xf32> -> tensor<?x1xf32>
  %r = attune.binary div %e, %s : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @exponentials_used_twice(
// CHECK-NOT: attune.softmax
// REMARK: [Missed] softmax | Category:fusion | Function=exponentials_used_twice | Reason="the result of 'attune.unary' in it is also used by 'func.return'", Suggestion="compute it a second time for that use"
func.func @exponentials_used_twice(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %e = attune.unary exp %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.reduce sum %e {axes = array<i64: 1>, keep_dims} : tensor<?x8xf32> -> tensor<?x1xf32>
  %r = attune.binary div %e, %s : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %r, %e : tensor<?x8xf32>, tensor<?x8xf32>
}

// Neither a sum of something else nor a mean makes a softmax.
// CHECK-LABEL: func.func @not_meant(
// CHECK-NOT: attune.softmax
// REMARK-NOT: Function=not_meant
func.func @not_meant(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %e = attune.unary exp %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.reduce sum %x {axes = array<i64: 1>, keep_dims} : tensor<?x8xf32> -> tensor<?x1xf32>
  %q = attune.binary div %e, %s : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %m = attune.reduce mean %e {axes = array<i64: 1>, keep_dims} : tensor<?x8xf32> -> tensor<?x1xf32>
  %r = attune.binary div %q, %m : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// COUNTS: attune-raise-softmax: 3 fused, 3 missed
// COUNTS-NEXT: 3 fused: softmax
// COUNTS-NEXT: 1 missed: softmax: the maximum is not one over the last dimension, as the sum is
// COUNTS-NEXT: 1 missed: softmax: the result of 'attune.unary' in it is also used by 'func.return'
// COUNTS-NEXT: 1 missed: softmax: the sum is not one over the last dimension
