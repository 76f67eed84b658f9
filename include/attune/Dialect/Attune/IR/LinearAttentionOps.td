//===- LinearAttentionOps.td - Attention through a state of fixed size ----===//
//
// Linear attention replaces the kernel exp(q.k) of softmax attention by an
// inner product of features, phi(q).phi(k). The sum over keys then is a matrix,
// the state, whose size does not depend on how many keys there were.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_LINEARATTENTIONOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_LINEARATTENTIONOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"
include "attune/Dialect/Attune/IR/RecurrentOps.td"

//===----------------------------------------------------------------------===//
// feature_map
//===----------------------------------------------------------------------===//

def Attune_FeatureMap : I32EnumAttr<"FeatureMap", "features of queries and keys",
    [I32EnumAttrCase<"identity", 0, "identity">, I32EnumAttrCase<"elu1", 1, "elu1">,
     I32EnumAttrCase<"relu", 2, "relu">, I32EnumAttrCase<"exp", 3, "exp">,
     I32EnumAttrCase<"favor", 4, "favor">,
     I32EnumAttrCase<"favor_hyperbolic", 5, "favor_hyperbolic">,
     I32EnumAttrCase<"dpfp", 6, "dpfp">, I32EnumAttrCase<"taylor2", 7, "taylor2">,
     I32EnumAttrCase<"softmax", 8, "softmax">,
     I32EnumAttrCase<"softmax_halves", 9, "softmax_halves">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_FeatureMapAttr : EnumAttr<Attune_Dialect, Attune_FeatureMap, "features"> {
  let assemblyFormat = "$value";
}

def Attune_FeatureNorm : I32EnumAttr<"FeatureNorm", "what the features of a token are divided by",
    [I32EnumAttrCase<"none", 0, "none">, I32EnumAttrCase<"sum", 1, "sum">,
     I32EnumAttrCase<"l2", 2, "l2">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_FeatureNormAttr : EnumAttr<Attune_Dialect, Attune_FeatureNorm, "feature_norm"> {
  let assemblyFormat = "`<` $value `>`";
}

def Attune_FeatureMapOp : Attune_PureOp<"feature_map",
    [AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<HeadMapOpInterface>,
     DeclareOpInterfaceMethods<KernelOpInterface,
         ["acceptsEpilogue", "acceptsStrided"]>]> {
  let summary = "Features of the heads of each token";
  let description = [{
    Maps the D columns that a head has in `input` `[batch, length, heads * D]` to
    the M columns that it has in `result` `[batch, length, heads * M]`, each
    token and head for itself. With `x = scale * input`, `y = W x + b` where
    `projection` `[heads, R, D]` has W and `bias` `[heads, R]` has b (zeros
    without); `y = x` and `R = D` without a projection. Weights whose first
    extent is 1 serve all heads.

    | map | features f of y | number |
    |---|---|---|
    | identity | `y` | R |
    | elu1 | `y > 0 ? y + 1 : e^y` (Katharopoulos et al., 2006.16236) | R |
    | relu | `max(y, 0)` (generalised attention of 2009.14794; with a bias Kasai et al., 2103.13076) | R |
    | exp | `e^y` | R |
    | favor | `e^(y - |x|^2 / 2) / sqrt(R)` (positive FAVOR+, Choromanski et al., 2009.14794) | R |
    | favor_hyperbolic | `[e^(y - |x|^2 / 2), e^(-y - |x|^2 / 2)] / sqrt(2 R)` (the same, hyperbolic) | 2 R |
    | dpfp | `z_i z_((i - j) mod 2R)` for j = 1 .. `order`, then i, with `z = [max(y, 0), max(-y, 0)]` (Schlag et al., 2102.11174, eq. 37 and 38) | 2 R order |
    | taylor2 | `1`, `y_i`, then for i and j >= i `y_i y_j`, `y_i^2 / sqrt(2)`: `f(a).f(b) = 1 + a.b + (a.b)^2 / 2` | 1 + R + R (R + 1) / 2 |
    | softmax | `softmax([y, -y])` (Hedgehog, Zhang et al., 2402.04347) | 2 R |
    | softmax_halves | `[softmax(y), softmax(-y)]` (LoLCATs, 2410.10254) | 2 R |

    Then `epsilon` is added to each of them, they are divided by
    `max(n, norm_epsilon)`, where `norm` says what n is: `sum` their sum, `l2`
    the root of the sum of their squares, `none`: no division. `mix`
    `[heads, M, number]` at last makes `result = mix f` of them.

    With a second result, `log_scale` `[batch, length, heads]`, features are
    `e^log_scale * result`: those of the maps with exponentials are stored
    divided by `e^s`, with s the largest exponent of the token's head, before
    `epsilon` is added, and `log_scale = s + tilt . input` with `tilt`
    `[heads, D]` (s = 0 for the other maps, no tilt without the operand). Like
    this no feature overflows, and a factor that depends on the token exponentially
    costs no feature. A norm other than `none` divides the scale out:
    `log_scale` then is the tilt alone.

    Example:

    ```mlir
    %f, %s = attune.feature_map favor %x projection(%w : tensor<1x256x64xf32>)
        {heads = 8 : i64, scale = 0.35355339 : f64}
        : tensor<?x?x512xf32> -> tensor<?x?x2048xf32>, tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins Attune_FeatureMapAttr:$map, Attune_F32Tensor:$input,
                       Optional<Attune_F32Tensor>:$projection,
                       Optional<Attune_F32Tensor>:$bias,
                       Optional<Attune_F32Tensor>:$mix,
                       Optional<Attune_F32Tensor>:$tilt,
                       I64Attr:$heads,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale,
                       DefaultValuedAttr<I64Attr, "1">:$order,
                       DefaultValuedAttr<F64Attr, "0.0">:$epsilon,
                       DefaultValuedAttr<Attune_FeatureNormAttr,
                           "::attune::FeatureNorm::none">:$norm,
                       DefaultValuedAttr<F64Attr, "1.0e-6">:$norm_epsilon);
  let results = (outs Attune_F32Tensor:$result, Optional<Attune_F32Tensor>:$log_scale);
  let assemblyFormat = [{
    $map $input (`projection` `(` $projection^ `:` type($projection) `)`)?
    (`bias` `(` $bias^ `:` type($bias) `)`)? (`mix` `(` $mix^ `:` type($mix) `)`)?
    (`tilt` `(` $tilt^ `:` type($tilt) `)`)? attr-dict
    `:` type($input) `->` type($result) (`,` type($log_scale)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// D, the columns of a head in `input`.
    int64_t getHeadDim() {
      return ::mlir::cast<::mlir::RankedTensorType>(getInput().getType()).getDimSize(2) /
             static_cast<int64_t>(getHeads());
    }
    /// R, the elements of y.
    int64_t getRows();
    /// The features before `mix`.
    int64_t getNumber();
    /// M, the columns of a head in `result`.
    int64_t getFeatures();
    /// Whether features are exponentials, which `log_scale` keeps in range.
    bool isExponential();
    /// The features that `map` makes of `rows` elements; nothing when that is
    /// more than 2^24.
    static ::std::optional<int64_t> countFeatures(::attune::FeatureMap map,
                                                  int64_t rows, int64_t order);
  }];
}

//===----------------------------------------------------------------------===//
// linear_attention
//===----------------------------------------------------------------------===//

def Attune_UpdateRule : I32EnumAttr<"UpdateRule", "how a state takes up a token",
    [I32EnumAttrCase<"linear", 0, "linear">, I32EnumAttrCase<"gated", 1, "gated">,
     I32EnumAttrCase<"delta", 2, "delta">,
     I32EnumAttrCase<"gated_delta", 3, "gated_delta">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_UpdateRuleAttr : EnumAttr<Attune_Dialect, Attune_UpdateRule, "update_rule"> {
  let assemblyFormat = "$value";
}

def Attune_LinearAttentionOp : Attune_PureOp<"linear_attention",
    [AttrSizedOperandSegments, AttrSizedResultSegments,
     DeclareOpInterfaceMethods<KernelOpInterface,
         ["acceptsEpilogue", "acceptsStrided", "acceptsHeadMap"]>]> {
  let summary = "Attention through a state of fixed size";
  let description = [{
    Each of `kv_heads` heads carries a matrix S of key columns by value columns
    along the sequence; `S = past` `[batch, kv_heads, Dk, Dv]` before the first
    token (zeros without). With k, v, g and b the token's part of `key`, `value`,
    `decay` and `beta` for the head,

    | rule | state after the token |
    |---|---|
    | linear | `S' = S + k v^T` |
    | gated | `S' = diag(e^g) S + k v^T` |
    | delta | `S' = S + b k (v - S^T k)^T` |
    | gated_delta | `S'' = diag(e^g) S`, `S' = S'' + b k (v - S''^T k)^T` |

    and for every head of `query` that belongs to it (`heads / kv_heads` of
    them) `result = scale * S'^T q`. With `full` all queries are answered by the
    state after the last key, and keys and queries may differ in number; else
    each by the state after its own token. Heads are packed in the last
    dimension: `query` `[batch, length, heads * Dk]`, `key`
    `[.., kv_heads * Dk]`, `value` `[.., kv_heads * Dv]`, `result`
    `[.., heads * Dv]`. `decay`, for the gated rules, is `[.., kv_heads * Dk]`,
    or `[.., kv_heads]` with one number a head, or `[kv_heads]` when it is the
    same for all tokens (ALiBi is one such). `beta`, for the delta rules, is
    `[.., kv_heads]` or `[.., 1]`. `present` is the state after the last token.

    A token with `key_mask[b, t] = 0` counts as one with `k = 0`. With
    `log_weights` `[.., kv_heads]`, for the rule linear, k is multiplied by
    `e^w`; states are then kept divided by `e^M`, with M the largest w up to now
    (`past_max` and `present_max` `[batch, kv_heads]`, without which it is that
    of no token: minus infinity), so that they neither overflow nor vanish.

    With `denominator`, for the rules linear and gated,
    `result = scale * S'^T q / (z'^T q + denominator)`, where z
    (`past_sum`, `present_sum` `[batch, kv_heads, Dk]`) takes up tokens as S does
    with `v = 1`; where the divisor is 0 the result is 0. `denominator` is of the
    true z, whatever M is.

    With `squash`, for the rule linear, `S' = f(S + k v^T)` (Schmidhuber 1992).
    Such an update is not associative and allows the recurrent form alone. All
    others have three forms, which differ in the order of sums and in speed:
    recurrent (token by token), parallel (products of all tokens with each
    other), and chunked (parallel within chunks, recurrent from one to the next).
    Which one runs is a matter of schedules and lengths.

    The rules are those of ONNX's LinearAttention: Katharopoulos et al. 2020
    (linear), Yang et al. 2023 (gated), Schlag et al. 2021 (delta), Yang et al.
    2024 (gated_delta).

    Examples:

    ```mlir
    %r, %s = attune.linear_attention gated_delta %q, %k, %v decay(%g : tensor<?x?x2xf32>)
        beta(%b : tensor<?x?x2xf32>) past(%p : tensor<?x2x64x64xf32>)
        {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.125 : f64}
        : (tensor<?x?x256xf32>, tensor<?x?x128xf32>, tensor<?x?x128xf32>)
        -> (tensor<?x?x256xf32>, tensor<?x2x64x64xf32>)
    %c, %t, %z = attune.linear_attention linear %q, %k, %v mask(%m : tensor<?x?xi64>)
        {heads = 4 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, full, denominator = 1.0e-6 : f64}
        : (tensor<?x?x256xf32>, tensor<?x?x128xf32>, tensor<?x?x128xf32>)
        -> (tensor<?x?x256xf32>, tensor<?x2x64x64xf32> sum tensor<?x2x64xf32>)
    ```
  }];
  let arguments = (ins Attune_UpdateRuleAttr:$rule, Attune_F32Tensor:$query,
                       Attune_F32Tensor:$key, Attune_F32Tensor:$value,
                       Optional<Attune_IdTensor>:$key_mask,
                       Optional<Attune_F32Tensor>:$decay,
                       Optional<Attune_F32Tensor>:$beta,
                       Optional<Attune_F32Tensor>:$log_weights,
                       Optional<Attune_F32Tensor>:$past,
                       Optional<Attune_F32Tensor>:$past_sum,
                       Optional<Attune_F32Tensor>:$past_max, I64Attr:$heads,
                       I64Attr:$kv_heads, F64Attr:$scale, UnitAttr:$full,
                       OptionalAttr<F64Attr>:$denominator,
                       OptionalAttr<Attune_GateActivationAttr>:$squash);
  let results = (outs Attune_F32Tensor:$result, Attune_F32Tensor:$present,
                      Optional<Attune_F32Tensor>:$present_sum,
                      Optional<Attune_F32Tensor>:$present_max);
  let assemblyFormat = [{
    $rule $query `,` $key `,` $value (`mask` `(` $key_mask^ `:` type($key_mask) `)`)?
    (`decay` `(` $decay^ `:` type($decay) `)`)?
    (`beta` `(` $beta^ `:` type($beta) `)`)?
    (`log_weights` `(` $log_weights^ `:` type($log_weights) `)`)?
    (`past` `(` $past^ `:` type($past) `)`)?
    (`past_sum` `(` $past_sum^ `:` type($past_sum) `)`)?
    (`past_max` `(` $past_max^ `:` type($past_max) `)`)?
    attr-dict `:` `(` type($query) `,` type($key) `,` type($value) `)`
    `->` `(` type($result) `,` type($present) (`sum` type($present_sum)^)?
    (`max` type($present_max)^)? `)`
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns of one head in query and key, and in value and result.
    int64_t getKeyDim() {
      return ::mlir::cast<::mlir::RankedTensorType>(getPresent().getType()).getDimSize(2);
    }
    int64_t getValueDim() {
      return ::mlir::cast<::mlir::RankedTensorType>(getPresent().getType()).getDimSize(3);
    }
    /// Whether the rule decays the state, and whether it corrects it.
    bool isGated() {
      return getRule() == ::attune::UpdateRule::gated ||
             getRule() == ::attune::UpdateRule::gated_delta;
    }
    bool isDelta() {
      return getRule() == ::attune::UpdateRule::delta ||
             getRule() == ::attune::UpdateRule::gated_delta;
    }
    /// Whether each key column decays by a number of its own.
    bool decaysColumns();
    /// Whether tokens can be taken up together: the update is associative.
    bool isAssociative() { return !getSquash(); }
  }];
}

//===----------------------------------------------------------------------===//
// hybrid_attention
//===----------------------------------------------------------------------===//

def Attune_HybridAttentionOp : Attune_PureOp<"hybrid_attention",
    [AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<KernelOpInterface,
         ["acceptsEpilogue", "acceptsStrided"]>]> {
  let summary = "Softmax attention to near keys, linear attention to the others";
  let description = [{
    The keys that query i sees are those with `key_mask[b, j] != 0`, without
    `full` those with `j <= i` only. Near are the first `sinks` keys of the
    sequence, and those with `|i - j| < window`; the others are far. Keys weigh

    `w[i, j] = e^(scale * query_i . key_j)` when near
    `w[i, j] = e^(query_scale_i + key_scale_j) * query_features_i . key_features_j` when far

    and `result_i = sum_j w[i, j] value_j / sum_j w[i, j]`, zeros where the sum
    is 0: one denominator for both, as in LoLCATs (Zhang et al., 2410.10254), but
    with both parts at one scale, so that the result does not depend on the
    largest score of a row. The features and their scales are those of
    `attune.feature_map`; scales are 0 without the operands. Queries and keys
    are of the same tokens. The cost is linear in the length.

    `query` `[batch, length, heads * D]`, `key` `[.., kv_heads * D]`, `value`
    `[.., kv_heads * Dv]`, `query_features` `[.., heads * M]`, `key_features`
    `[.., heads * M]` (each head of queries has its own, for the maps differ),
    `query_scale` and `key_scale` `[.., heads]`, `result` `[.., heads * Dv]`.

    Example:

    ```mlir
    %r = attune.hybrid_attention %q, %k, %v features(%fq, %fk : tensor<?x?x512xf32>, tensor<?x?x512xf32>)
        scales(%sq, %sk : tensor<?x?x8xf32>, tensor<?x?x8xf32>) mask(%m : tensor<?x?xi64>)
        {heads = 8 : i64, kv_heads = 8 : i64, scale = 0.125 : f64, window = 64 : i64, sinks = 4 : i64}
        : (tensor<?x?x512xf32>, tensor<?x?x512xf32>, tensor<?x?x512xf32>) -> tensor<?x?x512xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$query, Attune_F32Tensor:$key,
                       Attune_F32Tensor:$value, Attune_F32Tensor:$query_features,
                       Attune_F32Tensor:$key_features,
                       Optional<Attune_F32Tensor>:$query_scale,
                       Optional<Attune_F32Tensor>:$key_scale,
                       Optional<Attune_IdTensor>:$key_mask,
                       I64Attr:$heads, I64Attr:$kv_heads, F64Attr:$scale,
                       I64Attr:$window, DefaultValuedAttr<I64Attr, "0">:$sinks,
                       UnitAttr:$full);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value `features` `(` $query_features `,` $key_features
    `:` type($query_features) `,` type($key_features) `)`
    (`scales` `(` $query_scale^ `,` $key_scale `:` type($query_scale) `,`
    type($key_scale) `)`)? (`mask` `(` $key_mask^ `:` type($key_mask) `)`)?
    attr-dict `:` `(` type($query) `,` type($key) `,` type($value) `)` `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns of one head in query and key, in value and result, in features.
    int64_t getHeadDim() { return getColumns(getKey(), getKvHeads()); }
    int64_t getValueDim() { return getColumns(getValue(), getKvHeads()); }
    int64_t getFeatures() { return getColumns(getKeyFeatures(), getHeads()); }
  private:
    static int64_t getColumns(::mlir::Value packed, int64_t heads) {
      return ::mlir::cast<::mlir::RankedTensorType>(packed.getType()).getDimSize(2) / heads;
    }
  public:
  }];
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_LINEARATTENTIONOPS_TD
