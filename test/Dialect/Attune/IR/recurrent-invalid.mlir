// What the verifiers of ops that carry state say.
// RUN: attune-opt %s --split-input-file --verify-diagnostics

func.func @gru_weight(%x: tensor<?x?x6xf32>, %r: tensor<6x3xf32>) {
  // expected-error @+1 {{expected a static recurrent weight [3 * H, H] with H up to 2^24, got [6, 3]}}
  %0, %1 = attune.gru %x, %r {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>]}
      : (tensor<?x?x6xf32>, tensor<6x3xf32>) -> (tensor<?x?x3xf32>, tensor<?x3xf32>)
  return
}

// -----

func.func @gru_input(%x: tensor<?x?x5xf32>, %r: tensor<6x2xf32>) {
  // expected-error @+1 {{expected an input [steps, batch, 6], got [?, ?, 5]}}
  %0, %1 = attune.gru %x, %r {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>]}
      : (tensor<?x?x5xf32>, tensor<6x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @gru_activations(%x: tensor<?x?x6xf32>, %r: tensor<6x2xf32>) {
  // expected-error @+1 {{expected 2 activations, got 1}}
  %0, %1 = attune.gru %x, %r {activations = [#attune.gate<sigmoid>]}
      : (tensor<?x?x6xf32>, tensor<6x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @rnn_alpha(%x: tensor<?x?x2xf32>, %r: tensor<2x2xf32>) {
  // expected-error @+1 {{expected one alpha an activation, or none, got 2}}
  %0, %1 = attune.rnn %x, %r {activations = [#attune.gate<affine>], alpha = array<f64: 1.0, 2.0>}
      : (tensor<?x?x2xf32>, tensor<2x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @rnn_clip(%x: tensor<?x?x2xf32>, %r: tensor<2x2xf32>) {
  // expected-error @+1 {{expected a clip of 0 or more}}
  %0, %1 = attune.rnn %x, %r {activations = [#attune.gate<tanh>], clip = -1.0 : f64}
      : (tensor<?x?x2xf32>, tensor<2x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @rnn_bias(%x: tensor<?x?x2xf32>, %r: tensor<2x2xf32>, %b: tensor<2xf64>) {
  // expected-error @+1 {{expected a bias of 'f32', got 'tensor<2xf64>'}}
  %0, %1 = attune.rnn %x, %r bias(%b : tensor<2xf64>) {activations = [#attune.gate<tanh>]}
      : (tensor<?x?x2xf32>, tensor<2x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @lstm_peephole(%x: tensor<?x?x8xf32>, %r: tensor<8x2xf32>, %p: tensor<8xf32>) {
  // expected-error @+1 {{expected peepholes of shape [6], got [8]}}
  %0, %1, %2 = attune.lstm %x, %r peephole(%p : tensor<8xf32>)
      {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>, #attune.gate<tanh>]}
      : (tensor<?x?x8xf32>, tensor<8x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @conv_channels(%x: tensor<?x5x?xf32>, %w: tensor<6x3xf32>) {
  // expected-error @+1 {{expected an input [batch, 6, length], got [?, 5, ?]}}
  %0, %1 = attune.causal_conv %x, %w : (tensor<?x5x?xf32>, tensor<6x3xf32>) -> (tensor<?x5x?xf32>, tensor<?x6x2xf32>)
  return
}

// -----

func.func @conv_past(%x: tensor<?x6x?xf32>, %w: tensor<6x3xf32>, %p: tensor<?x6x3xf32>) {
  // expected-error @+1 {{expected a past state of shape [?, 6, 2], got [?, 6, 3]}}
  %0, %1 = attune.causal_conv %x, %w past(%p : tensor<?x6x3xf32>)
      : (tensor<?x6x?xf32>, tensor<6x3xf32>) -> (tensor<?x6x?xf32>, tensor<?x6x2xf32>)
  return
}
