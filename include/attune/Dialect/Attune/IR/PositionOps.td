//===- PositionOps.td - Embeddings and positions --------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_POSITIONOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_POSITIONOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

def Attune_EmbeddingOp : Attune_PureOp<"embedding",
    [DeclareOpInterfaceMethods<KernelOpInterface,
         ["acceptsEpilogue", "getElementsRead"]>]> {
  let summary = "Rows of a table, chosen by ids";
  let description = [{
    `result[..., :] = table[ids[...], :]`. Ids lie in `[0, rows)`: inputs are
    checked before the model runs.

    Example:

    ```mlir
    %r = attune.embedding %ids, %table
        : (tensor<?x?xi64>, tensor<30522x384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins Attune_IdTensor:$ids, Attune_F32Tensor:$table);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = [{
    $ids `,` $table attr-dict `:` `(` type($ids) `,` type($table) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Attune_PositionsOp : Attune_PureOp<"positions",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>,
     SameOperandsAndResultType]> {
  let summary = "Position ids of a batch of sequences";
  let description = [{
    Without `padding_id`: `result[b, s] = s + offset`. With it, positions count
    the tokens that are not padding, and padding stays at `offset`, as RoBERTa
    has it (with offset = padding_id):
    `result[b, s] = offset + (ids[b, s] != padding_id ? #{t <= s : ids[b, t] != padding_id} : 0)`.

    Example:

    ```mlir
    %p = attune.positions %ids {offset = 0 : i64} : tensor<?x?xi64>
    %r = attune.positions %ids {offset = 1 : i64, padding_id = 1 : i64} : tensor<?x?xi64>
    ```
  }];
  let arguments = (ins Attune_IdTensor:$ids, I64Attr:$offset,
                       OptionalAttr<I64Attr>:$padding_id);
  let results = (outs Attune_IdTensor:$result);
  let assemblyFormat = "$ids attr-dict `:` type($ids)";
  let hasVerifier = 1;
}

def Attune_RotaryOp : Attune_PureOp<"rotary",
    [DeclareOpInterfaceMethods<IndexedOpInterface>, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotary position embedding";
  let description = [{
    Heads are packed in the last dimension as in `attune.attention`: `input` is
    `[batch, length, heads * D]`, `cos` and `sin` are `[batch or 1, length, R/2]`.
    Of every head the first R columns are rotated in pairs by the angle of their
    position (Su et al., 2104.09864): columns i and i + R/2, or with
    `interleaved` 2i and 2i + 1:

    `result[a] = x[a] * cos[i] - x[b] * sin[i]`, `result[b] = x[b] * cos[i] + x[a] * sin[i]`

    Example:

    ```mlir
    %r = attune.rotary %x, %cos, %sin {heads = 12 : i64}
        : tensor<?x?x768xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, Attune_F32Tensor:$cos, Attune_F32Tensor:$sin,
                       I64Attr:$heads, UnitAttr:$interleaved);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = "$input `,` $cos `,` $sin attr-dict `:` type($input) `,` type($cos) `,` type($sin)";
  let hasVerifier = 1;
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_POSITIONOPS_TD
