// What the verifiers of ops of linear attention say.
// RUN: attune-opt %s --split-input-file --verify-diagnostics

func.func @map_rank(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an input [batch, length, 2 heads * head size], got [?, 8]}}
  %0 = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_heads(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected an input [batch, length, 3 heads * head size], got [?, ?, 8]}}
  %0 = attune.feature_map elu1 %x {heads = 3 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_no_heads(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected an input [batch, length, 0 heads * head size], got [?, ?, 8]}}
  %0 = attune.feature_map elu1 %x {heads = 0 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_scale(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a finite scale}}
  %0 = attune.feature_map elu1 %x {heads = 2 : i64, scale = 0x7FF0000000000000 : f64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_epsilon(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a finite epsilon}}
  %0 = attune.feature_map elu1 %x {heads = 2 : i64, epsilon = 0x7FF8000000000000 : f64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_norm_epsilon(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a finite norm_epsilon}}
  %0 = attune.feature_map elu1 %x {heads = 2 : i64, norm_epsilon = 0x7FF8000000000000 : f64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_order_zero(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected an order of 1 or more, got 0}}
  %0 = attune.feature_map dpfp %x {heads = 2 : i64, order = 0 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_order(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected no order for the map elu1, dpfp has one}}
  %0 = attune.feature_map elu1 %x {heads = 2 : i64, order = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_projection_rank(%x: tensor<?x?x8xf32>, %w: tensor<6x4xf32>) {
  // expected-error @+1 {{expected a projection of shape [2 or 1, rows, 4], got [6, 4]}}
  %0 = attune.feature_map elu1 %x projection(%w : tensor<6x4xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_projection_heads(%x: tensor<?x?x8xf32>, %w: tensor<3x6x4xf32>) {
  // expected-error @+1 {{expected a projection of shape [2, 6, 4], or with 1 in place of the heads, got [3, 6, 4]}}
  %0 = attune.feature_map elu1 %x projection(%w : tensor<3x6x4xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_projection_columns(%x: tensor<?x?x8xf32>, %w: tensor<2x6x5xf32>) {
  // expected-error @+1 {{expected a projection of shape [2, 6, 4], or with 1 in place of the heads, got [2, 6, 5]}}
  %0 = attune.feature_map elu1 %x projection(%w : tensor<2x6x5xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_bias(%x: tensor<?x?x8xf32>, %b: tensor<2x5xf32>) {
  // expected-error @+1 {{expected a bias of shape [2, 4], or with 1 in place of the heads, got [2, 5]}}
  %0 = attune.feature_map elu1 %x bias(%b : tensor<2x5xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_features(%x: tensor<?x?x8xf32>, %w: tensor<1x10000x4xf32>) {
  // expected-error @+1 {{expected at most 2^24 features a head, the map taylor2 of 10000 elements has more}}
  %0 = attune.feature_map taylor2 %x projection(%w : tensor<1x10000x4xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_mix_rank(%x: tensor<?x?x8xf32>, %m: tensor<4x4xf32>) {
  // expected-error @+1 {{expected a mix of shape [2 or 1, features, 4], got [4, 4]}}
  %0 = attune.feature_map elu1 %x mix(%m : tensor<4x4xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_mix(%x: tensor<?x?x8xf32>, %m: tensor<2x6x4xf32>) {
  // expected-error @+1 {{expected a mix of shape [2, 6, 8], or with 1 in place of the heads, got [2, 6, 4]}}
  %0 = attune.feature_map softmax %x mix(%m : tensor<2x6x4xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_tilt_columns(%x: tensor<?x?x8xf32>, %t: tensor<2x3xf32>) {
  // expected-error @+1 {{expected a tilt of shape [2, 4], or with 1 in place of the heads, got [2, 3]}}
  %0, %1 = attune.feature_map elu1 %x tilt(%t : tensor<2x3xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>, tensor<?x?x2xf32>
  return
}

// -----

func.func @map_tilt(%x: tensor<?x?x8xf32>, %t: tensor<2x4xf32>) {
  // expected-error @+1 {{expected a second result for the tilt}}
  %0 = attune.feature_map elu1 %x tilt(%t : tensor<2x4xf32>) {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_log_scale(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a log scale of shape [?, ?, 2], got [?, ?, 8]}}
  %0, %1 = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>, tensor<?x?x8xf32>
  return
}

// -----

func.func @map_result(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a result [batch, length, 16], got [?, ?, 8]}}
  %0 = attune.feature_map softmax %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @map_result_dynamic(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a result [batch, length, 8], got [?, ?, ?]}}
  %0 = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x?xf32>
  return
}

// -----

func.func @map_result_tokens(%x: tensor<?x5x8xf32>) {
  // expected-error @+1 {{expected a result of shape [?, 5, 8], got [?, 4, 8]}}
  %0 = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x5x8xf32> -> tensor<?x4x8xf32>
  return
}

// -----

func.func @heads(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected heads to be a positive multiple of kv_heads, got 4 and 3}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 4 : i64, kv_heads = 3 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @query_columns(%q: tensor<?x?x7xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected query of shape [batch, length, 2 * head size], got [?, ?, 7]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x7xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @key_rank(%q: tensor<?x?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected key of shape [batch, length, 2 * head size], got [?, 8]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @head_sizes(%q: tensor<?x?x8xf32>, %k: tensor<?x?x6xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected equal head sizes of query and key, got 4 and 3}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x6xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @denominator_rule(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected no denominator for the rule delta}}
  %0, %1 = attune.linear_attention delta %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @weights_rule(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %w: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expected no log weights for the rule gated}}
  %0, %1 = attune.linear_attention gated %q, %k, %v log_weights(%w : tensor<?x?x2xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @squash_rule(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected no squash for the rule gated}}
  %0, %1 = attune.linear_attention gated %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, squash = #attune.gate<tanh>}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @full_rule(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected no 'full' for the rule gated_delta}}
  %0, %1 = attune.linear_attention gated_delta %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, full}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @squash_full(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected neither 'full' nor a denominator nor log weights with a squashed state}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, full, squash = #attune.gate<tanh>}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @squash_kind(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a squash by tanh, sigmoid, relu, softsign or softplus, got elu}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, squash = #attune.gate<elu>}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @denominator(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a denominator of 0 or more}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = -1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> sum tensor<?x2x4xf32>)
  return
}

// -----

func.func @scale(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a finite scale}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 0x7FF0000000000000 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @key_tokens(%q: tensor<?x5x8xf32>, %k: tensor<?x4x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected keys and values for the queries [?, 5, 8], got [?, 4, 8]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x5x8xf32>, tensor<?x4x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @value_batch(%q: tensor<2x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<3x?x8xf32>) {
  // expected-error @+1 {{expected keys and values for the queries [2, ?, 8], got [3, ?, 8]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<3x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @decay_missing(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected decay for the rule gated}}
  %0, %1 = attune.linear_attention gated %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @decay_unused(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %g: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expected no decay for the rule linear}}
  %0, %1 = attune.linear_attention linear %q, %k, %v decay(%g : tensor<?x?x2xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @decay_columns(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %g: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expected decay of 8 or 2 columns for the queries [?, ?, 8], got [?, ?, 4]}}
  %0, %1 = attune.linear_attention gated %q, %k, %v decay(%g : tensor<?x?x4xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @decay_fixed(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %g: tensor<4xf32>) {
  // expected-error @+1 {{expected decay of 8 or 2 columns for the queries [?, ?, 8], got [4]}}
  %0, %1 = attune.linear_attention gated %q, %k, %v decay(%g : tensor<4xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @beta_missing(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected beta for the rule delta}}
  %0, %1 = attune.linear_attention delta %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @beta_unused(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %g: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expected no beta for the rule gated}}
  %0, %1 = attune.linear_attention gated %q, %k, %v decay(%g : tensor<?x?x2xf32>) beta(%g : tensor<?x?x2xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @beta_columns(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %b: tensor<?x?x3xf32>) {
  // expected-error @+1 {{expected beta of 2 or 1 columns for the queries [?, ?, 8], got [?, ?, 3]}}
  %0, %1 = attune.linear_attention delta %q, %k, %v beta(%b : tensor<?x?x3xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @mask(%q: tensor<2x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %m: tensor<3x?xi64>) {
  // expected-error @+1 {{expected a key mask of shape [2, ?], got [3, ?]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v mask(%m : tensor<3x?xi64>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @weights(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %w: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected log weights of shape [?, ?, 2], got [?, ?, 8]}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v log_weights(%w : tensor<?x?x8xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> max tensor<?x2xf32>)
  return
}

// -----

func.func @result(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a result of shape [?, ?, 8], got [?, ?, 4]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @present_sum_missing(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a present sum and no present max}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @present_max_missing(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %w: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expected no present sum and a present max}}
  %0, %1 = attune.linear_attention linear %q, %k, %v log_weights(%w : tensor<?x?x2xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @present_sum_unused(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected no present sum and no present max}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> sum tensor<?x2x4xf32>)
  return
}

// -----

func.func @past_parts(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %p: tensor<?x2x4x4xf32>) {
  // expected-error @+1 {{expected the parts of a past state that are present as results, or none}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v past(%p : tensor<?x2x4x4xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> sum tensor<?x2x4xf32>)
  return
}

// -----

func.func @past_sum_alone(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %p: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected the parts of a past state that are present as results, or none}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v past_sum(%p : tensor<?x2x4xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> sum tensor<?x2x4xf32>)
  return
}

// -----

func.func @past(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %p: tensor<?x2x4x5xf32>) {
  // expected-error @+1 {{expected a past state of shape [?, 2, 4, 4], got [?, 2, 4, 5]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v past(%p : tensor<?x2x4x5xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  return
}

// -----

func.func @past_sum(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %p: tensor<?x2x4x4xf32>, %z: tensor<?x2x5xf32>) {
  // expected-error @+1 {{expected a past sum of shape [?, 2, 4], got [?, 2, 5]}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v past(%p : tensor<?x2x4x4xf32>) past_sum(%z : tensor<?x2x5xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> sum tensor<?x2x4xf32>)
  return
}

// -----

func.func @past_max(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %w: tensor<?x?x2xf32>, %p: tensor<?x2x4x4xf32>, %m: tensor<?x3xf32>) {
  // expected-error @+1 {{expected a past max of shape [?, 2], got [?, 3]}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v log_weights(%w : tensor<?x?x2xf32>) past(%p : tensor<?x2x4x4xf32>) past_max(%m : tensor<?x3xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> max tensor<?x2xf32>)
  return
}

// -----

func.func @present_sum(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a present sum of shape [?, 2, 4], got [?, 2, 5]}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, denominator = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> sum tensor<?x2x5xf32>)
  return
}

// -----

func.func @present_max(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %w: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expected a present max of shape [?, 2], got [?, 4]}}
  %0, %1, %2 = attune.linear_attention linear %q, %k, %v log_weights(%w : tensor<?x?x2xf32>) {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32> max tensor<?x4xf32>)
  return
}

// -----

func.func @present_dynamic(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a present state of shape [?, 2, 4, 4], got [?, 2, ?, 4]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x?x4xf32>)
  return
}

// -----

func.func @present(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a present state of shape [?, 2, 4, 4], got [?, 2, 4, 3]}}
  %0, %1 = attune.linear_attention linear %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x3xf32>)
  return
}

// -----

func.func @hybrid_heads(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected heads to be a positive multiple of kv_heads, got 2 and 0}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 0 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_head_sizes(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected equal head sizes of query and key, got 4 and 8}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 1 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_window(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a window and sinks of 0 to 2^31}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = -1 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_sinks(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a window and sinks of 0 to 2^31}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 1 : i64, sinks = 9999999999 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_scale(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a finite scale}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 0x7FF0000000000000 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_features(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x7xf32>) {
  // expected-error @+1 {{expected key features [batch, length, 2 * features], got [?, ?, 7]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x7xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_query_features(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x6xf32>) {
  // expected-error @+1 {{expected query features of shape [?, ?, 6], got [?, ?, 8]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x6xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_keys(%q: tensor<?x5x8xf32>, %k: tensor<?x4x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected keys of shape [?, 5, 8], got [?, 4, 8]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x5x8xf32>, tensor<?x4x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_values(%q: tensor<2x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<3x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected values of shape [2, ?, 8], got [3, ?, 8]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<3x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_key_features(%q: tensor<2x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<3x?x8xf32>) {
  // expected-error @+1 {{expected key features of shape [2, ?, 8], got [3, ?, 8]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<3x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_query_scales(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>, %s: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected query scales of shape [?, ?, 2], got [?, ?, 8]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>) scales(%s, %s : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_key_scales(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>, %s: tensor<?x?x2xf32>, %t: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected key scales of shape [?, ?, 2], got [?, ?, 8]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>) scales(%s, %t : tensor<?x?x2xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @hybrid_result(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a result of shape [?, ?, 8], got [?, ?, 4]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @hybrid_mask(%q: tensor<2x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %fq: tensor<?x?x8xf32>, %fk: tensor<?x?x8xf32>, %m: tensor<3x?xi64>) {
  // expected-error @+1 {{expected a key mask of shape [2, ?], got [3, ?]}}
  %0 = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x8xf32>, tensor<?x?x8xf32>) mask(%m : tensor<3x?xi64>)
      {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, window = 2 : i64} : (tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

// The syntax has both or none.
func.func @hybrid_one_scale(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expected scales of queries and of keys, or none}}
  %0 = "attune.hybrid_attention"(%x, %x, %x, %x, %x, %s) <{heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64,
      window = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 0>}>
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x2xf32>)
      -> tensor<?x?x8xf32>
  return
}

// -----

// A map that others than the anchor read is no part of its kernel.
// expected-error @+1 {{expected one anchor, got 'attune.feature_map' and 'attune.linear_attention'}}
attune.kernel @map_with_other_readers(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %f = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %r, %p = attune.linear_attention linear %x, %f, %x {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  attune.yield %r, %f : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// -----

// Values are read as they are.
// expected-error @+1 {{expected one anchor, got 'attune.feature_map' and 'attune.linear_attention'}}
attune.kernel @map_of_values(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %f = attune.feature_map elu1 %x {heads = 2 : i64} : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %r, %p = attune.linear_attention linear %x, %x, %f {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4x4xf32>)
  attune.yield %r : tensor<?x?x8xf32>
}
