// RUN: attune-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @identities
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]]
func.func @identities(%x: tensor<?x?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %0 = attune.scale %x {factor = 1.0 : f32} : tensor<?x?x8xf32>
  %1 = attune.reshape %x {shape = array<i64: 0, 0, 8>} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %2 = attune.reshape %x {shape = array<i64: 0, -1, 8>} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %3 = attune.slice %x {axis = 2 : i64, offset = 0 : i64, size = 8 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return %0, %1, %2, %3 : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// An identity transposition is a copy that someone asked for.
// CHECK-LABEL: func.func @copy
// CHECK-NEXT: attune.transpose
func.func @copy(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = attune.transpose %x {permutation = array<i64: 0, 1>} : tensor<?x8xf32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @views_of_views
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x12xf32>)
// CHECK-NEXT: %[[R:.*]] = attune.reshape %[[X]] {shape = array<i64: 0, 0, 2, 6>} : tensor<?x?x12xf32> -> tensor<?x?x2x6xf32>
// CHECK-NEXT: %[[S:.*]] = attune.slice %[[X]] {axis = 2 : i64, offset = 5 : i64, size = 2 : i64} : tensor<?x?x12xf32> -> tensor<?x?x2xf32>
// CHECK-NEXT: %[[T:.*]] = attune.transpose %[[X]] {permutation = array<i64: 2, 0, 1>} : tensor<?x?x12xf32> -> tensor<12x?x?xf32>
// CHECK-NEXT: return %[[R]], %[[S]], %[[T]]
func.func @views_of_views(%x: tensor<?x?x12xf32>) -> (tensor<?x?x2x6xf32>, tensor<?x?x2xf32>, tensor<12x?x?xf32>) {
  %0 = attune.reshape %x {shape = array<i64: 0, 0, 3, 4>} : tensor<?x?x12xf32> -> tensor<?x?x3x4xf32>
  %1 = attune.reshape %0 {shape = array<i64: 0, 0, 2, 6>} : tensor<?x?x3x4xf32> -> tensor<?x?x2x6xf32>
  %2 = attune.slice %x {axis = 2 : i64, offset = 4 : i64, size = 6 : i64} : tensor<?x?x12xf32> -> tensor<?x?x6xf32>
  %3 = attune.slice %2 {axis = 2 : i64, offset = 1 : i64, size = 2 : i64} : tensor<?x?x6xf32> -> tensor<?x?x2xf32>
  %4 = attune.transpose %x {permutation = array<i64: 1, 2, 0>} : tensor<?x?x12xf32> -> tensor<?x12x?xf32>
  %5 = attune.transpose %4 {permutation = array<i64: 1, 2, 0>} : tensor<?x12x?xf32> -> tensor<12x?x?xf32>
  return %1, %3, %5 : tensor<?x?x2x6xf32>, tensor<?x?x2xf32>, tensor<12x?x?xf32>
}

// The extent that the outer reshape takes over is none of the operand's.
// CHECK-LABEL: func.func @open_extent
// CHECK-COUNT-2: attune.reshape
func.func @open_extent(%x: tensor<?x?x12xf32>) -> tensor<?x2x6xf32> {
  %0 = attune.reshape %x {shape = array<i64: -1, 12>} : tensor<?x?x12xf32> -> tensor<?x12xf32>
  %1 = attune.reshape %0 {shape = array<i64: 0, 2, 6>} : tensor<?x12xf32> -> tensor<?x2x6xf32>
  return %1 : tensor<?x2x6xf32>
}

// Slices of other axes stay.
// CHECK-LABEL: func.func @other_axis
// CHECK-COUNT-2: attune.slice
func.func @other_axis(%x: tensor<?x4x12xf32>) -> tensor<?x2x6xf32> {
  %0 = attune.slice %x {axis = 2 : i64, offset = 4 : i64, size = 6 : i64} : tensor<?x4x12xf32> -> tensor<?x4x6xf32>
  %1 = attune.slice %0 {axis = 1 : i64, offset = 1 : i64, size = 2 : i64} : tensor<?x4x6xf32> -> tensor<?x2x6xf32>
  return %1 : tensor<?x2x6xf32>
}

// Unused ops go.
// CHECK-LABEL: func.func @dead
// CHECK-NEXT: return
func.func @dead(%x: tensor<?x8xf32>) {
  %0 = attune.relu %x : tensor<?x8xf32>
  return
}
