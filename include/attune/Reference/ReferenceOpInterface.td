//===- ReferenceOpInterface.td - What an op computes, in plain loops ------===//
//
// The interface is attached to ops as an external model, so that the dialect
// does not depend on the interpreter. A new op brings its own semantics: one
// model in the file of its family in lib/Reference.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_REFERENCE_REFERENCEOPINTERFACE_TD
#define ATTUNE_REFERENCE_REFERENCEOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def ReferenceOpInterface : OpInterface<"ReferenceOpInterface"> {
  let description = [{
    An op that the reference interpreter can run. Models compute in double and
    hand their values to `Interpreter::store`, which rounds them to the element
    type that the interpreter keeps.

    The operands have the ranks and static extents of their types, as the
    verifier has checked them; the interpreter checks the results against their
    types. A model checks what neither can: that dynamic extents fit each other
    and that values lie in range.
  }];
  let cppNamespace = "::attune";
  let methods = [
    InterfaceMethod<"Appends one tensor a result.",
      "::llvm::Error", "interpret",
      (ins "::attune::Interpreter &":$interpreter,
           "::llvm::ArrayRef<const ::attune::Tensor *>":$operands,
           "::llvm::SmallVectorImpl<::attune::Tensor> &":$results)>
  ];
}

#endif // ATTUNE_REFERENCE_REFERENCEOPINTERFACE_TD
