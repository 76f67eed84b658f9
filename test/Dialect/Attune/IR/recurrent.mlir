// The examples of the documentation of ops that carry state.
// RUN: attune-opt %s | attune-opt | FileCheck %s
// RUN: attune-opt %s --mlir-print-op-generic | attune-opt | FileCheck %s

// CHECK-LABEL: func.func @networks
func.func @networks(%g: tensor<?x?x192xf32>, %gr: tensor<192x64xf32>, %b: tensor<192xf32>,
                    %l: tensor<?x?x256xf32>, %lr: tensor<256x64xf32>,
                    %x: tensor<?x?x64xf32>, %r: tensor<64x64xf32>, %h0: tensor<?x64xf32>,
                    %p: tensor<192xf32>, %n: tensor<?xi64>) {
  // CHECK: attune.gru %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<192xf32>) {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>], linear_before_reset}
  %h, %last = attune.gru %g, %gr bias(%b : tensor<192xf32>)
      {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>], linear_before_reset}
      : (tensor<?x?x192xf32>, tensor<192x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  // CHECK: attune.lstm %{{.*}}, %{{.*}} {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>, #attune.gate<tanh>]}
  %h1, %last1, %cell1 = attune.lstm %l, %lr
      {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>, #attune.gate<tanh>]}
      : (tensor<?x?x256xf32>, tensor<256x64xf32>)
      -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  // CHECK: attune.lstm %{{.*}}, %{{.*}} lengths(%{{.*}} : tensor<?xi64>) initial(%{{.*}} : tensor<?x64xf32>) cell(%{{.*}} : tensor<?x64xf32>) peephole(%{{.*}} : tensor<192xf32>) {activations = [{{.*}}], clip = 3.000000e+00 : f64, coupled}
  %h2, %last2, %cell2 = attune.lstm %l, %lr lengths(%n : tensor<?xi64>) initial(%h0 : tensor<?x64xf32>)
      cell(%h0 : tensor<?x64xf32>) peephole(%p : tensor<192xf32>)
      {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>, #attune.gate<tanh>], clip = 3.0 : f64, coupled}
      : (tensor<?x?x256xf32>, tensor<256x64xf32>)
      -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  // CHECK: attune.rnn %{{.*}}, %{{.*}} initial(%{{.*}} : tensor<?x64xf32>) {activations = [#attune.gate<leaky_relu>], alpha = array<f64: 1.000000e-02>, reverse}
  %h3, %last3 = attune.rnn %x, %r initial(%h0 : tensor<?x64xf32>)
      {activations = [#attune.gate<leaky_relu>], alpha = array<f64: 0.01>, reverse}
      : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return
}

// CHECK-LABEL: func.func @causal_conv
func.func @causal_conv(%x: tensor<?x64x?xf32>, %w: tensor<64x4xf32>, %s: tensor<?x64x3xf32>) {
  // CHECK: attune.causal_conv %{{.*}}, %{{.*}} past(%{{.*}} : tensor<?x64x3xf32>) {silu}
  %c, %present = attune.causal_conv %x, %w past(%s : tensor<?x64x3xf32>) {silu}
      : (tensor<?x64x?xf32>, tensor<64x4xf32>) -> (tensor<?x64x?xf32>, tensor<?x64x3xf32>)
  return
}
