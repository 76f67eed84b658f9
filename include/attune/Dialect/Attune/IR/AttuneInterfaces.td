//===- AttuneInterfaces.td - What passes and backends ask of ops ----------===//
//
// Passes, cost reports, the planner and the backends talk to ops through these
// interfaces and never list op names. They are interfaces and not traits so
// that they can be attached to ops of upstream dialects as external models.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_ATTUNEINTERFACES_TD
#define ATTUNE_DIALECT_ATTUNE_IR_ATTUNEINTERFACES_TD

include "mlir/IR/OpBase.td"

def SymbolicShapeOpInterface : OpInterface<"SymbolicShapeOpInterface"> {
  let description = [{
    Computes the shapes of the results from those of the operands, with dynamic
    extents as polynomials of the model's named symbols ("batch", "length").
    The verifier has established ranks and static extents before.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<"Appends one shape a result.",
      "void", "inferSymbolicShapes",
      (ins "::llvm::ArrayRef<::attune::SymbolicShape>":$operands,
           "::llvm::SmallVectorImpl<::attune::SymbolicShape> &":$results)>
  ];
}

def KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let description = [{
    An op that anchors a kernel: a family of the backends builds its loops, and
    elementwise ops join it as prologue or epilogue.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<"The name of the family that builds kernels around this op.",
      "::llvm::StringRef", "getKernelFamily", (ins)>,
    InterfaceMethod<[{
        Floating-point operations of one execution; a fused multiply-add counts
        as two.
      }],
      "::attune::DimExpr", "getFlops",
      (ins "::llvm::ArrayRef<::attune::SymbolicShape>":$operands,
           "::llvm::ArrayRef<::attune::SymbolicShape>":$results)>,
    InterfaceMethod<[{
        How many elements of operand `index` one execution reads: all of them,
        or those of the rows that are looked up.
      }],
      "::attune::DimExpr", "getElementsRead",
      (ins "unsigned":$index,
           "::llvm::ArrayRef<::attune::SymbolicShape>":$operands,
           "::llvm::ArrayRef<::attune::SymbolicShape>":$results), [{}],
      [{ return ::attune::getNumElements(operands[index]); }]>,
    InterfaceMethod<[{
        Whether an elementwise user of the result can run as the epilogue of
        this op's kernel: every result element is produced once, row by row.
      }],
      "bool", "acceptsEpilogue", (ins), [{}], [{ return true; }]>,
    InterfaceMethod<[{
        Whether the elementwise producer of operand `index` can run as the
        prologue: the kernel reads every element of it exactly once.
      }],
      "bool", "acceptsPrologue", (ins "unsigned":$index), [{}], [{ return false; }]>,
    InterfaceMethod<[{
        Whether the kernel reads operand `index` through strides, so that a
        slice of a wider tensor is an operand without a copy.
      }],
      "bool", "acceptsStrided", (ins "unsigned":$index), [{}], [{ return false; }]>,
    InterfaceMethod<[{
        Whether the kernel computes a HeadMapOpInterface that makes operand
        `index` where it reads that operand: it walks packed heads, a few tokens
        of one head at a time.
      }],
      "bool", "acceptsHeadMap", (ins "unsigned":$index), [{}], [{ return false; }]>
  ];
}

def HeadMapOpInterface : OpInterface<"HeadMapOpInterface"> {
  let description = [{
    A pure op on packed heads: what a head of a token has in the results depends
    on its columns in the first operand alone, and on weights. Kernels that read
    its results a few tokens at a time compute them there, and the results never
    are in memory.
  }];
  let cppNamespace = "::attune";
}

def ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let description = [{
    A pure op whose result element depends on the elements of its operands at
    the same position only. Operands of lower rank are aligned at the last
    dimension, and extents of one are repeated, as in NumPy.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<"Floating-point operations for one element, for cost reports.",
      "int64_t", "getFlopsPerElement", (ins), [{}], [{ return 1; }]>
  ];
}

def IndexedOpInterface : OpInterface<"IndexedOpInterface"> {
  let description = [{
    A pure op whose result element depends on a few elements of its operands,
    at positions that follow from the element's own (and from the values of
    index operands): slices, gathers, concatenations, padding. Such ops run in
    the kernels of elementwise ops, element by element; producers are computed
    where they are read.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<[{
        Whether one execution reads each element of operand `index` at most
        once, so that a producer computed in place is computed no more often.
      }],
      "bool", "readsOnce", (ins "unsigned":$index), [{}], [{ return false; }]>,
    InterfaceMethod<[{
        Whether computing an element needs the extent of dimension `dim` of
        operand `index`: that operand is one of the kernel's unless the extent
        is static.
      }],
      "bool", "readsExtent", (ins "unsigned":$index, "int64_t":$dim), [{}],
      [{ return false; }]>,
    InterfaceMethod<[{
        Whether an element costs no more than reading it from memory would, so
        that it may be computed as often as it is read.
      }],
      "bool", "isCheap", (ins), [{}], [{ return false; }]>
  ];
}

def ViewOpInterface : OpInterface<"ViewOpInterface"> {
  let description = [{
    An op whose result is a part or another form of its operand. Planned into
    the same memory where the operand's layout allows it.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<[{
        Builds the memref that shows the op's result in `source`, or returns a
        null value when `source`'s layout does not allow that without a copy.
        `shape` holds the result's extents: attributes where static.
      }],
      "::mlir::Value", "buildView",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$source,
           "::llvm::ArrayRef<::mlir::OpFoldResult>":$shape)>
  ];
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_ATTUNEINTERFACES_TD
