//===- ReduceOps.td - Many elements become one, or find their place -------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_REDUCEOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_REDUCEOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

def Attune_ReduceKind : I32EnumAttr<"ReduceKind", "how elements are combined",
    [I32EnumAttrCase<"sum", 0, "sum">, I32EnumAttrCase<"mean", 1, "mean">,
     I32EnumAttrCase<"max", 2, "max">, I32EnumAttrCase<"min", 3, "min">,
     I32EnumAttrCase<"prod", 4, "prod">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_ReduceKindAttr : EnumAttr<Attune_Dialect, Attune_ReduceKind, "reduce_kind"> {
  let assemblyFormat = "$value";
}

def Attune_ReduceOp : Attune_PureOp<"reduce",
    [AllElementTypesMatch<["input", "result"]>,
     DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue", "acceptsPrologue"]>]> {
  let summary = "Combines the elements of some dimensions";
  let description = [{
    Over the dimensions `axes` (ascending), which have extent one in the result
    or, without `keep_dims`, are gone. Without elements: sum 0, prod 1, max the
    lowest and min the highest value of the type (-inf and +inf for floats).
    `mean` of integers truncates. On i1, `max` is "any" and `min` is "all".

    Example:

    ```mlir
    %r = attune.reduce mean %x {axes = array<i64: 2>, keep_dims} : tensor<?x?x384xf32> -> tensor<?x?x1xf32>
    ```
  }];
  let arguments = (ins Attune_ReduceKindAttr:$kind, Attune_NumberTensor:$input,
                       DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Attune_ArgReduceOp : Attune_PureOp<"arg_reduce",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue", "acceptsPrologue"]>]> {
  let summary = "Where the largest or smallest element is";
  let description = [{
    `kind` is max or min; of equal elements the first, or the last with
    `select_last`.

    Example:

    ```mlir
    %r = attune.arg_reduce max %x {axis = 1 : i64, keep_dims} : tensor<?x384xf32> -> tensor<?x1xi64>
    ```
  }];
  let arguments = (ins Attune_ReduceKindAttr:$kind, Attune_NumberTensor:$input,
                       I64Attr:$axis, UnitAttr:$keep_dims, UnitAttr:$select_last);
  let results = (outs Attune_IdTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Attune_CumulateOp : Attune_PureOp<"cumulate",
    [SameOperandsAndResultType,
     DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>]> {
  let summary = "Running sums and products";
  let description = [{
    `result[i]` combines `input[0] ... input[i]` along `axis`, with `exclusive`
    without the last, with `reverse` from the end. `kind` is sum or prod.

    Example:

    ```mlir
    %r = attune.cumulate sum %x {axis = 1 : i64} : tensor<?x?xi64>
    ```
  }];
  let arguments = (ins Attune_ReduceKindAttr:$kind, Attune_NumberTensor:$input,
                       I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Attune_TopKOp : Attune_PureOp<"top_k",
    [AllElementTypesMatch<["input", "values"]>,
     DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>]> {
  let summary = "The k largest or smallest elements";
  let description = [{
    Along `axis`, in order, the largest first (with `smallest`: the smallest);
    of equal elements that with the lower index first.

    Example:

    ```mlir
    %v, %i = attune.top_k %x {axis = 1 : i64, k = 3 : i64}
        : tensor<?x384xf32> -> tensor<?x3xf32>, tensor<?x3xi64>
    ```
  }];
  let arguments = (ins Attune_NumberTensor:$input, I64Attr:$axis, I64Attr:$k, UnitAttr:$smallest);
  let results = (outs Attune_NumberTensor:$values, Attune_IdTensor:$indices);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($values) `,` type($indices)";
  let hasVerifier = 1;
}

def Attune_ScatterMode : I32EnumAttr<"ScatterMode", "what an update does",
    [I32EnumAttrCase<"replace", 0, "replace">, I32EnumAttrCase<"add", 1, "add">,
     I32EnumAttrCase<"mul", 2, "mul">, I32EnumAttrCase<"max", 3, "max">,
     I32EnumAttrCase<"min", 4, "min">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_ScatterModeAttr : EnumAttr<Attune_Dialect, Attune_ScatterMode, "scatter_mode"> {
  let assemblyFormat = "$value";
}

class Attune_ScatterOpBase<string mnemonic> : Attune_PureOp<mnemonic,
    [AllTypesMatch<["input", "result"]>, AllElementTypesMatch<["input", "updates"]>,
     DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>]> {
  let results = (outs Attune_AnyTensor:$result);
  let assemblyFormat = [{
    $mode $input `,` $indices `,` $updates attr-dict `:`
    `(` type($input) `,` type($indices) `,` type($updates) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Attune_ScatterElementsOp : Attune_ScatterOpBase<"scatter_elements"> {
  let summary = "A tensor with elements changed along one dimension";
  let description = [{
    `result = input`, then for every element of `updates` in row-major order
    `result[..., indices[..., i, ...], ...] = updates[..., i, ...]` along `axis`,
    or combined with what is there. Indices as in `attune.gather`; those out of
    range change nothing.

    Example:

    ```mlir
    %r = attune.scatter_elements add %x, %i, %u {axis = 1 : i64}
        : (tensor<?x8xf32>, tensor<?x3xi64>, tensor<?x3xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Attune_ScatterModeAttr:$mode, Attune_AnyTensor:$input,
                       Attune_IdTensor:$indices, Attune_AnyTensor:$updates, I64Attr:$axis);
}

def Attune_ScatterNDOp : Attune_ScatterOpBase<"scatter_nd"> {
  let summary = "A tensor with slices changed";
  let description = [{
    `result = input`, then for every tuple of indices in the last dimension of
    `indices`: `result[tuple, ...] = updates[tuple's position, ...]`, or combined
    with what is there.

    Example:

    ```mlir
    %r = attune.scatter_nd replace %x, %i, %u
        : (tensor<8x64xf32>, tensor<?x1xi64>, tensor<?x64xf32>) -> tensor<8x64xf32>
    ```
  }];
  let arguments = (ins Attune_ScatterModeAttr:$mode, Attune_AnyTensor:$input,
                       Attune_IdTensor:$indices, Attune_AnyTensor:$updates);
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_REDUCEOPS_TD
