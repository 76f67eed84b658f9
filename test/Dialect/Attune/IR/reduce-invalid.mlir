// What the verifiers of reductions, scatters and windows say.
// RUN: attune-opt %s --split-input-file --verify-diagnostics

func.func @axis(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected an axis in [0, 2), got 2}}
  %0 = attune.reduce sum %x {axes = array<i64: 2>} : tensor<?x4xf32> -> tensor<?xf32>
  return
}

// -----

func.func @axes(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected ascending axes}}
  %0 = attune.reduce sum %x {axes = array<i64: 1, 0>} : tensor<?x4xf32> -> tensor<f32>
  return
}

// -----

func.func @bools(%x: tensor<?x4xi1>) {
  // expected-error @+1 {{expected max or min for i1}}
  %0 = attune.reduce sum %x {axes = array<i64: 1>} : tensor<?x4xi1> -> tensor<?xi1>
  return
}

// -----

func.func @shape(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected a result of shape [?, 1], got [?, 2]}}
  %0 = attune.reduce sum %x {axes = array<i64: 1>, keep_dims} : tensor<?x4xf32> -> tensor<?x2xf32>
  return
}

// -----

func.func @arg_kind(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected max or min}}
  %0 = attune.arg_reduce sum %x {axis = 1 : i64} : tensor<?x4xf32> -> tensor<?xi64>
  return
}

// -----

func.func @arg_none(%x: tensor<?x0xf32>) {
  // expected-error @+1 {{expected elements to choose from, got an extent of 0}}
  %0 = attune.arg_reduce max %x {axis = 1 : i64} : tensor<?x0xf32> -> tensor<?xi64>
  return
}

// -----

func.func @cumulate_kind(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected sum or prod}}
  %0 = attune.cumulate max %x {axis = 1 : i64} : tensor<?x4xf32>
  return
}

// -----

func.func @cumulate_bools(%x: tensor<?x4xi1>) {
  // expected-error @+1 {{expected numbers, got i1}}
  %0 = attune.cumulate sum %x {axis = 1 : i64} : tensor<?x4xi1>
  return
}

// -----

func.func @k(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected k in [0, 4], got 5}}
  %0, %1 = attune.top_k %x {axis = 1 : i64, k = 5 : i64} : tensor<?x4xf32> -> tensor<?x5xf32>, tensor<?x5xi64>
  return
}

// -----

func.func @scatter_rank(%x: tensor<?x4xf32>, %i: tensor<?xi64>, %u: tensor<?xf32>) {
  // expected-error @+1 {{expected indices of rank 2, got 1}}
  %0 = attune.scatter_elements add %x, %i, %u {axis = 1 : i64}
      : (tensor<?x4xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @scatter_shape(%x: tensor<2x4xf32>, %i: tensor<3x4xi64>, %u: tensor<3x4xf32>) {
  // expected-error @+1 {{expected indices within the operand's shape [2, 4], got [3, 4]}}
  %0 = attune.scatter_elements add %x, %i, %u {axis = 1 : i64}
      : (tensor<2x4xf32>, tensor<3x4xi64>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @scatter_tuples(%x: tensor<2x4xf32>, %i: tensor<?x3xi64>, %u: tensor<?xf32>) {
  // expected-error @+1 {{expected tuples of 1 to 2 indices, got indices of shape [?, 3]}}
  %0 = attune.scatter_nd add %x, %i, %u
      : (tensor<2x4xf32>, tensor<?x3xi64>, tensor<?xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @conv_weight(%x: tensor<?x3x8xf32>, %w: tensor<?x3x2xf32>) {
  // expected-error @+1 {{expected a static weight of the operand's rank, got 'tensor<?x3x2xf32>'}}
  %0 = attune.conv %x, %w {strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 0>,
      dilations = array<i64: 1>, groups = 1 : i64} : (tensor<?x3x8xf32>, tensor<?x3x2xf32>) -> tensor<?x?x7xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<?x3x8xf32>, %w: tensor<4x3x2xf32>) {
  // expected-error @+1 {{expected 2 groups of 3 channels, got an operand of shape [?, 3, 8] and a weight of shape [4, 3, 2]}}
  %0 = attune.conv %x, %w {strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 0>,
      dilations = array<i64: 1>, groups = 2 : i64} : (tensor<?x3x8xf32>, tensor<4x3x2xf32>) -> tensor<?x4x7xf32>
  return
}

// -----

func.func @conv_strides(%x: tensor<?x3x8xf32>, %w: tensor<4x3x2xf32>) {
  // expected-error @+1 {{expected kernel, strides, low, high and dilations for 1 dimensions, strides and dilations positive}}
  %0 = attune.conv %x, %w {strides = array<i64: 0>, low = array<i64: 0>, high = array<i64: 0>,
      dilations = array<i64: 1>, groups = 1 : i64} : (tensor<?x3x8xf32>, tensor<4x3x2xf32>) -> tensor<?x4x7xf32>
  return
}

// -----

func.func @conv_result(%x: tensor<?x3x8xf32>, %w: tensor<4x3x2xf32>) {
  // expected-error @+1 {{expected a result of shape [?, 4, 7], got [?, 4, 8]}}
  %0 = attune.conv %x, %w {strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 0>,
      dilations = array<i64: 1>, groups = 1 : i64} : (tensor<?x3x8xf32>, tensor<4x3x2xf32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @pool_kind(%x: tensor<?x3x8xf32>) {
  // expected-error @+1 {{expected max, mean or sum}}
  %0 = attune.pool_window prod %x {kernel = array<i64: 2>, strides = array<i64: 1>, low = array<i64: 0>,
      high = array<i64: 0>, dilations = array<i64: 1>} : tensor<?x3x8xf32> -> tensor<?x3x7xf32>
  return
}

// -----

func.func @matmul_types(%x: tensor<?x4xi8>, %y: tensor<4x?xf64>) {
  // expected-error @+1 {{expected equal types of floats, or integers, got 'i8', 'f64' and 'f64'}}
  %0 = attune.matmul %x, %y : (tensor<?x4xi8>, tensor<4x?xf64>) -> tensor<?x?xf64>
  return
}
