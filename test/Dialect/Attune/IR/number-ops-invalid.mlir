// What verifiers say of ops that take any number and of indexed ops.
// RUN: attune-opt %s --split-input-file --verify-diagnostics

func.func @unary_of_ints(%x: tensor<4xi32>) {
  // expected-error @+1 {{expected floats for 'exp', got 'i32'}}
  %0 = attune.unary exp %x : tensor<4xi32> -> tensor<4xi32>
  return
}

// -----

func.func @unary_result(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected a result of 'i1', got 'f32'}}
  %0 = attune.unary is_nan %x : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @binary_kind(%x: tensor<4xi32>) {
  // expected-error @+1 {{expected unsigned integers for 'shift_left', got 'i32'}}
  %0 = attune.binary shift_left %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @binary_bools(%x: tensor<4xi1>) {
  // expected-error @+1 {{expected numbers for 'sub', got 'i1'}}
  %0 = attune.binary sub %x, %x : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return
}

// -----

func.func @where_shapes(%c: tensor<4xi1>, %x: tensor<3xf32>) {
  // expected-error @+1 {{expected operands that broadcast, got shapes [4] and [3]}}
  %0 = attune.where %c, %x, %x : (tensor<4xi1>, tensor<3xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @cast_saturate(%x: tensor<4xi64>) {
  // expected-error @+1 {{expected integers as the result with saturate}}
  %0 = attune.cast %x {saturate} : tensor<4xi64> -> tensor<4xf32>
  return
}

// -----

func.func @extents_type() {
  // expected-error @+1 {{expected a result of i64, got 'tensor<1xi32>'}}
  %0 = attune.extents <"n"> : tensor<1xi32>
  return
}

// -----

func.func @iota_numbers() {
  // expected-error @+1 {{expected start and step to be numbers of the result's type 'i32'}}
  %0 = attune.iota <"n"> {start = 0 : i64, step = 1 : i32} : tensor<?xi32>
  return
}

// -----

func.func @expand_extents(%x: tensor<3xf32>) {
  // expected-error @+1 {{expected extents that the operand's shape [3] broadcasts to, got [2, 4]}}
  %0 = attune.expand %x, <"2", "4"> : tensor<3xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @concat_extents(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error @+1 {{expected operands that agree but for dimension 0, got [2, 3] and [2, 4]}}
  %0 = attune.concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @extract_outside(%x: tensor<8xf32>) {
  // expected-error @+1 {{expected elements within the extent 8, got offset 4, size 3 and step 2}}
  %0 = attune.extract %x from <"4"> sizes <"3"> {steps = array<i64: 2>} : tensor<8xf32> -> tensor<3xf32>
  return
}

// -----

func.func @extract_origin(%x: tensor<8xf32>, %at: tensor<2xi64>) {
  // expected-error @+1 {{expected an origin of shape [1], got [2]}}
  %0 = attune.extract %x from <"n"> at(%at : tensor<2xi64>) sizes <"3"> {steps = array<i64: 2>} : tensor<8xf32> -> tensor<3xf32>
  return
}

// -----

func.func @pad_value(%x: tensor<8xf32>, %v: tensor<1xf32>) {
  // expected-error @+1 {{expected a scalar of the operand's type as value, got 'tensor<1xf32>'}}
  %0 = attune.pad constant %x value(%v : tensor<1xf32>) {low = array<i64: 1>, high = array<i64: 0>} : tensor<8xf32> -> tensor<9xf32>
  return
}

// -----

func.func @pad_nothing(%x: tensor<0xf32>) {
  // expected-error @+1 {{expected elements to repeat, got an extent of 0}}
  %0 = attune.pad edge %x {low = array<i64: 1>, high = array<i64: 0>} : tensor<0xf32> -> tensor<1xf32>
  return
}

// -----

func.func @gather_axis(%x: tensor<8xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{expected an axis in [0, 1), got 1}}
  %0 = attune.gather %x, %i {axis = 1 : i64} : (tensor<8xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_elements_rank(%x: tensor<8x8xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{expected indices of rank 2, got 1}}
  %0 = attune.gather_elements %x, %i {axis = 1 : i64} : (tensor<8x8xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_nd_tuples(%x: tensor<8x8xf32>, %i: tensor<2x3xi64>) {
  // expected-error @+1 {{expected tuples of 1 to 2 indices behind 0 dimensions, got indices of shape [2, 3]}}
  %0 = attune.gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<8x8xf32>, tensor<2x3xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @rotary_heads(%x: tensor<2x3x10xf32>, %c: tensor<1x3x2xf32>) {
  // expected-error @+1 {{expected an operand of shape [batch, length, 3 * head size], got [2, 3, 10]}}
  %0 = attune.rotary %x, %c, %c {heads = 3 : i64} : tensor<2x3x10xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>
  return
}

// -----

func.func @reshape_extents(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected either shape or extents}}
  %0 = attune.reshape %x {shape = array<i64: 6>, extents = #attune.shape<"6">} : tensor<2x3xf32> -> tensor<6xf32>
  return
}
