//===- AttuneBase.td - Dialect, attributes and op classes -----------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_ATTUNEBASE_TD
#define ATTUNE_DIALECT_ATTUNE_IR_ATTUNEBASE_TD

include "attune/Dialect/Attune/IR/AttuneInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Attune_Dialect : Dialect {
  let name = "attune";
  let cppNamespace = "::attune";
  let summary = "Transformer models as tensors, fused kernels and launches";
  let description = [{
    The dialect holds a model from its import to the plan of its buffers.

    * After `import`, a function of tensor ops says what the model's source
      says: attention is matmul, scale, mask, softmax, matmul.
    * After `fuse`, `attune.linear`, `attune.attention` and `attune.fused`
      regions stand for what runs as one kernel.
    * After `kernels`, each distinct fused region is an `attune.kernel` symbol
      with a backend and a schedule, and the function launches kernels.
    * After `plan`, launches take memrefs: views of one arena, of the weights
      file and of the caller's buffers.

    Tensors are row-major. Hot ops compute in f32; token ids and masks are i64.
    Ops that take any number (elementwise, indexing, reductions) also work on
    f64 and integers; f16 and bf16 occur as the types of inputs and outputs and
    as what `attune.cast` rounds to. Signless integers are signed, `ui8` to
    `ui64` unsigned, `i1` is bool (a byte in memory). Weights are symbols that
    refer to bytes of the source file; only small tensors are constants.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
}

class Attune_Op<string mnemonic, list<Trait> traits = []>
    : Op<Attune_Dialect, mnemonic, traits>;

/// A pure op on tensors whose result shapes follow from its operands.
class Attune_PureOp<string mnemonic, list<Trait> traits = []>
    : Attune_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<SymbolicShapeOpInterface>], traits)>;

def Attune_F32Tensor : RankedTensorOf<[F32]>;
def Attune_IdTensor : RankedTensorOf<[I64]>;
def Attune_BoolTensor : RankedTensorOf<[I1]>;
/// Every element type that a tensor may have.
def Attune_AnyTensor : RankedTensorOf<[F32, F64, F16, BF16, I1, I8, I16, I32,
    I64, UI8, UI16, UI32, UI64]>;
/// What is computed with: f16 and bf16 are cast to f32 first.
def Attune_NumberTensor : RankedTensorOf<[F32, F64, I1, I8, I16, I32, I64, UI8,
    UI16, UI32, UI64]>;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class Attune_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Attune_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Attune_PieceAttr : Attune_Attr<"Piece", "piece"> {
  let summary = "A contiguous run of elements in a weights file of the model";
  let description = [{
    `file` is relative to the model's directory, `offset` counts bytes from the
    start of that file, `type` is the element type stored there (f32, f16, bf16
    or f64; converted to the weight's type when it is packed; other types as
    they are), and `count` the number of elements.

    With `transposed` = R the file holds a matrix `[count / R, R]`, and the
    piece is its transpose `[R, count / R]`: products of ONNX store their
    weights as `[K, N]`.

    Examples: `#attune.piece<"model.safetensors", 4096, f32, 147456>`,
    `#attune.piece<"model.onnx", 128, f32, 147456, transposed 384>`
  }];
  let parameters = (ins StringRefParameter<>:$file, "int64_t":$offset,
                        "::mlir::Type":$type, "int64_t":$count,
                        OptionalParameter<"int64_t">:$transposed);
  let assemblyFormat = [{
    `<` $file `,` $offset `,` $type `,` $count (`,` `transposed` $transposed^)? `>`
  }];
  let builders = [
    AttrBuilder<(ins "::llvm::StringRef":$file, "int64_t":$offset,
                     "::mlir::Type":$type, "int64_t":$count), [{
      return $_get($_ctxt, file, offset, type, count, 0);
    }]>
  ];
}

def Attune_ShapeAttr : Attune_Attr<"Shape", "shape"> {
  let summary = "Extents as polynomials of the model's symbols";
  let description = [{
    One text an extent, as DimExpr prints it.

    Example: `#attune.shape<"batch", "2*length", "64">`
  }];
  let parameters = (ins OptionalArrayRefParameter<"::mlir::StringAttr">:$extents);
  let assemblyFormat = "`<` (`>`) : ($extents^ `>`)?";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static ShapeAttr get(::mlir::MLIRContext *context,
                         ::llvm::ArrayRef<::attune::DimExpr> shape);
    /// The extents, which the verifier has parsed once.
    ::attune::SymbolicShape getShape() const;
    /// Static where an extent is a constant, else dynamic.
    ::llvm::SmallVector<int64_t> getStaticShape() const;
  }];
}

def Attune_PanelsAttr : Attune_Attr<"Panels", "panels"> {
  let summary = "Weight layout: rows in panels, interleaved for GEMM";
  let description = [{
    A weight `[N, K]` is stored as `[ceil(N / width)][K][width]`: panel `p`
    holds rows `p * width ...` with the `width` values of one column of all its
    rows side by side, rows beyond N as zeros. The inner loop of a GEMM reads a
    panel as one stream.
  }];
  let parameters = (ins "int64_t":$width);
  let assemblyFormat = "`<` $width `>`";
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_ATTUNEBASE_TD
