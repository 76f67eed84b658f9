//===- IndexOps.td - Elements chosen by position --------------------------===//
//
// Ops that run element by element in the kernels of elementwise ops
// (IndexedOpInterface). All take any element type.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_INDEXOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_INDEXOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

class Attune_IndexedOp<string mnemonic, list<Trait> traits = []>
    : Attune_PureOp<mnemonic, !listconcat(
        [DeclareOpInterfaceMethods<IndexedOpInterface, ["readsOnce", "readsExtent", "isCheap"]>], traits)> {
  let results = (outs Attune_AnyTensor:$result);
  let hasVerifier = 1;
}

def Attune_ConstantOp : Attune_IndexedOp<"constant",
    [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A small tensor";
  let description = [{
    Splats and tensors of a few elements; larger ones are weights.

    Example:

    ```mlir
    %c = attune.constant dense<[0, 2, 1, 3]> : tensor<4xi64>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

def Attune_ExtentsOp : Attune_IndexedOp<"extents"> {
  let summary = "Extents as numbers";
  let description = [{
    `result[i]` is the value of `extents[i]`: a vector of i64.

    Example:

    ```mlir
    %s = attune.extents <"batch", "12"> : tensor<2xi64>
    ```
  }];
  let arguments = (ins Attune_ShapeAttr:$extents);
  let assemblyFormat = "$extents attr-dict `:` type($result)";
}

def Attune_IotaOp : Attune_IndexedOp<"iota"> {
  let summary = "Numbers at equal distances";
  let description = [{
    `result[i] = start + i * step`, a vector of `extents` elements of any number
    type.

    Example:

    ```mlir
    %p = attune.iota <"length"> {start = 0 : i64, step = 1 : i64} : tensor<?xi64>
    ```
  }];
  let arguments = (ins Attune_ShapeAttr:$extents,
                       TypedAttrInterface:$start, TypedAttrInterface:$step);
  let assemblyFormat = "$extents attr-dict `:` type($result)";
}

def Attune_ExpandOp : Attune_IndexedOp<"expand",
    [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Repeats extents of one";
  let description = [{
    NumPy's broadcast_to: the operand's dimensions are aligned at the last, and
    its extents of one are repeated.

    Example:

    ```mlir
    %r = attune.expand %x, <"batch", "12", "1", "length">
        : tensor<?x1x1x?xf32> -> tensor<?x12x1x?xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, Attune_ShapeAttr:$extents);
  let assemblyFormat = "$input `,` $extents attr-dict `:` type($input) `->` type($result)";
}

def Attune_ConcatOp : Attune_IndexedOp<"concat"> {
  let summary = "Tensors one behind the other";
  let description = [{
    Operands agree in all extents but that of `axis`.

    Example:

    ```mlir
    %r = attune.concat %past, %new {axis = 2 : i64}
        : (tensor<?x12x?x64xf32>, tensor<?x12x?x64xf32>) -> tensor<?x12x?x64xf32>
    ```
  }];
  let arguments = (ins Variadic<Attune_AnyTensor>:$inputs, I64Attr:$axis);
  let assemblyFormat = "$inputs attr-dict `:` functional-type($inputs, $result)";
}

def Attune_ExtractOp : Attune_IndexedOp<"extract",
    [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "A box of a tensor, with steps";
  let description = [{
    `result[i, ...] = input[offsets[0] + i * steps[0], ...]` with extents
    `sizes`: one of each a dimension. Steps may be negative, not zero. What a
    box of one dimension with step 1 and constant offset and size can say is
    `attune.slice`, which needs no copy.

    Kernels know no symbols: where offsets have some, `origin` gives their
    values once kernels are made, as `attune.extents` computes them.

    Example:

    ```mlir
    %r = attune.extract %x from <"0", "-1 + length"> sizes <"batch", "length">
        {steps = array<i64: 1, -1>} : tensor<?x?xf32> -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, Optional<Attune_IdTensor>:$origin,
                       Attune_ShapeAttr:$offsets, Attune_ShapeAttr:$sizes,
                       DenseI64ArrayAttr:$steps);
  let assemblyFormat = [{
    $input `from` $offsets (`at` `(` $origin^ `:` type($origin) `)`)? `sizes` $sizes attr-dict
    `:` type($input) `->` type($result)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$input,
                   "::attune::ShapeAttr":$offsets, "::attune::ShapeAttr":$sizes,
                   "::llvm::ArrayRef<int64_t>":$steps), [{
      build($_builder, $_state, type, input, ::mlir::Value(), offsets, sizes, steps);
    }]>,
    OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$input,
                   "::attune::ShapeAttr":$offsets, "::attune::ShapeAttr":$sizes,
                   "::mlir::DenseI64ArrayAttr":$steps), [{
      build($_builder, $_state, type, input, ::mlir::Value(), offsets, sizes, steps);
    }]>
  ];
  let hasCanonicalizer = 1;
}

def Attune_PadMode : I32EnumAttr<"PadMode", "what padding holds",
    [I32EnumAttrCase<"constant", 0, "constant">, I32EnumAttrCase<"reflect", 1, "reflect">,
     I32EnumAttrCase<"edge", 2, "edge">, I32EnumAttrCase<"wrap", 3, "wrap">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_PadModeAttr : EnumAttr<Attune_Dialect, Attune_PadMode, "pad_mode"> {
  let assemblyFormat = "$value";
}

def Attune_PadOp : Attune_IndexedOp<"pad",
    [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Elements around a tensor";
  let description = [{
    `low[d]` elements before and `high[d]` behind dimension `d`; negative ones
    cut off. `constant` writes `value` (a scalar tensor; zero without), `reflect`
    mirrors without the edge, `edge` repeats it, `wrap` goes on at the other end.

    Example:

    ```mlir
    %r = attune.pad constant %x {low = array<i64: 0, 3>, high = array<i64: 0, 0>}
        : tensor<?x?xf32> -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins Attune_PadModeAttr:$mode, Attune_AnyTensor:$input,
                       Optional<Attune_AnyTensor>:$value, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high);
  let assemblyFormat = [{
    $mode $input (`value` `(` $value^ `:` type($value) `)`)? attr-dict
    `:` type($input) `->` type($result)
  }];
}

def Attune_GatherOp : Attune_IndexedOp<"gather",
    [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Slices chosen by indices";
  let description = [{
    `result[a..., i..., b...] = input[a..., indices[i...], b...]`: the dimension
    `axis` is replaced by those of `indices`. Negative indices count from the
    end; those out of range give an element within.

    Example:

    ```mlir
    %r = attune.gather %x, %i {axis = 1 : i64} : (tensor<?x128x64xf32>, tensor<?xi64>) -> tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, Attune_IdTensor:$indices, I64Attr:$axis);
  let assemblyFormat = [{
    $input `,` $indices attr-dict `:` `(` type($input) `,` type($indices) `)` `->` type($result)
  }];
}

def Attune_GatherElementsOp : Attune_IndexedOp<"gather_elements",
    [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Elements chosen by indices along one dimension";
  let description = [{
    `result[..., i, ...] = input[..., indices[..., i, ...], ...]` along `axis`;
    the result has the shape of `indices`. Indices as in `attune.gather`.

    Example:

    ```mlir
    %r = attune.gather_elements %x, %i {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x3xi64>) -> tensor<?x3xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, Attune_IdTensor:$indices, I64Attr:$axis);
  let assemblyFormat = [{
    $input `,` $indices attr-dict `:` `(` type($input) `,` type($indices) `)` `->` type($result)
  }];
}

def Attune_GatherNDOp : Attune_IndexedOp<"gather_nd",
    [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Slices chosen by tuples of indices";
  let description = [{
    The last dimension of `indices`, of extent n, holds tuples that index
    dimensions `batch_dims` to `batch_dims + n - 1` of the operand; the leading
    `batch_dims` dimensions of both go together.

    Example:

    ```mlir
    %r = attune.gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<4x5x6xf32>, tensor<?x2xi64>) -> tensor<?x6xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, Attune_IdTensor:$indices, I64Attr:$batch_dims);
  let assemblyFormat = [{
    $input `,` $indices attr-dict `:` `(` type($input) `,` type($indices) `)` `->` type($result)
  }];
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_INDEXOPS_TD
