// RUN: attune-opt %s --attune-materialize-results | FileCheck %s
// RUN: attune-opt %s --attune-materialize-results --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// A view, an argument, a value returned twice are copied; what is computed
// and returned once is not.
// CHECK-LABEL: func.func @returned
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x8xf32>)
// CHECK: %[[R:.*]] = attune.relu %[[X]]
// CHECK-NEXT: %[[S:.*]] = attune.select %[[R]]
// CHECK-NEXT: %[[C0:.*]] = attune.transpose %[[R]] {permutation = array<i64: 0, 1, 2>}
// CHECK-NEXT: %[[C1:.*]] = attune.transpose %[[S]] {permutation = array<i64: 0, 1>}
// CHECK-NEXT: %[[C2:.*]] = attune.transpose %[[X]] {permutation = array<i64: 0, 1, 2>}
// CHECK-NEXT: return %[[R]], %[[C0]], %[[C1]], %[[C2]]
func.func @returned(%x: tensor<?x4x8xf32>) -> (tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x8xf32>, tensor<?x4x8xf32>) {
  %0 = attune.relu %x : tensor<?x4x8xf32>
  %1 = attune.select %0 {axis = 1 : i64, index = 0 : i64} : tensor<?x4x8xf32> -> tensor<?x8xf32>
  return %0, %0, %1, %x : tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x8xf32>, tensor<?x4x8xf32>
}

// Columns of a wider tensor lie with gaps: merging dimensions needs a copy,
// splitting does not.
// CHECK-LABEL: func.func @reshaped
// CHECK: %[[S:.*]] = attune.slice
// CHECK-NEXT: attune.reshape %[[S]] {shape = array<i64: 0, 2, 2>}
// CHECK-NEXT: %[[C:.*]] = attune.transpose %[[S]] {permutation = array<i64: 0, 1>}
// CHECK-NEXT: attune.reshape %[[C]] {shape = array<i64: -1>}
func.func @reshaped(%x: tensor<?x8xf32>) -> (tensor<?x2x2xf32>, tensor<?xf32>) {
  %0 = attune.slice %x {axis = 1 : i64, offset = 4 : i64, size = 4 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  %1 = attune.reshape %0 {shape = array<i64: 0, 2, 2>} : tensor<?x4xf32> -> tensor<?x2x2xf32>
  %2 = attune.reshape %0 {shape = array<i64: -1>} : tensor<?x4xf32> -> tensor<?xf32>
  %3 = attune.relu %1 : tensor<?x2x2xf32>
  %4 = attune.relu %2 : tensor<?xf32>
  return %3, %4 : tensor<?x2x2xf32>, tensor<?xf32>
}

// COUNTS: attune-materialize-results: 0 fused, 0 missed, 4 done
// COUNTS-NEXT: 1 done: copy: a part that is reshaped
// COUNTS-NEXT: 1 done: copy: a result that is returned twice
// COUNTS-NEXT: 2 done: copy: a result that no kernel computes
