//===- NormOps.td - Normalisation and pooling -----------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_NORMOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_NORMOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

def Attune_LayerNormOp : Attune_PureOp<"layer_norm",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsPrologue"]>,
     AllTypesMatch<["input", "result"]>]> {
  let summary = "Layer normalisation of the last dimension";
  let description = [{
    `result = (x - mean) / sqrt(variance + epsilon) * gamma + beta` with mean
    and (biased) variance over the last dimension (Ba et al., 1607.06450).

    Example:

    ```mlir
    %r = attune.layer_norm %x, %gamma, %beta {epsilon = 1.0e-12 : f64}
        : tensor<?x?x384xf32>, tensor<384xf32>, tensor<384xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, Attune_F32Tensor:$gamma,
                       Attune_F32Tensor:$beta, F64Attr:$epsilon);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta attr-dict `:` type($input) `,` type($gamma) `,` type($beta)
  }];
  let hasVerifier = 1;
}

def Attune_RmsNormOp : Attune_PureOp<"rms_norm",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsPrologue"]>,
     AllTypesMatch<["input", "result"]>]> {
  let summary = "Root mean square normalisation of the last dimension";
  let description = [{
    `result = x / sqrt(mean(x^2) + epsilon) * gamma` (Zhang and Sennrich,
    1910.07467).

    Example:

    ```mlir
    %r = attune.rms_norm %x, %gamma {epsilon = 1.0e-6 : f64} : tensor<?x?x384xf32>, tensor<384xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, Attune_F32Tensor:$gamma, F64Attr:$epsilon);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = "$input `,` $gamma attr-dict `:` type($input) `,` type($gamma)";
  let hasVerifier = 1;
}

def Attune_L2NormalizeOp : Attune_PureOp<"l2_normalize",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsPrologue"]>,
     SameOperandsAndResultType]> {
  let summary = "Scales rows to unit length";
  let description = [{
    `result = x / max(sqrt(sum x^2), epsilon)` over the last dimension.

    Example:

    ```mlir
    %r = attune.l2_normalize %x {epsilon = 1.0e-12 : f64} : tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, F64Attr:$epsilon);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Attune_PoolMean : I32EnumAttrCase<"Mean", 0, "mean">;
def Attune_PoolMax : I32EnumAttrCase<"Max", 1, "max">;
def Attune_PoolMeanSqrt : I32EnumAttrCase<"MeanSqrt", 2, "mean_sqrt">;
def Attune_PoolMode : I32EnumAttr<"PoolMode", "how pooling combines positions",
    [Attune_PoolMean, Attune_PoolMax, Attune_PoolMeanSqrt]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_PoolModeAttr : EnumAttr<Attune_Dialect, Attune_PoolMode, "pool_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

def Attune_PoolOp : Attune_PureOp<"pool",
    [DeclareOpInterfaceMethods<KernelOpInterface>]> {
  let summary = "Combines the positions of a sequence into one vector";
  let description = [{
    Over the positions `s` with `mask[b, s] != 0`, `n` of them:
    mean: `sum_s x[b, s, :] / max(n, 1e-9)`; mean_sqrt: `sum_s x / sqrt(max(n, 1e-9))`;
    max: the largest element, or -1e9 where no position is left (as
    sentence-transformers has it).

    Example:

    ```mlir
    %r = attune.pool %x, %mask {mode = #attune.pool_mode<mean>}
        : (tensor<?x?x384xf32>, tensor<?x?xi64>) -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, Attune_IdTensor:$mask,
                       Attune_PoolModeAttr:$mode);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = [{
    $input `,` $mask attr-dict `:` `(` type($input) `,` type($mask) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_NORMOPS_TD
