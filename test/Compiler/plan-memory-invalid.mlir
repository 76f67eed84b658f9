// RUN: attune-opt %s -attune-plan-memory -split-input-file -verify-diagnostics

// expected-error@below {{expected tensors as arguments, got 'index'}}
func.func @forward(%x: index) {
  return
}

// -----

// expected-error@below {{expected 'attune.dims' to name dimension 1 of argument 0}}
func.func @forward(%x: tensor<2x?xf32> {attune.dims = ["n"]}) {
  return
}

// -----

// expected-error@below {{expected a function of one block}}
func.func @forward() {
  cf.br ^next
^next:
  return
}

// -----

func.func @forward(%x: tensor<4xf32>) {
  // expected-error@below {{cannot be planned: its shapes are not known}}
  %0 = arith.addf %x, %x : tensor<4xf32>
  return
}

// -----

// A result that is an argument has no kernel that writes it.
// expected-error@below {{result 0 is not computed by a kernel of its own: run attune-materialize-results before kernels are made}}
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

attune.kernel @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}
// expected-error@below {{result 1 is not computed by a kernel of its own}}
func.func @forward(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = attune.launch @relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %a, %a : tensor<4xf32>, tensor<4xf32>
}

// -----

attune.weight @w : tensor<4xf32> from [#attune.piece<"w", 0, f32, 4>]
attune.kernel @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}
func.func @forward() -> tensor<4xf32> {
  // expected-error@below {{reads a weight that has no place in the weights file: run attune-plan-weights first}}
  %w = attune.load_weight @w : tensor<4xf32>
  %a = attune.launch @relu(%w) : (tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

attune.weight @w : tensor<4xf32> from [#attune.piece<"w", 0, f32, 4>] layout #attune.panels<16> at 4096
attune.kernel @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}
func.func @forward() -> tensor<4xf32> {
  // expected-error@below {{reads a weight in a layout that does not fit its type}}
  %w = attune.load_weight @w : tensor<4xf32>
  %a = attune.launch @relu(%w) : (tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

// An op that is not in a kernel yet.
attune.kernel @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@below {{is neither a launch nor a view: kernels have to be made before memory is planned}}
  %0 = attune.relu %x : tensor<4xf32>
  %a = attune.launch @relu(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

// A view that cannot be shown in its operand's memory.
attune.kernel @relu(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
func.func @forward(%x: tensor<?x16xf32> {attune.dims = ["n", ""]}) -> tensor<?xf32> {
  %half = attune.slice %x {axis = 1 : i64, offset = 8 : i64, size = 8 : i64} : tensor<?x16xf32> -> tensor<?x8xf32>
  // expected-error@below {{needs a copy of its operand, whose memory is laid out as 'memref<?x8xf32, strided<[16, 1], offset: 8>>': run attune-materialize-results before kernels are made}}
  %flat = attune.reshape %half {shape = array<i64: -1>} : tensor<?x8xf32> -> tensor<?xf32>
  %a = attune.launch @relu(%flat) : (tensor<?xf32>) -> tensor<?xf32>
  return %a : tensor<?xf32>
}

// -----

// An extent of a symbol that no input gives.

// expected-error@below {{has the extent 'm + n', but no input has an extent 'm'}}
func.func @forward(%x: tensor<?xf32> {attune.dims = ["n"]}, %y: tensor<?xf32> {attune.dims = ["n + m"]}) {
  return
}
