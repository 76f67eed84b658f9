//===- ElementwiseOps.td - Activations, sums, scaling ---------------------===//
//
// A new activation is one op here, its scalar formula in the reference
// interpreter and its vector formula in each backend.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_ELEMENTWISEOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_ELEMENTWISEOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

class Attune_UnaryOp<string mnemonic, int flops, list<Trait> traits = []>
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

class Attune_BinaryOp<string mnemonic, list<Trait> traits = []>
    : Attune_PureOp<mnemonic, !listconcat([Commutative,
        DeclareOpInterfaceMethods<ElementwiseOpInterface, ["getFlopsPerElement"]>], traits)> {
  let arguments = (ins Attune_F32Tensor:$lhs, Attune_F32Tensor:$rhs);
  let results = (outs Attune_F32Tensor:$result);
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

def Attune_AddOp : Attune_BinaryOp<"add"> {
  let summary = "Sum of two tensors";
  let description = [{
    `result = lhs + rhs` with NumPy broadcasting.

    Example:

    ```mlir
    %r = attune.add %x, %bias : (tensor<?x?x384xf32>, tensor<384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
}

def Attune_MulOp : Attune_BinaryOp<"mul"> {
  let summary = "Product of two tensors";
  let description = [{
    `result = lhs * rhs` with NumPy broadcasting; the gate of gated
    feed-forward layers.

    Example:

    ```mlir
    %r = attune.mul %gate, %up : (tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
}

def Attune_ScaleOp : Attune_UnaryOp<"scale", 1> {
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

def Attune_ReluOp : Attune_UnaryOp<"relu", 1> {
  let summary = "Rectified linear unit";
  let description = [{
    `result = max(input, 0)`; a NaN stays a NaN.

    Example:

    ```mlir
    %r = attune.relu %x : tensor<?x?x1536xf32>
    ```
  }];
}

def Attune_GeluOp : Attune_UnaryOp<"gelu", 20> {
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

def Attune_QuickGeluOp : Attune_UnaryOp<"quick_gelu", 14> {
  let summary = "Sigmoid approximation of GELU";
  let description = [{
    `result = x * sigmoid(1.702 * x)`.

    Example:

    ```mlir
    %r = attune.quick_gelu %x : tensor<?x?x1536xf32>
    ```
  }];
}

def Attune_SiluOp : Attune_UnaryOp<"silu", 13> {
  let summary = "Sigmoid linear unit";
  let description = [{
    `result = x * sigmoid(x) = x / (1 + exp(-x))`.

    Example:

    ```mlir
    %r = attune.silu %x : tensor<?x?x1536xf32>
    ```
  }];
}

def Attune_TanhOp : Attune_UnaryOp<"tanh", 15> {
  let summary = "Hyperbolic tangent";
  let description = [{
    Example:

    ```mlir
    %r = attune.tanh %x : tensor<?x384xf32>
    ```
  }];
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_ELEMENTWISEOPS_TD
