// What shows the fault stays, what a pass removes without it goes.
// RUN: attune-reduce %s -opt-reduction-pass="opt-pass=canonicalize test=%S/Inputs/has-softmax.sh" | FileCheck %s
// RUN: attune-reduce %s -opt-reduction-pass="opt-pass=attune-fuse-elementwise test=%S/Inputs/has-softmax.sh" | FileCheck %s --check-prefix=KEPT

// CHECK: attune.softmax
// CHECK-NOT: attune.layer_norm

// A pass after which the fault is gone, or the module no smaller, is not taken.
// KEPT-NOT: attune.fused
// KEPT: attune.layer_norm
func.func @f(%x: tensor<?x8xf32>, %g: tensor<8xf32>) -> tensor<?x8xf32> {
  %0 = attune.softmax %x : tensor<?x8xf32>
  %1 = attune.layer_norm %x, %g, %g {epsilon = 1.0e-12 : f64} : tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %0 : tensor<?x8xf32>
}
