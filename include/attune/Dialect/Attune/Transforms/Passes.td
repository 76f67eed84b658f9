//===- Passes.td - Passes on the attune dialect ---------------------------===//
//
// The pass `attune-foo-bar` is FooBar.cpp in lib/Dialect/Attune/Transforms and
// is tested by test/Dialect/Attune/Transforms/foo-bar.mlir.
//
// Passes count by remarks and not by statistics: release builds of LLVM leave
// statistics out.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def FuseLinear : Pass<"attune-fuse-linear", "::mlir::ModuleOp"> {
  let summary = "Turns products with weights and their bias into attune.linear";
  let description = [{
    `matmul(x, load_weight, transpose_rhs)` becomes `attune.linear`, and a sum
    of a linear map that has no other use with a weight vector of its width
    becomes its bias.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def FuseAttention : Pass<"attune-fuse-attention", "::mlir::ModuleOp"> {
  let summary = "Finds softmax attention and turns it into attune.attention";
  let description = [{
    Matches `matmul(softmax(mask(scale(matmul(q, k^T)))), v)` with the head
    split of q, k and v (reshape and transpose) and the merge of the result
    around it. Scale and mask may be absent, and the scale may stand before or
    after the product. The heads stay packed in the last dimension of the
    operands, so that no transposition is left.

    Where scores or probabilities have another use the attention stays as it
    is, with a remark that says so.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def MergeProjections : Pass<"attune-merge-projections", "::mlir::ModuleOp"> {
  let summary = "Merges linear maps of one input into one";
  let description = [{
    The linear maps that read the same value and whose weights and biases are
    declared weights of the same width become one map with the weights stacked,
    and slices of its result: query, key and value of self attention, gate and
    up of gated feed-forward layers. One wide GEMM reads the input once.

    Maps are merged only where every result is used by ops that read slices
    without a copy.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def FuseElementwise : Pass<"attune-fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "Groups anchors with their elementwise prologue and epilogue";
  let description = [{
    Every op with KernelOpInterface becomes an `attune.fused` region. Its
    elementwise users join as epilogue where the result has no other use and
    the anchor accepts one; elementwise producers join as prologue where the
    anchor accepts one for that operand. What is elementwise and joins no anchor
    is grouped into regions of its own.

    Epilogues come before prologues: the residual behind a linear map is added
    in its epilogue and not in the norm behind. The rest of what an op in a
    region reads has the shape of the anchor's result (of its operand, in a
    prologue) or its trailing dimensions. Weights and views stay outside.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
  let options = [
    Option<"join", "join", "bool", /*default=*/"true",
           "Join ops into regions; false makes a region of each op">
  ];
}

def MaterializeResults : Pass<"attune-materialize-results", "::mlir::ModuleOp"> {
  let summary = "Copies what has to be in memory of its own";
  let description = [{
    A function's results are written by kernels into the caller's buffers, and
    a reshape can show its operand only where that lies without gaps. This
    inserts an identity transposition where a result is a view, an argument or
    returned twice, and before reshapes that merge dimensions of a slice.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def OutlineKernels : Pass<"attune-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Makes a kernel of each distinct fused region";
  let description = [{
    Equal regions, whichever layer they come from, become one `attune.kernel`,
    and each `attune.fused` a launch of its kernel. Kernels are named after the
    family of their anchor. The number of kernels does not depend on the number
    of layers.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES
