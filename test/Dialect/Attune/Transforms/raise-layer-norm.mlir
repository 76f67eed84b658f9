// RUN: attune-opt %s --attune-raise-layer-norm | FileCheck %s
// RUN: attune-opt %s --attune-raise-layer-norm --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-raise-layer-norm --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// (x - mean) / sqrt(mean((x - mean)^2) + eps) * gamma + beta.
// CHECK-LABEL: func.func @torch(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x?x8xf32>, %[[G:[a-z0-9]*]]: tensor<8xf32>, %[[B:[a-z0-9]*]]: tensor<8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.layer_norm %[[X]], %[[G]], %[[B]] {epsilon = 9.99{{.*}}E-6 : f64}
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] layer-norm | Category:fusion | Function=torch | Reason="with scale and shift"
func.func @torch(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %two = attune.constant dense<2.0> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.binary pow %d, %two : (tensor<?x?x8xf32>, tensor<f32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %n = attune.binary div %d, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %ng = attune.mul %n, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %r = attune.add %ng, %b : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Squares as products of two differences, the reciprocal root, gamma and
// beta on the left.
// CHECK-LABEL: func.func @other_side(
// CHECK-NEXT: %[[R:.*]] = attune.layer_norm
// CHECK-NEXT: return %[[R]]
func.func @other_side(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %d2 = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d2, %d2 : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %eps, %v : (tensor<f32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %i = attune.unary reciprocal %s : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %n = attune.mul %i, %d : (tensor<?x?x1xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %ng = attune.mul %g, %n : (tensor<8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %r = attune.add %b, %ng : (tensor<8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// E[x^2] - mean^2, the form of the function that ONNX expands to.
// CHECK-LABEL: func.func @moments(
// CHECK-NEXT: %[[R:.*]] = attune.layer_norm
// CHECK-NEXT: return %[[R]]
func.func @moments(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %xx = attune.mul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %e = attune.reduce mean %xx {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %mm = attune.mul %m, %m : (tensor<?x?x1xf32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %v = attune.binary sub %e, %mm : (tensor<?x?x1xf32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %n = attune.binary div %d, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %ng = attune.mul %n, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %r = attune.add %ng, %b : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Roots as powers, means as sums.
// CHECK-LABEL: func.func @powers(
// CHECK-NEXT: %[[R:.*]] = attune.layer_norm
// CHECK-NEXT: return %[[R]]
func.func @powers(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %minus = attune.constant dense<-0.5> : tensor<f32>
  %sum = attune.reduce sum %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %m = attune.scale %sum {factor = 0.125 : f32} : tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %i = attune.binary pow %ve, %minus : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %n = attune.mul %d, %i : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %ng = attune.mul %n, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %r = attune.add %ng, %b : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Ones and zeros are declared where the model has none.
// CHECK-LABEL: func.func @no_affine(
// CHECK-NEXT: %[[G:.*]] = attune.load_weight @[[ONES:.*]] : tensor<8xf32>
// CHECK-NEXT: %[[B:.*]] = attune.load_weight @[[ZEROS:.*]] : tensor<8xf32>
// CHECK-NEXT: %[[R:.*]] = attune.layer_norm %{{.*}}, %[[G]], %[[B]]
// CHECK-NEXT: return %[[R]]
// REMARK: [Passed] layer-norm | Category:fusion | Function=no_affine | Reason="without scale"
func.func @no_affine(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %d, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// Dimensions at the end are taken together.
// CHECK-LABEL: func.func @two_dimensions(
// CHECK: %[[F:.*]] = attune.reshape %{{.*}} {shape = array<i64: 0, 32>}
// CHECK: attune.layer_norm %[[F]], %{{.*}}, %{{.*}} {epsilon {{.*}} : tensor<?x32xf32>
// CHECK: attune.reshape {{.*}} -> tensor<?x4x8xf32>
// REMARK: [Passed] layer-norm | Category:fusion | Function=two_dimensions | Reason="with scale and shift, over 2 dimensions"
func.func @two_dimensions(%x: tensor<?x4x8xf32>, %g: tensor<4x8xf32>, %b: tensor<4x8xf32>) -> tensor<?x4x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 1, 2>, keep_dims} : tensor<?x4x8xf32> -> tensor<?x1x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x4x8xf32>, tensor<?x1x1xf32>) -> tensor<?x4x8xf32>
  %q = attune.mul %d, %d : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 1, 2>, keep_dims} : tensor<?x4x8xf32> -> tensor<?x1x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x1x1xf32>, tensor<f32>) -> tensor<?x1x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x1x1xf32> -> tensor<?x1x1xf32>
  %n = attune.binary div %d, %s : (tensor<?x4x8xf32>, tensor<?x1x1xf32>) -> tensor<?x4x8xf32>
  %ng = attune.mul %n, %g : (tensor<?x4x8xf32>, tensor<4x8xf32>) -> tensor<?x4x8xf32>
  %r = attune.add %ng, %b : (tensor<?x4x8xf32>, tensor<4x8xf32>) -> tensor<?x4x8xf32>
  return %r : tensor<?x4x8xf32>
}

// Near misses.
// CHECK-LABEL: func.func @difference_used_twice(
// CHECK-NOT: attune.layer_norm
// REMARK: [Missed] layer-norm | Category:fusion | Function=difference_used_twice | Reason="the result of 'attune.binary' in it is also used by 'func.return'", Suggestion="compute it a second time for that use"
func.func @difference_used_twice(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %n = attune.binary div %d, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %ng = attune.mul %n, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %r = attune.add %ng, %b : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %r, %d : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @wrong_axis(
// CHECK-NOT: attune.layer_norm
// REMARK: [Missed] layer-norm | Category:fusion | Function=wrong_axis | Reason="the mean runs over dimension 1 and not over the last", Suggestion="transpose what is normalised to the end"
func.func @wrong_axis(%x: tensor<?x4x8xf32>) -> tensor<?x4x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 1>, keep_dims} : tensor<?x4x8xf32> -> tensor<?x1x8xf32>
  %d = attune.binary sub %x, %m : (tensor<?x4x8xf32>, tensor<?x1x8xf32>) -> tensor<?x4x8xf32>
  %q = attune.mul %d, %d : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 1>, keep_dims} : tensor<?x4x8xf32> -> tensor<?x1x8xf32>
  %ve = attune.add %v, %eps : (tensor<?x1x8xf32>, tensor<f32>) -> tensor<?x1x8xf32>
  %s = attune.unary sqrt %ve : tensor<?x1x8xf32> -> tensor<?x1x8xf32>
  %r = attune.binary div %d, %s : (tensor<?x4x8xf32>, tensor<?x1x8xf32>) -> tensor<?x4x8xf32>
  return %r : tensor<?x4x8xf32>
}

// CHECK-LABEL: func.func @computed_epsilon(
// CHECK-NOT: attune.layer_norm
// REMARK: [Missed] layer-norm | Category:fusion | Function=computed_epsilon | Reason="what is added to the mean of squares is no constant", Suggestion="add a constant epsilon"
func.func @computed_epsilon(%x: tensor<?x?x8xf32>, %e: tensor<f32>) -> tensor<?x?x8xf32> {
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %e : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %d, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @other_variance(
// CHECK-NOT: attune.layer_norm
// REMARK: [Missed] layer-norm | Category:fusion | Function=other_variance | Reason="the variance is not that of what is divided", Suggestion="take mean and variance of one tensor"
func.func @other_variance(%x: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %my = attune.reduce mean %y {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %dy = attune.binary sub %y, %my : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %dy, %dy : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %d, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @not_centred(
// CHECK-NOT: attune.layer_norm
// REMARK: [Missed] layer-norm | Category:fusion | Function=not_centred | Reason="what is divided is not a difference from the mean", Suggestion="divide x - mean(x)"
func.func @not_centred(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %x, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// A factor for each row is not gamma: it stays behind the norm.
// CHECK-LABEL: func.func @gamma_of_rows(
// CHECK: %[[N:.*]] = attune.layer_norm
// CHECK: attune.mul %[[N]]
// REMARK: [Passed] layer-norm | Category:fusion | Function=gamma_of_rows | Reason="without scale"
func.func @gamma_of_rows(%x: tensor<?x?x8xf32>, %g: tensor<?x?x1xf32>) -> tensor<?x?x8xf32> {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %ve = attune.add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %ve : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %n = attune.binary div %d, %s : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %r = attune.mul %n, %g : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// The root of a variance alone is a standard deviation; root mean squares are
// for another pass.
// CHECK-LABEL: func.func @deviation(
// CHECK-NOT: attune.layer_norm
// REMARK-NOT: Function=deviation
func.func @deviation(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x1xf32>) {
  %eps = attune.constant dense<1.0e-5> : tensor<f32>
  %m = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %d = attune.binary sub %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %q = attune.mul %d, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %v = attune.reduce mean %q {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %s = attune.unary sqrt %v : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %xx = attune.mul %x, %x : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %e = attune.reduce mean %xx {axes = array<i64: 2>, keep_dims} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %se = attune.unary sqrt %e : tensor<?x?x1xf32> -> tensor<?x?x1xf32>
  %r = attune.binary div %x, %se : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  return %r, %s : tensor<?x?x8xf32>, tensor<?x?x1xf32>
}

// COUNTS: attune-raise-layer-norm: 7 fused, 5 missed
// COUNTS-NEXT: 7 fused: layer-norm
// COUNTS-NEXT: 1 missed: layer-norm: the mean runs over dimension 1 and not over the last
// COUNTS-NEXT: 1 missed: layer-norm: the result of 'attune.binary' in it is also used by 'func.return'
// COUNTS-NEXT: 1 missed: layer-norm: the variance is not that of what is divided
// COUNTS-NEXT: 1 missed: layer-norm: what is added to the mean of squares is no constant
// COUNTS-NEXT: 1 missed: layer-norm: what is divided is not a difference from the mean
