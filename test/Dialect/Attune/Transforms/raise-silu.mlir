// RUN: attune-opt %s --attune-raise-silu | FileCheck %s
// RUN: attune-opt %s --attune-raise-silu --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-raise-silu --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// CHECK-LABEL: func.func @silu(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.silu %[[X]]
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] silu | Category:fusion | Function=silu | Reason="sigmoid of x"
func.func @silu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %t = attune.unary sigmoid %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %r = attune.mul %x, %t : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @other_side(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.silu %[[X]]
// CHECK-NEXT: return %[[R]]
func.func @other_side(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %t = attune.unary sigmoid %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %r = attune.mul %t, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// x / (1 + exp(-x)).
// CHECK-LABEL: func.func @quotient(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.silu %[[X]]
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] silu | Category:fusion | Function=quotient | Reason="sigmoid of x"
func.func @quotient(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %one = attune.constant dense<1.0> : tensor<f32>
  %n = attune.unary neg %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %e = attune.unary exp %n : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %one, %e : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.binary div %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @quick(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.quick_gelu %[[X]]
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] silu | Category:fusion | Function=quick | Reason="sigmoid of 1.702 x: quick GELU"
func.func @quick(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %f = attune.constant dense<1.702> : tensor<f32>
  %u = attune.mul %f, %x : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %t = attune.unary sigmoid %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %r = attune.mul %x, %t : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// Near misses.
// CHECK-LABEL: func.func @wrong_constant(
// CHECK-NOT: attune.silu
// REMARK: [Missed] silu | Category:fusion | Function=wrong_constant | Reason="the gate is not that of what it is multiplied with: another input, or other constants"
func.func @wrong_constant(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %f = attune.constant dense<1.5> : tensor<f32>
  %u = attune.mul %x, %f : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary sigmoid %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %r = attune.mul %x, %t : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// The gate of a GLU.
// CHECK-LABEL: func.func @gated(
// CHECK-NOT: attune.silu
// REMARK: [Missed] silu | Category:fusion | Function=gated | Reason="the gate is not that of what it is multiplied with: another input, or other constants"
func.func @gated(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %t = attune.unary sigmoid %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %r = attune.mul %y, %t : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @used_twice(
// CHECK-NOT: attune.silu
// REMARK: [Missed] silu | Category:fusion | Function=used_twice | Reason="the result of 'attune.unary' in it has another use"
func.func @used_twice(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %t = attune.unary sigmoid %x : tensor<?x8xf32> -> tensor<?x8xf32>
  %r = attune.mul %x, %t : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r, %t : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @wrong_slope(
// CHECK-NOT: attune.silu
// REMARK: [Missed] silu | Category:fusion | Function=wrong_slope | Reason="the exponential is of {{.*}} times the input"
func.func @wrong_slope(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %one = attune.constant dense<1.0> : tensor<f32>
  %two = attune.constant dense<2.0> : tensor<f32>
  %n = attune.mul %x, %two : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %e = attune.unary exp %n : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %e, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %r = attune.binary div %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// COUNTS: attune-raise-silu: 4 fused, 4 missed
// COUNTS-NEXT: 4 fused: silu
// COUNTS-NEXT: 1 missed: silu: the exponential is of 2.00 times the input
// COUNTS-NEXT: 2 missed: silu: the gate is not that of what it is multiplied with: another input, or other constants
// COUNTS-NEXT: 1 missed: silu: the result of 'attune.unary' in it has another use
