//===- ElementwiseOps.td - Activations, sums, scaling ---------------------===//
//
// A new activation is one op here, its scalar formula in the reference
// interpreter and its vector formula in each backend.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_ELEMENTWISEOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_ELEMENTWISEOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

class Attune_ActivationOp<string mnemonic, int flops, list<Trait> traits = []>
    : Attune_PureOp<mnemonic, !listconcat([SameOperandsAndResultType,
        DeclareOpInterfaceMethods<ElementwiseOpInterface, ["getFlopsPerElement"]>], traits)> {
  let arguments = (ins Attune_F32Tensor:$input);
  let results = (outs Attune_F32Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
  let extraClassDefinition = [{
    int64_t $cppClass::getFlopsPerElement() { return }] # flops # [{; }
    void $cppClass::inferSymbolicShapes(::llvm::ArrayRef<::attune::SymbolicShape> operands,
        ::llvm::SmallVectorImpl<::attune::SymbolicShape> &results) {
      results.push_back(operands[0]);
    }
  }];
}

class Attune_ArithmeticOp<string mnemonic, list<Trait> traits = []>
    : Attune_PureOp<mnemonic, !listconcat([Commutative,
        AllElementTypesMatch<["lhs", "rhs", "result"]>,
        DeclareOpInterfaceMethods<ElementwiseOpInterface, ["getFlopsPerElement"]>], traits)> {
  let arguments = (ins Attune_NumberTensor:$lhs, Attune_NumberTensor:$rhs);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDefinition = [{
    int64_t $cppClass::getFlopsPerElement() { return 1; }
    void $cppClass::inferSymbolicShapes(::llvm::ArrayRef<::attune::SymbolicShape> operands,
        ::llvm::SmallVectorImpl<::attune::SymbolicShape> &results) {
      results.push_back(::attune::broadcastShapes(operands[0], operands[1]));
    }
    ::llvm::LogicalResult $cppClass::verify() {
      return ::attune::verifyBroadcast(*this, getLhs().getType(), getRhs().getType(),
                                       getResult().getType());
    }
  }];
}

def Attune_AddOp : Attune_ArithmeticOp<"add"> {
  let summary = "Sum of two tensors";
  let description = [{
    `result = lhs + rhs` with NumPy broadcasting; integers wrap around.

    Example:

    ```mlir
    %r = attune.add %x, %bias : (tensor<?x?x384xf32>, tensor<384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
}

def Attune_MulOp : Attune_ArithmeticOp<"mul"> {
  let summary = "Product of two tensors";
  let description = [{
    `result = lhs * rhs` with NumPy broadcasting, integers wrap around; the
    gate of gated feed-forward layers.

    Example:

    ```mlir
    %r = attune.mul %gate, %up : (tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
}

def Attune_ScaleOp : Attune_ActivationOp<"scale", 1> {
  let summary = "Product with a constant";
  let description = [{
    `result = factor * input`.

    Example:

    ```mlir
    %r = attune.scale %scores {factor = 0.125 : f32} : tensor<?x12x?x?xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, F32Attr:$factor);
  let hasFolder = 1;
}

def Attune_ReluOp : Attune_ActivationOp<"relu", 1> {
  let summary = "Rectified linear unit";
  let description = [{
    `result = max(input, 0)`; a NaN stays a NaN.

    Example:

    ```mlir
    %r = attune.relu %x : tensor<?x?x1536xf32>
    ```
  }];
}

def Attune_GeluOp : Attune_ActivationOp<"gelu", 20> {
  let summary = "Gaussian error linear unit";
  let description = [{
    `result = x / 2 * (1 + erf(x / sqrt(2)))`, or with `approximate = "tanh"`
    `result = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`
    (Hendrycks and Gimpel, 1606.08415).

    Example:

    ```mlir
    %r = attune.gelu %x : tensor<?x?x1536xf32>
    %t = attune.gelu %x {approximate = "tanh"} : tensor<?x?x1536xf32>
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input,
                       DefaultValuedStrAttr<StrAttr, "none">:$approximate);
  let hasVerifier = 1;
}

def Attune_QuickGeluOp : Attune_ActivationOp<"quick_gelu", 14> {
  let summary = "Sigmoid approximation of GELU";
  let description = [{
    `result = x * sigmoid(1.702 * x)`.

    Example:

    ```mlir
    %r = attune.quick_gelu %x : tensor<?x?x1536xf32>
    ```
  }];
}

def Attune_SiluOp : Attune_ActivationOp<"silu", 13> {
  let summary = "Sigmoid linear unit";
  let description = [{
    `result = x * sigmoid(x) = x / (1 + exp(-x))`.

    Example:

    ```mlir
    %r = attune.silu %x : tensor<?x?x1536xf32>
    ```
  }];
}

def Attune_TanhOp : Attune_ActivationOp<"tanh", 15> {
  let summary = "Hyperbolic tangent";
  let description = [{
    Example:

    ```mlir
    %r = attune.tanh %x : tensor<?x384xf32>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Any number
//===----------------------------------------------------------------------===//

class Attune_Kinds<string name, string what, list<string> kinds>
    : I32EnumAttr<name, what,
        !foreach(i, !range(!size(kinds)), I32EnumAttrCase<"k_" # kinds[i], i, kinds[i]>)> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}

def Attune_UnaryKind : Attune_Kinds<"UnaryKind", "a function of one number", [
    "neg", "abs", "sign", "reciprocal", "exp", "log", "sqrt", "erf", "sigmoid",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh",
    "ceil", "floor", "round_even", "logical_not", "bitwise_not", "is_nan", "is_inf",
    "is_positive_inf", "is_negative_inf"]>;
def Attune_UnaryKindAttr : EnumAttr<Attune_Dialect, Attune_UnaryKind, "unary_kind"> {
  let assemblyFormat = "$value";
}

def Attune_UnaryOp : Attune_PureOp<"unary",
    [DeclareOpInterfaceMethods<ElementwiseOpInterface, ["getFlopsPerElement"]>]> {
  let summary = "A function of one number";
  let description = [{
    `result = kind(input)`, element by element. `sign` gives -1, 0 or 1 (NaN for
    NaN), `round_even` rounds halves to even numbers, `sigmoid(x) = 1 / (1 +
    exp(-x))`. Kinds from `reciprocal` to `round_even` take floats; `logical_not`
    takes i1, `bitwise_not` integers; `is_*` take floats and give i1. Results
    have the operand's type but for `is_*`.

    Example:

    ```mlir
    %r = attune.unary exp %x : tensor<?x384xf32> -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Attune_UnaryKindAttr:$kind, Attune_NumberTensor:$input);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Attune_BinaryKind : Attune_Kinds<"BinaryKind", "a function of two numbers", [
    "sub", "div", "pow", "min", "max", "mod", "fmod", "and", "or", "xor",
    "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right"]>;
def Attune_BinaryKindAttr : EnumAttr<Attune_Dialect, Attune_BinaryKind, "binary_kind"> {
  let assemblyFormat = "$value";
}

def Attune_BinaryOp : Attune_PureOp<"binary",
    [AllElementTypesMatch<["lhs", "rhs", "result"]>,
     DeclareOpInterfaceMethods<ElementwiseOpInterface>]> {
  let summary = "A function of two numbers";
  let description = [{
    `result = kind(lhs, rhs)` with NumPy broadcasting; sums and products are ops
    of their own. `div` of integers truncates towards zero; dividing an integer
    by zero gives zero. `mod` has the sign of the divisor (Python), `fmod` of
    the dividend (C). `min` and `max` give NaN when an operand is. `pow` of
    integers multiplies; negative exponents give what truncation leaves. `and`,
    `or`, `xor` take i1. Shifts are logical and take unsigned integers; amounts
    beyond the width give zero.

    Example:

    ```mlir
    %r = attune.binary sub %x, %mean : (tensor<?x384xf32>, tensor<?x1xf32>) -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Attune_BinaryKindAttr:$kind, Attune_NumberTensor:$lhs,
                       Attune_NumberTensor:$rhs);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = [{
    $kind $lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Attune_CompareKind : Attune_Kinds<"CompareKind", "a relation of two numbers",
    ["eq", "ne", "lt", "le", "gt", "ge"]>;
def Attune_CompareKindAttr : EnumAttr<Attune_Dialect, Attune_CompareKind, "compare_kind"> {
  let assemblyFormat = "$value";
}

def Attune_CompareOp : Attune_PureOp<"compare",
    [AllElementTypesMatch<["lhs", "rhs"]>,
     DeclareOpInterfaceMethods<ElementwiseOpInterface>]> {
  let summary = "Compares two tensors";
  let description = [{
    `result = lhs kind rhs` with NumPy broadcasting, as i1; unordered operands
    compare false but for `ne`.

    Example:

    ```mlir
    %r = attune.compare lt %i, %j : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi1>
    ```
  }];
  let arguments = (ins Attune_CompareKindAttr:$kind, Attune_NumberTensor:$lhs,
                       Attune_NumberTensor:$rhs);
  let results = (outs Attune_BoolTensor:$result);
  let assemblyFormat = [{
    $kind $lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Attune_WhereOp : Attune_PureOp<"where",
    [AllElementTypesMatch<["on_true", "on_false", "result"]>,
     DeclareOpInterfaceMethods<ElementwiseOpInterface>]> {
  let summary = "Chooses between two tensors, element by element";
  let description = [{
    `result = condition ? on_true : on_false` with NumPy broadcasting.

    Example:

    ```mlir
    %r = attune.where %c, %x, %y : (tensor<?x1x1x?xi1>, tensor<?x12x?x?xf32>, tensor<f32>) -> tensor<?x12x?x?xf32>
    ```
  }];
  let arguments = (ins Attune_BoolTensor:$condition, Attune_NumberTensor:$on_true,
                       Attune_NumberTensor:$on_false);
  let results = (outs Attune_NumberTensor:$result);
  let assemblyFormat = [{
    $condition `,` $on_true `,` $on_false attr-dict `:`
    `(` type($condition) `,` type($on_true) `,` type($on_false) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Attune_CastOp : Attune_PureOp<"cast",
    [DeclareOpInterfaceMethods<ElementwiseOpInterface>]> {
  let summary = "The same numbers in another element type";
  let description = [{
    Floats round to nearest even. Floats to integers truncate towards zero (out
    of range: the nearest bound, NaN: zero), integers to narrower ones wrap
    around, anything to i1 asks whether it is not zero. `saturate` bounds integers
    instead of wrapping them, as quantisation does.

    Example:

    ```mlir
    %r = attune.cast %mask : tensor<?x?xi64> -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins Attune_AnyTensor:$input, UnitAttr:$saturate);
  let results = (outs Attune_AnyTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_ELEMENTWISEOPS_TD
