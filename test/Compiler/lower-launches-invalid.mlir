// RUN: attune-opt %s -attune-lower-launches -split-input-file -verify-diagnostics

// The workspace and the weights are missing.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: symbols, buffers, the workspace and the weights as arguments, and no results}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]})
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// A result, which planned functions do not have.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: symbols, buffers}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>) -> index
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return %n : index
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// A symbol behind the buffers.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: argument 2 is a contiguous buffer, got 'index'}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %m: index, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// A buffer with strides.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: argument 1 is a contiguous buffer, got 'memref<?xf32, strided<[2]>>'}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32, strided<[2]>> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%y, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// Extents without a name, and with one that is no symbol.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: 'attune.dims' gives dimension 0 of argument 2 by symbols of the function}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32>, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// The name is no symbol of the function.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: 'attune.dims' gives dimension 0 of argument 1 by symbols of the function}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["m"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// More inputs than buffers.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: 'attune.num_inputs' counts its inputs}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 3 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// No count of the inputs.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: 'attune.num_inputs' counts its inputs}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// Nothing computes the workspace.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: 'forward.workspace' computes its workspace from its symbols}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}

// -----

// The workspace depends on something else.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
// expected-error@below {{expected a function as attune-plan-memory makes it: 'forward.workspace' computes its workspace from its symbols}}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index, %m: index) -> index {
  return %n : index
}

// -----

// Two functions with a plan.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}
// expected-error@below {{expected one planned function in a module}}
func.func @other(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}

// -----

// A kernel without entry points.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  // expected-error@below {{kernel 'relu' has no entry points: run attune-lower-kernels first}}
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// A kernel that was not planned.

attune.kernel @relu(%x: tensor<?xf32>) -> (tensor<?xf32>) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  // expected-error@below {{passes 'memref<?xf32>' as operand 0, but kernel 'relu' is not planned for it: run attune-plan-memory first}}
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}

// -----

// A kernel that was planned for other buffers: its entry point would read the operands' descriptors wrongly.

attune.kernel @relu(%x: tensor<?xf32> {attune.buffer = memref<?xf32>}) -> (tensor<?xf32> {attune.buffer = memref<?xf32, strided<[2]>>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<?xf32>
  attune.yield %0 : tensor<?xf32>
}
llvm.func @relu.entry(!llvm.ptr, i64, !llvm.ptr)
llvm.func @relu.count(!llvm.ptr) -> i64
func.func @forward(%n: index {attune.name = "n"}, %x: memref<?xf32> {attune.dims = ["n"]}, %y: memref<?xf32> {attune.dims = ["n"]}, %ws: memref<?xi8>, %w: memref<?xi8>)
    attributes {attune.num_inputs = 1 : i64, attune.slots = []} {
  // expected-error@below {{passes 'memref<?xf32>' as operand 1, but kernel 'relu' is not planned for it}}
  attune.launch @relu(%x, %y) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}
func.func @forward.workspace(%n: index) -> index {
  return %n : index
}
