// RUN: attune-opt %s -attune-assign-schedules=cpu=x86-64-v3 -split-input-file -verify-diagnostics
// RUN: not attune-opt %s -attune-assign-schedules=cpu=pentium -split-input-file 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 backend=cuda" -split-input-file 2>&1 | FileCheck %s --check-prefix=BACKEND
// RUN: not attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 backend=auto,fft=llvm" -split-input-file 2>&1 | FileCheck %s --check-prefix=FAMILY

// CPU: error: {{.*}}pentium
// BACKEND: error: --backend=cuda: expected auto or llvm
// FAMILY: error: --backend=fft=llvm: there is no family of kernels 'fft'; expected one of arg_reduce, attention,

// The packed operand has to be a weight: an activation cannot be stored in advance.
attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> {
  %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  attune.yield %0 : tensor<?x48xf32>
}
func.func @forward(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> {
  // expected-error@below {{operand 1 of kernel 'linear' is stored in a layout of its own and must be a declared weight}}
  %r = attune.launch @linear(%x, %w) : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  return %r : tensor<?x48xf32>
}

// -----

// expected-error@below {{no backend takes kernel 'linear': there is no backend 'tpu'}}
attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> attributes {backend = "tpu"} {
  %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  attune.yield %0 : tensor<?x48xf32>
}

// -----

// expected-error@below {{schedule 'mr=0 nv=2' does not fit: }}
attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32>
    attributes {backend = "llvm", schedule = {mr = 0 : i64, nv = 2 : i64}} {
  %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  attune.yield %0 : tensor<?x48xf32>
}

// -----

// More accumulators than AVX2 has registers.
// expected-error@below {{schedule 'mr=12 nv=2' does not fit: }}
attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32>
    attributes {schedule = {mr = 12 : i64, nv = 2 : i64}} {
  %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  attune.yield %0 : tensor<?x48xf32>
}
