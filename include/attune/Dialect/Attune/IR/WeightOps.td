//===- WeightOps.td - Weights by reference --------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_WEIGHTOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_WEIGHTOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

def Attune_WeightOp : Attune_Op<"weight", [Symbol]> {
  let summary = "Declares a weight of the model";
  let description = [{
    A weight is the concatenation, in memory order, of `pieces` of the model's
    files. One piece is the usual case; merged projections have one a
    projection, stacked along the first dimension.

    `layout` tells how the compiler stores the weight in the artefact (absent:
    row-major), and `offset` where, once the plan is made. A weight that no file
    holds, computed while importing, has its `value` instead of pieces.

    Example:

    ```mlir
    attune.weight @dense.weight : tensor<384x384xf32>
        from [#attune.piece<"model.safetensors", 4096, f32, 147456>]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Attune_AnyTensor>:$type,
                       TypedArrayAttrBase<Attune_PieceAttr, "pieces">:$pieces,
                       OptionalAttr<ElementsAttr>:$value,
                       OptionalAttr<AnyAttr>:$layout,
                       OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = [{
    $sym_name `:` $type `from` $pieces (`value` $value^)? (`layout` $layout^)? (`at` $offset^)?
    attr-dict
  }];
  let hasVerifier = 1;
}

def Attune_LoadWeightOp : Attune_PureOp<"load_weight",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a declared weight";
  let description = [{
    Example:

    ```mlir
    %w = attune.load_weight @dense.weight : tensor<384x384xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs Attune_AnyTensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_WEIGHTOPS_TD
