//===- VectorEmission.td - Elementwise ops as vector code -----------------===//
#ifndef ATTUNE_BACKEND_LLVM_VECTOREMISSION_TD
#define ATTUNE_BACKEND_LLVM_VECTOREMISSION_TD

include "mlir/IR/OpBase.td"

def VectorEmissionOpInterface : OpInterface<"VectorEmissionOpInterface"> {
  let description = [{
    How the LLVM backend computes an elementwise op on vectors. Attached to the
    dialect's ops as external models, so that the dialect knows no backend.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<[{
        Emits the op on `operands`, one vector each, all of the same 1-D vector
        type, and returns a vector of that type. Lanes that a caller will not
        store may hold anything and must not trap.
      }],
      "::mlir::Value", "emitVector",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$operands)>
  ];
}

#endif // ATTUNE_BACKEND_LLVM_VECTOREMISSION_TD
