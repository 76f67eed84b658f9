//===- ElementEmission.td - Elementwise and indexed ops, one element ------===//
#ifndef ATTUNE_BACKEND_LLVM_ELEMENTEMISSION_TD
#define ATTUNE_BACKEND_LLVM_ELEMENTEMISSION_TD

include "mlir/IR/OpBase.td"

def ElementEmissionOpInterface : OpInterface<"ElementEmissionOpInterface"> {
  let description = [{
    How the LLVM backend computes one element of an elementwise or indexed op,
    from elements of its operands at positions that it chooses. Attached to the
    dialect's ops as external models, so that the dialect knows no backend.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<[{
        Emits the element of the result at `indices` (index, one a dimension,
        within the result's extents) as a scalar of
        `getScalarType(element type)`. Whatever the operands' elements are, the
        code must not trap and must not read outside of them.
      }],
      "::mlir::Value", "emitElement",
      (ins "::attune::ElementReader &":$reader,
           "::llvm::ArrayRef<::mlir::Value>":$indices)>,
    InterfaceMethod<[{
        Success when the op can be emitted whatever its operands are; else the
        reason is written.
      }],
      "::llvm::LogicalResult", "supportsElement", (ins "std::string &":$reason),
      [{}], [{ return ::llvm::success(); }]>
  ];
}

#endif // ATTUNE_BACKEND_LLVM_ELEMENTEMISSION_TD
