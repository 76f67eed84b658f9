// RUN: attune-opt %s --attune-raise-rms-norm | FileCheck %s
// RUN: attune-opt %s --attune-raise-rms-norm --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-raise-rms-norm --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// x * (1 / sqrt(mean(x^2) + eps)), gamma on the left.
// CHECK-LABEL: func.func @llama(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[G:[a-z0-9]*]]: tensor<8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.rms_norm %[[X]], %[[G]] {epsilon = 9.99{{.*}}E-6 : f64}
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] rms-norm | Category:fusion | Function=llama | Reason="with scale"
func.func @llama(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %two = attune.constant dense<2.0> : tensor<f32>
  %one = attune.constant dense<1.0> : tensor<f32>
  %q = attune.binary pow %x, %two : (tensor<?x?x8xf32>, tensor<f32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %i = attune.binary div %one, %s : (tensor<f32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = attune.mul %x, %i : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %r = attune.mul %g, %n : (tensor<8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @division(
// CHECK-NEXT: %[[R:.*]] = attune.rms_norm
// CHECK-NEXT: return %[[R]]
func.func @division(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %q = attune.mul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %n = attune.binary div %x, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %r = attune.mul %n, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// One norm behind another.
// CHECK-LABEL: func.func @twice(
// CHECK-NEXT: %[[A:.*]] = attune.rms_norm
// CHECK-NEXT: %[[R:.*]] = attune.rms_norm %[[A]]
// CHECK-NEXT: return %[[R]]
func.func @twice(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %q = attune.mul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %n = attune.binary div %x, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %y = attune.mul %n, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %q2 = attune.mul %y, %y : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v2 = attune.reduce mean %q2 {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve2 = attune.add %v2, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s2 = attune.unary sqrt %ve2 : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %n2 = attune.binary div %y, %s2 : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %r = attune.mul %n2, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @no_scale(
// CHECK: %[[G:.*]] = attune.load_weight @{{.*}} : tensor<8xf32>
// CHECK-NEXT: attune.rms_norm %{{.*}}, %[[G]]
// REMARK: [Passed] rms-norm | Category:fusion | Function=no_scale | Reason="without scale"
func.func @no_scale(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %q = attune.mul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %x, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Near misses.
// CHECK-LABEL: func.func @other_dividend(
// CHECK-NOT: attune.rms_norm
// REMARK: [Missed] rms-norm | Category:fusion | Function=other_dividend | Reason="what is divided is not what the squares are of", Suggestion="divide the tensor by the root of its own mean square"
func.func @other_dividend(%x: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %q = attune.mul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %y, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @wrong_axis(
// CHECK-NOT: attune.rms_norm
// REMARK: [Missed] rms-norm | Category:fusion | Function=wrong_axis | Reason="the mean runs over dimension 1 and not over the last"
func.func @wrong_axis(%x: tensor<?x4x8xf32>) -> tensor<?x4x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %q = attune.mul %x, %x : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 1>, keep_dims} : tensor<?x4x8xf32> -> tensor<?x1x8xf32>
  %ve = attune.add %v, %eps : (tensor<?x1x8xf32>, tensor<f32>) -> tensor<?x1x8xf32>
  %s = attune.unary sqrt %ve : tensor<?x1x8xf32> -> tensor<?x1x8xf32>
  %r = attune.binary div %x, %s : (tensor<?x4x8xf32>, tensor<?x1x8xf32>) -> tensor<?x4x8xf32>
  return %r : tensor<?x4x8xf32>
}

// CHECK-LABEL: func.func @root_used_twice(
// CHECK-NOT: attune.rms_norm
// REMARK: [Missed] rms-norm | Category:fusion | Function=root_used_twice | Reason="the result of 'attune.unary' in it is also used by 'func.return'"
func.func @root_used_twice(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x1xf32>) {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %q = attune.mul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %x, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r, %s : tensor<?x?x8xf32>, tensor<?x?x1xf32>
}

// Not a mean of squares: not meant.
// CHECK-LABEL: func.func @cubes(
// CHECK-NOT: attune.rms_norm
// REMARK-NOT: Function=cubes
func.func @cubes(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %three = attune.constant dense<3.0> : tensor<f32>
  %q = attune.binary pow %x, %three : (tensor<?x?x8xf32>, tensor<f32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %x, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// COUNTS: attune-raise-rms-norm: 5 fused, 3 missed
// COUNTS-NEXT: 5 fused: rms-norm
// COUNTS-NEXT: 1 missed: rms-norm: the mean runs over dimension 1 and not over the last
// COUNTS-NEXT: 1 missed: rms-norm: the result of 'attune.unary' in it is also used by 'func.return'
// COUNTS-NEXT: 1 missed: rms-norm: what is divided is not what the squares are of
