//===- ShapeOps.td - Other forms and parts of a tensor --------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_SHAPEOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_SHAPEOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

class Attune_ViewOp<string mnemonic> : Attune_PureOp<mnemonic,
    [DeclareOpInterfaceMethods<ViewOpInterface>]> {
  let results = (outs Attune_AnyTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Attune_ReshapeOp : Attune_ViewOp<"reshape"> {
  let summary = "The same elements with other extents";
  let description = [{
    `shape` has one entry a result dimension: a static extent, 0 for the
    operand's extent at the same place, or -1 (once) for what remains. Where
    that cannot say it, `extents` gives the result's shape instead, and `shape`
    is empty.

    Example:

    ```mlir
    %r = attune.reshape %x {shape = array<i64: 0, 0, 12, 32>}
        : tensor<?x?x384xf32> -> tensor<?x?x12x32xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, DenseI64ArrayAttr:$shape,
                       OptionalAttr<Attune_ShapeAttr>:$extents);
  let builders = [
    OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$input,
                   "::llvm::ArrayRef<int64_t>":$shape), [{
      build($_builder, $_state, type, input, shape, ShapeAttr());
    }]>
  ];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Attune_SliceOp : Attune_ViewOp<"slice"> {
  let summary = "A range of one dimension";
  let description = [{
    `result = input[..., offset : offset + size, ...]` along `axis`.

    Example:

    ```mlir
    %k = attune.slice %qkv {axis = 2 : i64, offset = 384 : i64, size = 384 : i64}
        : tensor<?x?x1152xf32> -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, I64Attr:$axis, I64Attr:$offset,
                       I64Attr:$size);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Attune_SelectOp : Attune_ViewOp<"select"> {
  let summary = "One index of one dimension";
  let description = [{
    `result = input[..., index, ...]`; `axis` is dropped. The extent of `axis`
    is larger than `index` at run time.

    Example:

    ```mlir
    %cls = attune.select %x {axis = 1 : i64, index = 0 : i64}
        : tensor<?x?x384xf32> -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, I64Attr:$axis, I64Attr:$index);
}

def Attune_TransposeOp : Attune_PureOp<"transpose",
    [DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>]> {
  let summary = "Permutes dimensions";
  let description = [{
    Dimension `i` of the result is dimension `permutation[i]` of the operand.
    The identity asks for a copy.

    Example:

    ```mlir
    %r = attune.transpose %x {permutation = array<i64: 0, 2, 1, 3>}
        : tensor<?x?x12x32xf32> -> tensor<?x12x?x32xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Attune_AnyTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_SHAPEOPS_TD
