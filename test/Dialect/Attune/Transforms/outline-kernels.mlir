// RUN: attune-opt %s --attune-outline-kernels --split-input-file | FileCheck %s
// RUN: attune-opt %s --attune-outline-kernels --split-input-file --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s --attune-outline-kernels --split-input-file --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC
// RUN: attune-opt %s --attune-outline-kernels --split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// Equal regions of two layers are one kernel; an epilogue, another constant or
// another type makes another kernel.
// CHECK: attune.weight @w
// CHECK-NEXT: attune.kernel @linear(%[[A:.*]]: tensor<?x8xf32>, %[[B:.*]]: tensor<8x8xf32>) -> tensor<?x8xf32> {
// CHECK-NEXT: %[[L:.*]] = attune.linear %[[A]], %[[B]]
// CHECK-NEXT: attune.yield %[[L]] : tensor<?x8xf32>
// CHECK: attune.kernel @linear_1
// CHECK-NEXT: attune.linear
// CHECK-NEXT: attune.relu
// CHECK: attune.kernel @elementwise(
// CHECK-NEXT: attune.scale %{{.*}} {factor = 2.0
// CHECK: attune.kernel @elementwise_1(
// CHECK-NEXT: attune.scale %{{.*}} {factor = 3.0
// CHECK: attune.kernel @elementwise_2(%{{.*}}: tensor<?x4xf32>)
// CHECK-NOT: attune.kernel
// CHECK-LABEL: func.func @layers
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>
// CHECK: %[[W:.*]] = attune.load_weight @w
// CHECK-NEXT: %[[R0:.*]] = attune.launch @linear(%[[X]], %[[W]]) : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
// CHECK-NEXT: %[[R1:.*]] = attune.launch @linear(%[[R0]], %[[W]])
// CHECK-NEXT: %[[R2:.*]] = attune.launch @linear_1(%[[R1]], %[[W]])
// CHECK-NEXT: %[[R3:.*]] = attune.launch @elementwise(%[[R2]])
// CHECK-NEXT: %[[R4:.*]] = attune.launch @elementwise_1(%[[R3]])
// CHECK-NEXT: attune.launch @elementwise_2(%{{.*}}) : (tensor<?x4xf32>) -> tensor<?x4xf32>
// CHECK-NEXT: return %[[R4]]
// REMARK: [Passed] kernel | Category:fusion | Reason="@linear has 2 launches"
// REMARK: [Passed] kernel | Category:fusion | Reason="@linear_1 has 1 launch"
// Launches keep the place that they compute.
// LOC: attune.launch @linear(%{{.*}} loc([[FIRST:#loc[0-9]*]])
// LOC: attune.launch @linear(%{{.*}} loc([[SECOND:#loc[0-9]*]])
// LOC-DAG: {{^}}[[FIRST]] = loc("layer.0")
// LOC-DAG: {{^}}[[SECOND]] = loc("layer.1")
attune.weight @w : tensor<8x8xf32> from [#attune.piece<"m", 0, f32, 64>]
func.func @layers(%x: tensor<?x8xf32>, %y: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = attune.load_weight @w : tensor<8x8xf32>
  %0 = attune.fused(%a = %x, %b = %w) : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> {
    %6 = attune.linear %a, %b : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("layer.0")
    attune.yield %6 : tensor<?x8xf32>
  } loc("layer.0")
  %1 = attune.fused(%a = %0, %b = %w) : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> {
    %6 = attune.linear %a, %b : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("layer.1")
    attune.yield %6 : tensor<?x8xf32>
  } loc("layer.1")
  %2 = attune.fused(%a = %1, %b = %w) : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> {
    %6 = attune.linear %a, %b : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
    %7 = attune.relu %6 : tensor<?x8xf32>
    attune.yield %7 : tensor<?x8xf32>
  }
  %3 = attune.fused(%a = %2) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
    %6 = attune.scale %a {factor = 2.0 : f32} : tensor<?x8xf32>
    attune.yield %6 : tensor<?x8xf32>
  }
  %4 = attune.fused(%a = %3) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
    %6 = attune.scale %a {factor = 3.0 : f32} : tensor<?x8xf32>
    attune.yield %6 : tensor<?x8xf32>
  }
  %5 = attune.fused(%a = %y) : (tensor<?x4xf32>) -> tensor<?x4xf32> {
    %6 = attune.scale %a {factor = 2.0 : f32} : tensor<?x4xf32>
    attune.yield %6 : tensor<?x4xf32>
  }
  return %4 : tensor<?x8xf32>
}

// -----

// Which operand an op reads is part of the kernel.
// CHECK: attune.kernel @elementwise(
// CHECK-NEXT: attune.relu %arg0
// CHECK: attune.kernel @elementwise_1(
// CHECK-NEXT: attune.relu %arg1
func.func @operands(%x: tensor<?xf32>, %y: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %0 = attune.fused(%a = %x, %b = %y) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> {
    %2 = attune.relu %a : tensor<?xf32>
    attune.yield %2 : tensor<?xf32>
  }
  %1 = attune.fused(%a = %x, %b = %y) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> {
    %2 = attune.relu %b : tensor<?xf32>
    attune.yield %2 : tensor<?xf32>
  }
  return %0, %1 : tensor<?xf32>, tensor<?xf32>
}

// -----

// A name that the module has is left alone; kernels that are there keep their
// bodies.
// CHECK: attune.kernel @softmax_1
// CHECK-LABEL: func.func @names
// CHECK: attune.launch @softmax_1
// CHECK: attune.kernel @softmax(
// CHECK-NEXT: attune.relu
func.func @names(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.fused(%a = %x) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
    %1 = attune.softmax %a : tensor<?x8xf32>
    attune.yield %1 : tensor<?x8xf32>
  }
  return %0 : tensor<?x8xf32>
}
attune.kernel @softmax(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}

// COUNTS: attune-outline-kernels: 8 fused, 0 missed
// COUNTS-NEXT: 8 fused: kernel
