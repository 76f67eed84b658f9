//===- LinearOps.td - Products of matrices --------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_LINEAROPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_LINEAROPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

def Attune_MatmulOp : Attune_PureOp<"matmul",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>]> {
  let summary = "Batched matrix product";
  let description = [{
    `result[..., m, n] = sum_k lhs[..., m, k] * rhs[..., k, n]`, or with
    `transpose_rhs` `rhs[..., n, k]`. Leading dimensions are broadcast as in
    NumPy. Operands are f32, or both f64, or integers of any width, signed or
    not, whose products are summed up in the result's type.

    Example:

    ```mlir
    %s = attune.matmul %q, %k {transpose_rhs}
        : (tensor<?x12x?x32xf32>, tensor<?x12x?x32xf32>) -> tensor<?x12x?x?xf32>
    ```
  }];
  let arguments = (ins Attune_NumberTensor:$lhs, Attune_NumberTensor:$rhs,
                       UnitAttr:$transpose_rhs);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Attune_LinearOp : Attune_PureOp<"linear",
    [DeclareOpInterfaceMethods<KernelOpInterface>]> {
  let summary = "Affine map of the last dimension";
  let description = [{
    `result[..., n] = sum_k input[..., k] * weight[n, k] + bias[n]`. All
    leading dimensions of the input together are the rows of one GEMM.

    Example:

    ```mlir
    %r = attune.linear %x, %w bias(%b : tensor<1536xf32>)
        : (tensor<?x?x384xf32>, tensor<1536x384xf32>) -> tensor<?x?x1536xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, Attune_F32Tensor:$weight,
                       Optional<Attune_F32Tensor>:$bias);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` `(` type($input) `,` type($weight) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_LINEAROPS_TD
