//===- ConvOps.td - Convolutions and pooling over windows -----------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_CONVOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_CONVOPS_TD

include "attune/Dialect/Attune/IR/ReduceOps.td"

def Attune_ConvOp : Attune_PureOp<"conv",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>,
     AllElementTypesMatch<["input", "weight", "result"]>]> {
  let summary = "Convolution over one to three dimensions";
  let description = [{
    `input` `[batch, channels, x...]`, `weight` `[out, channels / groups, k...]`:
    `result[b, o, x...] = bias[o] + sum_{c, k...} weight[o, c, k...] *
    input[b, g * channels / groups + c, x * strides + k * dilations - low...]`
    with `g = o / (out / groups)`; elements outside of the input are zero. The
    input's spatial extents are static.

    Example:

    ```mlir
    %r = attune.conv %x, %w {strides = array<i64: 16, 16>, low = array<i64: 0, 0>,
         high = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64}
        : (tensor<?x3x224x224xf32>, tensor<192x3x16x16xf32>) -> tensor<?x192x14x14xf32>
    ```
  }];
  let arguments = (ins Attune_NumberTensor:$input, Attune_NumberTensor:$weight,
                       Optional<Attune_NumberTensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` `(` type($input) `,` type($weight) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Attune_PoolWindowOp : Attune_PureOp<"pool_window",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>,
     AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Combines the elements of windows";
  let description = [{
    `kind` (max, mean or sum) over windows of extents `kernel` of the spatial
    dimensions, as `attune.conv` walks them. Elements outside are left out; with
    `count_padding` a mean counts those of the padding `low` and `high`.

    Example:

    ```mlir
    %r = attune.pool_window max %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>,
         low = array<i64: 0, 0>, high = array<i64: 0, 0>, dilations = array<i64: 1, 1>}
        : tensor<?x64x56x56xf32> -> tensor<?x64x28x28xf32>
    ```
  }];
  let arguments = (ins Attune_ReduceKindAttr:$kind,
                       Attune_NumberTensor:$input, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$dilations,
                       UnitAttr:$count_padding);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_CONVOPS_TD
