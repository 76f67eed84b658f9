// Every message of the verifiers.
// RUN: attune-opt %s --split-input-file --verify-diagnostics

func.func @mask_rank(%s: tensor<?x?x?xf32>, %m: tensor<?x?xi64>) {
  // expected-error @+1 {{expected scores of shape [batch, heads, queries, keys], got [?, ?, ?]}}
  %0 = attune.mask %s, %m : tensor<?x?x?xf32>, tensor<?x?xi64>
  return
}

// -----

func.func @mask_keys(%s: tensor<2x4x8x8xf32>, %m: tensor<2x9xi64>) {
  // expected-error @+1 {{expected a key mask of shape [2, 8], got [2, 9]}}
  %0 = attune.mask %s, %m : tensor<2x4x8x8xf32>, tensor<2x9xi64>
  return
}

// -----

func.func @attention_heads(%x: tensor<?x?x12xf32>) {
  // expected-error @+1 {{expected heads to be a positive multiple of kv_heads, got 4 and 3}}
  %0 = attune.attention %x, %x, %x {heads = 4 : i64, kv_heads = 3 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @attention_zero_heads(%x: tensor<?x?x12xf32>) {
  // expected-error @+1 {{expected heads to be a positive multiple of kv_heads, got 0 and 0}}
  %0 = attune.attention %x, %x, %x {heads = 0 : i64, kv_heads = 0 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @attention_columns(%x: tensor<?x?x12xf32>) {
  // expected-error @+1 {{expected query of shape [batch, length, 5 * head size], got [?, ?, 12]}}
  %0 = attune.attention %x, %x, %x {heads = 5 : i64, kv_heads = 5 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @attention_value_rank(%x: tensor<?x?x12xf32>, %v: tensor<?x12xf32>) {
  // expected-error @+1 {{expected value of shape [batch, length, 4 * head size], got [?, 12]}}
  %0 = attune.attention %x, %x, %v {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x12xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @attention_head_size(%x: tensor<?x?x12xf32>, %k: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected equal head sizes of query and key, got 3 and 2}}
  %0 = attune.attention %x, %k, %x {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x8xf32>, tensor<?x?x12xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @attention_length(%x: tensor<2x3x12xf32>, %v: tensor<2x4x12xf32>) {
  // expected-error @+1 {{expected as many values as keys, got [2, 4, 12] and [2, 3, 12]}}
  %0 = attune.attention %x, %x, %v {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<2x3x12xf32>, tensor<2x3x12xf32>, tensor<2x4x12xf32>) -> tensor<2x3x12xf32>
  return
}

// -----

func.func @attention_mask(%x: tensor<2x3x12xf32>, %m: tensor<2x4xi64>) {
  // expected-error @+1 {{expected a key mask of shape [2, 3], got [2, 4]}}
  %0 = attune.attention %x, %x, %x mask(%m : tensor<2x4xi64>) {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<2x3x12xf32>, tensor<2x3x12xf32>, tensor<2x3x12xf32>) -> tensor<2x3x12xf32>
  return
}

// -----

func.func @attention_bias_rank(%x: tensor<2x3x12xf32>, %b: tensor<3x3xf32>) {
  // expected-error @+1 {{expected a bias that broadcasts to [batch, heads, queries, keys] = [2, 4, 3, 3], got [3, 3]}}
  %0 = attune.attention %x, %x, %x bias(%b : tensor<3x3xf32>) {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<2x3x12xf32>, tensor<2x3x12xf32>, tensor<2x3x12xf32>) -> tensor<2x3x12xf32>
  return
}

// -----

func.func @attention_bias_heads(%x: tensor<?x?x12xf32>, %b: tensor<?x3x?x?xf32>) {
  // expected-error @+1 {{expected a bias that broadcasts to [batch, heads, queries, keys] = [?, 4, ?, ?], got [?, 3, ?, ?]}}
  %0 = attune.attention %x, %x, %x bias(%b : tensor<?x3x?x?xf32>) {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @attention_softcap(%x: tensor<?x?x12xf32>) {
  // expected-error @+1 {{expected a softcap of 0 or more, got -1}}
  %0 = attune.attention %x, %x, %x {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32, softcap = -1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @attention_value_size(%x: tensor<?x?x12xf32>, %v: tensor<?x?x20xf32>) {
  // expected-error @+1 {{expected a result of shape [?, ?, 20], got [?, ?, 12]}}
  %0 = attune.attention %x, %x, %v {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x20xf32>) -> tensor<?x?x12xf32>
  return
}

// -----

func.func @rms_norm_gamma(%x: tensor<?x?x12xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected gamma of shape [12], got [8]}}
  %0 = attune.rms_norm %x, %g {epsilon = 1.0e-6 : f64} : tensor<?x?x12xf32>, tensor<8xf32>
  return
}

// -----

func.func @rms_norm_epsilon(%x: tensor<?x?x12xf32>, %g: tensor<12xf32>) {
  // expected-error @+1 {{expected a finite, non-negative epsilon, got -1}}
  %0 = attune.rms_norm %x, %g {epsilon = -1.0 : f64} : tensor<?x?x12xf32>, tensor<12xf32>
  return
}

// -----

func.func @rms_norm_dynamic(%x: tensor<?x?x?xf32>, %g: tensor<12xf32>) {
  // expected-error @+1 {{expected a static last extent, got [?, ?, ?]}}
  %0 = attune.rms_norm %x, %g {epsilon = 1.0e-6 : f64} : tensor<?x?x?xf32>, tensor<12xf32>
  return
}

// -----

func.func @attention_result(%x: tensor<?x?x12xf32>) {
  // expected-error @+1 {{expected a result of shape [?, ?, 12], got [?, ?, 16]}}
  %0 = attune.attention %x, %x, %x {heads = 4 : i64, kv_heads = 4 : i64, scale = 1.0 : f32}
      : (tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @add_broadcast(%x: tensor<?x8xf32>, %y: tensor<9xf32>) {
  // expected-error @+1 {{expected operands that broadcast, got shapes [?, 8] and [9]}}
  %0 = attune.add %x, %y : (tensor<?x8xf32>, tensor<9xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @mul_result(%x: tensor<?x8xf32>, %y: tensor<8xf32>) {
  // expected-error @+1 {{expected a result of shape [?, 8], got [8]}}
  %0 = attune.mul %x, %y : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @gelu(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected approximate to be "none" or "tanh", got "fast"}}
  %0 = attune.gelu %x {approximate = "fast"} : tensor<?x8xf32>
  return
}

// -----

func.func @fused_two_anchors(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected one anchor, got 'attune.softmax' and 'attune.softmax'}}
  %0 = attune.fused(%a = %x) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
    %1 = attune.softmax %a : tensor<?x8xf32>
    %2 = attune.softmax %1 : tensor<?x8xf32>
    attune.yield %2 : tensor<?x8xf32>
  }
  return
}

// -----

func.func @fused_view(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected anchors, elementwise and indexed ops, got 'attune.reshape'}}
  %0 = attune.fused(%a = %x) : (tensor<4x8xf32>) -> tensor<32xf32> {
    %1 = attune.reshape %a {shape = array<i64: 32>} : tensor<4x8xf32> -> tensor<32xf32>
    attune.yield %1 : tensor<32xf32>
  }
  return
}

// -----

func.func @fused_yield(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected the region to yield the result types}}
  %0 = attune.fused(%a = %x) : (tensor<4x8xf32>) -> tensor<4x8xf32> {
    attune.yield
  }
  return
}

// -----

func.func @fused_arguments(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected one block argument of its type an input}}
  %0 = "attune.fused"(%x) ({
  ^bb0(%a: tensor<4x9xf32>):
    "attune.yield"(%a) : (tensor<4x9xf32>) -> ()
  }) : (tensor<4x8xf32>) -> tensor<4x9xf32>
  return
}

// -----

// expected-error @+1 {{expected the region to yield the result types}}
attune.kernel @no_terminator(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected anchors, elementwise and indexed ops, got 'attune.slice'}}
attune.kernel @with_view(%x: tensor<4xf32>) -> tensor<2xf32> {
  %0 = attune.slice %x {axis = 0 : i64, offset = 0 : i64, size = 2 : i64} : tensor<4xf32> -> tensor<2xf32>
  attune.yield %0 : tensor<2xf32>
}

// -----

func.func @launch_unknown(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected a kernel, but @launch_unknown is none}}
  %0 = attune.launch @launch_unknown(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

attune.kernel @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}
func.func @launch_count(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected 1 operands as the kernel has, got 2}}
  %0 = attune.launch @relu(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

attune.kernel @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}
func.func @launch_type(%x: tensor<5xf32>) {
  // expected-error @+1 {{expected operand 0 to fit 'tensor<4xf32>' of @relu, got 'tensor<5xf32>'}}
  %0 = attune.launch @relu(%x) : (tensor<5xf32>) -> tensor<4xf32>
  return
}

// -----

attune.kernel @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = attune.relu %x : tensor<4xf32>
  attune.yield %0 : tensor<4xf32>
}
func.func @launch_planned(%x: memref<4xf32>, %y: memref<5xf32>) {
  // expected-error @+1 {{expected operand 1 to fit 'tensor<4xf32>' of @relu, got 'memref<5xf32>'}}
  attune.launch @relu(%x, %y) : (memref<4xf32>, memref<5xf32>) -> ()
  return
}

// -----

func.func @matmul_rank(%x: tensor<8xf32>, %y: tensor<8x4xf32>) {
  // expected-error @+1 {{expected operands of rank 2 or more, got shapes [8] and [8, 4]}}
  %0 = attune.matmul %x, %y : (tensor<8xf32>, tensor<8x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_inner(%x: tensor<?x8xf32>, %y: tensor<4x8xf32>) {
  // expected-error @+1 {{expected equal inner extents, got 8 and 4}}
  %0 = attune.matmul %x, %y : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @matmul_batch(%x: tensor<2x?x8xf32>, %y: tensor<3x8x4xf32>) {
  // expected-error @+1 {{expected leading dimensions that broadcast, got shapes [2, ?, 8] and [3, 8, 4]}}
  %0 = attune.matmul %x, %y : (tensor<2x?x8xf32>, tensor<3x8x4xf32>) -> tensor<2x?x4xf32>
  return
}

// -----

func.func @matmul_result(%x: tensor<?x8xf32>, %y: tensor<8x4xf32>) {
  // expected-error @+1 {{expected a result of shape [?, 4], got [?, 5]}}
  %0 = attune.matmul %x, %y : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @linear_rank(%x: tensor<f32>, %w: tensor<4x8xf32>) {
  // expected-error @+1 {{expected an input of rank 1 or more, got rank 0}}
  %0 = attune.linear %x, %w : (tensor<f32>, tensor<4x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @linear_weight(%x: tensor<?x8xf32>, %w: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a weight of static shape [N, K], got [?, 8]}}
  %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @linear_columns(%x: tensor<?x9xf32>, %w: tensor<4x8xf32>) {
  // expected-error @+1 {{expected 8 input columns as the weight has, got [?, 9]}}
  %0 = attune.linear %x, %w : (tensor<?x9xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @linear_bias(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expected a bias of shape [4], got [8]}}
  %0 = attune.linear %x, %w bias(%b : tensor<8xf32>) : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @linear_result(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>) {
  // expected-error @+1 {{expected a result of shape [?, 4], got [?, 8]}}
  %0 = attune.linear %x, %w : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_extent(%x: tensor<4x?xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected a static last extent, got [4, ?]}}
  %0 = attune.layer_norm %x, %g, %g {epsilon = 1.0e-12 : f64} : tensor<4x?xf32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @norm_gamma(%x: tensor<?x8xf32>, %g: tensor<9xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expected gamma of shape [8], got [9]}}
  %0 = attune.layer_norm %x, %g, %b {epsilon = 1.0e-12 : f64} : tensor<?x8xf32>, tensor<9xf32>, tensor<8xf32>
  return
}

// -----

func.func @norm_beta(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %b: tensor<1x8xf32>) {
  // expected-error @+1 {{expected beta of shape [8], got [1, 8]}}
  %0 = attune.layer_norm %x, %g, %b {epsilon = 1.0e-12 : f64} : tensor<?x8xf32>, tensor<8xf32>, tensor<1x8xf32>
  return
}

// -----

func.func @norm_epsilon(%x: tensor<?x8xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected a finite, non-negative epsilon, got -1.0}}
  %0 = attune.layer_norm %x, %g, %g {epsilon = -1.0 : f64} : tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @l2_extent(%x: tensor<4x?xf32>) {
  // expected-error @+1 {{expected a static last extent, got [4, ?]}}
  %0 = attune.l2_normalize %x {epsilon = 1.0e-12 : f64} : tensor<4x?xf32>
  return
}

// -----

func.func @l2_epsilon(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected a finite, non-negative epsilon, got INF}}
  %0 = attune.l2_normalize %x {epsilon = 0x7FF0000000000000 : f64} : tensor<?x4xf32>
  return
}

// -----

func.func @pool_rank(%x: tensor<?x8xf32>, %m: tensor<?x?xi64>) {
  // expected-error @+1 {{expected input of shape [batch, length, columns], got [?, 8]}}
  %0 = attune.pool %x, %m {mode = #attune.pool_mode<max>} : (tensor<?x8xf32>, tensor<?x?xi64>) -> tensor<?x8xf32>
  return
}

// -----

func.func @pool_mask(%x: tensor<2x3x8xf32>, %m: tensor<2x4xi64>) {
  // expected-error @+1 {{expected a mask of shape [2, 3], got [2, 4]}}
  %0 = attune.pool %x, %m {mode = #attune.pool_mode<max>} : (tensor<2x3x8xf32>, tensor<2x4xi64>) -> tensor<2x8xf32>
  return
}

// -----

func.func @pool_result(%x: tensor<2x3x8xf32>, %m: tensor<2x3xi64>) {
  // expected-error @+1 {{expected a result of shape [2, 8], got [3, 8]}}
  %0 = attune.pool %x, %m {mode = #attune.pool_mode<max>} : (tensor<2x3x8xf32>, tensor<2x3xi64>) -> tensor<3x8xf32>
  return
}

// -----

func.func @embedding_table(%i: tensor<?x?xi64>, %t: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a table of static shape [rows, columns], got [?, 8]}}
  %0 = attune.embedding %i, %t : (tensor<?x?xi64>, tensor<?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @embedding_result(%i: tensor<?x?xi64>, %t: tensor<10x8xf32>) {
  // expected-error @+1 {{expected a result of shape [?, ?, 8], got [?, 8]}}
  %0 = attune.embedding %i, %t : (tensor<?x?xi64>, tensor<10x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @positions_rank(%i: tensor<?xi64>) {
  // expected-error @+1 {{expected ids of shape [batch, length], got [?]}}
  %0 = attune.positions %i {offset = 0 : i64} : tensor<?xi64>
  return
}

// -----

func.func @positions_offset(%i: tensor<?x?xi64>) {
  // expected-error @+1 {{expected a non-negative offset, got -1}}
  %0 = attune.positions %i {offset = -1 : i64} : tensor<?x?xi64>
  return
}

// -----

func.func @reshape_two_open(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected at most one -1 in shape}}
  %0 = attune.reshape %x {shape = array<i64: -1, -1>} : tensor<?x?x8xf32> -> tensor<?x?xf32>
  return
}

// -----

func.func @reshape_negative(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected extents of -1 or more, got -2}}
  %0 = attune.reshape %x {shape = array<i64: -2, 8>} : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @reshape_zero(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected shape[2] to name an operand dimension, but the operand has rank 2}}
  %0 = attune.reshape %x {shape = array<i64: 0, 8, 0>} : tensor<?x8xf32> -> tensor<?x8x1xf32>
  return
}

// -----

func.func @reshape_elements(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected as many elements as the operand has, got [4, 8] and [4, 9]}}
  %0 = attune.reshape %x {shape = array<i64: 0, 9>} : tensor<4x8xf32> -> tensor<4x9xf32>
  return
}

// -----

func.func @reshape_result(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a result of shape [?, 2, 4], got [?, 4, 2]}}
  %0 = attune.reshape %x {shape = array<i64: 0, 2, 4>} : tensor<?x8xf32> -> tensor<?x4x2xf32>
  return
}

// -----

func.func @slice_axis(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an axis in [0, 2), got 2}}
  %0 = attune.slice %x {axis = 2 : i64, offset = 0 : i64, size = 4 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @slice_range(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a range within the extent 8 of dimension 1, got offset 5 and size 4}}
  %0 = attune.slice %x {axis = 1 : i64, offset = 5 : i64, size = 4 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @slice_overflow(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a range within the extent 8 of dimension 1, got offset 9223372036854775807 and size 4}}
  %0 = attune.slice %x {axis = 1 : i64, offset = 9223372036854775807 : i64, size = 4 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @select_axis(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an axis in [0, 2), got -1}}
  %0 = attune.select %x {axis = -1 : i64, index = 0 : i64} : tensor<?x8xf32> -> tensor<?xf32>
  return
}

// -----

func.func @select_index(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an index within the extent 8 of dimension 1, got 8}}
  %0 = attune.select %x {axis = 1 : i64, index = 8 : i64} : tensor<?x8xf32> -> tensor<?xf32>
  return
}

// -----

func.func @transpose_permutation(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a permutation of 0 to 1, got [0, 0]}}
  %0 = attune.transpose %x {permutation = array<i64: 0, 0>} : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @transpose_result(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected a result of shape [8, 4], got [4, 8]}}
  %0 = attune.transpose %x {permutation = array<i64: 1, 0>} : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

// expected-error @+1 {{expected a static shape, got 'tensor<?x4xf32>'}}
attune.weight @w : tensor<?x4xf32> from []

// -----

// expected-error @+1 {{expected offset and count of a piece to be non-negative, got #attune.piece<"a", -4, f32, 4>}}
attune.weight @w : tensor<4xf32> from [#attune.piece<"a", -4, f32, 4>]

// -----

// expected-error @+1 {{expected pieces of f32, f16, bf16 or f64, got 'i8'}}
attune.weight @w : tensor<4xf32> from [#attune.piece<"a", 0, i8, 4>]

// -----

// expected-error @+1 {{expected pieces of 4 elements together, got 3}}
attune.weight @w : tensor<4xf32> from [#attune.piece<"a", 0, f32, 3>]

// -----

// expected-error @+1 {{expected at most 2^63 - 1 elements}}
attune.weight @w : tensor<4294967296x4294967296xf32> from []

// -----

// expected-error @+1 {{expected at most 2^63 - 1 elements}}
attune.weight @w : tensor<0xf32> from
    [#attune.piece<"a", 0, f32, 9223372036854775807>, #attune.piece<"a", 0, f32, 9223372036854775807>,
     #attune.piece<"a", 0, f32, 2>]

// -----

func.func @load_unknown() {
  // expected-error @+1 {{expected a declared weight, but @w is none}}
  %0 = attune.load_weight @w : tensor<4xf32>
  return
}

// -----

attune.weight @w : tensor<4xf32> from [#attune.piece<"a", 0, f32, 4>]
func.func @load_type() {
  // expected-error @+1 {{expected the type 'tensor<4xf32>' of @w, got 'tensor<5xf32>'}}
  %0 = attune.load_weight @w : tensor<5xf32>
  return
}

// -----

// expected-error @+1 {{expected the format 'bitcode', got 'elf'}}
attune.object @code, "elf", ""
