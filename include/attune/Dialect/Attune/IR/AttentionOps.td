//===- AttentionOps.td - Softmax attention and its parts ------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_ATTENTIONOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_ATTENTIONOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

def Attune_MaskOp : Attune_PureOp<"mask",
    [DeclareOpInterfaceMethods<KernelOpInterface>, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Excludes padding keys from attention scores";
  let description = [{
    `result[b, h, q, k] = key_mask[b, k] != 0 ? scores[b, h, q, k] : -inf`.

    Example:

    ```mlir
    %r = attune.mask %scores, %mask : tensor<?x12x?x?xf32>, tensor<?x?xi64>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$scores, Attune_IdTensor:$key_mask);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = "$scores `,` $key_mask attr-dict `:` type($scores) `,` type($key_mask)";
  let hasVerifier = 1;
}

def Attune_SoftmaxOp : Attune_PureOp<"softmax",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsPrologue"]>,
     SameOperandsAndResultType]> {
  let summary = "Softmax over the last dimension";
  let description = [{
    `result[..., i] = exp(x[..., i] - m) / sum_j exp(x[..., j] - m)` with `m`
    the largest element of the row. A row whose elements are all -inf gives
    zeros.

    Example:

    ```mlir
    %p = attune.softmax %scores : tensor<?x12x?x?xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Attune_Causal : I32EnumAttr<"Causal", "which keys a query may see",
    [I32EnumAttrCase<"none", 0, "none">, I32EnumAttrCase<"start", 1, "start">,
     I32EnumAttrCase<"end", 2, "end">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_CausalAttr : EnumAttr<Attune_Dialect, Attune_Causal, "causal"> {
  let assemblyFormat = "`<` $value `>`";
}

def Attune_AttentionOp : Attune_PureOp<"attention",
    [AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue", "acceptsStrided"]>]> {
  let summary = "Multi-head softmax attention";
  let description = [{
    For every batch `b` and head `h`, with `D = head_dim` columns of each
    operand belonging to one head, `g = h / (heads / kv_heads)`:

    `s[q, k] = scale * sum_d query[b, q, h*D + d] * key[b, k, g*D + d]`
    `result[b, q, h*D + d] = sum_k softmax_k(s[q, k]) * value[b, k, g*D + d]`

    over the keys with `key_mask[b, k] != 0`. Before the softmax, scores become
    `softcap * tanh(s / softcap)` where `softcap` is not 0, and then
    `bias[b, h, q, k]` is added, whose extents may be one. `causal` leaves query
    `q` the keys `k <= q` (start: queries and keys begin at the same position) or
    `k <= q + keys - queries` (end: they end at the same one). A query for which
    no key is left (all masked, or of score -inf) gives zeros. Heads are packed
    in the last dimension, so that the parts of a merged projection are operands
    without a copy; those of `value` may have another size.

    Example:

    ```mlir
    %c = attune.attention %q, %k, %v mask(%m : tensor<?x?xi64>)
        {heads = 12 : i64, kv_heads = 12 : i64, scale = 0.176776692 : f32}
        : (tensor<?x?x384xf32>, tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$query, Attune_F32Tensor:$key,
                       Attune_F32Tensor:$value, Optional<Attune_IdTensor>:$key_mask,
                       Optional<Attune_F32Tensor>:$bias,
                       I64Attr:$heads, I64Attr:$kv_heads, F32Attr:$scale,
                       DefaultValuedAttr<Attune_CausalAttr,
                           "::attune::Causal::none">:$causal,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` `(` $key_mask^ `:` type($key_mask) `)`)?
    (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` `(` type($query) `,` type($key) `,` type($value) `)` `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns of one head in query and key.
    int64_t getHeadDim() {
      return ::mlir::cast<::mlir::RankedTensorType>(getQuery().getType()).getDimSize(2) /
             static_cast<int64_t>(getHeads());
    }
    /// Columns of one head in value and result.
    int64_t getValueDim() {
      return ::mlir::cast<::mlir::RankedTensorType>(getValue().getType()).getDimSize(2) /
             static_cast<int64_t>(getKvHeads());
    }
  }];
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_ATTENTIONOPS_TD
