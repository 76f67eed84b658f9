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
        Emits the op on `operands`, one 1-D vector each, all of as many lanes,
        and returns a vector of so many. Lanes that a caller will not store may
        hold anything and must not trap. Scalars instead of vectors do as well.
      }],
      "::mlir::Value", "emitVector",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$operands)>,
    InterfaceMethod<[{
        Whether there is code for the op's element types: for f32 only, unless
        an op knows better.
      }],
      "bool", "canEmitVector", (ins), [{}],
      [{ return ::attune::isAllF32($_op); }]>
  ];
}

#endif // ATTUNE_BACKEND_LLVM_VECTOREMISSION_TD
