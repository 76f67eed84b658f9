// RUN: attune-opt %s -attune-lower-kernels=cpu=x86-64-v3 -split-input-file -verify-diagnostics
// RUN: not attune-opt %s -attune-lower-kernels=cpu=i386 -split-input-file 2>&1 | FileCheck %s --check-prefix=CPU

// CPU: error: {{.*}}i386

// expected-error@below {{kernel 'relu' has no schedule: run attune-assign-schedules first}}
attune.kernel @relu(%x: tensor<8xf32> {attune.buffer = memref<8xf32>}) -> (tensor<8xf32> {attune.buffer = memref<8xf32>}) {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}

// -----

// expected-error@below {{kernel 'relu' is for backend 'tpu', which this build does not have}}
attune.kernel @relu(%x: tensor<8xf32> {attune.buffer = memref<8xf32>}) -> (tensor<8xf32> {attune.buffer = memref<8xf32>})
    attributes {backend = "tpu", schedule = {}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}

// -----

// expected-error@below {{kernel 'relu' has no buffers: run attune-plan-memory first}}
attune.kernel @relu(%x: tensor<8xf32>) -> tensor<8xf32> attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}
func.func @forward(%x: memref<8xf32>, %y: memref<8xf32>) {
  attune.launch @relu(%x, %y) : (memref<8xf32>, memref<8xf32>) -> ()
  return
}

// -----

// The result's buffer alone is missing.
// expected-error@below {{kernel 'relu' has no buffers}}
attune.kernel @relu(%x: tensor<8xf32> {attune.buffer = memref<8xf32>}) -> tensor<8xf32> attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}

// -----

// expected-error@below {{kernel 'relu': expected 'attune.buffer' to be a memref for 'tensor<8xf32>', got memref<9xf32>}}
attune.kernel @relu(%x: tensor<8xf32> {attune.buffer = memref<9xf32>}) -> (tensor<8xf32> {attune.buffer = memref<8xf32>})
    attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}

// -----

// expected-error@below {{expected 'attune.buffer' to be a memref for 'tensor<8xf32>', got memref<8xf64>}}
attune.kernel @relu(%x: tensor<8xf32> {attune.buffer = memref<8xf32>}) -> (tensor<8xf32> {attune.buffer = memref<8xf64>})
    attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}

// -----

// expected-error@below {{expected 'attune.buffer' to be a memref for 'tensor<8xf32>', got "here"}}
attune.kernel @relu(%x: tensor<8xf32> {attune.buffer = "here"}) -> (tensor<8xf32> {attune.buffer = memref<8xf32>})
    attributes {backend = "llvm", schedule = {}} {
  %0 = attune.relu %x : tensor<8xf32>
  attune.yield %0 : tensor<8xf32>
}

// -----

// A packed operand in a buffer of another packing.
// expected-error@below {{expected 'attune.buffer' to be a memref for 'tensor<48x32xf32>', got memref<6x32x8xf32>}}
attune.kernel @linear(%x: tensor<?x32xf32> {attune.buffer = memref<?x32xf32>},
                      %w: tensor<48x32xf32> {attune.buffer = memref<6x32x8xf32>, attune.layout = #attune.panels<16>})
    -> (tensor<?x48xf32> {attune.buffer = memref<?x48xf32>}) attributes {backend = "llvm", schedule = {}} {
  %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  attune.yield %0 : tensor<?x48xf32>
}

// -----

// A schedule that does not fit the CPU.
// expected-error@below {{cannot be emitted: knobs of a linear kernel must be positive}}
attune.kernel @linear(%x: tensor<?x32xf32> {attune.buffer = memref<?x32xf32>},
                      %w: tensor<48x32xf32> {attune.buffer = memref<3x32x16xf32>, attune.layout = #attune.panels<16>})
    -> (tensor<?x48xf32> {attune.buffer = memref<?x48xf32>}) attributes {backend = "llvm", schedule = {mr = 0 : i64}} {
  %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  attune.yield %0 : tensor<?x48xf32>
}
