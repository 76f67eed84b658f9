// RUN: attune-opt %s -attune-plan-weights -split-input-file -verify-diagnostics

// expected-error@below {{'w' of type 'tensor<8xf32>' cannot be stored in the layout #attune.panels<16>}}
attune.weight @w : tensor<8xf32> from [#attune.piece<"w", 0, f32, 8>] layout #attune.panels<16>
func.func @forward() -> tensor<8xf32> {
  %w = attune.load_weight @w : tensor<8xf32>
  return %w : tensor<8xf32>
}

// -----

// expected-error@below {{'w' of type 'tensor<8x8xf32>' cannot be stored in the layout "rows"}}
attune.weight @w : tensor<8x8xf32> from [#attune.piece<"w", 0, f32, 64>] layout "rows"
func.func @forward() -> tensor<8x8xf32> {
  %w = attune.load_weight @w : tensor<8x8xf32>
  return %w : tensor<8x8xf32>
}

// -----

// expected-error@below {{'w' at 9223372036854775744 does not lie in a weights file of at most 70368744177664 bytes}}
attune.weight @w : tensor<64xf32> from [#attune.piece<"w", 0, f32, 64>] at 9223372036854775744
func.func @forward() -> tensor<64xf32> {
  %w = attune.load_weight @w : tensor<64xf32>
  return %w : tensor<64xf32>
}

// -----

// Padding to a panel that is too wide.
// expected-error@below {{cannot be stored in the layout #attune.panels<9223372036854775807>}}
attune.weight @w : tensor<8x8xf32> from [#attune.piece<"w", 0, f32, 64>] layout #attune.panels<9223372036854775807>
func.func @forward() -> tensor<8x8xf32> {
  %w = attune.load_weight @w : tensor<8x8xf32>
  return %w : tensor<8x8xf32>
}
