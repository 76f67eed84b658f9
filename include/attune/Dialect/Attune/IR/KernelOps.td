//===- KernelOps.td - Fused regions, kernels and launches -----------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_KERNELOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_KERNELOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"

def Attune_FusedOp : Attune_Op<"fused", [IsolatedFromAbove, Pure,
    DeclareOpInterfaceMethods<SymbolicShapeOpInterface>,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Ops that run as one kernel";
  let description = [{
    The region computes the results from the operands, which are its block
    arguments. It holds one anchor (an op with KernelOpInterface) with the
    elementwise ops that run in the same loops: its prologue before, its
    epilogue after; or elementwise ops alone.

    Example:

    ```mlir
    %r = attune.fused(%a = %x, %b = %w, %c = %res) : (tensor<?x?x384xf32>, tensor<384x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32> {
      %0 = attune.linear %a, %b : (tensor<?x?x384xf32>, tensor<384x384xf32>) -> tensor<?x?x384xf32>
      %1 = attune.add %0, %c : (tensor<?x?x384xf32>, tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
      attune.yield %1 : tensor<?x?x384xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Attune_AnyTensor>:$inputs);
  let results = (outs Variadic<Attune_AnyTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Attune_YieldOp : Attune_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["FusedOp", "KernelOp"]>]> {
  let summary = "Results of a fused region or a kernel";
  let arguments = (ins Variadic<Attune_AnyTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ }]>];
}

def Attune_KernelOp : Attune_Op<"kernel", [IsolatedFromAbove, Symbol,
    SingleBlock, FunctionOpInterface]> {
  let summary = "A kernel: what is computed, by which backend, on which schedule";
  let description = [{
    The region is the specification: fused ops on tensors. `backend` names who
    emits it and `schedule` the values of its knobs; both absent until chosen.
    Equal regions are one kernel, whichever layer they come from. The layout in
    which an operand is stored is the argument attribute `attune.layout`.

    Example:

    ```mlir
    attune.kernel @linear_0(%x: tensor<?x?x384xf32>, %w: tensor<384x384xf32> {attune.layout = #attune.panels<16>}) -> tensor<?x?x384xf32>
        attributes {backend = "llvm", schedule = {mr = 6 : i64}} {
      %0 = attune.linear %x, %w : (tensor<?x?x384xf32>, tensor<384x384xf32>) -> tensor<?x?x384xf32>
      attune.yield %0 : tensor<?x?x384xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<StrAttr>:$backend,
                       OptionalAttr<DictionaryAttr>:$schedule,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The op whose family builds this kernel: the one with KernelOpInterface,
    /// null when the region is elementwise.
    ::attune::KernelOpInterface getAnchor();
    /// The name of that family, "elementwise" without an anchor.
    ::llvm::StringRef getFamily();
    ::attune::YieldOp getYield();
  }];
}

def Attune_ObjectOp : Attune_Op<"object", [Symbol]> {
  let summary = "Code of kernels that does not come as MLIR";
  let description = [{
    What another code generator made, as bytes. The format `bitcode` is an LLVM
    module that becomes part of the model's: its functions are called by the
    names that they are declared under.

    Example:

    ```mlir
    attune.object @linear_0.code, "bitcode", "BC\C0\DE"
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$format, StrAttr:$data);
  let assemblyFormat = "$sym_name `,` $format `,` $data attr-dict";
  let hasVerifier = 1;
}

def Attune_LaunchOp : Attune_Op<"launch",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>,
     DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
     DeclareOpInterfaceMethods<SymbolicShapeOpInterface>]> {
  let summary = "Runs a kernel";
  let description = [{
    On tensors, results are values. Once buffers are planned, operands are
    memrefs, the results' buffers follow the inputs, and there are no results.

    Example:

    ```mlir
    %r = attune.launch @linear_0(%x, %w) : (tensor<?x?x384xf32>, tensor<384x384xf32>) -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       Variadic<AnyTypeOf<[AnyRankedTensor, AnyMemRef]>>:$operands);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$kernel `(` $operands `)` attr-dict `:` functional-type($operands, $results)";
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_KERNELOPS_TD
