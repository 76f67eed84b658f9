// RUN: attune-opt %s --attune-raise-gelu | FileCheck %s
// RUN: attune-opt %s --attune-raise-gelu --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-raise-gelu --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// x * (1 + erf(x / sqrt(2))) * 0.5.
// CHECK-LABEL: func.func @torch(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.gelu %[[X]] : 
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] gelu | Category:fusion | Function=torch | Reason="by the error function"
func.func @torch(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r2 = attune.constant dense<1.41421354> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %m = attune.mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %m, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// (0.5 * x) * (1 + erf(x * sqrt(1/2))), factors on the left.
// CHECK-LABEL: func.func @half_of_x(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.gelu %[[X]] : 
// CHECK-NEXT: return %[[R]]
func.func @half_of_x(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.scale %x {factor = 0.707106769 : f32} : tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %one, %t : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %h = attune.mul %half, %x : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %h, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @half_of_gate(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.gelu %[[X]] : 
// CHECK-NEXT: return %[[R]]
func.func @half_of_gate(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r2 = attune.constant dense<1.41421354> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %h = attune.scale %s {factor = 0.5 : f32} : tensor<?x8xf32>
  %r = attune.mul %h, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// 0.5 + 0.5 * erf(x / sqrt(2)).
// CHECK-LABEL: func.func @distributed(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.gelu %[[X]] : 
// CHECK-NEXT: return %[[R]]
func.func @distributed(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r2 = attune.constant dense<1.41421354> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %h = attune.mul %t, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %s = attune.add %h, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %r = attune.mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// With a cube by pow, as exporters write it.
// CHECK-LABEL: func.func @tanh_power(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.gelu %[[X]] {approximate = "tanh"}
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] gelu | Category:fusion | Function=tanh_power | Reason="by tanh"
func.func @tanh_power(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = attune.constant dense<0.0447149985> : tensor<f32>
  %three = attune.constant dense<3.0> : tensor<f32>
  %sl = attune.constant dense<0.797884583> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %p = attune.binary pow %x, %three : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %pc = attune.mul %p, %c : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %a = attune.add %x, %pc : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %u = attune.mul %a, %sl : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.tanh %u : tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %h = attune.mul %x, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %r = attune.mul %h, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// x * sqrt(2 / pi) * (1 + 0.044715 * x * x).
// CHECK-LABEL: func.func @tanh_products(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.gelu %[[X]] {approximate = "tanh"}
// CHECK-NEXT: return %[[R]]
func.func @tanh_products(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = attune.constant dense<0.0447149985> : tensor<f32>
  %sl = attune.constant dense<0.797884583> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %xs = attune.mul %x, %sl : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %xc = attune.mul %x, %c : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %xx = attune.mul %xc, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = attune.add %xx, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %u = attune.mul %xs, %a : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %t = attune.tanh %u : tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %m = attune.mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %m, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// Near misses.
// CHECK-LABEL: func.func @wrong_root(
// CHECK-NOT: attune.gelu
// REMARK: [Missed] gelu | Category:fusion | Function=wrong_root | Reason="the gate is not that of what it is multiplied with: another input, or other constants", Suggestion="use the constants of the activation's definition"
func.func @wrong_root(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r2 = attune.constant dense<1.5> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %m = attune.mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %m, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @wrong_factor(
// CHECK-NOT: attune.gelu
// REMARK: [Missed] gelu | Category:fusion | Function=wrong_factor | Reason="the product is multiplied by {{.*}} and not by {{.*}}"
func.func @wrong_factor(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r2 = attune.constant dense<1.41421354> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %third = attune.constant dense<0.33> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %m = attune.mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %m, %third : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @wrong_sum(
// CHECK-NOT: attune.gelu
// REMARK: [Missed] gelu | Category:fusion | Function=wrong_sum | Reason="{{.*}} is added to the gate and not {{.*}}"
func.func @wrong_sum(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r2 = attune.constant dense<1.41421354> : tensor<f32>
  %two = attune.constant dense<2.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %t, %two : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %m = attune.mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %m, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @other_input(
// CHECK-NOT: attune.gelu
// REMARK: [Missed] gelu | Category:fusion | Function=other_input | Reason="the gate is not that of what it is multiplied with: another input, or other constants"
func.func @other_input(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r2 = attune.constant dense<1.41421354> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %m = attune.mul %y, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %m, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @gate_used_twice(
// CHECK-NOT: attune.gelu
// REMARK: [Missed] gelu | Category:fusion | Function=gate_used_twice | Reason="the result of 'attune.add' in it has another use"
func.func @gate_used_twice(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %r2 = attune.constant dense<1.41421354> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %half = attune.constant dense<0.5> : tensor<f32>
  %u = attune.binary div %x, %r2 : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = attune.unary erf %u : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = attune.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %m = attune.mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = attune.mul %m, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %r, %s : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @tanh_alone(
// CHECK-NOT: attune.gelu
// REMARK-NOT: Function=tanh_alone
func.func @tanh_alone(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %u = attune.tanh %x : tensor<?x8xf32>
  %r = attune.mul %x, %u : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// COUNTS: attune-raise-gelu: 6 fused, 5 missed
// COUNTS-NEXT: 6 fused: gelu
// COUNTS-NEXT: 1 missed: gelu: 2.00 is added to the gate and not 1.00
// COUNTS-NEXT: 2 missed: gelu: the gate is not that of what it is multiplied with: another input, or other constants
// COUNTS-NEXT: 1 missed: gelu: the product is multiplied by 1.00 and not by 0.50
// COUNTS-NEXT: 1 missed: gelu: the result of 'attune.add' in it has another use
